// SPDX-License-Identifier: Apache-2.0
// What a Responder keeps: its SAs by SPI, the half-open ones by address and by request, and when each wants
// attention.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ikev2/session/cookies.hpp"
#include "ikev2/session/engine.hpp"
#include "mlkem-ike/ikev2/responder.hpp"

namespace mlkem::ikev2 {

// Up to eight octets as a number, in the order in which they stand in memory.
inline uint64_t number_of(Octets octets) {
  uint64_t number = 0;
  std::memcpy(&number, octets.data(), octets.size());
  return number;
}

// Strangers choose SPIi and address: a secret seed keeps them from filling one bucket.
struct SeededHash {
  uint64_t seed = 0;

  size_t operator()(uint64_t value) const noexcept {
    value = (value ^ seed) * 0x9e3779b97f4a7c15;
    value = (value ^ value >> 32) * (seed | 1);
    return size_t(value ^ value >> 29);
  }
};

struct [[gnu::visibility("hidden")]] Responder::State {
  State(Workspace & workspace, const Profile& profile, const ResponderOptions& responder_options,
        SeededHash hash)
      : surroundings{workspace, profile, responder_options.defer_key_exchanges},
        options(responder_options),
        cookies(responder_options.cookie_secret_ms),
        by_initiator_spi(0, hash),
        half_open_by_address(0, hash) {}

  enum class Count : uint8_t { kHalfOpen, kEstablished, kLingering };
  struct Sa {
    Engine engine;
    uint64_t spi_i, network;
    bool has_cookie;                      // its request has shown one
    uint64_t queued_ms = UINT64_MAX;      // the earliest of its entries in `timers`
    std::optional<uint64_t> peer_hash{};  // its key in `by_peer`
    Count counted = Count::kHalfOpen;
  };
  // Of one address or network. Anyone can send requests in another's name, but not with a cookie: those of a
  // stranger do not use up what the owner of the address may have.
  struct HalfOpen {
    size_t with_cookie = 0, without_cookie = 0;

    [[nodiscard]] size_t& of(const Sa& sa) { return sa.has_cookie ? with_cookie : without_cookie; }
  };
  using Timer = std::pair<uint64_t, SaId>;

  Surroundings surroundings;
  ResponderOptions options;
  Cookies cookies;
  ResponderCounts counts;
  bool is_closing = false;
  std::unordered_map<SaId, std::unique_ptr<Sa>> sas;  // this side draws the key: no need for a seed
  std::unordered_multimap<uint64_t, SaId, SeededHash> by_initiator_spi;
  std::unordered_map<uint64_t, HalfOpen, SeededHash> half_open_by_address;
  std::unordered_multimap<uint64_t, SaId> by_peer;  // established ones, by a hash of the peer's identity
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;

  Sa* find(SaId id) noexcept;
  void handle_init(const Path& path, Octets message, const IkeHeader& header, uint64_t now_ms);
  // Whether the request has a good cookie. One without is answered by it, or dropped.
  bool take_cookie(const Message& request, const Path& path, uint64_t now_ms);
  // Counters, timers and the end of an SA that was called.
  void settle(SaId id, Sa & sa, uint64_t now_ms);
  void remove(SaId id, Sa & sa);
  // Of a request that found no place: an unprotected answer without state, under the request's SPIs, exchange
  // and message id.
  void answer(const Path& path, const IkeHeader& request, const NotifyPayload& notify);
  void count(Sa & sa, Count as);
  void replace_others(SaId id, const Sa& sa, uint64_t now_ms);
};

}  // namespace mlkem::ikev2
