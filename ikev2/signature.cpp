// SPDX-License-Identifier: Apache-2.0
// AlgorithmIdentifiers in DER, announced hashes and the choice of an algorithm (RFC 7427; RFC 4055 and RFC
// 8017 for RSA, RFC 5758 for ECDSA, RFC 8420 for Ed25519).
#include "mlkem-ike/ikev2/signature.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kInteger = 0x02, kNull = 0x05, kOid = 0x06, kSequence = 0x30;
constexpr uint8_t kPssHash = 0xa0, kPssMaskGeneration = 0xa1, kPssSalt = 0xa2, kPssTrailer = 0xa3;
constexpr uint16_t kDefaultPssSalt = 20, kPssTrailerBc = 1;  // RFC 8017, appendix A.2.3

constexpr SignatureHash kHashes[] = {SignatureHash::kSha256, SignatureHash::kSha384, SignatureHash::kSha512,
                                     SignatureHash::kIdentity};

// Object identifiers, without tag and length. Those of SHA-2 and of RSA and ECDSA with it end in a last arc.
constexpr uint8_t kSha2Arcs[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};
constexpr uint8_t kMgf1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08};
constexpr uint8_t kRsaPssOid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};

// RFC 8017, appendix C: id-sha256, -384, -512 end in 1, 2, 3.
constexpr uint8_t last_sha2_arc(SignatureHash hash) {
  return uint8_t(unsigned(hash) - unsigned(SignatureHash::kSha256) + 1);
}

constexpr std::array<uint8_t, kMaxAlgorithmIdentifierBytes> pss_identifier(SignatureHash hash) {
  const uint8_t arc = last_sha2_arc(hash), salt = uint8_t(output_bytes(hash));
  return {0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x39,
          0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc,
          0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
          0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc,
          0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, salt, 0xa3, 0x03, 0x02, 0x01, 0x01};
}
constexpr std::array<uint8_t, 15> pkcs1_identifier(uint8_t arc) {
  return {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, arc, 0x05, 0x00};
}
constexpr std::array<uint8_t, 12> ecdsa_identifier(uint8_t arc) {
  return {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, arc};
}

constexpr auto kPssSha256 = pss_identifier(SignatureHash::kSha256);
constexpr auto kPssSha384 = pss_identifier(SignatureHash::kSha384);
constexpr auto kPssSha512 = pss_identifier(SignatureHash::kSha512);
constexpr auto kPkcs1Sha256 = pkcs1_identifier(0x0b), kPkcs1Sha384 = pkcs1_identifier(0x0c),
               kPkcs1Sha512 = pkcs1_identifier(0x0d);
constexpr auto kEcdsaSha256 = ecdsa_identifier(0x02), kEcdsaSha384 = ecdsa_identifier(0x03),
               kEcdsaSha512 = ecdsa_identifier(0x04);
constexpr uint8_t kEd25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

struct IdentifierRow {
  SignatureAlgorithm algorithm;
  Octets der;
};
constexpr IdentifierRow kIdentifierRows[] = {
    {rsa_pss(SignatureHash::kSha256), kPssSha256},
    {rsa_pss(SignatureHash::kSha384), kPssSha384},
    {rsa_pss(SignatureHash::kSha512), kPssSha512},
    {{SignatureScheme::kRsaPkcs1, SignatureHash::kSha256}, kPkcs1Sha256},
    {{SignatureScheme::kRsaPkcs1, SignatureHash::kSha384}, kPkcs1Sha384},
    {{SignatureScheme::kRsaPkcs1, SignatureHash::kSha512}, kPkcs1Sha512},
    {{SignatureScheme::kEcdsa, SignatureHash::kSha256}, kEcdsaSha256},
    {{SignatureScheme::kEcdsa, SignatureHash::kSha384}, kEcdsaSha384},
    {{SignatureScheme::kEcdsa, SignatureHash::kSha512}, kEcdsaSha512},
    {{SignatureScheme::kEd25519, SignatureHash::kIdentity}, kEd25519},
};

