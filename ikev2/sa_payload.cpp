// SPDX-License-Identifier: Apache-2.0
// Reader of the SA payload (RFC 7296, section 3.3).
#include "mlkem-ike/ikev2/sa_payload.hpp"

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kLast = 0, kMoreProposals = 2, kMoreTransforms = 3;
constexpr size_t kSubstructureHeaderBytes = 4;  // last or more, reserved, length
constexpr size_t kProposalFixedBytes = 8;
constexpr size_t kTransformFixedBytes = 8;
constexpr uint16_t kFixedSizeFormat = 0x8000;  // AF: the value stands in place of the length
constexpr uint16_t kKeyLength = kFixedSizeFormat | 14;

Error malformed(const char* message) {
  return peer_fault(NotifyType::kInvalidSyntax, message);
}

// The substructure at the front of `rest`, if its length fits.
Result<Octets> first_substructure(Octets rest, size_t fixed_bytes, uint8_t more) {
  if (rest.size() < fixed_bytes) return malformed("proposal or transform is cut short");
  const size_t length = load_16(rest.data() + 2);
  if (length < fixed_bytes || length > rest.size())
    return malformed("proposal's or transform's length does not fit");
  if (rest[0] != (length == rest.size() ? kLast : more))
    return malformed("proposals or transforms do not end where they say");
  return rest.first(length);
}

Result<void> check_attributes(Octets attributes) {
  Reader reader(attributes);
  while (!reader.rest().empty()) {
    const uint16_t type = reader.take_16(), length = reader.take_16();
    if ((type & kFixedSizeFormat) == 0) reader.take(length);
    if (!reader.complete()) return malformed("transform attribute is cut short");
  }
  return {};
}

Result<void> check_proposal(Octets proposal) {
  const size_t spi_bytes = proposal[6], count = proposal[7];
  if (spi_bytes > proposal.size() - kProposalFixedBytes) return malformed("proposal's SPI does not fit");
  if (count > kMaxTransforms) return malformed("too many transforms");
  Octets rest = proposal.subspan(kProposalFixedBytes + spi_bytes);
  for (size_t i = 0; i < count; ++i) {
    const Result<Octets> transform = first_substructure(rest, kTransformFixedBytes, kMoreTransforms);
    if (!transform) return transform.error();
    if (Result<void> checked = check_attributes(transform->subspan(kTransformFixedBytes)); !checked)
      return checked.error();
    rest = rest.subspan(transform->size());
  }
  if (!rest.empty()) return malformed("octets after a proposal's transforms");
  return {};
}

}  // namespace

TransformView TransformView::read(Octets octets) noexcept {
  Reader reader(octets.subspan(kSubstructureHeaderBytes));
  TransformView view{TransformType(reader.take_8()), 0, {}, 0, false};
  reader.take_8();
  view.id = reader.take_16();
  view.attributes = reader.rest();
  while (!reader.rest().empty()) {
    const uint16_t type = reader.take_16(), value = reader.take_16();
    if ((type & kFixedSizeFormat) == 0) reader.take(value);
    if (type != kKeyLength || view.key_bits != 0 || value == 0)
      view.unknown_attributes = true;
    else
      view.key_bits = value;
  }
  return view;
}

ProposalView ProposalView::read(Octets octets) noexcept {
  Reader reader(octets.subspan(kSubstructureHeaderBytes));
  ProposalView view{reader.take_8(), ProtocolId(reader.take_8()), {}, {}};
  const size_t spi_bytes = reader.take_8(), transforms = reader.take_8();
  view.spi = reader.take(spi_bytes);
  view.transforms = {reader.rest(), transforms};
  return view;
}

Result<SaPayload> read_sa_body(Octets body) noexcept {
  size_t count = 0;
  for (Octets rest = body; !rest.empty(); ++count) {
    if (count == kMaxProposals) return malformed("too many proposals");
    const Result<Octets> proposal = first_substructure(rest, kProposalFixedBytes, kMoreProposals);
    if (!proposal) return proposal.error();
    if (Result<void> checked = check_proposal(*proposal); !checked) return checked.error();
    rest = rest.subspan(proposal->size());
  }
  if (count == 0) return malformed("SA payload without a proposal");
  return SaPayload(body, count);
}

}  // namespace mlkem::ikev2
