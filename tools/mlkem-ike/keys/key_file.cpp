// SPDX-License-Identifier: Apache-2.0
// Reading and writing of key files. Which set, fields and lengths a file has is public, what they hold is
// not.
#include "tools/mlkem-ike/keys/key_file.hpp"

#include <algorithm>
#include <array>

#include "tools/mlkem-ike/keys/der.hpp"
#include "tools/mlkem-ike/keys/pem.hpp"

namespace mlkem::cli {
namespace {

constexpr std::string_view kPublicLabel = "PUBLIC KEY", kPrivateLabel = "PRIVATE KEY",
                           kEncryptedLabel = "ENCRYPTED PRIVATE KEY";
constexpr std::array kSets = {MLKEM_512, MLKEM_768, MLKEM_1024};
// 2.16.840.1.101.3.4.4: NIST's KEMs; 1, 2 and 3 are ML-KEM-512, -768 and -1024 (RFC 9935, section 3).
constexpr std::array<uint8_t, 8> kNistKems = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04};
constexpr uint8_t kVersion1 = 0, kVersion2 = 1;  // RFC 5958, section 2: the second has a public key
constexpr uint8_t kSeedTag = der::kContextPrimitive, kAttributesTag = der::kContextConstructed,
                  kPublicKeyTag = der::kContextPrimitive + 1;

std::string name_of(mlkem_set set) {
  return "ML-KEM-" + std::to_string(int(set));
}

std::string octets(size_t count) {
  return std::to_string(count) + (count == 1 ? " octet" : " octets");
}

// FIPS 203, Algorithm 16: dk = dk_PKE || ek || H(ek) || z.
Octets ek_inside(mlkem_set set, Octets dk) {
  const size_t length = mlkem_ek_bytes(set);
  return dk.subspan(dk.size() - 64 - length, length);
}

WipedBuffer algorithm_of(mlkem_set set) {
  const uint8_t number = uint8_t(std::find(kSets.begin(), kSets.end(), set) - kSets.begin() + 1);
  const WipedBuffer identifier = der::element(der::kObjectIdentifier, {kNistKems, {&number, 1}});
  return der::element(der::kSequence, {identifier.expose()});
}

// RFC 9935, section 3: parameters are absent.
mlkem_set read_algorithm(der::Reader& reader, const char* field, FirstError& error) {
  der::Reader algorithm = reader.enter(der::kSequence, field);
  const Octets identifier = algorithm.take(der::kObjectIdentifier, field);
  if (error) return {};
  const bool nist =
      identifier.size() == kNistKems.size() + 1 && std::ranges::equal(identifier.first(8), kNistKems);
  if (!nist || identifier.back() < 1 || identifier.back() > kSets.size()) {
    error.report(std::string(field) + ": " + der::dotted(identifier) +
                 " is not ML-KEM (2.16.840.1.101.3.4.4.1 to .3)");
    return {};
  }
  algorithm.finish((std::string(field) + " (its parameters must be absent)").c_str());
  return kSets[identifier.back() - 1];
}

void check_set(mlkem_set found, mlkem_set wanted, FirstError& error) {
  if (wanted != kAnySet && wanted != found)
    error.report("a key of " + name_of(found) + ", but " + name_of(wanted) + " was asked for");
}

void check_length(const char* field, size_t length, size_t expected, mlkem_set set, FirstError& error) {
  if (length != expected)
    error.report(std::string(field) + ": " + octets(length) + ", but that of " + name_of(set) + " has " +
                 std::to_string(expected));
}

void check_ek(const char* field, mlkem_set set, Octets ek, FirstError& error) {
  check_length(field, ek.size(), mlkem_ek_bytes(set), set, error);
  if (!error && mlkem_check_ek(set, ek.data(), ek.size()) != MLKEM_OK)
    error.report(std::string(field) + ": a coefficient is not below 3329 (FIPS 203, section 7.2)");
}

// A dk with a damaged secret vector passes the check of FIPS 203, section 7.3, and then fails silently at
// every decapsulation: only a trial tells. Nothing depends on the trial's secret, so anyone may know it.
void check_dk(const char* field, mlkem_set set, Octets dk, FirstError& error) {
  check_length(field, dk.size(), mlkem_dk_bytes(set), set, error);
  if (error) return;
  if (mlkem_check_dk(set, dk.data(), dk.size()) != MLKEM_OK)
    return error.report(std::string(field) + ": the hash of ek in it is wrong (FIPS 203, section 7.3)");
  const Octets ek = ek_inside(set, dk);
  check_ek(field, set, ek, error);
  if (error) return;
  constexpr std::array<uint8_t, kMessageBytes> kMessage{};
  std::array<uint8_t, MlKem1024::kCtBytes> ct;
  SharedSecret sent, received;
  if (mlkem_encaps_from_m(set, ct.data(), sent.expose_mutable().data(), ek.data(), ek.size(),
                          kMessage.data()) != MLKEM_OK ||
      mlkem_decaps(set, received.expose_mutable().data(), ct.data(), mlkem_ct_bytes(set), dk.data(),
                   dk.size()) != MLKEM_OK ||
      !(sent == received))
    error.report(std::string(field) + ": its secret and its public part do not belong together");
}

void set_seed(PrivateKeyFile& key, Octets seed) {
  std::copy(seed.begin(), seed.end(), key.seed.emplace().expose_mutable().begin());
  std::array<uint8_t, MlKem1024::kEkBytes> ek;
  if (mlkem_keygen_from_seed(key.set, ek.data(), key.dk_room.expose_mutable().data(), seed.data()) !=
      MLKEM_OK)
    std::abort();
}

// The privateKey field: the tag, not the length, says which form it is (RFC 9935, section 6).
void read_choice(PrivateKeyFile& key, Octets private_key, FirstError& error) {
  der::Reader choice(private_key, error);
  Octets seed, expanded;
  if (choice.next_is(kSeedTag)) {
    key.form = PrivateForm::kSeed;
    seed = choice.take(kSeedTag, "privateKey: seed");
  } else if (choice.next_is(der::kOctetString)) {
    key.form = PrivateForm::kExpanded;
    expanded = choice.take(der::kOctetString, "privateKey: expandedKey");
  } else if (choice.next_is(der::kSequence)) {
    key.form = PrivateForm::kBoth;
    der::Reader both = choice.enter(der::kSequence, "privateKey: both");
    seed = both.take(der::kOctetString, "privateKey: both: seed");
    expanded = both.take(der::kOctetString, "privateKey: both: expandedKey");
    both.finish("privateKey: both");
  } else {
    error.report("privateKey: neither seed, expandedKey nor both (RFC 9935, section 6)");
  }
  choice.finish("privateKey");
  if (error) return;

  if (key.form != PrivateForm::kExpanded) {
    check_length("privateKey: seed", seed.size(), kSeedBytes, key.set, error);
    if (error) return;
    set_seed(key, seed);
  }
  if (key.form == PrivateForm::kSeed) return;
  check_length("privateKey: expandedKey", expanded.size(), mlkem_dk_bytes(key.set), key.set, error);
  if (error) return;
  if (key.form == PrivateForm::kBoth) {
    // RFC 9935, section 8.
    if (!equal_constant_time(key.dk().data(), expanded.data(), expanded.size()))
      error.report("privateKey: both: the expandedKey is not that of the seed");
    return;
  }
  check_dk("privateKey: expandedKey", key.set, expanded, error);
  std::copy(expanded.begin(), expanded.end(), key.dk_room.expose_mutable().begin());
}

// RFC 5280, section 4.1: a BIT STRING of whole octets.
Octets read_bit_string(der::Reader& reader, uint8_t tag, const char* field, FirstError& error) {
  const Octets bits = reader.take(tag, field);
  if (error) return {};
  if (bits.empty() || bits[0] != 0) {
    error.report(std::string(field) + ": not a whole number of octets");
    return {};
  }
  return bits.subspan(1);
}

// Says what a DER file of another kind is: clearer than the name of its first wrong field.
void refuse_other_kinds(Octets file, bool is_private, FirstError& error) {
  FirstError ignored;
  der::Reader whole(file, ignored);
  der::Reader fields = whole.enter(der::kSequence, "");
  if (fields.next_is(der::kInteger) && !is_private)
    error.report("a private key, where a public one is wanted");
  if (!is_private || !fields.next_is(der::kSequence)) return;
  fields.take(der::kSequence, "");
  if (fields.next_is(der::kBitString)) error.report("a public key, where a private one is wanted");
  if (fields.next_is(der::kOctetString)) error.report("an encrypted private key: decrypt it first");
}

PublicKeyFile read_public_der(Octets file, FirstError& error) {
  PublicKeyFile key{};
  refuse_other_kinds(file, false, error);
  der::Reader whole(file, error);
  der::Reader fields = whole.enter(der::kSequence, "SubjectPublicKeyInfo");
  key.set = read_algorithm(fields, "algorithm", error);
  const Octets ek = read_bit_string(fields, der::kBitString, "subjectPublicKey", error);
  fields.finish("SubjectPublicKeyInfo");
  whole.finish("file");
  if (!error) check_ek("subjectPublicKey", key.set, ek, error);
  key.ek.assign(ek.begin(), ek.end());
  return key;
}

// RFC 5958, section 2. Attributes say nothing about the key itself.
PrivateKeyFile read_private_der(Octets file, FirstError& error) {
  PrivateKeyFile key{};
  refuse_other_kinds(file, true, error);
  der::Reader whole(file, error);
  der::Reader fields = whole.enter(der::kSequence, "OneAsymmetricKey");
  const Octets version = fields.take(der::kInteger, "version");
  if (!error && (version.size() != 1 || version[0] > kVersion2)) error.report("version: neither 1 nor 2");
  key.set = read_algorithm(fields, "privateKeyAlgorithm", error);
  const Octets private_key = fields.take(der::kOctetString, "privateKey");
  if (fields.next_is(kAttributesTag)) fields.take(kAttributesTag, "attributes");
  const bool has_public = fields.next_is(kPublicKeyTag);
  Octets ek;
  if (has_public) ek = read_bit_string(fields, kPublicKeyTag, "publicKey", error);
  if (has_public && !error && version[0] == kVersion1) error.report("publicKey: not in version 1");
  fields.finish("OneAsymmetricKey");
  whole.finish("file");
  if (!error) read_choice(key, private_key, error);
  if (has_public && !error && !std::ranges::equal(ek, key.ek()))
    error.report("publicKey: not that of the private key");
  return key;
}

// The set whose raw key has this length; kAnySet if there is none.
mlkem_set set_of_length(size_t length, size_t (*bytes)(mlkem_set)) {
  const auto set = std::find_if(kSets.begin(), kSets.end(), [&](mlkem_set s) { return bytes(s) == length; });
  return set == kSets.end() ? kAnySet : *set;
}

// "800, 1184 or 1568"
std::string lengths_of_sets(size_t (*bytes)(mlkem_set)) {
  return std::to_string(bytes(MLKEM_512)) + ", " + std::to_string(bytes(MLKEM_768)) + " or " +
         std::to_string(bytes(MLKEM_1024));
}

PublicKeyFile read_raw_public(mlkem_set set, Octets file, FirstError& error) {
  check_ek("ek", set, file, error);
  return {set, Encoding::kRaw, {file.begin(), file.end()}};
}

PrivateKeyFile read_raw_private(mlkem_set set, Octets file, FirstError& error) {
  PrivateKeyFile key{set, Encoding::kRaw, PrivateForm::kSeed, {}, {}};
  if (file.size() == kSeedBytes) {
    set_seed(key, file);
    return key;
  }
  key.form = PrivateForm::kExpanded;
  check_dk("dk", set, file, error);
  std::copy(file.begin(), file.end(), key.dk_room.expose_mutable().begin());
  return key;
}

// Raw keys go by their length and before DER: theirs are the lengths of no DER file without attributes, while
// octets of a raw key may well begin like DER.
template <class Key>
Parsed<Key> read_key(Octets file, mlkem_set wanted, mlkem_set raw_set, const std::string& raw_lengths,
                     std::string_view label, Key (*read_raw)(mlkem_set, Octets, FirstError&),
                     Key (*read_der)(Octets, FirstError&)) {
  FirstError error;
  const auto finish = [&](Key key, Encoding encoding) -> Parsed<Key> {
    key.encoding = encoding;
    if (!error) check_set(key.set, wanted, error);
    if (error) return error;
    return Parsed<Key>(std::move(key));
  };
  if (file.size() > kMaxKeyFileBytes) {
    error.report("longer than any key file (" + octets(kMaxKeyFileBytes) + ")");
    return error;
  }
  // A seed is shorter than any PEM file with a key, and may hold whatever a PEM file begins with.
  if (file.size() != kSeedBytes && is_pem(file)) {
    auto block = read_pem(file);
    if (!block) {
      error.report(block.error());
    } else if (block->label == kEncryptedLabel) {
      error.report("PEM: an encrypted private key: decrypt it first");
    } else if (block->label != label) {
      error.report("PEM: '" + block->label + "', where '" + std::string(label) + "' is wanted");
    }
    if (error) return error;
    return finish(read_der(block->content.expose(), error), Encoding::kPem);
  }
  if (raw_set != kAnySet) return finish(read_raw(raw_set, file, error), Encoding::kRaw);
  if (file.empty() || file[0] != der::kSequence) {
    error.report("neither PEM nor DER, and " + octets(file.size()) + " are no raw key (" + raw_lengths + ")");
    return error;
  }
  return finish(read_der(file, error), Encoding::kDer);
}

}  // namespace

