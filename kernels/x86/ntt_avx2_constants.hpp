// SPDX-License-Identifier: Apache-2.0
// What the AVX2 transforms and products read: factors in the order in which vectors hold coefficients. Generator and
// tables share it, so that offsets live once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/portable/modular.hpp"

namespace mlkem::kernels::x86::avx2 {

inline constexpr int kWords = 16;  // coefficients in a ymm register

using WordVector = std::array<int16_t, kWords>;

constexpr WordVector same(int16_t value) {
  WordVector out{};
  out.fill(value);
  return out;
}

// A factor for each coefficient of a register.
struct FactorVector {
  alignas(32) WordVector times_q_inverse;
  alignas(32) WordVector value;

  constexpr void set(int word, portable::Factor factor) {
    times_q_inverse[size_t(word)] = factor.times_q_inverse;
    value[size_t(word)] = factor.value;
  }
  static constexpr FactorVector same(portable::Factor factor) {
    return {avx2::same(factor.times_q_inverse), avx2::same(factor.value)};
  }
};

// Barrett reduction: x - q round(x kBarrett / 2^26) is at most q / 2. In three instructions instead of four,
// x - q round(x kTenths / 2^15) is at most q / 2 + 0.016 |x|, for any int16_t less than q.
inline constexpr int16_t kBarrett = 20159;  // round(2^26 / q)
inline constexpr int16_t kTenths = 10;      // 2^15 / q is 9.84

// The last three layers of the transform work on pairs of registers, 2 i and 2 i + 1, whose 32 coefficients they
// exchange so that a butterfly's halves lie in different registers: halves of registers for length 8, then quadwords
// and dwords of each half. The coefficient, of the pair's 32, that a word of the first register of the pair is in the
// layer of length 8 >> layer; the second register holds the one that is a length further on.
inline constexpr int kInnerLayers = 3;
constexpr int lower_half(int layer, int word) {
  const int half = word / 8, place = word % 8;
  constexpr int kDwords[] = {0, 8, 4, 12};
  switch (layer) {
    case 0:
      return 16 * half + place;
    case 1:
      return 16 * half + place / 4 * 8 + place % 4;
    default:
      return 16 * half + kDwords[place / 2] + place % 2;
  }
}

// What one half of a polynomial needs below the layer of length 128.
struct HalfTransform {
  FactorVector outer[7];                // one block of length 64, two of 32, four of 16
  FactorVector inner[kInnerLayers][4];  // by layer, from length 8 on, and pair
};

struct NttConstants {
  alignas(32) WordVector q;
  alignas(32) WordVector tenths;
  FactorVector forward_128, inverse_128;
  FactorVector unscale;  // 2^16 / 128, for the inverse transform
  HalfTransform forward[2], inverse[2];
};

// For products of pairs of coefficients, (a0 + a1 X) (b0 + b1 X) modulo X^2 - zeta. Caches hold what belongs to two
// registers in turn, pair by pair: one register's in the lower words of dwords, the next one's in the upper words.
struct ProductConstants {
  alignas(32) WordVector q;
  alignas(32) WordVector q_inverse;
  alignas(32) WordVector barrett;
  alignas(32) WordVector rounding;           // 2^5: vpmulhrsw's division by 2^10
  alignas(32) std::array<uint8_t, 32> swap;  // the words of each dword, for vpshufb
  FactorVector zetas[8];                     // in the order of a cache
  FactorVector montgomery;                   // 2^16
};

consteval ProductConstants product_constants() {
  ProductConstants out{};
  out.q = same(kQ);
  out.q_inverse = same(portable::kQInverse);
  out.barrett = same(kBarrett);
  out.rounding = same(32);
  for (size_t i = 0; i < 32; ++i) out.swap[i] = uint8_t(i % 16 ^ 2);
  for (int two = 0; two < 8; ++two)
    for (int word = 0; word < kWords; ++word) {
      const int pair = 16 * two + 8 * (word % 2) + word / 2;
      out.zetas[two].set(word,
                         portable::factor(portable::power_of_zeta(2 * portable::bit_reverse_7(pair) + 1)));
    }
  out.montgomery = FactorVector::same(portable::factor(65536));
  return out;
}

consteval NttConstants ntt_constants() {
  NttConstants out{};
  out.q = same(kQ);
  out.tenths = same(kTenths);
  const auto forward = [](int i) consteval {
    return portable::factor(portable::power_of_zeta(portable::bit_reverse_7(i)));
  };
  // In a layer of n blocks the inverse takes its factors backwards, and negated, as it subtracts the other way round.
  // The last one's also divide by 128 and bring back the 2^16 that its product takes away.
  const auto inverse = [](int n, int block) consteval {
    return portable::factor(portable::power_of_zeta(portable::bit_reverse_7(2 * n - 1 - block)) *
                            (n == 1 ? 512 : 1));
  };
  out.forward_128 = FactorVector::same(forward(1));
  out.inverse_128 = FactorVector::same(inverse(1, 0));
  out.unscale = FactorVector::same(portable::factor(512));
  for (int half = 0; half < 2; ++half) {
    for (int n = 1; n <= 4; n *= 2)  // blocks of this half
      for (int i = 0; i < n; ++i) {
        const int block = half * n + i;
        out.forward[half].outer[n - 1 + i] = FactorVector::same(forward(2 * n + block));
        out.inverse[half].outer[n - 1 + i] = FactorVector::same(inverse(2 * n, block));
      }
    for (int layer = 0; layer < kInnerLayers; ++layer) {
      const int length = 8 >> layer, n = 128 / length;
      for (int pair = 0; pair < 4; ++pair)
        for (int word = 0; word < kWords; ++word) {
          const int block = (128 * half + 32 * pair + lower_half(layer, word)) / (2 * length);
          out.forward[half].inner[layer][pair].set(word, forward(n + block));
          out.inverse[half].inner[layer][pair].set(word, inverse(n, block));
        }
    }
  }
  return out;
}

}  // namespace mlkem::kernels::x86::avx2
