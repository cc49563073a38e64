// SPDX-License-Identifier: Apache-2.0
// Octets on the heap that may hold a secret: for encodings of keys, whose length is only known at run time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "mlkem-ike/secret.hpp"
#include "tools/mlkem-ike/io/octets.hpp"

namespace mlkem::cli {

// Grows up to a capacity fixed at the start, so that no copy stays behind; wiped when it goes, moved but
// never copied.
class WipedBuffer {
 public:
  WipedBuffer() = default;
  explicit WipedBuffer(size_t capacity) : octets_(new uint8_t[capacity]), capacity_(capacity) {}
  WipedBuffer(WipedBuffer&& other) noexcept { *this = std::move(other); }
  WipedBuffer& operator=(WipedBuffer&& other) noexcept {
    std::swap(octets_, other.octets_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~WipedBuffer() {
    if (octets_) wipe(octets_.get(), size_);
  }

  size_t size() const { return size_; }
  Octets expose() const { return {octets_.get(), size_}; }

  // Ends the program beyond the capacity.
  void append(Octets more) {
    if (more.size() > capacity_ - size_) std::abort();
    if (!more.empty()) std::memcpy(octets_.get() + size_, more.data(), more.size());
    size_ += more.size();
  }
  void append(uint8_t octet) { append({&octet, 1}); }

 private:
  std::unique_ptr<uint8_t[]> octets_;
  size_t capacity_ = 0, size_ = 0;
};

}  // namespace mlkem::cli
