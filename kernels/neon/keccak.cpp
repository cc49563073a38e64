// SPDX-License-Identifier: Apache-2.0
// The AArch64 tiers' Keccak tables: two states at a time, one with general registers.
#include <arm_neon.h>

#include <algorithm>
#include <cstring>

#include "kernels/keccak_constants.hpp"
#include "kernels/neon/neon.hpp"
#include "kernels/portable/unrolled.hpp"

extern "C" {
void mlkem_keccak_x1_aarch64(uint64_t* state, const uint64_t* constants) noexcept;
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
  const auto add = [&](unsigned i) {
    uint64_t octets;
    std::memcpy(&octets, in.bytes[lane] + 8 * i, sizeof octets);
    word[i * kWidth] ^= octets;
  };
  for (; from + 4 <= words; from += 4) unrolled<4>([&](auto i) { add(from + i); });
  for (; from < words; ++from) add(from);
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

// Four words at a time, or counting would take half of the instructions.
inline void squeeze_rest(const uint64_t* state, uint8_t* out, unsigned from, unsigned words) {
  const auto copy = [&](unsigned i) { std::memcpy(out + 8 * i, state + kWidth * i, sizeof *state); };
  for (; from + 4 <= words; from += 4) unrolled<4>([&](auto i) { copy(from + i); });
  for (; from < words; ++from) copy(from);
}

void squeeze(const uint64_t* state, const LaneOutputs& out) noexcept {
  const unsigned both = std::min(out.words[0], out.words[1]) & ~3u;
  for (unsigned i = 0; i < both; i += 4) {
    squeeze_two(state, out, i);
    squeeze_two(state, out, i + 2);
  }
  for (unsigned lane = 0; lane < kWidth; ++lane)
    squeeze_rest(state + lane, out.bytes[lane], both, out.words[lane]);
}

template <auto kernel>
void permute_wide(uint64_t* state, const LaneInputs* in) noexcept {
  if (in) absorb(state, *in);
  kernel(state, kRoundConstants.data());
}

void permute_one(uint64_t state[kStateWords]) noexcept {
  mlkem_keccak_x1_aarch64(state, kRoundConstants.data());
}

}  // namespace

// Costs in cycles, estimated and not measured: 2,950 instructions for general registers three at a time, 3,940 and
// 1,710 for vectors two at a time. There is no state beside two others (permute_both) yet: on cores with few vector
// units it would cost little time, but more instructions in all.
constexpr Keccak kKeccakNeon = {.name = "neon",
                                .needs = Isa::kNeon,
                                .width = kWidth,
                                .one_cost = 980,
                                .wide_cost = 1970,
                                .permute_one = permute_one,
                                .permute_wide = permute_wide<mlkem_keccak_x2_neon>,
                                .permute_both = nullptr,
                                .squeeze = squeeze};
static_assert(complete(kKeccakNeon));

constexpr Keccak kKeccakNeonSha3 = {.name = "neon_sha3",
                                    .needs = Isa::kNeon | Isa::kNeonSha3,
                                    .width = kWidth,
                                    .one_cost = 980,
                                    .wide_cost = 855,
                                    .permute_one = permute_one,
                                    .permute_wide = permute_wide<mlkem_keccak_x2_neon_sha3>,
                                    .permute_both = nullptr,
                                    .squeeze = squeeze};
static_assert(complete(kKeccakNeonSha3));

}  // namespace mlkem::kernels
