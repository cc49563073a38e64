// SPDX-License-Identifier: Apache-2.0
// How an engine's messages go out: protected, in fragments, again (RFC 7296 section 2.1, RFC 7383), and when
// time is up.
#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr std::array<uint8_t, 1> kKeepalive{0xff};  // RFC 3948, section 2.3

void take_earlier(std::optional<uint64_t>& earliest, uint64_t time_ms) {
  earliest = std::min(earliest.value_or(UINT64_MAX), time_ms);
}

}  // namespace

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

void Engine::retransmit() {
  Request& request = *sa_.request;
  const Timing& timing = policy().timing;
  if (request.tries >= timing.retransmit_tries) {
    End timeout{EndCause::kTimeout, NotifyType::kNone, {}, request.exchange, "no answer"};
    if (handshake_ && handshake_->unprotected_error) timeout = *handshake_->unprotected_error;
    if (state_ == EngineState::kClosing) timeout.cause = EndCause::kClosed;
    return end(timeout);
  }
  ++request.tries;
  ++report_.retransmissions;
  request.interval_ms = std::min(2 * request.interval_ms, timing.retransmit_max_ms);
  request.due_ms = now_ms_ + request.interval_ms;
  log(LogCode::kRetransmitted, request.exchange, request.tries);
  if (request.sealed.count() == 0)
    transmit_clear(handshake_->own_init, report_.path);
  else
    transmit(request.sealed, report_.path);
}

void Engine::handle_timeout(uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (state_ == EngineState::kGone) return;
  sa_.expire(now_ms);
  if (!established_ || state_ == EngineState::kLingering) {
    if (now_ms >= deadline_ms_) {
      sa_.last_response = SealedMessage();
      End timeout{EndCause::kTimeout, NotifyType::kNone, {}, {}, "not established in time"};
      if (sa_.request) timeout.exchange = sa_.request->exchange;
      if (handshake_ && handshake_->unprotected_error) timeout = *handshake_->unprotected_error;
      return end(timeout);
    }
  }
  if (sa_.request && now_ms >= sa_.request->due_ms) return retransmit();
  if (state_ != EngineState::kEstablished) return;
  const Timing& timing = policy().timing;
  if (timing.liveness_ms && !sa_.request && now_ms >= heard_ms_ + timing.liveness_ms) {
    liveness_wanted_ = true;
    next_informational();
  }
  if (timing.keepalive_ms && report_.local_nat && now_ms >= sent_ms_ + timing.keepalive_ms) {
    surroundings_.outbox.add_raw(report_.path, kKeepalive);
    sent_ms_ = now_ms;
  }
}

std::optional<uint64_t> Engine::deadline_ms() const noexcept {
  if (state_ == EngineState::kGone) return std::nullopt;
  std::optional<uint64_t> earliest = sa_.deadline_ms();
  if (!established_ || state_ == EngineState::kLingering) take_earlier(earliest, deadline_ms_);
  if (sa_.request) take_earlier(earliest, sa_.request->due_ms);
  if (state_ != EngineState::kEstablished) return earliest;
  const Timing& timing = policy().timing;
  if (timing.liveness_ms && !sa_.request) take_earlier(earliest, heard_ms_ + timing.liveness_ms);
  if (timing.keepalive_ms && report_.local_nat) take_earlier(earliest, sent_ms_ + timing.keepalive_ms);
  return earliest;
}

// An initiator reports all, for a probe to learn from; a responder the errors.
void Engine::read_notifies(const Incoming& in) {
  for (const Payload& payload : in.payloads) {
    if (payload.type == PayloadType::kVendorId && sa_.is_initiator())
      emit(VendorIdReceived{{payload.body.begin(), payload.body.end()}});
    if (payload.type != PayloadType::kNotify) continue;
    const Result<NotifyPayload> notify = read_notify_body(payload.body);
    if (!notify || (!sa_.is_initiator() && !is_error(notify->type))) continue;
    const bool newest = in.protection.is_protected && sa_.generation() == in.protection.generation;
    emit(NotifyReceived{notify->type, in.protection, newest, in.header.exchange});
  }
}

}  // namespace mlkem::ikev2
