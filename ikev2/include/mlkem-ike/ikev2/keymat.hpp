// SPDX-License-Identifier: Apache-2.0
// The key schedule (RFC 7296 sections 2.13 to 2.18, RFC 9370 section 2.2): prf+, the seven keys of an IKE SA
// and of each generation after an additional key exchange, Child SA keys, rekeying.
//
// Functions are pure: they keep nothing, and a Prf object is a workspace whose key is unspecified afterwards.
// Keys are values: assigning the next generation over the last one wipes the last one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

using EncryptionKey = SecretBytes<kMaxEncryptionKeyBytes>;
using Spi = std::array<uint8_t, 8>;

inline constexpr size_t kMaxNonceBytes = 256;
inline constexpr size_t kMaxSeedParts = 10;  // eight secrets, two nonces

// out := the first out.size() octets of prf+(key, seed); zeros after an error. out overlaps neither. RFC 7296,
// section 2.13.
// Errors: misuse beyond 255 blocks or kMaxSeedParts parts; crypto.
MLKEM_API Result<void> prf_plus(Prf& prf, Octets key, Parts seed, std::span<uint8_t> out) noexcept;

// What an IKE SA's keys are computed from besides secrets. The spans must outlive the calls that use them.
struct IkeSaInputs {
  SaAlgorithms algorithms;
  Octets ni, nr;  // nonce data; at most kMaxNonceBytes each
  Spi spi_i, spi_r;
};

// The seven keys of one generation; each of sk_ei and sk_er holds key, then salt. sk_ai and sk_ar are empty
// with an AEAD.
struct IkeKeys {
  PrfSecret sk_d, sk_ai, sk_ar;
  EncryptionKey sk_ei, sk_er;
  PrfSecret sk_pi, sk_pr;
  uint8_t generation = 0;  // 0 after IKE_SA_INIT or a rekey, n after the additional key exchange n
};

// The three forms of SKEYSEED. secrets[0] is SK(0), and so on. Errors: misuse for empty secrets, nonces that
// are too long or more than eight secrets; crypto.
//
// prf(Ni | Nr, SK(0)); RFC 7296, section 2.14.
MLKEM_API Result<PrfSecret> skeyseed_initial(Prf& prf, Octets ni, Octets nr, Octets secret) noexcept;
// prf(SK_d(n-1), SK(n) | Ni | Nr); RFC 9370, section 2.2.2.
MLKEM_API Result<PrfSecret> skeyseed_chained(Prf& prf, Octets sk_d, Octets secret, Octets ni,
                                             Octets nr) noexcept;
// prf(SK_d(old), SK(0) | Ni | Nr | SK(1) | ... | SK(n)); RFC 9370, section 2.2.4.
MLKEM_API Result<PrfSecret> skeyseed_rekey(Prf& prf, Octets old_sk_d, Parts secrets, Octets ni,
                                           Octets nr) noexcept;
// All seven keys: prf+(SKEYSEED, Ni | Nr | SPIi | SPIr), cut to the lengths of inputs.algorithms. Errors:
// misuse for algorithms that do not fit together; crypto.
MLKEM_API Result<IkeKeys> expand_skeyseed(Prf& prf, Octets skeyseed, const IkeSaInputs& inputs) noexcept;

// Generation 0, from IKE_SA_INIT. `prf` is inputs.algorithms.prf. Errors: as above.
MLKEM_API Result<IkeKeys> initial_keys(Prf& prf, const IkeSaInputs& inputs, Octets secret) noexcept;
// The generation after `previous`, with the secret of one IKE_INTERMEDIATE key exchange. Errors: as above;
// misuse after the seventh.
MLKEM_API Result<IkeKeys> next_generation(Prf& prf, const IkeSaInputs& inputs, const IkeKeys& previous,
                                          Octets secret) noexcept;

// Which PRF expands SKEYSEED when a rekey changes the PRF.
enum class RekeyExpansion : uint8_t {
  kNewPrf,  // RFC 7296, section 2.18
  kOldPrf,  // strongSwan up to 6.1: an interoperability setting
};
// The keys of an IKE SA that replaces another. `inputs` are the new SA's (nonces of that CREATE_CHILD_SA, new
// SPIs), old_prf and new_prf those of the two SAs; they may be the same object. Errors: as above.
MLKEM_API Result<IkeKeys> rekeyed_keys(Prf& old_prf, Prf& new_prf, Octets old_sk_d, const IkeSaInputs& inputs,
                                       Parts secrets,
                                       RekeyExpansion expansion = RekeyExpansion::kNewPrf) noexcept;

// The keys of a Child SA; i is the side that started the exchange. Integrity keys are empty with an AEAD.
struct ChildKeys {
  EncryptionKey encryption_i;
  PrfSecret integrity_i;
  EncryptionKey encryption_r;
  PrfSecret integrity_r;
};
// KEYMAT = prf+(SK_d, [SK(0)] | Ni | Nr | [SK(1) | ... | SK(n)]); RFC 7296 section 2.17, RFC 9370
// section 2.2.4. `prf` is the IKE SA's, sk_d its newest, encryption and integrity the Child SA's. The first
// Child SA, and one without key exchange of its own, has no secrets. Errors: as above.
MLKEM_API Result<ChildKeys> child_keys(Prf& prf, Octets sk_d, Encryption encryption, IntegId integrity,
                                       Octets ni, Octets nr, Parts secrets = {}) noexcept;

}  // namespace mlkem::ikev2
