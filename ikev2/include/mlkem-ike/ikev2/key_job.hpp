// SPDX-License-Identifier: Apache-2.0
// A responder's key exchange taken out of its session: many of them, of many sessions, fill the lanes of
// ML-KEM's batch functions, on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/key_exchange.hpp"
#include "mlkem-ike/ikev2/result.hpp"

namespace mlkem::ikev2 {

// The peer's value, and once it ran the own value with the shared secret. Moved, never copied; it holds no
// reference to its session, which may be gone when it comes back.
class MLKEM_API KeyJob {
 public:
  KeyJob() noexcept = default;

  [[nodiscard]] bool empty() const noexcept { return peer_value_bytes_ == 0; }
  [[nodiscard]] KeMethod method() const noexcept { return method_; }

 private:
  friend class Engine;
  friend class Responder;
  friend MLKEM_API void run_jobs(std::span<KeyJob> jobs, Crypto& crypto) noexcept;

  uint64_t sa_ = 0;         // whose it is
  unsigned performed_ = 0;  // how many key exchanges that SA had done before
  KeMethod method_{};
  uint16_t peer_value_bytes_ = 0;
  bool has_run_ = false;
  std::array<uint8_t, kMaxKeValueBytes> peer_value_;
  Result<ResponderShare> share_ = misuse("this job has not run");
};

// Runs every job that has not run yet: those of one ML-KEM set together, in batches. Empty ones are passed
// over. Failures stay in their jobs. `crypto` is the running thread's.
MLKEM_API void run_jobs(std::span<KeyJob> jobs, Crypto& crypto) noexcept;

}  // namespace mlkem::ikev2
