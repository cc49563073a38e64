// SPDX-License-Identifier: Apache-2.0
// Eight numbers of d bits as d octets: FIPS 203, Algorithms 5 and 6, a group at a time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/portable/unrolled.hpp"

namespace mlkem::kernels::portable {

// Eight values of d bits to d octets and back: value j begins at bit j d. They pass through words of 64 bits,
// of which the last may be used in part.
template <int d>
inline void pack(uint8_t out[d], const uint16_t value[8]) {
  unrolled<(d + 7) / 8>([&](auto w) {
    uint64_t word = 0;
    unrolled<8>([&](auto j) {
      constexpr int kShift = j * d - 64 * w;
      if constexpr (kShift >= 0 && kShift < 64) word |= uint64_t{value[j]} << kShift;
      if constexpr (kShift < 0 && kShift > -d) word |= uint64_t{value[j]} >> -kShift;
    });
    unrolled<std::min(8, d - 8 * w)>([&](auto octet) { out[8 * w + octet] = uint8_t(word >> (8 * octet)); });
  });
}
template <int d>
inline void unpack(int16_t value[8], const uint8_t in[d]) {
  uint64_t word[(d + 7) / 8] = {};
  unrolled<d>([&](auto octet) { word[octet / 8] |= uint64_t{in[octet]} << (8 * (octet % 8)); });
  unrolled<8>([&](auto j) {
    constexpr int kWord = j * d / 64, kShift = j * d % 64;
    uint64_t bits = word[kWord] >> kShift;
    if constexpr (kShift + d > 64) bits |= word[kWord + 1] << (64 - kShift);
    value[j] = int16_t(bits & ((1u << d) - 1));
  });
}

}  // namespace mlkem::kernels::portable
