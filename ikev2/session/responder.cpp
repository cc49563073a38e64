// SPDX-License-Identifier: Apache-2.0
// A responder's SAs: found by SPI, called when their time has come, counted, removed.
#include "mlkem-ike/ikev2/responder.hpp"

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "ikev2/session/datagram.hpp"
#include "ikev2/session/responder_state.hpp"

namespace mlkem::ikev2 {

Spi spi_r_of(SaId sa) noexcept {
  Spi spi;
  std::memcpy(spi.data(), &sa, sizeof sa);
  return spi;
}

Responder::Responder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Responder::Responder(Responder&&) noexcept = default;
Responder& Responder::operator=(Responder&&) noexcept = default;
Responder::~Responder() = default;

Result<Responder> Responder::make(Workspace& workspace, const Profile& profile,
                                  const ResponderOptions& options) noexcept {
  Spi seed;
  const RandomSource random = workspace.crypto().random();
  if (!random.fill(random.argument, seed)) return crypto_failure("no randomness for a responder");
  std::unique_ptr<State> state(new (std::nothrow)
                                   State(workspace, profile, options, SeededHash{number_of(seed)}));
  if (!state) return crypto_failure("no memory for a responder");
  return Responder(std::move(state));
}

Responder::State::Sa* Responder::State::find(SaId id) noexcept {
  const auto found = sas.find(id);
  return found == sas.end() ? nullptr : found->second.get();
}

void Responder::handle_message(const Path& path, Octets datagram, uint64_t now_ms) noexcept {
  State& state = *state_;
  const Octets message = ike_message_in(path, datagram);
  if (message.empty()) return;
  const Result<IkeHeader> header = read_ike_header(message);
  if (!header) {
    ++state.counts.strays;
    // RFC 7296, section 2.5: the one thing to tell a peer of a later version.
    if (message.size() >= kIkeHeaderBytes && header.error().notify == NotifyType::kInvalidMajorVersion) {
      const IkeHeader fields = read_ike_header_fields(message.first<kIkeHeaderBytes>());
      if (!fields.is_response())
        state.answer(path, fields, {ProtocolId::kNone, header.error().notify, {}, {}});
    }
    return;
  }
  if (header->exchange == ExchangeType::kIkeSaInit) return state.handle_init(path, message, *header, now_ms);
  const SaId id = number_of(header->spi_r);
  State::Sa* sa = state.find(id);
  if (!sa || header->spi_i != sa->engine.sa().spi_i) {
    ++state.counts.strays;
    return;
  }
  sa->engine.receive(*header, message, path, now_ms);
  state.settle(id, *sa, now_ms);
}

void Responder::State::settle(SaId id, Sa& sa, uint64_t now_ms) {
  const EngineState now = sa.engine.state();
  if (now == EngineState::kGone) return remove(id, sa);
  // An SA whose peer was never authenticated stays among the half-open ones, and under their limits, until it
  // is gone.
  if (now == EngineState::kLingering && sa.counted == Count::kEstablished) {
    count(sa, Count::kLingering);
  } else if (sa.counted == Count::kHalfOpen &&
             (now == EngineState::kEstablished || now == EngineState::kClosing)) {
    count(sa, Count::kEstablished);
    const Identity& peer = sa.engine.peer();
    const uint64_t hash =
        std::hash<std::string_view>()({reinterpret_cast<const char*>(peer.data.data()), peer.data.size()});
    sa.peer_hash = hash;
    by_peer.emplace(hash, id);
    if (sa.engine.initial_contact()) replace_others(id, sa, now_ms);
  }
  const auto deadline = sa.engine.deadline_ms();
  if (!deadline || *deadline >= sa.queued_ms) return;
  sa.queued_ms = *deadline;
  timers.emplace(*deadline, id);
}

// RFC 7296, section 2.4: after a restart the peer knows nothing of its older SAs.
void Responder::State::replace_others(SaId id, const Sa& sa, uint64_t now_ms) {
  std::vector<SaId> others;
  const auto [first, last] = by_peer.equal_range(*sa.peer_hash);
  for (auto at = first; at != last; ++at) {
    Sa* other = find(at->second);
    if (at->second != id && other && other->engine.peer() == sa.engine.peer()) others.push_back(at->second);
  }
  for (SaId other_id : others) {
    Sa& other = *find(other_id);
    other.engine.drop(EndCause::kReplaced, now_ms);
    remove(other_id, other);
  }
}

void Responder::State::count(Sa& sa, Count as) {
  if (sa.counted == as) return;
  const auto counter = [this](Count which) -> size_t& {
    if (which == Count::kHalfOpen) return counts.half_open;
    return which == Count::kEstablished ? counts.established : counts.lingering;
  };
  if (sa.counted == Count::kHalfOpen) {
    const auto from = half_open_by_address.find(sa.network);
    if (from != half_open_by_address.end()) {
      HalfOpen& same_address = from->second;
      --same_address.of(sa);
      if (same_address.with_cookie + same_address.without_cookie == 0) half_open_by_address.erase(from);
    }
  }
  --counter(sa.counted);
  ++counter(as);
  sa.counted = as;
}

void Responder::State::remove(SaId id, Sa& sa) {
  count(sa, Count::kLingering);
  --counts.lingering;
  const auto erase_one = [id](auto& map, uint64_t key) {
    const auto [first, last] = map.equal_range(key);
    for (auto at = first; at != last; ++at)
      if (at->second == id) return void(map.erase(at));
  };
  erase_one(by_initiator_spi, sa.spi_i);
  if (sa.peer_hash) erase_one(by_peer, *sa.peer_hash);
  sas.erase(id);
}

void Responder::handle_timeout(uint64_t now_ms) noexcept {
  State& state = *state_;
  while (!state.timers.empty() && state.timers.top().first <= now_ms) {
    const auto [due_ms, id] = state.timers.top();
    state.timers.pop();
    State::Sa* sa = state.find(id);
    if (!sa || sa->queued_ms != due_ms) continue;
    sa->queued_ms = UINT64_MAX;
    const auto deadline = sa->engine.deadline_ms();
    if (deadline && *deadline <= now_ms) sa->engine.handle_timeout(now_ms);
    state.settle(id, *sa, now_ms);
  }
}

std::optional<uint64_t> Responder::poll_timeout() const noexcept {
  if (state_->timers.empty()) return std::nullopt;
  return state_->timers.top().first;
}

std::optional<Datagram> Responder::poll_transmit() noexcept {
  return state_->surroundings.outbox.next_datagram();
}

std::optional<SaEvent> Responder::poll_event() noexcept {
  return state_->surroundings.outbox.next_event();
}

Result<void> Responder::close(SaId id, uint64_t now_ms) noexcept {
  State::Sa* sa = state_->find(id);
  if (!sa) return misuse("no such SA");
  sa->engine.close(now_ms);
  state_->settle(id, *sa, now_ms);
  return {};
}

Result<void> Responder::check_liveness(SaId id, uint64_t now_ms) noexcept {
  State::Sa* sa = state_->find(id);
  if (!sa) return misuse("no such SA");
  Result<void> asked = sa->engine.check_liveness(now_ms);
  state_->settle(id, *sa, now_ms);
  return asked;
}

Result<void> Responder::delete_child(SaId id, uint32_t spi_in, uint64_t now_ms) noexcept {
  State::Sa* sa = state_->find(id);
  if (!sa) return misuse("no such SA");
  Result<void> deleted = sa->engine.delete_child(spi_in, now_ms);
  state_->settle(id, *sa, now_ms);
  return deleted;
}

void Responder::close_all(uint64_t now_ms) noexcept {
  state_->is_closing = true;
  std::vector<SaId> ids;
  for (const auto& [id, sa] : state_->sas) ids.push_back(id);
  for (SaId id : ids) (void)close(id, now_ms);
}

size_t Responder::take_jobs(std::span<KeyJob> out) noexcept {
  auto& jobs = state_->surroundings.jobs;
  size_t count = 0;
  for (; count < out.size() && !jobs.empty(); jobs.pop_front())
    if (state_->find(jobs.front().sa_)) out[count++] = std::move(jobs.front());
  return count;
}

void Responder::hand_back(std::span<KeyJob> jobs, uint64_t now_ms) noexcept {
  for (KeyJob& job : jobs) {
    State::Sa* sa = job.empty() || !job.has_run_ ? nullptr : state_->find(job.sa_);
    if (sa) {
      sa->engine.hand_back(job, now_ms);
      if (sa->engine.state() == EngineState::kGone) ++state_->counts.refused;
      state_->settle(job.sa_, *sa, now_ms);
    }
    job = KeyJob();
  }
}

std::optional<SessionReport> Responder::report(SaId id) const noexcept {
  State::Sa* sa = state_->find(id);
  if (!sa) return std::nullopt;
  return sa->engine.report();
}

ResponderCounts Responder::counts() const noexcept {
  return state_->counts;
}

}  // namespace mlkem::ikev2
