// SPDX-License-Identifier: Apache-2.0
// Initiators and one responder in one process, with a clock of their own and a link that delays, loses,
// duplicates and reorders datagrams. Everything but classical keys follows from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {

// In the IKE header (RFC 7296, section 3.1).
inline constexpr size_t kFirstPayloadOffset = 16, kExchangeOffset = 18;

struct Link {
  uint64_t latency_ms = 10;
  uint64_t jitter_ms = 0;  // up to so much more, each datagram by itself: reorders
  unsigned loss_percent = 0, duplicate_percent = 0;
  size_t mtu = 65535;  // longer IP datagrams are lost
  bool nat = false;    // the initiators are behind one
};

struct PairOptions {
  uint64_t seed = 1;
  Link link;
  ikev2::Policy initiator, responder;
  ikev2::ResponderOptions responder_options;
  // Jobs are collected until so many wait, or nothing else moves.
  size_t jobs_at_once = 1;
};

// Policies that fit together: "a.example" and "b.example" with one shared key, a hybrid key exchange.
ikev2::Policy policy_of(const std::string& identity,
                        const std::string& ike = "aes256gcm16-prfsha384-x25519-ke1_mlkem768",
                        const std::string& esp = "aes256gcm16-noesn");
PairOptions default_pair();

// The keys of every generation that one side reports.
class RecordedKeys final : public ikev2::KeyLog {
 public:
  // SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr.
  using Generation = std::array<Bytes, 7>;

  void add(const ikev2::LoggedKeys& keys) noexcept override;
  std::map<ikev2::Spi, std::vector<Generation>> sas;  // by SPIi
};

class Pair {
 public:
  explicit Pair(PairOptions options);

  // Starts another session and returns its number. Each initiator has an address of its own.
  size_t connect();
  // Lets time pass until nothing is under way and no timer is due within `limit_ms` from now. False if
  // there is still something then.
  bool run(uint64_t limit_ms = 600'000);
  // Lets this much time pass.
  void run_for(uint64_t time_ms);

  ikev2::Session& session(size_t number) { return *peers_.at(number).session; }
  ikev2::Responder& responder() { return *responder_; }
  uint64_t now_ms() const { return now_ms_; }
  void close(size_t number) { session(number).close(now_ms_); }
  // The initiator's host is gone, and everything that it has heard.
  void forget(size_t number);
  std::vector<ikev2::Event>& events(size_t number) { return peers_.at(number).events; }
  std::vector<ikev2::SaEvent>& responder_events() { return responder_events_; }

  // The first event of a kind on one side, or null.
  template <class T>
  const T* heard(size_t number = 0) {
    for (const ikev2::Event& event : events(number))
      if (const T* found = std::get_if<T>(&event)) return found;
    return nullptr;
  }
  template <class T>
  const T* responder_heard() {
    for (const ikev2::SaEvent& event : responder_events_)
      if (const T* found = std::get_if<T>(&event.event)) return found;
    return nullptr;
  }

  // Sees every datagram when it is sent; may change it, or lose it by returning false.
  struct Carried {
    bool to_responder;
    ikev2::Path path;  // the sender's
    Bytes octets;
  };
  std::function<bool(Carried&)> tap;

  // So many draws of randomness still succeed, on either side.
  size_t draws_left = SIZE_MAX;
  RecordedKeys initiator_keys, responder_keys;
  uint64_t datagrams = 0, longest_datagram = 0, jobs = 0, job_batches = 0;

 private:
  struct Peer {
    std::unique_ptr<ikev2::Session> session;
    ikev2::Address address;
    std::vector<ikev2::Event> events;
  };
  struct InFlight {
    uint64_t at_ms, sequence;
    bool to_responder;
    size_t peer;
    ikev2::Path path;  // as the receiver sees it
    Bytes octets;
    bool operator>(const InFlight& other) const {
      return std::pair(at_ms, sequence) > std::pair(other.at_ms, other.sequence);
    }
  };

  static bool fill(void* self, std::span<uint8_t> out);
  void collect();
  void carry(bool to_responder, size_t peer, const ikev2::Datagram& datagram);
  bool step(uint64_t until_ms);
  void run_jobs();
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  PairOptions options_;
  std::mt19937_64 random_;
  std::unique_ptr<ikev2::Crypto> initiator_crypto_, responder_crypto_;
  ikev2::Workspace initiator_workspace_, responder_workspace_;
  ikev2::Profile initiator_profile_, responder_profile_;
  std::unique_ptr<ikev2::Responder> responder_;
  ikev2::Address server_;
  std::map<size_t, Peer> peers_;
  size_t connected_ = 0;
  std::map<std::array<uint8_t, 16>, size_t> by_address_;
  std::vector<ikev2::SaEvent> responder_events_;
  std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> in_flight_;
  std::vector<ikev2::KeyJob> waiting_;
  uint64_t now_ms_ = 1'000, sequence_ = 0;
};

}  // namespace mlkem::test
