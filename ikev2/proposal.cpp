// SPDX-License-Identifier: Apache-2.0
// Proposals: checks, and the way onto the wire and back (RFC 7296, section 3.3).
#include "mlkem-ike/ikev2/proposal.hpp"

#include <algorithm>

namespace mlkem::ikev2 {
namespace {

bool is_implemented(const Transform& transform) {
  if (transform.type != TransformType::kEncr && transform.key_bits != 0) return false;
  switch (transform.type) {
    case TransformType::kEncr:
      return is_valid({EncrId(transform.id), transform.key_bits});
    case TransformType::kPrf:
      return output_bytes(PrfId(transform.id)) != 0;
    case TransformType::kInteg:
      return transform.id == uint16_t(IntegId::kNone) || key_bytes(IntegId(transform.id)) != 0;
    case TransformType::kEsn:
      return transform.id <= uint16_t(EsnId::kYes);
    default:
      return is_key_exchange(transform.type) &&
             (transform.id == kKeNone || sizes(KeMethod(transform.id)).secret != 0);
  }
}

bool any_method(const Proposal& proposal, bool (*is_wanted)(TransformType)) {
  return std::any_of(proposal.transforms.begin(), proposal.transforms.end(), [&](const Transform& transform) {
    return is_wanted(transform.type) && transform.id != kKeNone;
  });
}

Result<void> validate_each(const Proposal& proposal) {
  const bool ike = proposal.protocol == ProtocolId::kIke;
  for (auto at = proposal.transforms.begin(); at != proposal.transforms.end(); ++at) {
    if (!is_implemented(*at)) return misuse("an algorithm of the proposal is not implemented");
    if (std::find(proposal.transforms.begin(), at, *at) != at)
      return misuse("the proposal has an algorithm twice");
    if (at->type == (ike ? TransformType::kEsn : TransformType::kPrf))
      return misuse("the proposal has a transform type that its protocol lacks");
    if (ike && at->type == TransformType::kKe && at->id == kKeNone)
      return misuse("an IKE SA needs a key exchange method");
  }
  return {};
}

Result<void> validate_ciphers(const Proposal& proposal) {
  bool aead = false, other = false;
  for (const Transform& transform : proposal.transforms)
    if (transform.type == TransformType::kEncr) (is_aead(EncrId(transform.id)) ? aead : other) = true;
  if (aead && other) return misuse("AEAD and other ciphers can't share a proposal");
  if (aead && proposal.has(TransformType::kInteg)) return misuse("an AEAD leaves no room for integrity");
  const Transform none{TransformType::kInteg, uint16_t(IntegId::kNone)};
  if (other &&
      (!proposal.has(TransformType::kInteg) ||
       std::find(proposal.transforms.begin(), proposal.transforms.end(), none) != proposal.transforms.end()))
    return misuse("a cipher that is no AEAD needs an integrity algorithm");
  return {};
}

}  // namespace

bool Proposal::has(TransformType type) const noexcept {
  return std::any_of(transforms.begin(), transforms.end(),
                     [type](const Transform& transform) { return transform.type == type; });
}

Result<void> validate(const Proposal& proposal) noexcept {
  const bool ike = proposal.protocol == ProtocolId::kIke;
  if (!ike && proposal.protocol != ProtocolId::kEsp) return misuse("a proposal is for IKE or for ESP");
  if (Result<void> each = validate_each(proposal); !each) return each;
  if (!proposal.has(TransformType::kEncr)) return misuse("the proposal lacks an encryption algorithm");
  if (Result<void> ciphers = validate_ciphers(proposal); !ciphers) return ciphers;
  if (ike && !proposal.has(TransformType::kPrf)) return misuse("the proposal lacks a PRF");
  if (ike && !proposal.has(TransformType::kKe)) return misuse("the proposal lacks a key exchange method");
  if (!ike && !proposal.has(TransformType::kEsn)) return misuse("the proposal lacks esn or noesn");
  if (any_method(proposal, is_additional_key_exchange) &&
      !any_method(proposal, [](TransformType type) { return type == TransformType::kKe; }))
    return misuse("additional key exchanges need a first one");
  return {};
}

std::optional<Transform> known_transform(const TransformView& view, MlKemNumbering numbering) noexcept {
  if (view.unknown_attributes) return std::nullopt;
  Transform transform{view.type, view.id, view.key_bits};
  if (is_key_exchange(view.type) && view.id != kKeNone) {
    const auto method = ke_method(view.id, numbering);
    if (!method) return std::nullopt;
    transform.id = uint16_t(*method);
  }
  return is_implemented(transform) ? std::optional(transform) : std::nullopt;
}

std::optional<uint16_t> wire_id(const Transform& transform, MlKemNumbering numbering) noexcept {
  if (!is_key_exchange(transform.type) || transform.id == kKeNone) return transform.id;
  return code_point(KeMethod(transform.id), numbering);
}

Result<void> write_proposals(PayloadWriter& out, std::span<const Proposal> proposals, Octets spi,
                             MlKemNumbering numbering, KeyExchangeTypes types) noexcept {
  if (proposals.empty() || proposals.size() > UINT8_MAX)
    return misuse("an SA payload has 1 to 255 proposals");
  for (const Proposal& proposal : proposals)
    for (const Transform& transform : proposal.transforms)
      if (!wire_id(transform, numbering)) return misuse("a key exchange method has no number");
  out.begin_sa();
  uint8_t number = 0;
  for (const Proposal& proposal : proposals) {
    out.begin_proposal(++number, proposal.protocol, spi);
    for (const Transform& transform : proposal.transforms)
      if (types == KeyExchangeTypes::kInclude || !is_key_exchange(transform.type))
        out.add_transform(transform.type, *wire_id(transform, numbering), transform.key_bits);
  }
  out.end_sa();
  return {};
}

Result<Proposal> read_proposal(const ProposalView& view, MlKemNumbering numbering) {
  if (view.protocol != ProtocolId::kIke && view.protocol != ProtocolId::kEsp)
    return peer_fault(NotifyType::kNoProposalChosen, "proposal for another protocol");
  Proposal proposal{view.protocol, {}};
  for (const TransformView& transform : view.transforms) {
    const auto known = known_transform(transform, numbering);
    if (!known) return peer_fault(NotifyType::kNoProposalChosen, "proposal with an unknown transform");
    proposal.transforms.push_back(*known);
  }
  return proposal;
}

}  // namespace mlkem::ikev2
