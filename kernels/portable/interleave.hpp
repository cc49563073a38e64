// SPDX-License-Identifier: Apache-2.0
// Absorbing into and squeezing from interleaved Keccak states of any width, as the contract in kernels.hpp
// has it.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/portable/bytes.hpp"

namespace mlkem::kernels {

template <unsigned kWidth>
void absorb(uint64_t* state, const LaneInput* in) noexcept {
  for (unsigned lane = 0; lane < kWidth; ++lane) {
    uint64_t* word = state + lane;
    const uint32_t words = in[lane].words;
    if (in[lane].fresh) {
      for (unsigned i = 0; i < words; ++i) word[i * kWidth] = load_le64(in[lane].bytes + 8 * i);
      for (unsigned i = words; i < kStateWords; ++i) word[i * kWidth] = 0;
    } else {
      for (unsigned i = 0; i < words; ++i) word[i * kWidth] ^= load_le64(in[lane].bytes + 8 * i);
    }
  }
}

template <unsigned kWidth>
void squeeze(const uint64_t* state, const LaneOutput* out) noexcept {
  for (unsigned lane = 0; lane < kWidth; ++lane)
    for (unsigned i = 0; i < out[lane].words; ++i)
      store_le64(out[lane].bytes + 8 * i, state[i * kWidth + lane]);
}

}  // namespace mlkem::kernels
