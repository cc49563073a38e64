// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a whole message, decoded, rebuilt from its decoded form, and its SA payload negotiated.
#include <cstdlib>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace {

using namespace mlkem::ikev2;

void require(bool condition) {
  if (!condition) std::abort();
}

const std::vector<Proposal>& policy(ProtocolId protocol) {
  static const auto ike = *parse_proposals(
      "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-mlkem512-ke1_mlkem768-ke1_none", ProtocolId::kIke);
  static const auto esp = *parse_proposals("aes256gcm16-x25519-none-ke1_mlkem768-ke1_none", ProtocolId::kEsp);
  return protocol == ProtocolId::kIke ? ike : esp;
}

// What was chosen must be what the initiator of that offer could have meant.
void negotiate(const SaPayload& sa) {
  for (const NegotiationPlace place : {NegotiationPlace::kIkeSaInit, NegotiationPlace::kIkeRekey,
                                       NegotiationPlace::kIkeAuth, NegotiationPlace::kChildSa}) {
    const bool ike = place == NegotiationPlace::kIkeSaInit || place == NegotiationPlace::kIkeRekey;
    const NegotiationTerms terms{place, policy(ike ? ProtocolId::kIke : ProtocolId::kEsp), false, true,
                                 MlKemNumbering::kRegistry};
    const auto agreement = choose_proposal(sa, terms);
    if (agreement) {
      require(agreement->number >= 1 && agreement->number <= sa.size());
      std::vector<uint8_t> answer(1024);
      PayloadWriter writer(answer);
      require(bool(write_answer(writer, *agreement, agreement->peer_spi())));
      const auto size = writer.finish();
      require(bool(size));
      require(bool(read_sa_body(Octets(answer).first(*size).subspan(kPayloadHeaderBytes))));
    }
    (void)check_answer(sa, terms);
  }
}

// True if every body could be read.
bool look_into(const PayloadList& payloads) {
  for (const Payload& payload : payloads) {
    if (payload.type != PayloadType::kSa) continue;
    if (const Result<SaPayload> sa = read_sa_body(payload.body)) {
      for (const ProposalView& proposal : *sa) (void)to_string(proposal);
      negotiate(*sa);
    }
  }
  return bool(payloads.check_bodies());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Octets octets(data, size);
  // As if decrypted: the first payload's type, then the chain.
  if (size > 0)
    if (const auto inside = read_payloads(PayloadType(data[0]), octets.subspan(1))) (void)look_into(*inside);
  const Result<Message> message = read_message(octets);
  if (!message) return 0;
  std::vector<uint8_t> buffer(size);
  PayloadWriter writer(buffer, message->header);
  const bool decoded = look_into(message->payloads);
  require(bool(rebuild(message->payloads, writer)) == decoded);
  if (!decoded) return 0;
  require(bool(writer.finish()) && *writer.finish() == size);
  require(bool(read_message(buffer)));
  return 0;
}
