// SPDX-License-Identifier: Apache-2.0
// Arithmetic modulo q on signed 16-bit numbers. Written as halves of 16 x 16 bit products, which compilers
// turn into the multiply-high and multiply-low instructions of a vector unit.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"

namespace mlkem::kernels::portable {

inline constexpr int16_t kQInverse = -3327;  // q^-1 modulo 2^16
static_assert(uint16_t(kQ * kQInverse) == 1);

// The upper and the lower half of a product.
constexpr int16_t high(int16_t a, int16_t b) {
  return int16_t((int32_t{a} * b) >> 16);
}
constexpr int16_t low(int16_t a, int16_t b) {
  return int16_t(int32_t{a} * b);
}

// x modulo q for a table at compile time, in [-(q-1)/2, (q-1)/2].
consteval int16_t centered(int64_t x) {
  const int64_t r = (x % kQ + kQ) % kQ;
  return int16_t(r > kQ / 2 ? r - kQ : r);
}

// A constant factor f: 2^16 f modulo q, and that times q^-1 modulo 2^16.
struct Factor {
  int16_t value;
  int16_t times_q_inverse;
};
consteval Factor factor(int64_t f) {
  const int16_t value = centered((f % kQ) * 65536);
  return {value, low(value, kQInverse)};
}

// The roots of unity of FIPS 203, section 4.3: powers of zeta = 17, a 256th root, in bit-reversed order.
consteval int bit_reverse_7(int i) {
  int r = 0;
  for (int b = 0; b < 7; ++b) r |= ((i >> b) & 1) << (6 - b);
  return r;
}
consteval int64_t power_of_zeta(int exponent) {
  int64_t r = 1;
  for (int i = 0; i < exponent; ++i) r = r * 17 % kQ;
  return r;
}

// a f modulo q for any int16_t a: |result| <= |a| 1664 / 2^16 + q / 2, at most 2,496.
constexpr int16_t multiply(int16_t a, Factor f) {
  return int16_t(high(a, f.value) - high(low(a, f.times_q_inverse), kQ));
}

// 2^-16 a modulo q (Montgomery reduction) for |a| <= 2^30: |result| <= |a| / 2^16 + q / 2, at most 18,048.
constexpr int16_t montgomery_reduce(int32_t a) {
  return int16_t((a >> 16) - high(low(int16_t(a), kQInverse), kQ));
}

// a modulo q (Barrett reduction), in [-(q-1)/2, (q-1)/2], for any int16_t a; 20159 = round(2^26 / q).
constexpr int16_t barrett_reduce(int16_t a) {
  return int16_t(a - ((high(a, 20159) + (1 << 9)) >> 10) * kQ);
}

// a modulo q in [0, q), for any int16_t a.
constexpr int16_t canonical(int16_t a) {
  const int16_t r = barrett_reduce(a);
  return int16_t(r + ((r >> 15) & kQ));
}

}  // namespace mlkem::kernels::portable
