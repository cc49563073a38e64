// SPDX-License-Identifier: Apache-2.0
// SA and KE payloads: proposals in strongSwan's notation, and whether a key exchange value has its method's length.
#include "tools/mlkem-ike/decode/describe.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::ordered_json;

ordered_json transforms_json(const ikev2::ProposalView& proposal) {
  ordered_json list = ordered_json::array();
  for (const ikev2::TransformView& transform : proposal.transforms) {
    ordered_json item = {{"type", unsigned(transform.type)}, {"id", transform.id}};
    if (transform.key_bits != 0) item["key_bits"] = transform.key_bits;
    if (transform.unknown_attributes) item["attributes"] = hex(transform.attributes);
    list.push_back(std::move(item));
  }
  return list;
}

bool has_ml_kem(const ikev2::ProposalView& proposal) {
  for (const ikev2::TransformView& transform : proposal.transforms) {
    const auto method = ikev2::ke_method(transform.id);
    if (ikev2::is_key_exchange(transform.type) && method && ikev2::is_ml_kem(*method)) return true;
  }
  return false;
}

// What a value of another length may be; a peer that froze on the first draft counts ML-KEM from 35 = ML-KEM-768.
std::string wrong_length_text(const ikev2::KePayload& ke, size_t wanted, bool is_response) {
  std::string text = std::to_string(wanted) + " expected";
  const auto early = ikev2::ke_method(ke.method, ikev2::MlKemNumbering::kDraft00);
  if (!early || !ikev2::is_ml_kem(*early)) return text;
  const ikev2::KeSizes sizes = ikev2::sizes(*early);
  if (ke.data.size() == (is_response ? sizes.responder_value : sizes.initiator_value))
    text += "; as long as " + std::string(ikev2::name(*early)) + ", whose number this was in draft 00";
  return text;
}

}  // namespace

void describe_sa(ikev2::Octets body, const ikev2::IkeHeader& header, Description& out) {
  const auto sa = ikev2::read_sa_body(body);
  if (!sa) {
    out.fault = sa.error().message;
    return;
  }
  ordered_json proposals = ordered_json::array();
  for (const ikev2::ProposalView& proposal : *sa) {
    if (header.is_response() && proposal.protocol == ikev2::ProtocolId::kIke && !has_ml_kem(proposal))
      out.finding = "an IKE SA without ML-KEM";
    const std::string notation = ikev2::to_string(proposal);
    std::string line =
        std::to_string(proposal.number) + ": " + protocol_text(proposal.protocol) + ' ' + notation;
    if (!proposal.spi.empty()) line += ", SPI " + hex(proposal.spi);
    out.lines.push_back(std::move(line));
    proposals.push_back({{"number", proposal.number},
                         {"protocol", unsigned(proposal.protocol)},
                         {"protocol_name", protocol_text(proposal.protocol)},
                         {"spi", hex(proposal.spi)},
                         {"notation", notation},
                         {"transforms", transforms_json(proposal)}});
  }
  if (out.lines.size() == 1) {
    out.add("proposals", std::move(proposals), "proposal " + out.lines.front());
    out.lines.clear();
  } else {
    const std::string count = std::to_string(out.lines.size()) + " proposals";
    out.add("proposals", std::move(proposals), count);
  }
}

void describe_ke(ikev2::Octets body, const ikev2::IkeHeader& header, Description& out) {
  const auto ke = ikev2::read_ke_body(body);
  if (!ke) {
    out.fault = ke.error().message;
    return;
  }
  const auto method = ikev2::ke_method(ke->method);
  out.add("method", ke->method, ke_method_text(ke->method));
  if (method) out.add("method_name", ikev2::name(*method));
  out.add("octets", ke->data.size(), octets_text(ke->data.size()));
  if (!method) return;
  const ikev2::KeSizes sizes = ikev2::sizes(*method);
  const size_t wanted = header.is_response() ? sizes.responder_value : sizes.initiator_value;
  if (ke->data.size() == wanted) return;
  const std::string reason = wrong_length_text(*ke, wanted, header.is_response());
  out.add("octets_expected", wanted, '(' + reason + ')');
  out.finding =
      "KE " + ke_method_text(ke->method) + " with " + octets_text(ke->data.size()) + " (" + reason + ')';
}

}  // namespace mlkem::cli
