// SPDX-License-Identifier: Apache-2.0
// What a command waits for: sockets, signals, a point in time.
#pragma once

#include <poll.h>

#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace mlkem::cli {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

// While it lives, these signals interrupt nothing and end nothing: they are read here.
class Signals {
 public:
  // Throws Failure.
  explicit Signals(std::initializer_list<int> numbers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int descriptor() const { return descriptor_; }
  // The next one that came; nothing if none did.
  std::optional<int> take();

 private:
  sigset_t before_;
  int descriptor_ = -1;
};

// Waits until one of the descriptors can be read or has an error, or until that time, or for ever without one. The
// answer has their places. Throws Failure.
std::vector<size_t> wait_for(std::span<const int> descriptors, std::optional<TimePoint> until);

}  // namespace mlkem::cli
