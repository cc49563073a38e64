// SPDX-License-Identifier: Apache-2.0
// Key files (RFC 9935): OpenSSL's, our own, damaged and foreign ones.
#include <gtest/gtest.h>

#include <random>

#include "tests/key_file_cases.hpp"
#include "tools/mlkem-ike/keys/der.hpp"

namespace mlkem::test {
namespace {

std::string private_error(const Bytes& file) {
  return read_private_key(file).error();
}
std::string public_error(const Bytes& file) {
  return read_public_key(file).error();
}

// What reading accepts is a working key that writing and reading again does not change.
void expect_sound(PrivateKeyFile& key) {
  ASSERT_EQ(mlkem_check_dk(key.set, key.dk().data(), key.dk().size()), MLKEM_OK);
  auto again = read_private_key(private_file(key, key.form));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->set, key.set);
  EXPECT_EQ(copy(again->dk()), copy(key.dk()));
  EXPECT_EQ(again->seed.has_value(), key.form != PrivateForm::kExpanded);
}

TEST(KeyFile, ReadsWhatOpensslWrote) {
  const PrivateKeyFile expected = test_key(MLKEM_512);
  constexpr const char* kFiles[] = {kOpensslSeedOnly, kOpensslPrivOnly, kOpensslSeedPriv};
  for (size_t i = 0; i < 3; ++i) {
    auto key = read_private_key(bytes_of(kFiles[i]));
    ASSERT_TRUE(key) << key.error();
    EXPECT_EQ(key->set, MLKEM_512);
    EXPECT_EQ(key->form, kForms[i]);
    EXPECT_EQ(key->encoding, Encoding::kPem);
    EXPECT_EQ(copy(key->dk()), copy(expected.dk()));
    ASSERT_EQ(key->seed.has_value(), kForms[i] != PrivateForm::kExpanded);
    if (key->seed) {
      EXPECT_EQ(copy(key->seed->expose()), copy(expected.seed->expose()));
    }
  }
  auto key = read_public_key(bytes_of(kOpensslPublic));
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->set, MLKEM_512);
  EXPECT_EQ(key->ek, copy(expected.ek()));
}

TEST(KeyFile, WritesWhatOpensslWrites) {
  const PrivateKeyFile key = test_key(MLKEM_512);
  EXPECT_EQ(text_of(*write_private_key(key, PrivateForm::kSeed, Encoding::kPem)), kOpensslSeedOnly);
  EXPECT_EQ(text_of(*write_private_key(key, PrivateForm::kExpanded, Encoding::kPem)), kOpensslPrivOnly);
  EXPECT_EQ(text_of(*write_private_key(key, PrivateForm::kBoth, Encoding::kPem)), kOpensslSeedPriv);
  EXPECT_EQ(text_of(write_public_key(key.set, key.ek(), Encoding::kPem)), kOpensslPublic);
}

TEST(KeyFile, EverySetFormAndEncodingRoundTrips) {
  for (const mlkem_set set : kSets) {
    const PrivateKeyFile key = test_key(set);
    for (const Encoding encoding : {Encoding::kPem, Encoding::kDer, Encoding::kRaw}) {
      auto public_key = read_public_key(copy(write_public_key(set, key.ek(), encoding).expose()));
      ASSERT_TRUE(public_key) << public_key.error();
      EXPECT_EQ(public_key->set, set);
      EXPECT_EQ(public_key->encoding, encoding);
      EXPECT_EQ(public_key->ek, copy(key.ek()));
      for (const PrivateForm form : kForms) {
        if (form == PrivateForm::kBoth && encoding == Encoding::kRaw) continue;
        auto read = read_private_key(private_file(key, form, encoding), set);
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->set, set);
        EXPECT_EQ(read->encoding, encoding);
        EXPECT_EQ(read->form, form);
        EXPECT_EQ(copy(read->dk()), copy(key.dk()));
        EXPECT_EQ(read->seed.has_value(), form != PrivateForm::kExpanded);
      }
    }
  }
}

// Found by the fuzz target: a key may hold the octets that a PEM file begins with.
TEST(KeyFile, AKeyThatHoldsABeginLineIsNoPem) {
  constexpr std::string_view kLine = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
  Bytes seed(kSeedBytes, 'x');
  std::copy(kLine.begin(), kLine.end(), seed.begin());
  auto raw = read_private_key(seed, MLKEM_768);
  ASSERT_TRUE(raw) << raw.error();
  EXPECT_EQ(raw->encoding, Encoding::kRaw);
  for (const PrivateForm form : kForms) {
    auto key = read_private_key(private_file(*read_private_key(seed, MLKEM_768), form, Encoding::kDer));
    ASSERT_TRUE(key) << key.error();
    EXPECT_EQ(key->encoding, Encoding::kDer);
  }
}

