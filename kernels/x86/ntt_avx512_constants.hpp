// SPDX-License-Identifier: Apache-2.0
// What the AVX-512 transforms and products read: factors in the order in which vectors hold coefficients. Generator and
// tables share it, so that offsets live once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/portable/modular.hpp"

namespace mlkem::kernels::x86::avx512 {

inline constexpr int kWords = 32;  // coefficients in a zmm register

// A factor for each coefficient of a register.
struct FactorVector {
  alignas(64) int16_t times_q_inverse[kWords];
  alignas(64) int16_t value[kWords];

  constexpr void set(int word, portable::Factor factor) {
    times_q_inverse[word] = factor.times_q_inverse;
    value[word] = factor.value;
  }
  static constexpr FactorVector same(portable::Factor factor) {
    FactorVector out{};
    for (int word = 0; word < kWords; ++word) out.set(word, factor);
    return out;
  }
};

// The last four layers of the transform work on pairs of registers, 2 i and 2 i + 1, whose 64 coefficients they
// exchange so that a butterfly's halves lie in different registers: halves of registers for length 16, then 128, 64 and
// 32 bits. kLowerHalves[layer][word] is the coefficient, of the pair's 64, that word of the first register of the pair is in
// that layer; the second register holds the one `length` further on.
inline constexpr int kInnerLayers = 4;
consteval std::array<std::array<int, kWords>, kInnerLayers> lower_halves() {
  std::array<std::array<int, kWords>, kInnerLayers> out{};
  std::array<int, kWords> a{}, b{};
  for (int i = 0; i < kWords; ++i) a[size_t(i)] = i, b[size_t(i)] = i + kWords;
  // Takes 64-word pairs apart as the shuffles of gen/ntt_avx512.cpp do.
  const auto exchange = [&](auto place) {
    std::array<int, kWords> lower{}, upper{};
    for (int i = 0; i < kWords; ++i) {
      lower[size_t(i)] = place(a, b, i, 0);
      upper[size_t(i)] = place(a, b, i, 1);
    }
    a = lower;
    b = upper;
  };
  using Words = std::array<int, kWords>;
  // 256 bits: the lower and the upper halves of both
  exchange([](const Words& x, const Words& y, int i, int half) {
    return i < 16 ? x[size_t(i + 16 * half)] : y[size_t(i - 16 + 16 * half)];
  });
  out[0] = a;
  // 128 bits: the even and the odd quarters
  exchange([](const Words& x, const Words& y, int i, int half) {
    const int quarter = i / 8;
    const auto& from = quarter < 2 ? x : y;
    return from[size_t(8 * (2 * (quarter % 2) + half) + i % 8)];
  });
  out[1] = a;
  // 64 bits of each 128
  exchange([](const Words& x, const Words& y, int i, int half) {
    const auto& from = i % 8 < 4 ? x : y;
    return from[size_t(i / 8 * 8 + 4 * half + i % 4)];
  });
  out[2] = a;
  // 32 bits: the even and the odd dwords of each 128
  exchange([](const Words& x, const Words& y, int i, int half) {
    const auto& from = i % 8 < 4 ? x : y;
    return from[size_t(i / 8 * 8 + 4 * (i % 4 / 2) + 2 * half + i % 2)];
  });
  out[3] = a;
  return out;
}
inline constexpr auto kLowerHalves = lower_halves();
// On its way back the inverse transform has a pair's quarters in another order in the layer of length 16.
consteval std::array<int, kWords> inverse_lower_half_16() {
  std::array<int, kWords> out{};
  for (int i = 0; i < kWords; ++i) out[size_t(i)] = kWords * (i / 8 % 2) + 8 * (i / 16) + i % 8;
  return out;
}

struct NttConstants {
  alignas(64) int16_t q[kWords];
  alignas(64) int16_t barrett[kWords];   // round(2^26 / q)
  alignas(64) int16_t rounding[kWords];  // 2^5: vpmulhrsw's division by 2^10
  // A pair's dwords back in order, for vpermi2d: the first register's, then the second's.
  alignas(64) int32_t home[2][kWords / 2];
  // And into the order of the last layer.
  alignas(64) int32_t apart[2][kWords / 2];
  FactorVector forward_outer[8], inverse_outer[8];  // 1: length 128; 2, 3: length 64; 4 to 7: length 32
  FactorVector forward[kInnerLayers][4], inverse[kInnerLayers][4];  // by layer, from length 16 on, and pair
  FactorVector unscale;                                             // 2^16 / 128, for the inverse transform
};

// For products of pairs of coefficients, (a0 + a1 X) (b0 + b1 X) modulo X^2 - zeta.
struct ProductConstants {
  alignas(64) int16_t q[kWords];
  alignas(64) int16_t q_inverse[kWords];
  alignas(64) int16_t barrett[kWords];
  alignas(64) int16_t rounding[kWords];
  alignas(64) int16_t odd_words[kWords];  // of two registers, for vpermi2w
  alignas(64) int16_t spread[2][kWords];  // a cache's first or second half to the odd words, for vpermw
  FactorVector zetas[4];                  // of each pair, for its b1
  FactorVector montgomery;                // 2^16
};

consteval ProductConstants product_constants() {
  ProductConstants out{};
  for (int i = 0; i < kWords; ++i) {
    out.q[i] = kQ;
    out.q_inverse[i] = portable::kQInverse;
    out.barrett[i] = 20159;
    out.rounding[i] = 32;
    out.odd_words[i] = int16_t(2 * i + 1);
    for (int half = 0; half < 2; ++half) out.spread[half][i] = int16_t(16 * half + i / 2);
  }
  for (int i = 0; i < kN / 2; ++i)
    out.zetas[i / kWords].set(i % kWords,
                              portable::factor(portable::power_of_zeta(2 * portable::bit_reverse_7(i) + 1)));
  out.montgomery = FactorVector::same(portable::factor(65536));
  return out;
}

consteval NttConstants ntt_constants() {
  NttConstants out{};
  for (int i = 0; i < kWords; ++i) {
    out.q[i] = kQ;
    out.barrett[i] = 20159;
    out.rounding[i] = 32;
  }
  const auto forward = [](int i) consteval {
    return portable::factor(portable::power_of_zeta(portable::bit_reverse_7(i)));
  };
  // In a layer of n blocks the inverse takes its factors backwards, and negated, as it subtracts the other way round.
  const auto inverse = [](int n, int block) consteval {
    return portable::factor(portable::power_of_zeta(portable::bit_reverse_7(2 * n - 1 - block)));
  };
  for (int n = 1; n <= 4; n *= 2)
    for (int block = 0; block < n; ++block) {
      out.forward_outer[n + block] = FactorVector::same(forward(n + block));
      out.inverse_outer[n + block] = FactorVector::same(inverse(n, block));
    }
  for (int layer = 0; layer < kInnerLayers; ++layer) {
    const int length = 16 >> layer, n = 128 / length;
    for (int pair = 0; pair < 4; ++pair)
      for (int word = 0; word < kWords; ++word) {
        const auto block = [&](const auto& place) {
          return (64 * pair + place[size_t(word)]) / (2 * length);
        };
        out.forward[layer][pair].set(word, forward(n + block(kLowerHalves[size_t(layer)])));
        out.inverse[layer][pair].set(
            word, inverse(n, block(layer == 0 ? inverse_lower_half_16() : kLowerHalves[size_t(layer)])));
      }
  }
  // In the last layer a dword of the first register holds coefficients c and c + 1, the second one's c + 2, c + 3.
  for (int dword = 0; dword < kWords / 2; ++dword) {
    const int c = kLowerHalves[kInnerLayers - 1][size_t(2 * dword)];
    for (int half = 0; half < 2; ++half) {
      const int home = c / 2 + half;  // of the pair's 32 dwords
      out.home[home / 16][home % 16] = dword + 16 * half;
      out.apart[half][dword] = home;
    }
  }
  out.unscale = FactorVector::same(portable::factor(512));
  return out;
}

}  // namespace mlkem::kernels::x86::avx512
