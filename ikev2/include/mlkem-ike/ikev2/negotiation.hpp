// SPDX-License-Identifier: Apache-2.0
// Negotiation (RFC 7296 sections 2.7 and 3.3, RFC 9370 section 2.2.1, RFC 9242 section 3.1): the responder's
// choice out of an offer, the initiator's check of the answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/proposal.hpp"

namespace mlkem::ikev2 {

// The exchange that an SA payload belongs to. It decides the protocol, the length of SPIs, and whether key
// exchanges are negotiated.
enum class NegotiationPlace : uint8_t {
  kIkeSaInit,  // IKE, no SPI
  kIkeRekey,   // IKE, SPIs of 8 octets
  kIkeAuth,    // ESP, SPIs of 4 octets; types 4 and 6..12 are ignored on both sides
  kChildSa,    // ESP in CREATE_CHILD_SA, SPIs of 4 octets
};

// One side's terms. The spans must outlive the calls that use them.
struct NegotiationTerms {
  NegotiationPlace place = NegotiationPlace::kIkeSaInit;
  // Responder: what it accepts, best first. Initiator: what it offered, in the order of its offer.
  std::span<const Proposal> proposals;
  // The result holds ML-KEM in type 4 or 6..12, or there is none. Not looked at in IKE_AUTH, whose Child SA
  // lives on the IKE SA's keys.
  bool require_ml_kem = true;
  // IKE_SA_INIT: the peer's message has INTERMEDIATE_EXCHANGE_SUPPORTED. Not looked at elsewhere.
  bool peer_has_intermediate = false;
  MlKemNumbering numbering = MlKemNumbering::kRegistry;
};

// What was agreed upon.
class MLKEM_API Agreement {
 public:
  uint8_t number = 0;  // of the proposal in the offer
  ProtocolId protocol = ProtocolId::kIke;
  Encryption encryption{};
  PrfId prf{};                           // IKE only
  IntegId integrity = IntegId::kNone;    // kNone with an AEAD
  bool esn = false;                      // ESP only
  std::optional<KeMethod> key_exchange;  // type 4; nothing in IKE_AUTH, or without one of a Child SA's own

  // The additional key exchanges that are to be performed, in the order of their types; NONE leaves no gap.
  [[nodiscard]] std::span<const KeMethod> additional() const noexcept {
    return std::span(additional_).first(additional_count_);
  }
  // Over key_exchange and additional().
  [[nodiscard]] bool has_ml_kem() const noexcept;
  // The SPI in the peer's proposal: 0, 4 or 8 octets.
  [[nodiscard]] Octets peer_spi() const noexcept { return Octets(spi_).first(spi_bytes_); }
  // IKE: what the key schedule needs.
  [[nodiscard]] SaAlgorithms algorithms() const noexcept { return {prf, encryption, integrity}; }

  // What the answer repeats: one transform of every type offered, an explicit NONE among them.
  [[nodiscard]] std::span<const Transform> transforms() const noexcept {
    return std::span(transforms_).first(transform_count_);
  }

 private:
  friend class Negotiation;

  static constexpr size_t kMaxTypes = 5 + kMaxAdditionalKeyExchanges;
  void add(Transform transform) noexcept;

  std::array<Transform, kMaxTypes> transforms_{};
  std::array<KeMethod, kMaxAdditionalKeyExchanges> additional_{};
  std::array<uint8_t, 8> spi_{};
  uint8_t transform_count_ = 0, additional_count_ = 0, spi_bytes_ = 0;
};

// The responder's choice. Its own order decides: its first proposal that goes together with any of the
// offer's, of those the offer's first, and within each type the alternative that it lists first. No method is
// chosen twice over types 4 and 6 to 12; where that makes them compete, an earlier type gets its way. A type
// of key exchange is skipped only if both sides allow that, the offer by NONE or by not having it, its own
// proposal likewise. The KE payload that came along is not looked at: a choice of another method costs a
// round trip, never strength. Errors: the peer's fault: NO_PROPOSAL_CHOSEN; INVALID_SYNTAX if the proposals
// are not numbered 1, 2, 3 ...
MLKEM_API Result<Agreement> choose_proposal(const SaPayload& offer, const NegotiationTerms& terms) noexcept;

// Adds the SA payload of the answer, with the responder's own SPI. Errors: misuse.
MLKEM_API Result<void> write_answer(PayloadWriter& out, const Agreement& agreement, Octets own_spi,
                                    MlKemNumbering numbering = MlKemNumbering::kRegistry) noexcept;

// The initiator's check: one proposal, numbered as one of the offer's, that takes one transform of every type
// offered, as it was offered; a type of which NONE was offered may be missing. No method twice, and no ADDKE
// without INTERMEDIATE_EXCHANGE_SUPPORTED in the answer.
// Errors: the peer's fault, NO_PROPOSAL_CHOSEN.
MLKEM_API Result<Agreement> check_answer(const SaPayload& answer, const NegotiationTerms& terms) noexcept;

// True if the offer needs INTERMEDIATE_EXCHANGE_SUPPORTED in its IKE_SA_INIT.
MLKEM_API bool offers_additional_key_exchange(std::span<const Proposal> proposals) noexcept;
// True for methods that make an IKE_SA_INIT too long for a path of unknown MTU (ML-KEM-768 and -1024): such a
// message can't be fragmented, so they SHOULD NOT be its KE(0) there (draft-ietf-ipsecme-ikev2-mlkem).
constexpr bool needs_known_path_mtu(KeMethod method) {
  return method == KeMethod::kMlKem768 || method == KeMethod::kMlKem1024;
}

}  // namespace mlkem::ikev2
