// SPDX-License-Identifier: Apache-2.0
// Arithmetic modulo q on eight 16-bit numbers. Multiplication by a constant f takes three instructions and leaves no
// factor behind: a f - q round(a f / q), with the quotient f / q known beforehand.
#pragma once

#include <arm_neon.h>

#include "kernels/portable/modular.hpp"

namespace mlkem::kernels::neon {

inline constexpr int kWords = 8;  // coefficients in a register

// f modulo q, centered, and round(2^15 f / q).
struct Factor {
  int16_t value, quotient;
};
consteval Factor factor(int64_t f) {
  const int16_t value = portable::centered(f);
  const int twice = value * 65536 / kQ;  // rounded towards zero
  return {value, int16_t((twice + (twice < 0 ? -1 : 1)) / 2)};
}

// What a vector of factors needs, or one factor for all of a vector.
struct Factors {
  int16x8_t value, quotient;
};
inline Factors same(Factor f) {
  return {vdupq_n_s16(f.value), vdupq_n_s16(f.quotient)};
}

// a f modulo q for any int16_t a: at most q / 2 + q |a| / 2^16 < q in absolute value.
inline int16x8_t multiply(int16x8_t a, Factors f) {
  return vmlsq_n_s16(vmulq_s16(a, f.value), vqrdmulhq_s16(a, f.quotient), kQ);
}
// The same with the factor in one place of a vector of values and quotients.
template <int value, int quotient>
inline int16x8_t multiply(int16x8_t a, int16x8_t factors) {
  return vmlsq_n_s16(vmulq_laneq_s16(a, factors, value), vqrdmulhq_laneq_s16(a, factors, quotient), kQ);
}

// x modulo q, at most q / 2 + 0.016 |x| for any int16_t x: kTenths is a little more than 2^15 / q.
inline constexpr int16_t kTenths = 10;
inline int16x8_t reduce_by_tenths(int16x8_t x) {
  return vmlsq_n_s16(x, vqrdmulhq_n_s16(x, kTenths), kQ);
}

// x modulo q in [-(q-1)/2, (q-1)/2] for any int16_t x (Barrett); 20159 = round(2^26 / q).
inline int16x8_t barrett_reduce(int16x8_t x) {
  return vmlsq_n_s16(x, vrshrq_n_s16(vqdmulhq_n_s16(x, 20159), 11), kQ);
}

// x modulo q in [0, q) for any int16_t x.
inline int16x8_t canonical(int16x8_t x) {
  const int16x8_t r = reduce_by_tenths(x);
  return vmlsq_n_s16(r, vshrq_n_s16(r, 15), kQ);
}

}  // namespace mlkem::kernels::neon
