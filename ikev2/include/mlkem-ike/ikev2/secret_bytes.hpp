// SPDX-License-Identifier: Apache-2.0
// Secrets whose length is only known at run time, up to a bound: stored in place, wiped when they go, moved
// but never copied, never printed, compared in constant time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "mlkem-ike/secret.hpp"

namespace mlkem::ikev2 {

using Octets = std::span<const uint8_t>;
// A message in pieces: what is computed over their concatenation needs no copy of them.
using Parts = std::span<const Octets>;

// 0 to kCapacity octets that hold a secret; the length itself is public. Starts empty; a moved-from one is
// empty.
template <size_t kCapacity>
class SecretBytes {
 public:
  static_assert(kCapacity <= UINT16_MAX);

  SecretBytes() noexcept = default;
  SecretBytes(SecretBytes&& other) noexcept { take(other); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { clear(); }

  static constexpr size_t capacity() noexcept { return kCapacity; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  // Replaces the content by a copy of `octets`, which may be a part of it. False, and empty, if they do not fit.
  [[nodiscard]] bool assign(Octets octets) noexcept {
    if (octets.size() > kCapacity) {
      clear();
      return false;
    }
    if (!octets.empty()) std::memmove(octets_.data(), octets.data(), octets.size());
    if (octets.size() < size_) wipe(octets_.data() + octets.size(), size_ - octets.size());
    size_ = uint16_t(octets.size());
    return true;
  }
  // Replaces the content by `size` zeros. False, and empty, if they do not fit.
  [[nodiscard]] bool resize(size_t size) noexcept {
    clear();
    if (size > kCapacity) return false;
    size_ = uint16_t(size);
    return true;
  }

  // The octets themselves: the names mark every place where a secret leaves its wrapping.
  [[nodiscard]] Octets expose() const noexcept { return Octets(octets_.data(), size_); }
  [[nodiscard]] std::span<uint8_t> expose_mutable() noexcept {
    return std::span<uint8_t>(octets_.data(), size_);
  }

  void clear() noexcept {
    wipe(octets_.data(), size_);
    size_ = 0;
  }

  // True if the content is `other`; the time depends on the lengths alone.
  [[nodiscard]] bool equals(Octets other) const noexcept {
    return other.size() == size_ && equal_constant_time(octets_.data(), other.data(), size_);
  }
  [[nodiscard]] friend bool operator==(const SecretBytes& a, const SecretBytes& b) noexcept {
    return a.equals(b.expose());
  }

 private:
  void take(SecretBytes& other) noexcept {
    std::memcpy(octets_.data(), other.octets_.data(), other.size_);
    size_ = other.size_;
    other.clear();
  }

  std::array<uint8_t, kCapacity> octets_{};
  uint16_t size_ = 0;
};

}  // namespace mlkem::ikev2
