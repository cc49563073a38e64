// SPDX-License-Identifier: Apache-2.0
// Big-endian numbers of the wire (RFC 7296, section 3), and a reader that can't leave its octets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

inline uint16_t load_16(const uint8_t* in) {
  return uint16_t(in[0] << 8 | in[1]);
}

inline uint32_t load_32(const uint8_t* in) {
  return uint32_t(load_16(in)) << 16 | load_16(in + 2);
}

inline void store_16(uint8_t* out, uint16_t value) {
  out[0] = uint8_t(value >> 8);
  out[1] = uint8_t(value);
}

inline void store_32(uint8_t* out, uint32_t value) {
  store_16(out, uint16_t(value >> 16));
  store_16(out + 2, uint16_t(value));
}

// Takes numbers and octets off the front. What is not there reads as zero or as nothing, and complete() tells
// it afterwards, so that a fixed part is read first and checked once.
class Reader {
 public:
  explicit Reader(Octets octets) : rest_(octets) {}

  uint8_t take_8() {
    const Octets octets = take(1);
    return octets.empty() ? uint8_t(0) : octets[0];
  }
  uint16_t take_16() {
    const Octets octets = take(2);
    return octets.empty() ? uint16_t(0) : load_16(octets.data());
  }
  uint32_t take_32() {
    const Octets octets = take(4);
    return octets.empty() ? 0 : load_32(octets.data());
  }
  Octets take(size_t size) {
    if (size > rest_.size()) {
      complete_ = false;
      rest_ = {};
      return {};
    }
    const Octets taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  Octets take_rest() { return take(rest_.size()); }

  [[nodiscard]] Octets rest() const { return rest_; }
  // Everything that was asked for was there.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  Octets rest_;
  bool complete_ = true;
};

}  // namespace mlkem::ikev2