Octets PrivateKeyFile::ek() const {
  return ek_inside(set, dk());
}

Parsed<PublicKeyFile> read_public_key(Octets file, mlkem_set set) {
  return read_key<PublicKeyFile>(file, set, set_of_length(file.size(), mlkem_ek_bytes),
                                 lengths_of_sets(mlkem_ek_bytes), kPublicLabel, read_raw_public,
                                 read_public_der);
}

Parsed<PrivateKeyFile> read_private_key(Octets file, mlkem_set set) {
  auto raw_set = set_of_length(file.size(), mlkem_dk_bytes);
  if (file.size() == kSeedBytes) {
    FirstError error;
    error.report("a raw seed does not tell its parameter set: name that, too");
    if (set == kAnySet) return error;
    raw_set = set;
  }
  return read_key<PrivateKeyFile>(file, set, raw_set,
                                  std::to_string(kSeedBytes) + ", " + lengths_of_sets(mlkem_dk_bytes),
                                  kPrivateLabel, read_raw_private, read_private_der);
}

WipedBuffer write_public_key(mlkem_set set, Octets ek, Encoding encoding) {
  WipedBuffer out;
  if (encoding == Encoding::kRaw) {
    out = WipedBuffer(ek.size());
    out.append(ek);
    return out;
  }
  constexpr uint8_t kUnusedBits = 0;
  const WipedBuffer algorithm = algorithm_of(set),
                    bits = der::element(der::kBitString, {{&kUnusedBits, 1}, ek});
  out = der::element(der::kSequence, {algorithm.expose(), bits.expose()});
  return encoding == Encoding::kPem ? write_pem(kPublicLabel, out.expose()) : std::move(out);
}