TEST(KeyFile, AskingForAnotherSetIsAnError) {
  const PrivateKeyFile key = test_key(MLKEM_768);
  const std::string expected = "a key of ML-KEM-768, but ML-KEM-512 was asked for";
  for (const Encoding encoding : {Encoding::kPem, Encoding::kDer, Encoding::kRaw}) {
    EXPECT_EQ(read_private_key(private_file(key, PrivateForm::kExpanded, encoding), MLKEM_512).error(),
              expected);
    EXPECT_EQ(
        read_public_key(copy(write_public_key(key.set, key.ek(), encoding).expose()), MLKEM_512).error(),
        expected);
  }
  EXPECT_EQ(private_error(Bytes(kSeedBytes)), "a raw seed does not tell its parameter set: name that, too");
}

TEST(KeyFile, AFormThatTheKeyCannotGiveIsAnError) {
  auto key = read_private_key(bytes_of(kOpensslPrivOnly));
  for (const PrivateForm form : {PrivateForm::kSeed, PrivateForm::kBoth})
    EXPECT_EQ(write_private_key(*key, form, Encoding::kPem).error(),
              "the seed is not known, and no dk leads back to it");
  EXPECT_EQ(write_private_key(test_key(MLKEM_512), PrivateForm::kBoth, Encoding::kRaw).error(),
            "raw octets hold a seed or a dk, not both");
}

TEST(KeyFile, OtherOctetsAreRefused) {
  const std::string expected = "neither PEM nor DER, and ";
  for (const size_t length : std::initializer_list<size_t>{0, 1, 63, 65, 799, 801, 1631, 1633, 3169})
    EXPECT_EQ(private_error(Bytes(length)), expected + std::to_string(length) +
                                                (length == 1 ? " octet" : " octets") +
                                                " are no raw key (64, 1632, 2400 or 3168)");
  EXPECT_EQ(public_error(Bytes(64)), expected + "64 octets are no raw key (800, 1184 or 1568)");
  EXPECT_EQ(public_error(Bytes(kMaxKeyFileBytes + 1, 0x30)), "longer than any key file (65536 octets)");
  EXPECT_EQ(public_error(Bytes(kMaxKeyFileBytes, 0x30)), "algorithm: longer than what contains it");
}

TEST(KeyFile, OtherKindsOfKeysAreNamed) {
  const PrivateKeyFile key = test_key(MLKEM_512);
  const Bytes public_der = pem_content(kOpensslPublic), private_der = pem_content(kOpensslSeedOnly);
  EXPECT_EQ(public_error(private_der), "a private key, where a public one is wanted");
  EXPECT_EQ(private_error(public_der), "a public key, where a private one is wanted");
  EXPECT_EQ(public_error(bytes_of(kOpensslSeedOnly)), "PEM: 'PRIVATE KEY', where 'PUBLIC KEY' is wanted");
  EXPECT_EQ(private_error(bytes_of(kOpensslPublic)), "PEM: 'PUBLIC KEY', where 'PRIVATE KEY' is wanted");
  EXPECT_EQ(private_error(copy(write_pem("ENCRYPTED PRIVATE KEY", Bytes(40)).expose())),
            "PEM: an encrypted private key: decrypt it first");
  const Bytes encrypted = {0x30, 0x07, 0x30, 0x02, 0x06, 0x00, 0x04, 0x01, 0x55};
  EXPECT_EQ(private_error(encrypted), "an encrypted private key: decrypt it first");
  EXPECT_EQ(private_error(bytes_of(kOpensslBareSeed)),
            "privateKey: neither seed, expandedKey nor both (RFC 9935, section 6)");

  Bytes foreign = private_der;
  foreign[17] = 4;  // the last arc of the object identifier
  EXPECT_EQ(private_error(foreign),
            "privateKeyAlgorithm: 2.16.840.1.101.3.4.4.4 is not ML-KEM (2.16.840.1.101.3.4.4.1 to .3)");
  const Bytes rsa = {0x30, 0x13, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                     0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x02, 0x00, 0x30};
  EXPECT_EQ(public_error(rsa),
            "algorithm: 1.2.840.113549.1.1.1 is not ML-KEM (2.16.840.1.101.3.4.4.1 to .3)");
  for (const Bytes& identifier : {Bytes{0x2a}, Bytes{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04},
                                  Bytes{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, 0x01, 0x01}}) {
    const WipedBuffer algorithm = der::element(der::kObjectIdentifier, {identifier});
    const Bytes spki =
        copy(der::element(der::kSequence, {der::element(der::kSequence, {algorithm.expose()}).expose(),
                                           Octets(public_der).subspan(17)})
                 .expose());
    EXPECT_EQ(public_error(spki),
              "algorithm: " + der::dotted(identifier) + " is not ML-KEM (2.16.840.1.101.3.4.4.1 to .3)");
  }
  Bytes other_set = private_der;
  other_set[17] = 2;
  auto reread = read_private_key(other_set);
  ASSERT_TRUE(reread) << "a seed belongs to any set";
  EXPECT_EQ(reread->set, MLKEM_768);
  Bytes wrong_length = pem_content(kOpensslPrivOnly);
  wrong_length[19] = 2;
  EXPECT_EQ(private_error(wrong_length),
            "privateKey: expandedKey: 1632 octets, but that of ML-KEM-768 has 2400");
}

