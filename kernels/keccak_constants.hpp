// SPDX-License-Identifier: Apache-2.0
// The constants of Keccak-f[1600] (FIPS 202, section 3.2), for kernels and for the generators of kernels. Lane (x, y)
// is word x + 5 y.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mlkem::kernels {

inline constexpr int kKeccakLanes = 25;
inline constexpr int kRounds = 24;

// FIPS 202, Algorithm 5.
consteval std::array<uint64_t, kRounds> round_constants() {
  std::array<uint64_t, kRounds> out{};
  unsigned shift_register = 1;
  for (uint64_t& word : out)
    for (int j = 0; j <= 6; ++j) {
      if (shift_register & 1) word |= uint64_t{1} << ((1 << j) - 1);
      shift_register = (shift_register << 1) ^ ((shift_register >> 7) * 0x171);
    }
  return out;
}
alignas(64) inline constexpr std::array<uint64_t, kRounds> kRoundConstants = round_constants();

// FIPS 202, Algorithm 2.
consteval std::array<int, kKeccakLanes> rotations() {
  std::array<int, kKeccakLanes> out{};
  for (int t = 0, x = 1, y = 0; t < 24; ++t) {
    out[size_t(x + 5 * y)] = (t + 1) * (t + 2) / 2 % 64;
    const int next_y = (2 * x + 3 * y) % 5;
    x = y;
    y = next_y;
  }
  return out;
}
inline constexpr std::array<int, kKeccakLanes> kRotations = rotations();

// The lane that step pi moves to `word` (FIPS 202, Algorithm 3).
constexpr int pi_source(int word) {
  const int x = word % 5, y = word / 5;
  return (x + 3 * y) % 5 + 5 * x;
}

}  // namespace mlkem::kernels
