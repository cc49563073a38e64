// SPDX-License-Identifier: Apache-2.0
// The link and the clock between sessions and a responder.
#include "tests/pair.hpp"

#include <algorithm>

namespace mlkem::test {
namespace {

using namespace ikev2;

constexpr size_t kUdpOverheadBytes = 28;

Profile checked(Policy policy) {
  Result<Profile> profile = Profile::make(std::move(policy));
  if (!profile) ADD_FAILURE() << profile.error().message;
  return *std::move(profile);
}

SharedKeys& common_key() {
  static OneSharedKey key = [] {
    SharedKey secret;
    (void)secret.assign(Bytes(32, 0x5a));
    return OneSharedKey(std::move(secret));
  }();
  return key;
}

// What a NAT makes of a port, and the reverse.
constexpr uint16_t kTranslation = 20'000;
uint16_t translated(uint16_t port) {
  return uint16_t(port + kTranslation);
}
uint16_t untranslated(uint16_t port) {
  return uint16_t(port - kTranslation);
}

}  // namespace

Policy policy_of(const std::string& identity, const std::string& ike, const std::string& esp) {
  Policy policy;
  policy.identity.data = Bytes(identity.begin(), identity.end());
  policy.shared_keys = &common_key();
  policy.ike_proposals = *parse_proposals(ike, ProtocolId::kIke);
  policy.esp_proposals = *parse_proposals(esp, ProtocolId::kEsp);
  return policy;
}

PairOptions default_pair() {
  PairOptions options;
  options.initiator = policy_of("a.example");
  options.responder = policy_of("b.example");
  return options;
}

void RecordedKeys::add(const LoggedKeys& logged) noexcept {
  const IkeKeys& keys = logged.keys;
  std::vector<Generation>& generations = sas[logged.spi_i];
  // A responder may have answered two requests of one SPIi: the last counts.
  if (keys.generation == 0) generations.clear();
  EXPECT_EQ(keys.generation, generations.size());
  generations.push_back({copy(keys.sk_d.expose()), copy(keys.sk_ai.expose()), copy(keys.sk_ar.expose()),
                         copy(keys.sk_ei.expose()), copy(keys.sk_er.expose()), copy(keys.sk_pi.expose()),
                         copy(keys.sk_pr.expose())});
}

bool Pair::fill(void* self, std::span<uint8_t> out) {
  Pair& pair = *static_cast<Pair*>(self);
  if (pair.draws_left == 0) return false;
  --pair.draws_left;
  for (uint8_t& octet : out) octet = uint8_t(pair.random_());
  return true;
}

Pair::Pair(PairOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      initiator_crypto_(new_crypto({fill, this})),
      responder_crypto_(new_crypto({fill, this})),
      initiator_workspace_(*initiator_crypto_),
      responder_workspace_(*responder_crypto_),
      initiator_profile_(checked([this] {
        options_.initiator.key_log = &initiator_keys;
        return options_.initiator;
      }())),
      responder_profile_(checked([this] {
        options_.responder.key_log = &responder_keys;
        return options_.responder;
      }())) {
  server_.octets = {198, 51, 100, 1};
  server_.port = kIkePort;
  responder_ = std::make_unique<Responder>(
      *Responder::make(responder_workspace_, responder_profile_, options_.responder_options));
}

size_t Pair::connect() {
  const size_t number = connected_++;
  Peer& peer = peers_[number];
  peer.address.octets = {10, uint8_t(number >> 16), uint8_t(number >> 8), uint8_t(number)};
  peer.address.port = kIkePort;
  by_address_[peer.address.octets] = number;
  Result<Session> session =
      Session::initiate(initiator_workspace_, initiator_profile_, {peer.address, server_, false}, now_ms_);
  EXPECT_TRUE(session) << session.error().message;
  peer.session = std::make_unique<Session>(*std::move(session));
  return number;
}

void Pair::forget(size_t number) {
  by_address_.erase(peers_.at(number).address.octets);
  peers_.erase(number);
}

void Pair::collect() {
  for (auto& [number, peer] : peers_) {
    while (const auto datagram = peer.session->poll_transmit()) carry(true, number, *datagram);
    while (auto event = peer.session->poll_event()) peer.events.push_back(*std::move(event));
  }
  if (options_.responder_options.defer_key_exchanges) {
    std::array<KeyJob, 8> taken;
    while (const size_t count = responder_->take_jobs(taken))
      for (size_t i = 0; i < count; ++i) waiting_.push_back(std::move(taken[i]));
    if (waiting_.size() >= options_.jobs_at_once) run_jobs();
  }
  while (const auto datagram = responder_->poll_transmit()) {
    Address to = datagram->path.remote;
    if (options_.link.nat) {
      to.octets[0] = 10;
      to.port = untranslated(to.port);
    }
    const auto found = by_address_.find(to.octets);
    if (found != by_address_.end()) carry(false, found->second, *datagram);
  }
  while (auto event = responder_->poll_event()) responder_events_.push_back(*std::move(event));
}

void Pair::run_jobs() {
  if (waiting_.empty()) return;
  ++job_batches;
  jobs += waiting_.size();
  ikev2::run_jobs(waiting_, *responder_crypto_);
  responder_->hand_back(waiting_, now_ms_);
  waiting_.clear();
}

void Pair::carry(bool to_responder, size_t peer, const Datagram& datagram) {
  ++datagrams;
  longest_datagram = std::max<uint64_t>(longest_datagram, datagram.octets.size() + kUdpOverheadBytes);
  Carried carried{to_responder, datagram.path, Bytes(datagram.octets.begin(), datagram.octets.end())};
  if (tap && !tap(carried)) return;
  const Link& link = options_.link;
  if (carried.octets.size() + kUdpOverheadBytes > link.mtu) return;
  Path path{carried.path.remote, carried.path.local, carried.path.encapsulated};
  if (link.nat && to_responder) {
    path.remote.octets[0] = 203;
    path.remote.port = translated(path.remote.port);
  } else if (link.nat) {
    path.local.octets[0] = 10;
    path.local.port = untranslated(path.local.port);
  }
  // The port decides what a datagram is, as sockets do.
  path.encapsulated = path.local.port == kEncapsulationPort;
  const unsigned copies = chance(link.duplicate_percent) ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    if (chance(link.loss_percent)) continue;
    const uint64_t jitter = link.jitter_ms ? random_() % (link.jitter_ms + 1) : 0;
    in_flight_.push(
        {now_ms_ + link.latency_ms + jitter, sequence_++, to_responder, peer, path, carried.octets});
  }
}

// The next thing that happens until then; false if there is none.
bool Pair::step(uint64_t until_ms) {
  collect();
  uint64_t next_ms = in_flight_.empty() ? UINT64_MAX : in_flight_.top().at_ms;
  for (const auto& [number, peer] : peers_)
    if (const auto due = peer.session->poll_timeout()) next_ms = std::min(next_ms, *due);
  if (const auto due = responder_->poll_timeout()) next_ms = std::min(next_ms, *due);
  if (!waiting_.empty() && (in_flight_.empty() || next_ms > now_ms_)) {
    run_jobs();
    return true;
  }
  if (next_ms > until_ms) return false;
  now_ms_ = std::max(now_ms_, next_ms);
  while (!in_flight_.empty() && in_flight_.top().at_ms <= now_ms_) {
    const InFlight arrived = in_flight_.top();
    in_flight_.pop();
    if (arrived.to_responder)
      responder_->handle_message(arrived.path, arrived.octets, now_ms_);
    else if (const auto peer = peers_.find(arrived.peer); peer != peers_.end())
      peer->second.session->handle_message(arrived.path, arrived.octets, now_ms_);
    collect();
  }
  for (auto& [number, peer] : peers_)
    if (const auto due = peer.session->poll_timeout(); due && *due <= now_ms_)
      peer.session->handle_timeout(now_ms_);
  if (const auto due = responder_->poll_timeout(); due && *due <= now_ms_)
    responder_->handle_timeout(now_ms_);
  return true;
}

bool Pair::run(uint64_t limit_ms) {
  const uint64_t until_ms = now_ms_ + limit_ms;
  while (step(until_ms)) {
  }
  bool idle = in_flight_.empty() && !responder_->poll_timeout();
  for (const auto& [number, peer] : peers_) idle &= !peer.session->poll_timeout();
  return idle;
}

void Pair::run_for(uint64_t time_ms) {
  const uint64_t until_ms = now_ms_ + time_ms;
  while (step(until_ms)) {
  }
  now_ms_ = until_ms;
}

}  // namespace mlkem::test
