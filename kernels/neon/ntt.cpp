// SPDX-License-Identifier: Apache-2.0
// The number-theoretic transform (FIPS 203, section 4.3): three layers across eight registers, then four within blocks
// of four registers, whose halves and quarters change places for the last two. Bounds layer by layer are in
// kernels/README.md.
#include "kernels/neon/arith.hpp"
#include "kernels/neon/modular.hpp"
#include "kernels/portable/unrolled.hpp"

namespace mlkem::kernels::neon {
namespace {

constexpr int kBlockWords = 4 * kWords;
constexpr int kBlocks = kN / kBlockWords;
constexpr int kOuterStep = kBlockWords;  // between the eight registers of the first three layers

struct alignas(16) FactorVector {
  int16_t value[kWords], quotient[kWords];

  constexpr void set(int word, Factor f) {
    value[word] = f.value;
    quotient[word] = f.quotient;
  }
  Factors load() const { return {vld1q_s16(value), vld1q_s16(quotient)}; }
};

// What the layers of lengths 16 to 2 need in one block.
struct alignas(16) BlockFactors {
  int16_t outer[kWords];         // length 16, first and second of 8, 0; then their quotients
  FactorVector four[2], two[2];  // for the two pairs of registers
};
constexpr int kQuotients = 4;  // where they begin in `outer`

struct Transform {
  alignas(16) int16_t outer_value[kWords],
      outer_quotient[kWords];  // lengths 128, 64, 32: number 1, 2 to 3, 4 to 7
  BlockFactors block[kBlocks];
};

// The factor of block i - n in the layer of n blocks, n <= i < 2 n. The inverse takes its factors backwards, and
// negated, as it subtracts the other way round. The last one's also divides by 128 and brings back the 2^16 that a
// product takes away.
constexpr int kUnscale = 65536 / 128;
consteval Factor zeta(bool inverse, int i) {
  if (!inverse) return factor(portable::power_of_zeta(portable::bit_reverse_7(i)));
  int n = 1;
  while (2 * n <= i) n *= 2;
  const int64_t backwards = portable::power_of_zeta(portable::bit_reverse_7(2 * n - 1 - (i - n)));
  return factor(i == 1 ? backwards * kUnscale : backwards);
}
consteval Transform transform(bool inverse) {
  Transform out{};
  for (int i = 1; i < 8; ++i) {
    out.outer_value[i] = zeta(inverse, i).value;
    out.outer_quotient[i] = zeta(inverse, i).quotient;
  }
  for (int b = 0; b < kBlocks; ++b) {
    BlockFactors& block = out.block[b];
    for (int i = 0; i < 3; ++i) {
      const Factor f = zeta(inverse, i == 0 ? 8 + b : 15 + 2 * b + i);
      block.outer[i] = f.value;
      block.outer[kQuotients + i] = f.quotient;
    }
    // Registers 2 r and 2 r + 1 hold two blocks for length 4 and four for length 2, in order.
    for (int r = 0; r < 2; ++r)
      for (int word = 0; word < kWords; ++word) {
        block.four[r].set(word, zeta(inverse, 32 + 4 * b + 2 * r + word / 4));
        block.two[r].set(word, zeta(inverse, 64 + 8 * b + 4 * r + word / 2));
      }
  }
  return out;
}

constexpr Transform kForward = transform(false), kInverse = transform(true);

inline void forward(int16x8_t& lower, int16x8_t& upper, int16x8_t product) {
  upper = vsubq_s16(lower, product);
  lower = vaddq_s16(lower, product);
}
// Leaves the difference to be multiplied.
inline void inverse(int16x8_t& lower, int16x8_t& upper) {
  const int16x8_t difference = vsubq_s16(upper, lower);
  lower = vaddq_s16(lower, upper);
  upper = difference;
}

// Exchanges the upper half of a with the lower half of b.
inline void exchange_halves(int16x8_t& a, int16x8_t& b) {
  const int64x2_t x = vreinterpretq_s64_s16(a), y = vreinterpretq_s64_s16(b);
  a = vreinterpretq_s16_s64(vtrn1q_s64(x, y));
  b = vreinterpretq_s16_s64(vtrn2q_s64(x, y));
}
// The same within each half.
inline void exchange_quarters(int16x8_t& a, int16x8_t& b) {
  const int32x4_t x = vreinterpretq_s32_s16(a), y = vreinterpretq_s32_s16(b);
  a = vreinterpretq_s16_s32(vtrn1q_s32(x, y));
  b = vreinterpretq_s16_s32(vtrn2q_s32(x, y));
}

template <int count>
inline void load(int16x8_t (&v)[count], const int16_t* from, int step) {
  for (int i = 0; i < count; ++i) v[i] = vld1q_s16(from + i * step);
}
template <int count>
inline void store(int16_t* to, const int16x8_t (&v)[count], int step) {
  for (int i = 0; i < count; ++i) vst1q_s16(to + i * step, v[i]);
}

// Butterflies of distance 4 / n in eight registers: calls f(number of the factor, lower, upper).
template <int n, class F>
inline void layer_of_eight(F f) {
  constexpr int kDistance = 4 / n;
  unrolled<4>([&](auto i) {
    constexpr int kBlock = i / kDistance, kLower = 2 * kDistance * kBlock + i % kDistance;
    f(std::integral_constant<int, n + kBlock>{}, kLower, kLower + kDistance);
  });
}

}  // namespace

void ntt(Poly& p) noexcept {
  const int16x8_t value = vld1q_s16(kForward.outer_value), quotient = vld1q_s16(kForward.outer_quotient);
  for (int i = 0; i < kOuterStep; i += kWords) {
    int16x8_t v[8];
    load(v, p.c + i, kOuterStep);
    const auto butterfly = [&](auto number, int lower, int upper) {
      const int16x8_t quotients = vqrdmulhq_laneq_s16(v[upper], quotient, number);
      forward(v[lower], v[upper], vmlsq_n_s16(vmulq_laneq_s16(v[upper], value, number), quotients, kQ));
    };
    layer_of_eight<1>(butterfly);
    layer_of_eight<2>(butterfly);
    layer_of_eight<4>(butterfly);
    store(p.c + i, v, kOuterStep);
  }
  for (int b = 0; b < kBlocks; ++b) {
    const BlockFactors& factors = kForward.block[b];
    const int16x8_t outer = vld1q_s16(factors.outer);
    int16x8_t v[4];
    load(v, p.c + b * kBlockWords, kWords);
    forward(v[0], v[2], multiply<0, kQuotients>(v[2], outer));
    forward(v[1], v[3], multiply<0, kQuotients>(v[3], outer));
    forward(v[0], v[1], multiply<1, kQuotients + 1>(v[1], outer));
    forward(v[2], v[3], multiply<2, kQuotients + 2>(v[3], outer));
    for (int r = 0; r < 2; ++r) {
      int16x8_t &lower = v[2 * r], &upper = v[2 * r + 1];
      exchange_halves(lower, upper);
      forward(lower, upper, multiply(upper, factors.four[r].load()));
      exchange_quarters(lower, upper);
      forward(lower, upper, multiply(upper, factors.two[r].load()));
      exchange_quarters(lower, upper);
      exchange_halves(lower, upper);
    }
    store(p.c + b * kBlockWords, v, kWords);
  }
}

void inverse_ntt(Poly& p) noexcept {
  for (int b = 0; b < kBlocks; ++b) {
    const BlockFactors& factors = kInverse.block[b];
    const int16x8_t outer = vld1q_s16(factors.outer);
    int16x8_t v[4];
    load(v, p.c + b * kBlockWords, kWords);
    for (int r = 0; r < 2; ++r) {
      int16x8_t &lower = v[2 * r], &upper = v[2 * r + 1];
      lower = reduce_by_tenths(lower);
      upper = reduce_by_tenths(upper);
      exchange_halves(lower, upper);
      exchange_quarters(lower, upper);
      inverse(lower, upper);
      upper = multiply(upper, factors.two[r].load());
      exchange_quarters(lower, upper);
      inverse(lower, upper);
      upper = multiply(upper, factors.four[r].load());
      exchange_halves(lower, upper);
    }
    inverse(v[0], v[1]);
    v[1] = multiply<1, kQuotients + 1>(v[1], outer);
    inverse(v[2], v[3]);
    v[3] = multiply<2, kQuotients + 2>(v[3], outer);
    inverse(v[0], v[2]);
    inverse(v[1], v[3]);
    v[0] = reduce_by_tenths(v[0]);
    v[1] = reduce_by_tenths(v[1]);
    v[2] = multiply<0, kQuotients>(v[2], outer);
    v[3] = multiply<0, kQuotients>(v[3], outer);
    store(p.c + b * kBlockWords, v, kWords);
  }
  const int16x8_t value = vld1q_s16(kInverse.outer_value), quotient = vld1q_s16(kInverse.outer_quotient);
  const Factors unscale = same(factor(kUnscale));
  for (int i = 0; i < kOuterStep; i += kWords) {
    int16x8_t v[8];
    load(v, p.c + i, kOuterStep);
    const auto butterfly = [&](auto number, int lower, int upper) {
      inverse(v[lower], v[upper]);
      const int16x8_t quotients = vqrdmulhq_laneq_s16(v[upper], quotient, number);
      v[upper] = vmlsq_n_s16(vmulq_laneq_s16(v[upper], value, number), quotients, kQ);
    };
    layer_of_eight<4>(butterfly);
    layer_of_eight<2>(butterfly);
    layer_of_eight<1>(butterfly);
    for (int j = 0; j < 4; ++j) v[j] = multiply(v[j], unscale);
    store(p.c + i, v, kOuterStep);
  }
}

}  // namespace mlkem::kernels::neon