bool equal(Octets a, Octets b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool next_is(const Reader& reader, uint8_t tag) {
  return !reader.rest().empty() && reader.rest()[0] == tag;
}

// The content of the next element, if that is its tag. An AlgorithmIdentifier of IKEv2 has at most 255
// octets, so that a length has one octet or, from 128 on, two.
std::optional<Octets> take(Reader& reader, uint8_t tag) {
  if (!next_is(reader, tag)) return std::nullopt;
  reader.take_8();
  size_t length = reader.take_8();
  if (length > 0x81) return std::nullopt;
  if (length >= 0x80) {
    if (length == 0x80) return std::nullopt;
    length = reader.take_8();
    if (length < 0x80) return std::nullopt;
  }
  const Octets content = reader.take(length);
  return reader.complete() ? std::optional(content) : std::nullopt;
}

// The content of an element that is all there is.
std::optional<Octets> only(Octets octets, uint8_t tag) {
  Reader reader(octets);
  const auto content = take(reader, tag);
  return reader.rest().empty() ? content : std::nullopt;
}

std::optional<uint16_t> only_integer(Octets octets) {
  const auto content = only(octets, kInteger);
  if (!content) return std::nullopt;
  if (content->size() == 1 && (*content)[0] < 0x80) return (*content)[0];
  if (content->size() != 2) return std::nullopt;
  const uint16_t value = load_16(content->data());
  return value >= 0x80 && value < 0x8000 ? std::optional(value) : std::nullopt;
}

struct Identifier {
  Octets oid, parameters;
};
std::optional<Identifier> only_identifier(Octets octets) {
  const auto content = only(octets, kSequence);
  if (!content) return std::nullopt;
  Reader fields(*content);
  const auto oid = take(fields, kOid);
  return oid ? std::optional(Identifier{*oid, fields.rest()}) : std::nullopt;
}

// RFC 4055, sections 2.1 and 5: both must be accepted of hashes and of RSA PKCS#1 v1.5.
bool null_or_absent(Octets parameters) {
  const auto content = only(parameters, kNull);
  return parameters.empty() || (content && content->empty());
}

std::optional<SignatureHash> only_hash(Octets octets) {
  const auto identifier = only_identifier(octets);
  if (!identifier || !null_or_absent(identifier->parameters)) return std::nullopt;
  const Octets oid = identifier->oid;
  if (oid.size() != sizeof kSha2Arcs + 1 || !equal(oid.first(sizeof kSha2Arcs), kSha2Arcs))
    return std::nullopt;
  for (SignatureHash hash : {SignatureHash::kSha256, SignatureHash::kSha384, SignatureHash::kSha512})
    if (oid.back() == last_sha2_arc(hash)) return hash;
  return std::nullopt;
}

// RSASSA-PSS-params (RFC 8017, appendix A.2.3). Hash and mask generation have to be there: by default they
// are SHA-1's.
std::optional<SignatureAlgorithm> read_pss(Octets parameters) {
  const auto content = only(parameters, kSequence);
  if (!content) return std::nullopt;
  Reader fields(*content);
  const auto hash_field = take(fields, kPssHash), mask_field = take(fields, kPssMaskGeneration);
  if (!hash_field || !mask_field) return std::nullopt;
  const auto hash = only_hash(*hash_field);
  const auto mask = only_identifier(*mask_field);
  if (!hash || !mask || !equal(mask->oid, kMgf1) || only_hash(mask->parameters) != hash) return std::nullopt;

  uint16_t salt_bytes = kDefaultPssSalt;
  if (next_is(fields, kPssSalt)) {
    const auto field = take(fields, kPssSalt);
    const auto salt = field ? only_integer(*field) : std::nullopt;
    if (!salt) return std::nullopt;
    salt_bytes = *salt;
  }
  if (next_is(fields, kPssTrailer)) {
    const auto field = take(fields, kPssTrailer);
    if (!field || only_integer(*field) != kPssTrailerBc) return std::nullopt;
  }
  if (!fields.rest().empty()) return std::nullopt;
  return SignatureAlgorithm{SignatureScheme::kRsaPss, *hash, salt_bytes};
}

}  // namespace

