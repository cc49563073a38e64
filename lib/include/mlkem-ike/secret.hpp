// SPDX-License-Identifier: Apache-2.0
// Storage for secrets: wiped when it goes, moved but never copied, never printed, compared in constant time
// only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"

namespace mlkem {

// Overwrites memory with zeros in a way that the compiler can't leave out.
MLKEM_API void wipe(void* memory, size_t bytes) noexcept;

// True if a and b are equal; the time depends on `bytes` alone.
[[nodiscard]] MLKEM_API bool equal_constant_time(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept;

// N octets that hold a secret. Starts as zeros; a moved-from Secret is zero.
template <size_t N>
class Secret {
 public:
  Secret() noexcept = default;
  Secret(Secret&& other) noexcept : octets_(other.octets_) { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      octets_ = other.octets_;
      other.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }

  // The octets themselves: the name marks every place where a secret leaves its wrapping.
  [[nodiscard]] std::span<const uint8_t, N> expose() const noexcept { return octets_; }
  [[nodiscard]] std::span<uint8_t, N> expose_mutable() noexcept { return octets_; }

  void clear() noexcept { wipe(octets_.data(), N); }

  [[nodiscard]] friend bool operator==(const Secret& a, const Secret& b) noexcept {
    return equal_constant_time(a.octets_.data(), b.octets_.data(), N);
  }

 private:
  std::array<uint8_t, N> octets_{};
};

}  // namespace mlkem
