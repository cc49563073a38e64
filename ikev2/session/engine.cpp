// SPDX-License-Identifier: Apache-2.0
// The engine's frame: dispatch, keys, key exchanges that are done elsewhere, the end of an SA.
#include "ikev2/session/engine.hpp"

#include <algorithm>
#include <utility>

namespace mlkem::ikev2 {

Engine::Engine(Surroundings& surroundings, SaId id, bool initiator, Spi own_spi, const Path& path,
               uint64_t now_ms)
    : surroundings_(surroundings),
      id_(id),
      sa_(initiator, own_spi),
      handshake_(std::make_unique<Handshake>()),
      now_ms_(now_ms),
      deadline_ms_(now_ms + policy().timing.establish_ms),
      heard_ms_(now_ms),
      sent_ms_(now_ms) {
  report_.path = path;
  handshake_->started_ms = now_ms;
}

void Engine::receive_init(const Message& parsed, Octets message, const Path& path, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  report_.octets_received += message.size();
  ++report_.datagrams_received;
  log(LogCode::kMessageReceived, parsed.header.exchange, uint32_t(message.size()));
  dispatch({parsed.header, parsed.payloads, {}, message, path, {}});
}

void Engine::receive(const IkeHeader& header, Octets message, const Path& path, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  report_.octets_received += message.size();
  ++report_.datagrams_received;
  if (is_waiting_for_job())
    return log(LogCode::kIgnored, header.exchange, 0, "a key exchange is being computed");
  if (header.exchange == ExchangeType::kIkeSaInit)
    return log(LogCode::kIgnored, header.exchange, 0, "IKE_SA_INIT of an SA that has keys");
  // The responder may have more to say before its IKE_AUTH response is here: it will say it again.
  if (!header.is_response() && sa_.is_initiator() && !established_)
    return log(LogCode::kIgnored, header.exchange, 0, "a request before IKE_AUTH is done");
  const Arrived arrived = sa_.receive(surroundings_.workspace, header, message, now_ms);
  switch (arrived.what) {
    case Arrival::kIgnored:
      return log(LogCode::kIgnored, header.exchange, 0, arrived.why);
    case Arrival::kFragment:
      return log(LogCode::kFragmentReceived, header.exchange,
                 uint32_t(arrived.fragment) << 16 | arrived.fragments);
    case Arrival::kRepeated:
      log(LogCode::kResponseRepeated, header.exchange, 0);
      return transmit(sa_.last_response, path);
    case Arrival::kOpened:
      break;
  }
  heard_ms_ = now_ms;
  // Before the SA is established the way of the initiator's messages changes when it finds a NAT; afterwards
  // only a side that is not behind a NAT itself follows its peer (RFC 7296, section 2.23).
  if (established_ ? !report_.local_nat : !sa_.is_initiator()) report_.path = path;
  log(LogCode::kMessageReceived, header.exchange, uint32_t(message.size()));
  const PlainMessage plain = arrived.message.plain();
  const Protection protection{true, arrived.generation};
  const Result<PayloadList> payloads = read_payloads(plain.first_payload, plain.inner);
  const PayloadList none{};
  const Incoming in{header, payloads ? *payloads : none, plain, message, path, protection};
  if (header.is_response()) ++report_.round_trips;
  Result<void> readable = payloads ? payloads->check_bodies() : Result<void>(payloads.error());
  if (!readable) {
    log(LogCode::kIgnored, header.exchange, uint32_t(readable.error().notify), readable.error().message);
    if (!header.is_response()) send_refusal(in, readable.error());
    // A critical payload that is unknown is refused, and no more (RFC 7296, section 2.5).
    if (established_ && readable.error().notify == NotifyType::kUnsupportedCriticalPayload &&
        !header.is_response())
      return;
    return end_with(readable.error(), in);
  }
  read_notifies(in);
  dispatch(in);
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

void Engine::dispatch(const Incoming& in) {
  const bool response = in.header.is_response();
  const Handler handler = handler_for(state_, in.header.exchange, response);
  if (handler) return (this->*handler)(in);
  if (response || !in.protection.is_protected || ended_)
    return log(LogCode::kIgnored, in.header.exchange, 0, "not welcome in this state");
  refuse_in_state(in);
}

// IKE_AUTH too early, an IKE_INTERMEDIATE too many, an unknown exchange: the peer does not follow the protocol.
void Engine::refuse_in_state(const Incoming& in) {
  const Error error = peer_fault(NotifyType::kInvalidSyntax, "an exchange that is not due");
  send_refusal(in, error);
  end_with(error, in);
}

IkeSaInputs Engine::key_inputs() const {
  const Octets own = handshake_->own_nonce, peer = handshake_->peer_nonce();
  const bool initiator = sa_.is_initiator();
  return {sa_.algorithms, initiator ? own : peer, initiator ? peer : own, sa_.spi_i, sa_.spi_r};
}

Result<void> Engine::use_secret(KeMethod method, Octets secret) {
  const Result<Prf*> prf = surroundings_.workspace.prf(sa_.algorithms.prf);
  if (!prf) return prf.error();
  IkeKeys previous;
  previous.sk_d = std::move(handshake_->keys.sk_d);
  previous.generation = sa_.generation().value_or(0);
  Result<IkeKeys> keys = sa_.generation() ? next_generation(**prf, key_inputs(), previous, secret)
                                          : initial_keys(**prf, key_inputs(), secret);
  if (!keys) return keys.error();
  if (Result<void> used = sa_.use_keys(*keys); !used) return used;
  if (policy().key_log) policy().key_log->add({sa_.spi_i, sa_.spi_r, sa_.algorithms, *keys});
  ++report_.performed;
  log(LogCode::kKeyExchange,
      keys->generation == 0 ? ExchangeType::kIkeSaInit : ExchangeType::kIkeIntermediate, uint32_t(method));
  emit(KeyExchanged{method, keys->generation});
  handshake_->keys = {std::move(keys->sk_d), std::move(keys->sk_pi), std::move(keys->sk_pr)};
  return {};
}

Result<void> Engine::compute_share(KeMethod method, Octets peer_value, EngineState waiting) {
  if (peer_value.size() != sizes(method).initiator_value)
    return peer_fault(NotifyType::kInvalidSyntax, "key exchange data has the wrong length");
  set_state(waiting);
  if (!surroundings_.defer_key_exchanges) return continue_with(respond(method, peer_value, crypto()));
  KeyJob& job = surroundings_.jobs.emplace_back();
  job.sa_ = id_;
  job.performed_ = report_.performed;
  job.method_ = method;
  job.peer_value_bytes_ = uint16_t(peer_value.size());
  std::copy(peer_value.begin(), peer_value.end(), job.peer_value_.begin());
  return {};
}

Result<void> Engine::continue_with(Result<ResponderShare> share) {
  if (!share) return share.error();
  return state_ == EngineState::kInitJob ? finish_init_request(*std::move(share))
                                         : finish_intermediate_request(*std::move(share));
}

void Engine::hand_back(KeyJob& job, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (!is_waiting_for_job() || job.performed_ != report_.performed) return;
  const bool init = state_ == EngineState::kInitJob;
  const Result<void> done = continue_with(std::move(job.share_));
  if (done) return;
  if (init) return refuse_init(report_.path, done.error());
  IkeHeader header;
  header.exchange = ExchangeType::kIkeIntermediate;
  const PayloadList none{};
  const Incoming in{header, none, {}, {}, report_.path, {true, *sa_.generation()}};
  send_refusal(in, done.error());
  end_with(done.error(), in);
}

void Engine::log(LogCode code, ExchangeType exchange, uint32_t value, const char* text) {
  if (!policy().log_events) return;
  emit(LogRecord{code, exchange, value, sa_.generation().value_or(0), text});
}

void Engine::wipe() {
  sa_.forget_keys();
  handshake_.reset();
  sk_d_.clear();
  children_.clear();
  children_to_delete_.clear();
}

void Engine::end(End end) {
  if (!ended_) {
    ended_ = true;
    if (established_)
      emit(Closed{end});
    else
      emit(Failed{end});
  }
  wipe();
  const bool lingers = sa_.last_response.count() != 0;
  set_state(lingers ? EngineState::kLingering : EngineState::kGone);
  deadline_ms_ = now_ms_ + policy().timing.linger_ms;
}

void Engine::end_with(const Error& error, const Incoming& in) {
  End reason{EndCause::kPeerFault, error.notify, in.protection, in.header.exchange, error.message};
  if (error.kind == ErrorKind::kCrypto) reason.cause = EndCause::kCrypto;
  if (error.kind == ErrorKind::kMisuse) reason.cause = EndCause::kMisuse;
  if (error.kind == ErrorKind::kPeer && error.notify == NotifyType::kAuthenticationFailed)
    reason.cause = EndCause::kAuthentication;
  end(reason);
}

void Engine::drop(EndCause cause, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (state_ == EngineState::kGone) return;
  sa_.last_response = SealedMessage();
  end({cause, NotifyType::kNone, {}, {}, "dropped"});
}

SessionReport Engine::report() const noexcept {
  SessionReport report = report_;
  report.spi_i = sa_.spi_i;
  report.spi_r = sa_.spi_r;
  report.generation = sa_.generation();
  report.confirmed_generation = sa_.confirmed_generation();
  if (ended_ && state_ != EngineState::kClosing)
    report.phase = Phase::kClosed;
  else if (state_ == EngineState::kClosing)
    report.phase = Phase::kClosing;
  else
    report.phase = established_ ? Phase::kEstablished : Phase::kConnecting;
  return report;
}

}  // namespace mlkem::ikev2
