// SPDX-License-Identifier: Apache-2.0
// Words from octets and back, little-endian whatever the machine is; compilers make one instruction of each.
#pragma once

#include <cstdint>

namespace mlkem::kernels {

inline uint64_t load_le64(const uint8_t* in) noexcept {
  return uint64_t{in[0]} | uint64_t{in[1]} << 8 | uint64_t{in[2]} << 16 | uint64_t{in[3]} << 24 |
         uint64_t{in[4]} << 32 | uint64_t{in[5]} << 40 | uint64_t{in[6]} << 48 | uint64_t{in[7]} << 56;
}

inline void store_le64(uint8_t* out, uint64_t word) noexcept {
  out[0] = uint8_t(word);
  out[1] = uint8_t(word >> 8);
  out[2] = uint8_t(word >> 16);
  out[3] = uint8_t(word >> 24);
  out[4] = uint8_t(word >> 32);
  out[5] = uint8_t(word >> 40);
  out[6] = uint8_t(word >> 48);
  out[7] = uint8_t(word >> 56);
}

}  // namespace mlkem::kernels
