// SPDX-License-Identifier: Apache-2.0
// Heap storage for what was encrypted: its length is fixed when it is made, so that no copy is left behind by
// growing, and it is wiped when it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

class SecretBuffer {
 public:
  SecretBuffer() noexcept = default;
  SecretBuffer(SecretBuffer&& other) noexcept { take(other); }
  SecretBuffer& operator=(SecretBuffer&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { clear(); }

  // Replaces the content by `size` zeros. False, and empty, without memory.
  [[nodiscard]] bool allocate(size_t size) noexcept {
    clear();
    if (size == 0) return true;
    octets_.reset(new (std::nothrow) uint8_t[size]());
    if (!octets_) return false;
    size_ = size;
    return true;
  }

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] Octets expose() const noexcept { return Octets(octets_.get(), size_); }
  [[nodiscard]] std::span<uint8_t> expose_mutable() noexcept {
    return std::span<uint8_t>(octets_.get(), size_);
  }

  void clear() noexcept {
    if (octets_) wipe(octets_.get(), size_);
    octets_.reset();
    size_ = 0;
  }

 private:
  void take(SecretBuffer& other) noexcept {
    octets_ = std::move(other.octets_);
    size_ = std::exchange(other.size_, 0);
  }

  std::unique_ptr<uint8_t[]> octets_;
  size_t size_ = 0;
};

}  // namespace mlkem::ikev2
