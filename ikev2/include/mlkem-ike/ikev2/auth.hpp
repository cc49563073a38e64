// SPDX-License-Identifier: Apache-2.0
// The AUTH payload's data (RFC 7296 section 2.15, RFC 9242 section 3.3.2): the signed octets, the shared key
// method and signatures (RFC 7427).
#pragma once

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"
#include "mlkem-ike/ikev2/signature.hpp"

namespace mlkem::ikev2 {

enum class AuthMethod : uint8_t { kSharedKey = 2, kDigitalSignature = 14 };

// What one side's AUTH covers: RealMessage | peer's nonce | prf(SK_p, ID body) | IntAuth. The same for both
// sides but for whose message, nonce, identity and SK_p it is.
struct SignedOctets {
  Octets
      real_message;  // the side's own IKE_SA_INIT message, the last one after a retry, without non-ESP marker
  Octets peer_nonce;  // nonce data of the other side
  Octets sk_p;        // SK_pi for the initiator's AUTH, SK_pr for the responder's, of the newest generation
  Octets id_body;     // the body of IDi or IDr: type, reserved, data
  Octets int_auth;    // int_auth_suffix(); empty if no IKE_INTERMEDIATE took place
};

// prf(shared secret, "Key Pad for IKEv2"): may be stored in place of the secret. Errors: crypto; misuse.
MLKEM_API Result<PrfSecret> shared_key_pad(Prf& prf, Octets shared_secret) noexcept;
// AUTH = prf(shared_key_pad, signed octets). To check a peer's, compute it and compare with
// PrfSecret::equals, which takes constant time. Errors: crypto; misuse.
MLKEM_API Result<PrfSecret> shared_key_auth(Prf& prf, Octets key_pad, const SignedOctets& octets) noexcept;

// The AUTH data of a signature: length of the AlgorithmIdentifier (1 octet) | AlgorithmIdentifier |
// signature.
inline constexpr size_t kMaxSignatureAuthBytes = 1 + kMaxAlgorithmIdentifierBytes + kMaxSignatureBytes;

// Writes AUTH data to `out`, of at least kMaxSignatureAuthBytes, and returns its length. `algorithm` comes
// from choose_signature_algorithm(). `prf` is the IKE SA's. Errors: crypto; misuse, also for an algorithm
// that does not fit the key.
MLKEM_API Result<size_t> signature_auth(Prf& prf, const SigningKey& key, SignatureAlgorithm algorithm,
                                        const SignedOctets& octets, std::span<uint8_t> out) noexcept;
// Checks the AUTH data of a peer, to whom `announced` went in SIGNATURE_HASH_ALGORITHMS. Errors: the peer's
// fault, AUTHENTICATION_FAILED, for data that is malformed, for an algorithm that is not accepted, was not
// announced or does not fit the key, and for a wrong signature; crypto; misuse.
MLKEM_API Result<void> verify_signature_auth(Prf& prf, const VerifyingKey& key, SignatureHashes announced,
                                             const SignedOctets& octets, Octets auth) noexcept;

}  // namespace mlkem::ikev2