// A OneAsymmetricKey of ML-KEM-512 with any fields.
struct Fields {
  uint8_t version = 0;
  Bytes parameters;
  Bytes behind;
};
Bytes one_asymmetric_key(const Fields& fields) {
  const Bytes seed_key = pem_content(kOpensslSeedOnly);
  Bytes algorithm(seed_key.begin() + 7, seed_key.begin() + 18);
  algorithm.insert(algorithm.end(), fields.parameters.begin(), fields.parameters.end());
  const Bytes version = {2, 1, fields.version}, private_key(seed_key.begin() + 18, seed_key.end());
  return copy(der::element(der::kSequence, {version, der::element(der::kSequence, {algorithm}).expose(),
                                            private_key, fields.behind})
                  .expose());
}

TEST(KeyFile, OptionalFieldsAreTolerated) {
  const PrivateKeyFile key = test_key(MLKEM_512);
  const Bytes attributes = {0xa0, 0x02, 0x31, 0x00}, whole_octets = {0};
  const Bytes public_key = copy(der::element(0x81, {whole_octets, key.ek()}).expose());
  Bytes both = attributes;
  both.insert(both.end(), public_key.begin(), public_key.end());
  EXPECT_EQ(one_asymmetric_key({}), pem_content(kOpensslSeedOnly));
  EXPECT_EQ(private_error(one_asymmetric_key({0, {}, attributes})), "");
  EXPECT_EQ(private_error(one_asymmetric_key({1, {}, public_key})), "");
  EXPECT_EQ(private_error(one_asymmetric_key({1, {}, both})), "");

  EXPECT_EQ(private_error(one_asymmetric_key({0, {}, public_key})), "publicKey: not in version 1");
  EXPECT_EQ(private_error(one_asymmetric_key({2, {}, {}})), "version: neither 1 nor 2");
  both.back() ^= 1;
  EXPECT_EQ(private_error(one_asymmetric_key({1, {}, both})), "publicKey: not that of the private key");
  EXPECT_EQ(private_error(one_asymmetric_key({1, {}, {0x81, 0x00}})),
            "publicKey: not a whole number of octets");
  EXPECT_EQ(private_error(one_asymmetric_key({1, {}, {0x81, 0x01, 0x00}})),
            "publicKey: not that of the private key");
  EXPECT_EQ(private_error(one_asymmetric_key({0, {}, {0x05, 0x00}})),
            "OneAsymmetricKey: more follows after its last element");
  EXPECT_EQ(private_error(one_asymmetric_key({0, {0x05, 0x00}, {}})),
            "privateKeyAlgorithm (its parameters must be absent): more follows after its last element");
}

TEST(KeyFile, NothingFollowsTheFields) {
  const PrivateKeyFile key = test_key(MLKEM_512);
  const Bytes header = copy(Octets(pem_content(kOpensslSeedOnly)).subspan(2, 16)), surplus = {4, 0};
  const auto error_of = [&](const WipedBuffer& choice, Octets behind) {
    const WipedBuffer private_key = der::element(der::kOctetString, {choice.expose(), behind});
    return private_error(copy(der::element(der::kSequence, {header, private_key.expose()}).expose()));
  };
  const WipedBuffer seed = der::element(der::kOctetString, {key.seed->expose()}),
                    dk = der::element(der::kOctetString, {key.dk()}),
                    both = der::element(der::kSequence, {seed.expose(), dk.expose()}),
                    more = der::element(der::kSequence, {seed.expose(), dk.expose(), surplus});
  EXPECT_EQ(error_of(both, {}), "");
  EXPECT_EQ(error_of(both, surplus), "privateKey: more follows after its last element");
  EXPECT_EQ(error_of(dk, surplus), "privateKey: more follows after its last element");
  EXPECT_EQ(error_of(more, {}), "privateKey: both: more follows after its last element");
  EXPECT_EQ(error_of(seed, {}), "privateKey: expandedKey: 64 octets, but that of ML-KEM-512 has 1632");
}