Result<SignatureHashes> read_signature_hashes(Octets data) noexcept {
  if (data.size() % 2 != 0)
    return peer_fault(NotifyType::kInvalidSyntax, "list of signature hashes has an odd length");
  SignatureHashes hashes;
  for (Reader reader(data); !reader.rest().empty();) {
    const auto announced = SignatureHash(reader.take_16());
    for (SignatureHash hash : kHashes)
      if (hash == announced) hashes.add(hash);
  }
  return hashes;
}

Result<size_t> write_signature_hashes(std::span<uint8_t> out, SignatureHashes hashes) noexcept {
  size_t written = 0;
  for (SignatureHash hash : kHashes) {
    if (!hashes.contains(hash)) continue;
    if (out.size() - written < 2) return misuse("no room for the signature hashes");
    store_16(&out[written], uint16_t(hash));
    written += 2;
  }
  return written;
}

bool fits(SignatureKeyType key, SignatureAlgorithm algorithm) noexcept {
  const size_t hash_bytes = output_bytes(algorithm.hash);
  if (algorithm.scheme == SignatureScheme::kEd25519)
    return key == SignatureKeyType::kEd25519 && algorithm.hash == SignatureHash::kIdentity;
  if (algorithm.scheme != SignatureScheme::kEcdsa) return key == SignatureKeyType::kRsa && hash_bytes != 0;
  switch (key) {
    case SignatureKeyType::kEcdsaP256:
      return hash_bytes >= 32;
    case SignatureKeyType::kEcdsaP384:
      return hash_bytes >= 48;
    case SignatureKeyType::kEcdsaP521:
      return hash_bytes >= 64;
    default:
      return false;
  }
}

Result<SignatureAlgorithm> choose_signature_algorithm(SignatureKeyType key,
                                                      SignatureHashes peer_hashes) noexcept {
  // In the table, RSA-PSS stands before RSA PKCS#1 v1.5, so that this one is never chosen, and shorter hashes
  // before longer ones.
  for (const IdentifierRow& row : kIdentifierRows)
    if (fits(key, row.algorithm) && peer_hashes.contains(row.algorithm.hash)) return row.algorithm;
  return peer_fault(NotifyType::kAuthenticationFailed, "the peer announced no hash that fits our key");
}

Octets algorithm_identifier(SignatureAlgorithm algorithm) noexcept {
  for (const IdentifierRow& row : kIdentifierRows)
    if (row.algorithm == algorithm) return row.der;
  return {};
}

Result<SignatureAlgorithm> read_algorithm_identifier(Octets der) noexcept {
  const Error unsupported =
      peer_fault(NotifyType::kAuthenticationFailed, "signature algorithm is not one that is accepted");
  const auto identifier = only_identifier(der);
  if (!identifier) return unsupported;
  if (equal(identifier->oid, kRsaPssOid)) {
    const auto pss = read_pss(identifier->parameters);
    return pss ? Result<SignatureAlgorithm>(*pss) : unsupported;
  }
  for (const IdentifierRow& row : kIdentifierRows) {
    if (row.algorithm.scheme == SignatureScheme::kRsaPss ||
        !equal(identifier->oid, only_identifier(row.der)->oid))
      continue;
    const bool proper = row.algorithm.scheme == SignatureScheme::kRsaPkcs1
                            ? null_or_absent(identifier->parameters)
                            : identifier->parameters.empty();
    return proper ? Result<SignatureAlgorithm>(row.algorithm) : unsupported;
  }
  return unsupported;
}

}  // namespace mlkem::ikev2
