// SPDX-License-Identifier: Apache-2.0
// Absorbing into and squeezing from interleaved Keccak states of any width, as the contract in kernels.hpp
// has it.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/portable/bytes.hpp"

namespace mlkem::kernels {

template <unsigned kWidth>
void absorb(uint64_t* state, const LaneInputs& in) noexcept {
  for (unsigned lane = 0; lane < kWidth; ++lane) {
    uint64_t* const word = state + lane;
    const unsigned words = in.words[lane];
    if ((in.fresh >> lane & 1) != 0)
      for (unsigned i = 0; i < kStateWords; ++i) word[i * kWidth] = 0;
    for (unsigned i = 0; i < words; ++i) word[i * kWidth] ^= load_le64(in.bytes[lane] + 8 * i);
    word[words * kWidth] ^= in.last[lane];
    if (in.end[lane] != 0) word[in.end[lane] * kWidth] ^= uint64_t{1} << 63;
  }
}

template <unsigned kWidth>
void squeeze(const uint64_t* state, const LaneOutputs& out) noexcept {
  for (unsigned lane = 0; lane < kWidth; ++lane)
    for (unsigned i = 0; i < out.words[lane]; ++i)
      store_le64(out.bytes[lane] + 8 * i, state[i * kWidth + lane]);
}

}  // namespace mlkem::kernels