TEST(KeyFile, KeysThatDoNotWorkAreRefused) {
  const size_t ek = 384 * 2, hash = ek + 800;  // in the dk of ML-KEM-512
  Bytes dk = private_file(test_key(MLKEM_512), PrivateForm::kExpanded, Encoding::kRaw);
  const auto error_with = [&](size_t at, uint8_t flip) {
    Bytes damaged = dk;
    damaged[at] ^= flip;
    return private_error(damaged);
  };
  EXPECT_EQ(error_with(0, 1), "dk: its secret and its public part do not belong together");
  EXPECT_EQ(error_with(ek, 1), "dk: the hash of ek in it is wrong (FIPS 203, section 7.3)");
  EXPECT_EQ(error_with(hash, 1), "dk: the hash of ek in it is wrong (FIPS 203, section 7.3)");

  Bytes both = pem_content(kOpensslSeedPriv);
  both.back() ^= 1;  // z alone
  EXPECT_EQ(private_error(both), "privateKey: both: the expandedKey is not that of the seed");
  Bytes public_key = pem_content(kOpensslPublic);
  public_key[22] = 0xff;
  public_key[23] = 0xff;
  EXPECT_EQ(public_error(public_key),
            "subjectPublicKey: a coefficient is not below 3329 (FIPS 203, section 7.2)");
  public_key[21] = 1;
  EXPECT_EQ(public_error(public_key), "subjectPublicKey: not a whole number of octets");
}

TEST(KeyFile, EveryTruncationAndExtensionIsRefused) {
  for (const char* pem : {kOpensslSeedOnly, kOpensslPrivOnly, kOpensslSeedPriv, kOpensslPublic}) {
    const Bytes whole = pem_content(pem);
    const bool is_public = pem == kOpensslPublic;
    const auto error_of = [&](const Bytes& file) {
      return is_public ? public_error(file) : private_error(file);
    };
    for (size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(error_of(Bytes(whole.begin(), whole.begin() + ptrdiff_t(length))), "") << length;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_EQ(error_of(longer), "file: more follows after its last element");
    const Bytes text = bytes_of(pem);
    for (size_t length = 0; length + 1 < text.size(); ++length)
      EXPECT_NE(error_of(Bytes(text.begin(), text.begin() + ptrdiff_t(length))), "") << length;
  }
}

TEST(KeyFile, EveryChangedOctetIsRefusedOrGivesASoundKey) {
  std::mt19937 random(1);
  for (const PrivateForm form : kForms) {
    const Bytes whole = private_file(test_key(MLKEM_512), form);
    // What may change without being noticed: the version, the set of a seed, the seed, and z where nothing
    // says what it should be.
    const size_t free_from = form == PrivateForm::kSeed       ? whole.size() - kSeedBytes
                             : form == PrivateForm::kExpanded ? whole.size() - 32
                                                              : whole.size();
    const size_t version = form == PrivateForm::kSeed ? 4 : 6, set = form == PrivateForm::kSeed ? 17 : 0;
    size_t accepted = 0;
    for (size_t at = 0; at < whole.size(); ++at) {
      // Structure: every other value; content: one.
      const bool structure = at < 32 || form == PrivateForm::kSeed;
      const uint8_t first = structure ? 1 : uint8_t(1 + random() % 255), last = structure ? 255 : first;
      for (unsigned flip = first; flip <= last; ++flip) {
        Bytes changed = whole;
        changed[at] ^= uint8_t(flip);
        auto key = read_private_key(changed);
        if (!key) continue;
        ++accepted;
        EXPECT_TRUE(at >= free_from || at == version || (set != 0 && at == set)) << at << " ^ " << flip;
        if (accepted % 64 == 1) expect_sound(*key);
      }
    }
    const size_t expected = form == PrivateForm::kSeed       ? 64 * 255 + 3
                            : form == PrivateForm::kExpanded ? 33
                                                             : 1;
    EXPECT_EQ(accepted, expected);
  }
}

TEST(KeyFile, EveryChangedOctetOfAPublicKeyIsRefusedOrGivesASoundKey) {
  const Bytes whole = pem_content(kOpensslPublic);
  constexpr size_t kKeyAt = 22;
  for (size_t at = 0; at < whole.size(); ++at)
    for (unsigned flip = 1; flip < 256; flip = at < kKeyAt ? flip + 1 : flip * 4) {
      Bytes changed = whole;
      changed[at] ^= uint8_t(flip);
      auto key = read_public_key(changed);
      EXPECT_TRUE(!key || at >= kKeyAt) << at << " ^ " << flip;
      if (!key) continue;
      EXPECT_EQ(mlkem_check_ek(key->set, key->ek.data(), key->ek.size()), MLKEM_OK);
    }
}

}  // namespace
}  // namespace mlkem::test
