// SPDX-License-Identifier: Apache-2.0
// Signature algorithms of AUTH (RFC 7427): their AlgorithmIdentifiers, the hashes that both sides announce,
// and which of them goes with a key. The signed octets are in auth.hpp, the keys in crypto.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

// The numbers of SIGNATURE_HASH_ALGORITHMS (RFC 7427, section 4). SHA-1 (1) is neither offered nor accepted.
enum class SignatureHash : uint16_t {
  kSha256 = 2,
  kSha384 = 3,
  kSha512 = 4,
  kIdentity = 5,  // RFC 8420: Ed25519 hashes for itself
};
inline constexpr size_t kSignatureHashCount = 4;

// The output in octets; 0 for kIdentity.
constexpr size_t output_bytes(SignatureHash hash) {
  switch (hash) {
    case SignatureHash::kSha256:
      return 32;
    case SignatureHash::kSha384:
      return 48;
    case SignatureHash::kSha512:
      return 64;
    case SignatureHash::kIdentity:
      return 0;
  }
  return 0;
}

// A set of hashes.
class SignatureHashes {
 public:
  constexpr SignatureHashes() noexcept = default;
  constexpr SignatureHashes(std::initializer_list<SignatureHash> hashes) noexcept {
    for (SignatureHash hash : hashes) add(hash);
  }

  constexpr void add(SignatureHash hash) noexcept { bits_ = uint8_t(bits_ | 1u << unsigned(hash)); }
  [[nodiscard]] constexpr bool contains(SignatureHash hash) const noexcept {
    return (bits_ >> unsigned(hash) & 1u) != 0;
  }
  friend constexpr bool operator==(SignatureHashes, SignatureHashes) noexcept = default;

 private:
  uint8_t bits_ = 0;
};
inline constexpr SignatureHashes kAllSignatureHashes{SignatureHash::kSha256, SignatureHash::kSha384,
                                                     SignatureHash::kSha512, SignatureHash::kIdentity};

// The data of a SIGNATURE_HASH_ALGORITHMS notify. Numbers that this library does not know, SHA-1 among them,
// are left out. Errors: the peer's fault, INVALID_SYNTAX, for an odd length.
MLKEM_API Result<SignatureHashes> read_signature_hashes(Octets data) noexcept;
// Writes that data in rising order and returns its length. Errors: misuse, if `out` is too short.
inline constexpr size_t kMaxSignatureHashesBytes = 2 * kSignatureHashCount;
MLKEM_API Result<size_t> write_signature_hashes(std::span<uint8_t> out, SignatureHashes hashes) noexcept;

enum class SignatureScheme : uint8_t {
  kRsaPkcs1,  // RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2): verified, never made
  kRsaPss,    // RSASSA-PSS (RFC 8017, section 8.1), MGF1 with the same hash
  kEcdsa,     // with the signature in DER
  kEd25519,   // RFC 8032, RFC 8420
};

struct SignatureAlgorithm {
  SignatureScheme scheme;
  SignatureHash hash;
  uint16_t salt_bytes = 0;  // of kRsaPss

  friend constexpr bool operator==(SignatureAlgorithm, SignatureAlgorithm) = default;
};
// RSA-PSS as this library makes it: the salt is as long as the hash.
constexpr SignatureAlgorithm rsa_pss(SignatureHash hash) {
  return {SignatureScheme::kRsaPss, hash, uint16_t(output_bytes(hash))};
}

// What a key can be; RSA from kMinRsaBits to kMaxRsaBits.
enum class SignatureKeyType : uint8_t { kRsa, kEcdsaP256, kEcdsaP384, kEcdsaP521, kEd25519 };
inline constexpr size_t kMinRsaBits = 2048, kMaxRsaBits = 8192;
inline constexpr size_t kMaxSignatureBytes = kMaxRsaBits / 8;

// True if a key of this type can make or verify such a signature: the scheme is the key's, and the hash of
// ECDSA not shorter than the curve's order asks for.
MLKEM_API bool fits(SignatureKeyType key, SignatureAlgorithm algorithm) noexcept;

// What to sign with, for a peer that announced these hashes: RSA-PSS, ECDSA or Ed25519 with the shortest hash
// that fits the key. Errors: the peer's fault, AUTHENTICATION_FAILED, if it announced none.
MLKEM_API Result<SignatureAlgorithm> choose_signature_algorithm(SignatureKeyType key,
                                                                SignatureHashes peer_hashes) noexcept;

// The AlgorithmIdentifier in DER as RFC 7427, appendix A, has it, at most kMaxAlgorithmIdentifierBytes in
// static storage; empty for what is none, or a salt that is not as long as the hash.
inline constexpr size_t kMaxAlgorithmIdentifierBytes = 72;  // RSA-PSS
MLKEM_API Octets algorithm_identifier(SignatureAlgorithm algorithm) noexcept;
// Parses one, whichever way its optional fields are written: NULL or absent parameters of RSA and hashes, the
// trailer field of RSA-PSS. Errors: the peer's fault, AUTHENTICATION_FAILED, for octets that are not DER and
// for algorithms that SignatureAlgorithm does not hold.
MLKEM_API Result<SignatureAlgorithm> read_algorithm_identifier(Octets der) noexcept;

}  // namespace mlkem::ikev2
