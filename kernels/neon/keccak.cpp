// SPDX-License-Identifier: Apache-2.0
// The AArch64 tiers' Keccak tables: two states at a time, one with general registers.
#include <arm_neon.h>

#include <algorithm>
#include <cstring>

#include "kernels/keccak_constants.hpp"
#include "kernels/neon/neon.hpp"
#include "kernels/portable/portable.hpp"
#include "kernels/portable/unrolled.hpp"

extern "C" {
void mlkem_keccak_x2_neon(uint64_t* state, const uint64_t* constants) noexcept;
void mlkem_keccak_x2_neon_sha3(uint64_t* state, const uint64_t* constants) noexcept;
}

namespace mlkem::kernels {
namespace {

constexpr unsigned kWidth = 2;

inline uint64x2_t words_at(const uint8_t* bytes) {
  return vreinterpretq_u64_u8(vld1q_u8(bytes));
}

// Words `from` to in.words[lane] of a lane, and what ends its input.
inline void absorb_rest(uint64_t* state, const LaneInputs& in, unsigned lane, unsigned from) {
  uint64_t* const word = state + lane;
  const unsigned words = in.words[lane];
  for (unsigned i = from; i < words; ++i) {
    uint64_t octets;
    std::memcpy(&octets, in.bytes[lane] + 8 * i, sizeof octets);
    word[i * kWidth] ^= octets;
  }
  word[words * kWidth] ^= in.last[lane];
  if (in.end[lane] != 0) word[in.end[lane] * kWidth] ^= uint64_t{1} << 63;
}

// Two words of both lanes at a time.
void absorb(uint64_t* state, const LaneInputs& in) {
  if ((in.fresh & 3) == 3) {
    unrolled<kStateWords>([&](auto i) { vst1q_u64(state + kWidth * i, vdupq_n_u64(0)); });
  } else if ((in.fresh & 3) != 0) {
    uint64_t* const lane = state + (in.fresh >> 1 & 1);
    unrolled<kStateWords>([&](auto i) { lane[kWidth * i] = 0; });
  }
  const unsigned both = std::min(in.words[0], in.words[1]) & ~1u;
  uint64_t* words = state;
  for (unsigned i = 0; i < both; i += 2, words += 2 * kWidth) {
    const uint64x2_t a = words_at(in.bytes[0] + 8 * i), b = words_at(in.bytes[1] + 8 * i);
    vst1q_u64(words, veorq_u64(vld1q_u64(words), vzip1q_u64(a, b)));
    vst1q_u64(words + kWidth, veorq_u64(vld1q_u64(words + kWidth), vzip2q_u64(a, b)));
  }
  absorb_rest(state, in, 0, both);
  absorb_rest(state, in, 1, both);
}

// Words `from` and the next of both lanes.
inline void squeeze_two(const uint64_t* state, const LaneOutputs& out, unsigned from) {
  const uint64x2_t a = vld1q_u64(state + kWidth * from), b = vld1q_u64(state + kWidth * (from + 1));
  vst1q_u8(out.bytes[0] + 8 * from, vreinterpretq_u8_u64(vzip1q_u64(a, b)));
  vst1q_u8(out.bytes[1] + 8 * from, vreinterpretq_u8_u64(vzip2q_u64(a, b)));
}

void squeeze(const uint64_t* state, const LaneOutputs& out) noexcept {
  constexpr unsigned kShake128 = 21;  // the words of a block of the matrix
  unsigned both = 0;
  if (out.words[0] == kShake128 && out.words[1] == kShake128) {
    unrolled<kShake128 / 2>([&](auto i) { squeeze_two(state, out, 2 * i); });
    both = kShake128 - 1;
  }
  for (const unsigned all = std::min(out.words[0], out.words[1]); both + 2 <= all; both += 2)
    squeeze_two(state, out, both);
  for (unsigned lane = 0; lane < kWidth; ++lane)
    for (unsigned i = both; i < out.words[lane]; ++i)
      std::memcpy(out.bytes[lane] + 8 * i, state + i * kWidth + lane, sizeof *state);
}

// Four vector operations of a round's 160 depend on each other, but a core has two or four units for them: one state
// takes as long as two.
template <auto kernel>
void permute_wide(uint64_t* state, const LaneInputs* in) noexcept {
  if (in) absorb(state, *in);
  kernel(state, kRoundConstants.data());
}

void permute_one(uint64_t state[kStateWords]) noexcept {
  kKeccakPortable.permute_one(state);
}

}  // namespace

// Costs in instructions; general ones are executed three or four at a time, vector ones two at a time.
constexpr Keccak kKeccakNeon = {.name = "neon",
                                .needs = Isa::kNeon,
                                .width = kWidth,
                                .one_cost = 1200,
                                .wide_cost = 1950,
                                .permute_one = permute_one,
                                .permute_wide = permute_wide<mlkem_keccak_x2_neon>,
                                .permute_both = nullptr,
                                .squeeze = squeeze};
static_assert(complete(kKeccakNeon));

constexpr Keccak kKeccakNeonSha3 = {.name = "neon_sha3",
                                    .needs = Isa::kNeon | Isa::kNeonSha3,
                                    .width = kWidth,
                                    .one_cost = 1200,
                                    .wide_cost = 830,
                                    .permute_one = permute_one,
                                    .permute_wide = permute_wide<mlkem_keccak_x2_neon_sha3>,
                                    .permute_both = nullptr,
                                    .squeeze = squeeze};
static_assert(complete(kKeccakNeonSha3));

}  // namespace mlkem::kernels
