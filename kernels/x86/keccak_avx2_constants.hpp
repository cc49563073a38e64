// SPDX-License-Identifier: Apache-2.0
// What the AVX2 tier's Keccak kernels read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/keccak_constants.hpp"

namespace mlkem::kernels::x86 {

struct alignas(64) KeccakConstants {
  std::array<uint8_t, 32> left_8, left_56;  // for vpshufb: rotations of quadwords by whole octets
  std::array<uint64_t, kRounds> rounds;
};

consteval KeccakConstants keccak_constants() {
  KeccakConstants out{};
  for (size_t i = 0; i < 32; ++i) {
    out.left_8[i] = uint8_t((i & 8) | ((i + 7) & 7));
    out.left_56[i] = uint8_t((i & 8) | ((i + 1) & 7));
  }
  out.rounds = round_constants();
  return out;
}

}  // namespace mlkem::kernels::x86
