// SPDX-License-Identifier: Apache-2.0
// Proposals as a policy holds them: read from and written to strongSwan's notation, turned into an SA payload
// and back. aes256gcm16-prfsha384-x25519-ke1_mlkem768 is one for IKE, aes256gcm16-esn one for ESP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/message.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/sa_payload.hpp"

namespace mlkem::ikev2 {

// One alternative of one type: an EncrId, PrfId, IntegId, EsnId, or for types 4 and 6..12 a KeMethod or
// kKeNone. A KeMethod is the registry's value, whatever the numbering on the wire.
struct Transform {
  TransformType type;
  uint16_t id;
  uint16_t key_bits = 0;

  friend bool operator==(const Transform&, const Transform&) = default;
};

// ADDKE1 to ADDKE7, by 1 to 7.
constexpr TransformType additional_key_exchange(unsigned index) {
  return TransformType(unsigned(TransformType::kAddke1) + index - 1);
}
constexpr bool is_additional_key_exchange(TransformType type) {
  return type >= TransformType::kAddke1 && type <= TransformType::kAddke7;
}
constexpr bool is_key_exchange(TransformType type) {
  return type == TransformType::kKe || is_additional_key_exchange(type);
}

struct Proposal {
  ProtocolId protocol = ProtocolId::kIke;  // kIke or kEsp
  std::vector<Transform> transforms;       // within a type in order of preference, best first

  [[nodiscard]] MLKEM_API bool has(TransformType type) const noexcept;

  friend bool operator==(const Proposal&, const Proposal&) = default;
};

// Says what is wrong with a proposal of the caller's: a type that the protocol needs is missing (ENCR, PRF
// and KE for IKE; ENCR and ESN for ESP) or does not belong to it, AEAD and other ciphers together, INTEG
// beside an AEAD or missing without one, an algorithm that this library lacks, the same one twice within a
// type, ADDKE without KE, NONE as an IKE SA's KE. Errors: misuse.
MLKEM_API Result<void> validate(const Proposal& proposal) noexcept;

// Where a text is wrong: the keyword is text.substr(position, length); length 0 for a proposal that lacks
// something.
struct NotationFault {
  size_t position = 0, length = 0;
};
// Proposals in strongSwan's notation: keywords joined by '-', proposals by ',', white space around proposals
// is ignored, case matters. ke1_ to ke7_ stand before the methods of ADDKE1 to ADDKE7; `none` is a method,
// too. As in strongSwan, an IKE proposal without PRF takes those of its integrity algorithms, INTEG beside an
// AEAD and PRFs in an ESP proposal are dropped, and so is `none` as IKE's own KE; an ESP proposal without
// esn or noesn has noesn. A keyword that is repeated counts once. Keywords for algorithms that this library
// lacks are unknown. Errors: misuse; *out_fault, where given, then says where.
MLKEM_API Result<std::vector<Proposal>> parse_proposals(std::string_view text, ProtocolId protocol,
                                                        NotationFault* out_fault = nullptr);
// The shortest notation that reads back as the same proposal: without PRFs or noesn where they are implied.
MLKEM_API std::string to_string(const Proposal& proposal);
// A peer's proposal for people to read, in the same notation; what has no name stands as type.id, both in
// decimal, with /bits behind a key length and a question mark behind an unknown attribute.
MLKEM_API std::string to_string(const ProposalView& proposal,
                                MlKemNumbering numbering = MlKemNumbering::kRegistry);

// The types that IKE_AUTH leaves out of a Child SA's proposals (RFC 7296, section 1.2).
enum class KeyExchangeTypes : uint8_t { kInclude, kLeaveOut };
// Adds an SA payload with all of `proposals`, numbered from 1, each with `spi` (0, 4 or 8 octets) and its
// transforms in their order. Errors: misuse, for more than 255, or a method that the numbering lacks.
MLKEM_API Result<void> write_proposals(PayloadWriter& out, std::span<const Proposal> proposals, Octets spi,
                                       MlKemNumbering numbering = MlKemNumbering::kRegistry,
                                       KeyExchangeTypes types = KeyExchangeTypes::kInclude) noexcept;
// A proposal off the wire that holds nothing unknown. Errors: the peer's fault, NO_PROPOSAL_CHOSEN, for an
// unknown protocol, transform type, id or attribute.
MLKEM_API Result<Proposal> read_proposal(const ProposalView& view,
                                         MlKemNumbering numbering = MlKemNumbering::kRegistry);

// One transform off the wire as this library knows it. Nothing for an unknown type, id or attribute, a key
// length that the algorithm forbids, or a missing one.
MLKEM_API std::optional<Transform> known_transform(
    const TransformView& view, MlKemNumbering numbering = MlKemNumbering::kRegistry) noexcept;
// Its id on the wire; nothing for a method that the numbering lacks.
MLKEM_API std::optional<uint16_t> wire_id(const Transform& transform,
                                          MlKemNumbering numbering = MlKemNumbering::kRegistry) noexcept;

}  // namespace mlkem::ikev2
