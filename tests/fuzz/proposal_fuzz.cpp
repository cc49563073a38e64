// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a list of proposals in strongSwan's notation, through its structure and the wire and back.
#include <cstdlib>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace {

using namespace mlkem::ikev2;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string join(const std::vector<Proposal>& proposals) {
  std::string text;
  for (const Proposal& proposal : proposals) text.append(text.empty() ? "" : ",").append(to_string(proposal));
  return text;
}

void through_the_wire(const std::vector<Proposal>& proposals) {
  if (proposals.size() > kMaxProposals) return;
  for (const Proposal& proposal : proposals)
    if (proposal.transforms.size() > kMaxTransforms) return;
  std::vector<uint8_t> buffer(65535);
  PayloadWriter writer(buffer);
  require(bool(write_proposals(writer, proposals, {})));
  const auto size = writer.finish();
  require(bool(size));
  const auto sa = read_sa_body(Octets(buffer).first(*size).subspan(kPayloadHeaderBytes));
  require(bool(sa));
  size_t index = 0;
  for (const ProposalView& view : *sa) {
    const auto proposal = read_proposal(view);
    require(proposal && *proposal == proposals[index++]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const ProtocolId protocol : {ProtocolId::kIke, ProtocolId::kEsp}) {
    NotationFault fault;
    const auto proposals = parse_proposals(text, protocol, &fault);
    if (!proposals) {
      require(fault.position <= size && fault.length <= size - fault.position);
      continue;
    }
    const std::string canonical = join(*proposals);
    const auto again = parse_proposals(canonical, protocol);
    require(again && join(*again) == canonical);
    through_the_wire(*proposals);
  }
  return 0;
}
