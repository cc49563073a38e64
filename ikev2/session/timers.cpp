// SPDX-License-Identifier: Apache-2.0
// What an engine does when time is up: retransmission and giving up (RFC 7296, sections 2.1 and 2.4), liveness,
// NAT keepalives (RFC 3948, section 2.3).
#include <algorithm>
#include <array>

#include "ikev2/session/engine.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr std::array<uint8_t, 1> kKeepalive{0xff};  // RFC 3948, section 2.3

void take_earlier(std::optional<uint64_t>& earliest, uint64_t time_ms) {
  earliest = std::min(earliest.value_or(UINT64_MAX), time_ms);
}

}  // namespace

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

}  // namespace mlkem::ikev2
