// SPDX-License-Identifier: Apache-2.0
// Clearing what a kernel itself kept of a secret.
#pragma once

#include <cstddef>
#include <cstring>

namespace mlkem::kernels {

// Zeroes an array that nobody reads again; the empty assembly keeps the compiler from leaving that out. In
// pieces, because gcc 12 makes `rep stos` of a larger one: 28 ticks of a Keccak permutation's 620.
template <class T>
inline void wipe_scratch(T& scratch) noexcept {
  constexpr size_t kPiece = 64, kWhole = sizeof scratch / kPiece * kPiece;
  auto* octets = reinterpret_cast<unsigned char*>(&scratch);
  for (size_t i = 0; i < kWhole; i += kPiece) {
    std::memset(octets + i, 0, kPiece);
    __asm__ volatile("" : : "r"(octets) : "memory");
  }
  std::memset(octets + kWhole, 0, sizeof scratch - kWhole);
  __asm__ volatile("" : : "r"(octets) : "memory");
}

}  // namespace mlkem::kernels
