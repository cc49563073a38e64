// SPDX-License-Identifier: Apache-2.0
// How an engine's messages go out: protected, and in fragments where they are too long (RFC 7296 section 3.14,
// RFC 7383).
#include <array>
#include <new>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
Result<SealedMessage> Engine::protect(const IkeHeader& header, PayloadWriter& chain, const Path& path) {
  const Result<size_t> size = chain.finish();
  if (!size) return size.error();
  std::array<uint8_t, kIkeHeaderBytes> clear;
  write_ike_header(clear, header);
  const Octets inner = Octets(surroundings_.scratch).first(*size);
  const PlainMessage plain{clear, chain.first_payload(), inner};
  // Not of a refusal to one that comes when IKE_AUTH is over.
  if (header.exchange == ExchangeType::kIkeIntermediate && handshake_) {
    const Result<Prf*> prf = surroundings_.workspace.prf(sa_.algorithms.prf);
    if (!prf) return prf.error();
    const bool initiator = sa_.is_initiator();
    const auto& keys = handshake_->keys;
    if (Result<void> added = (initiator ? handshake_->int_auth_i : handshake_->int_auth_r)
                                 .add(**prf, (initiator ? keys.sk_pi : keys.sk_pr).expose(), plain);
        !added)
      return added.error();
  }
  Fragmentation fragmentation = Fragmentation::kNever;
  if (sa_.has_fragmentation) {
    // strongSwan 6.1 takes an INFORMATIONAL request that is a fragment for one in the clear.
    const bool always = policy().fragmentation == FragmentationPolicy::kForce &&
                        header.exchange != ExchangeType::kInformational;
    fragmentation = always ? Fragmentation::kAlways : Fragmentation::kWhenNeeded;
  }
  const size_t most =
      message_bytes_of_datagram(policy().datagram_bytes, path.remote.version, path.encapsulated);
  return sa_.seal(surroundings_.workspace, plain, most, fragmentation);
}

Result<void> Engine::send_request(ExchangeType exchange, PayloadWriter& chain) {
  Result<SealedMessage> sealed = protect(sa_.request_header(exchange), chain, report_.path);
  if (!sealed) return sealed.error();
  const Timing& timing = policy().timing;
  sa_.request.reset(new (std::nothrow)
                        Request{exchange, sa_.next_request_id(), *std::move(sealed), 1,
                                timing.retransmit_first_ms, now_ms_ + timing.retransmit_first_ms});
  if (!sa_.request) return crypto_failure("no memory for a request");
  sa_.count_request();
  log(LogCode::kRequestSent, exchange, uint32_t(sa_.request->sealed.octets().size()));
  transmit(sa_.request->sealed, report_.path);
  return {};
}

Result<void> Engine::send_response(ExchangeType exchange, PayloadWriter& chain, const Path& path) {
  Result<SealedMessage> sealed = protect(sa_.response_header(exchange), chain, path);
  if (!sealed) return sealed.error();
  sa_.last_response = *std::move(sealed);
  log(LogCode::kResponseSent, exchange, uint32_t(sa_.last_response.octets().size()));
  transmit(sa_.last_response, path);
  return {};
}

void Engine::send_refusal(const Incoming& in, const Error& error) {
  if (error.kind != ErrorKind::kPeer || error.notify == NotifyType::kNone) return;
  PayloadWriter out = chain();
  const Octets data(&error.notify_data, error.notify == NotifyType::kUnsupportedCriticalPayload ? 1 : 0);
  out.add_notify({ProtocolId::kNone, error.notify, {}, data});
  log(LogCode::kRefused, in.header.exchange, uint32_t(error.notify), error.message);
  // Without keys or memory there is no answer, as if it was lost.
  (void)send_response(in.header.exchange, out, in.path);
}

void Engine::transmit(const SealedMessage& sealed, const Path& path) {
  for (size_t i = 0; i < sealed.count(); ++i) transmit_clear(sealed.datagram(i), path);
}

void Engine::transmit_clear(Octets message, const Path& path) {
  surroundings_.outbox.add_message(path, message);
  report_.octets_sent += message.size();
  ++report_.datagrams_sent;
  sent_ms_ = now_ms_;
}

}  // namespace mlkem::ikev2
