// SPDX-License-Identifier: Apache-2.0
// Products in the NTT domain (FIPS 203, Algorithms 11 and 12) and what works coefficient by coefficient.
#include "kernels/neon/arith.hpp"
#include "kernels/neon/modular.hpp"
#include "kernels/portable/unrolled.hpp"

namespace mlkem::kernels::neon {
namespace {

// What X^2 is for a pair of coefficients.
struct PairZetas {
  alignas(16) int16_t value[kN / 2], quotient[kN / 2];
};
consteval PairZetas pair_zetas() {
  PairZetas out{};
  for (int i = 0; i < kN / 2; ++i) {
    const Factor f = factor(portable::power_of_zeta(2 * portable::bit_reverse_7(i) + 1));
    out.value[i] = f.value;
    out.quotient[i] = f.quotient;
  }
  return out;
}
constexpr PairZetas kPairZetas = pair_zetas();

struct Sums {
  int32x4_t lower, upper;

  void add(int16x8_t a, int16x8_t b) {
    lower = vmlal_s16(lower, vget_low_s16(a), vget_low_s16(b));
    upper = vmlal_high_s16(upper, a, b);
  }
  static Sums of(int16x8_t a, int16x8_t b) {
    return {vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)};
  }
  // 2^-16 of it modulo q (Montgomery reduction) for at most 2^30: at most 18,048.
  int16x8_t reduced() const {
    const int16x8_t low = vuzp1q_s16(vreinterpretq_s16_s32(lower), vreinterpretq_s16_s32(upper));
    const int16x8_t factor = vmulq_n_s16(low, -portable::kQInverse), q = vdupq_n_s16(kQ);
    Sums sums = *this;
    sums.add(factor, q);
    return vuzp2q_s16(vreinterpretq_s16_s32(sums.lower), vreinterpretq_s16_s32(sums.upper));
  }
};

// |a| <= 2^12, |b| <= 2^15 and |cache| < q: eight products are at most 2^30.
template <unsigned k>
void accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache) {
  for (int i = 0; i < kN / 2; i += kWords) {
    Sums even, odd;
    unrolled<k>([&](auto j) {
      const int16x8x2_t x = vld2q_s16(a[j * a_stride].c + 2 * i), y = vld2q_s16(b[j].c + 2 * i);
      if constexpr (j == 0) {
        even = Sums::of(x.val[0], y.val[0]);
        odd = Sums::of(x.val[0], y.val[1]);
      } else {
        even.add(x.val[0], y.val[0]);
        odd.add(x.val[0], y.val[1]);
      }
      even.add(x.val[1], vld1q_s16(cache[j].c + i));
      odd.add(x.val[1], y.val[0]);
    });
    const int16x8x2_t both = {{even.reduced(), odd.reduced()}};
    vst2q_s16(out.c + 2 * i, both);
  }
}

// Four at a time, or counting would take a third of the instructions.
template <class F>
inline void for_each_vector(Poly& p, F f) {
#pragma GCC unroll 4
  for (int i = 0; i < kN; i += kWords) vst1q_s16(p.c + i, f(vld1q_s16(p.c + i), i));
}

}  // namespace

void mul_cache(MulCache& out, const Poly& b) noexcept {
  for (int i = 0; i < kN / 2; i += kWords) {
    const int16x8_t odd = vld2q_s16(b.c + 2 * i).val[1];
    const Factors zetas = {vld1q_s16(kPairZetas.value + i), vld1q_s16(kPairZetas.quotient + i)};
    vst1q_s16(out.c + i, multiply(odd, zetas));
  }
}

void multiply_accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache,
                         unsigned k) noexcept {
  switch (k) {
    case 1:
      return accumulate<1>(out, a, a_stride, b, cache);
    case 2:
      return accumulate<2>(out, a, a_stride, b, cache);
    case 3:
      return accumulate<3>(out, a, a_stride, b, cache);
    default:
      return accumulate<4>(out, a, a_stride, b, cache);
  }
}

// The quotient of 2^16 = -1044 is 0.30 off, so that |product| <= q / 2 + 0.30 q 18048 / 2^15 < 2,215; with e's 1,664 at
// most 3,879.
void add_product(Poly& p, const Poly& e) noexcept {
  const Factors montgomery = same(factor(65536));
  for_each_vector(p, [&](int16x8_t c, int i) {
    return vaddq_s16(multiply(c, montgomery), barrett_reduce(vld1q_s16(e.c + i)));
  });
}

void add(Poly& r, const Poly& a) noexcept {
  for_each_vector(r, [&](int16x8_t c, int i) { return vaddq_s16(c, vld1q_s16(a.c + i)); });
}

void sub(Poly& r, const Poly& a) noexcept {
  for_each_vector(r, [&](int16x8_t c, int i) { return vsubq_s16(c, vld1q_s16(a.c + i)); });
}

void to_standard(Poly& p) noexcept {
  for_each_vector(p, [](int16x8_t c, int) { return canonical(c); });
}

}  // namespace mlkem::kernels::neon
