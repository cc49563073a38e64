// SPDX-License-Identifier: Apache-2.0
// Big-endian numbers of the wire (RFC 7296, section 3).
#pragma once

#include <cstdint>

namespace mlkem::ikev2 {

inline uint16_t load_16(const uint8_t* in) {
  return uint16_t(in[0] << 8 | in[1]);
}

inline void store_16(uint8_t* out, uint16_t value) {
  out[0] = uint8_t(value >> 8);
  out[1] = uint8_t(value);
}

inline void store_32(uint8_t* out, uint32_t value) {
  store_16(out, uint16_t(value >> 16));
  store_16(out + 2, uint16_t(value));
}

}  // namespace mlkem::ikev2
