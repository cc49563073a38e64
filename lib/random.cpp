// SPDX-License-Identifier: Apache-2.0
// The operating system's randomness.
#include <cerrno>
#include <cstddef>

#if defined(__linux__)
#include <sys/random.h>
#else
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif
#endif

#include "mlkem-ike/mlkem.hpp"

namespace mlkem {
namespace {

#if defined(__linux__)
// getrandom(2) may return less than it was asked for, or nothing after a signal: it is repeated until all is
// there.
bool fill_from_system(void*, std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got > 0)
      out = out.subspan(size_t(got));
    else if (got == 0 || errno != EINTR)
      return false;
  }
  return true;
}
#else
bool fill_from_system(void*, std::span<uint8_t> out) {
  constexpr size_t kMostPerCall = 256;  // getentropy(3)
  while (!out.empty()) {
    const size_t step = out.size() < kMostPerCall ? out.size() : kMostPerCall;
    if (getentropy(out.data(), step) != 0) return false;
    out = out.subspan(step);
  }
  return true;
}
#endif

}  // namespace

RandomSource system_random() noexcept {
  return {fill_from_system, nullptr};
}

}  // namespace mlkem
