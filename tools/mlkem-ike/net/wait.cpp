// SPDX-License-Identifier: Apache-2.0
// poll() and signalfd.
#include "tools/mlkem-ike/net/wait.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {
namespace {

// What is left until then, rounded up, so that the deadline has passed when poll() returns.
int poll_time_ms(std::optional<TimePoint> until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
  return int(std::clamp<int64_t>(left, 0, INT_MAX));
}

}  // namespace

Signals::Signals(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, &before_);
  descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0) {
    const std::string reason = std::strerror(errno);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    throw Failure("signals can't be read: " + reason);
  }
}

Signals::~Signals() {
  ::close(descriptor_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> Signals::take() {
  signalfd_siginfo info;
  if (::read(descriptor_, &info, sizeof info) != ssize_t(sizeof info)) return std::nullopt;
  return int(info.ssi_signo);
}

std::vector<size_t> wait_for(std::span<const int> descriptors, std::optional<TimePoint> until) {
  std::vector<pollfd> polled;
  for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
  const int count = ::poll(polled.data(), polled.size(), poll_time_ms(until));
  if (count < 0 && errno != EINTR) throw Failure(std::string("poll: ") + std::strerror(errno));
  std::vector<size_t> ready;
  for (size_t i = 0; i < polled.size() && count > 0; ++i)
    if (polled[i].revents != 0) ready.push_back(i);
  return ready;
}

}  // namespace mlkem::cli
