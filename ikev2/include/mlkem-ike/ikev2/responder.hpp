// SPDX-License-Identifier: Apache-2.0
// All IKE SAs that others start with this side: finds them by SPI, asks for cookies under load (RFC 7296,
// section 2.6), bounds what strangers can make it keep. No input or output, as Session. As there, the process
// may end when memory runs out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/event.hpp"
#include "mlkem-ike/ikev2/key_job.hpp"
#include "mlkem-ike/ikev2/profile.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/workspace.hpp"

namespace mlkem::ikev2 {

struct ResponderOptions {
  size_t max_sas = 100'000;      // half-open ones included
  size_t max_half_open = 4'096;  // SAs whose peer is not authenticated, also failed ones that linger
  // Of one IPv4 address or one IPv6 network of 64 bits, a NAT or a loopback address with many peers among
  // them. Further requests need a cookie, and as many are taken with one: whoever uses another's address does
  // not shut its owner out. Beyond that they are dropped.
  size_t max_half_open_per_address = 64;
  // With so many half-open SAs a request without a valid cookie is answered by one; 0: always. To be less
  // than max_half_open, which cookies can't keep strangers from filling otherwise.
  size_t cookie_threshold = 64;
  uint64_t cookie_secret_ms = 60'000;  // a cookie is good for one to two of these; 0: none is ever good
  // Key exchanges wait for take_jobs() and hand_back() instead of running inside handle_message().
  bool defer_key_exchanges = false;
};

struct ResponderCounts {
  // SAs whose peer is not authenticated, also those that are over and repeat their last response; those whose
  // peer is; and those whose peer was, which repeat their last response.
  size_t half_open = 0, established = 0, lingering = 0;
  uint64_t requests_dropped = 0;  // IKE_SA_INITs beyond a limit, or too long
  uint64_t cookies_sent = 0;
  uint64_t refused = 0;  // IKE_SA_INITs answered by an error
  uint64_t strays = 0;   // datagrams that no SA knows what to do with
};

// The SPIr of an SA, as it stands in IKE headers.
MLKEM_API Spi spi_r_of(SaId sa) noexcept;

// A longer IKE_SA_INIT request is dropped: a half-open SA keeps the request, and this bounds all of them. Those
// of ML-KEM-1024 and a MODP group with long lists of proposals stay below half of it.
inline constexpr size_t kMaxInitRequestBytes = 8 * 1024;

class MLKEM_API Responder {
 public:
  // Workspace and profile must outlive it. Errors: crypto.
  static Result<Responder> make(Workspace& workspace, const Profile& profile,
                                const ResponderOptions& options = {}) noexcept;

  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  // As Session's.
  void handle_message(const Path& path, Octets datagram, uint64_t now_ms) noexcept;
  void handle_timeout(uint64_t now_ms) noexcept;
  std::optional<Datagram> poll_transmit() noexcept;
  std::optional<SaEvent> poll_event() noexcept;
  [[nodiscard]] std::optional<uint64_t> poll_timeout() const noexcept;

  // Each as Session's function, for one SA; an unknown one is misuse.
  Result<void> close(SaId sa, uint64_t now_ms) noexcept;
  Result<void> check_liveness(SaId sa, uint64_t now_ms) noexcept;
  Result<void> delete_child(SaId sa, uint32_t spi_in, uint64_t now_ms) noexcept;
  // Closes all of them, and takes no new ones.
  void close_all(uint64_t now_ms) noexcept;

  // Moves key exchanges that wait into `out`, oldest first, and returns how many. run_jobs() runs them, here
  // or on another thread; hand_back() continues their sessions, as far as these are still there, and empties
  // the jobs. Half-open SAs whose jobs never come back, or come back without having run, time out.
  size_t take_jobs(std::span<KeyJob> out) noexcept;
  void hand_back(std::span<KeyJob> jobs, uint64_t now_ms) noexcept;

  // Nothing for an SA that is not there.
  [[nodiscard]] std::optional<SessionReport> report(SaId sa) const noexcept;
  [[nodiscard]] ResponderCounts counts() const noexcept;

 private:
  struct State;
  explicit Responder(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace mlkem::ikev2