Parsed<WipedBuffer> write_private_key(const PrivateKeyFile& key, PrivateForm form, Encoding encoding) {
  FirstError error;
  if (form != PrivateForm::kExpanded && !key.seed)
    error.report("the seed is not known, and no dk leads back to it");
  if (form == PrivateForm::kBoth && encoding == Encoding::kRaw)
    error.report("raw octets hold a seed or a dk, not both");
  if (error) return error;

  const Octets seed = key.seed ? Octets(key.seed->expose()) : Octets();
  WipedBuffer out;
  if (encoding == Encoding::kRaw) {
    const Octets content = form == PrivateForm::kSeed ? seed : key.dk();
    out = WipedBuffer(content.size());
    out.append(content);
    return out;
  }
  WipedBuffer choice;
  if (form == PrivateForm::kSeed) {
    choice = der::element(kSeedTag, {seed});
  } else {
    choice = der::element(der::kOctetString, {key.dk()});
    if (form == PrivateForm::kBoth)
      choice =
          der::element(der::kSequence, {der::element(der::kOctetString, {seed}).expose(), choice.expose()});
  }
  const WipedBuffer version = der::element(der::kInteger, {{&kVersion1, 1}}),
                    algorithm = algorithm_of(key.set);
  out = der::element(der::kSequence, {version.expose(), algorithm.expose(),
                                      der::element(der::kOctetString, {choice.expose()}).expose()});
  if (encoding == Encoding::kPem) return write_pem(kPrivateLabel, out.expose());
  return out;
}

}  // namespace mlkem::cli
