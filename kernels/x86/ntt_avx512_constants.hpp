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

// Barrett reduction: x - q round(x kBarrett / 2^26) is at most q / 2. In three instructions instead of four,
// x - q round(x kTenths / 2^15) is at most q / 2 + 0.016 |x|, for any int16_t.
inline constexpr int16_t kBarrett = 20159;  // round(2^26 / q)
inline constexpr int16_t kTenths = 10;      // 2^15 / q is 9.84

// The last four layers of the transform work on pairs of registers, 2 i and 2 i + 1, whose 64 coefficients are moved so
// that a butterfly's halves lie in different registers. Where they are: the bits of a coefficient's index, 5 to 1, that
// tell its register, half, quarter, quadword and dword. Moving dwords within quarters takes two cycles, anything else
// five: the steps from home to length 16 and from 8 to 4 exchange two bits each with their neighbours in other quarters,
// the other three only turn register, quadword and dword round.
using Places = std::array<int, 5>;
inline constexpr int kInnerLayers = 4;
inline constexpr Places kHome = {5, 4, 3, 2, 1};
inline constexpr Places kPlaces[kInnerLayers] = {  // from length 16 on
    {4, 5, 2, 3, 1},
    {3, 5, 2, 1, 4},
    {2, 4, 3, 1, 5},
    {1, 4, 3, 5, 2}};

// The coefficient, of a pair's 64, in this word of the pair's registers.
constexpr int coefficient(const Places& places, int word) {
  int out = word % 2;
  for (int i = 0; i < 5; ++i) out |= (word >> (5 - i) & 1) << places[size_t(i)];
  return out;
}

struct NttConstants {
  alignas(64) int16_t q;
  int16_t tenths;
  portable::Factor forward_outer[8];  // 1: length 128; 2, 3: length 64; 4 to 7: length 32
  // The dwords of a pair for vpermt2d, the first register's and the second's. Both are their own inverses.
  alignas(64) int32_t home_and_16[2][kWords / 2], between_8_and_4[2][kWords / 2];
  FactorVector forward[kInnerLayers][4];   // from length 16 on, by pair
  FactorVector inverse[kInnerLayers - 1];  // by layer, from length 16 to 4, for all pairs
  FactorVector inverse_outer[7];           // length 32, two of length 64, four of length 128
  FactorVector rest[8];                    // what the inverse transform leaves to the end
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
    out.barrett[i] = kBarrett;
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

// The inverse of l + z u, l - z u is l + u, (l - u) / z. The inverse transform leaves factors like 1 / z to the end: each
// coefficient is what a register holds times a power of zeta, which is 1 at first, and a layer computes l + f u and
// l - f u, where f is u's factor divided by l's. Within a block that is another f for each coefficient, but the same for all
// blocks. The exponents that f has in a layer, and those that are left in the end:
struct InverseExponents {
  std::array<std::array<int, kN / 2>, 7> layer;  // from length 2 on, by place in the block's lower half
  std::array<int, kN> rest;
};
consteval InverseExponents inverse_exponents() {
  InverseExponents out{};
  for (size_t layer = 0; layer < 7; ++layer) {
    const int length = 2 << layer, blocks = kN / 2 / length;
    for (int i = 0; i < kN; ++i) {
      if (i / length % 2 != 0) continue;
      int &lower = out.rest[size_t(i)], &upper = out.rest[size_t(i + length)];
      out.layer[layer][size_t(i % length)] = (upper - lower + 256) % 256;
      upper = (lower - portable::bit_reverse_7(blocks + i / (2 * length)) + 256) % 256;
    }
  }
  return out;
}

consteval NttConstants ntt_constants() {
  NttConstants out{};
  out.q = kQ;
  out.tenths = kTenths;
  for (int i = 1; i < 8; ++i)
    out.forward_outer[i] = portable::factor(portable::power_of_zeta(portable::bit_reverse_7(i)));
  const auto move = [](auto& dwords, const Places& from, const Places& to) {
    int place_of[kWords] = {};
    for (int place = 0; place < kWords; ++place) place_of[coefficient(from, 2 * place) / 2] = place;
    for (int place = 0; place < kWords; ++place)
      dwords[place / 16][place % 16] = place_of[coefficient(to, 2 * place) / 2];
  };
  move(out.home_and_16, kHome, kPlaces[0]);
  move(out.between_8_and_4, kPlaces[1], kPlaces[2]);
  for (int layer = 0; layer < kInnerLayers; ++layer) {
    const int length = 16 >> layer;
    for (int pair = 0; pair < 4; ++pair)
      for (int word = 0; word < kWords; ++word) {
        const int block = (64 * pair + coefficient(kPlaces[layer], word)) / (2 * length);
        out.forward[layer][pair].set(
            word, portable::factor(portable::power_of_zeta(portable::bit_reverse_7(128 / length + block))));
      }
  }
  const InverseExponents exponents = inverse_exponents();
  for (int word = 0; word < kWords; ++word) {
    for (int layer = 0; layer < kInnerLayers - 1; ++layer) {
      const int place = coefficient(kPlaces[layer], word) % (16 >> layer);
      out.inverse[layer].set(
          word, portable::factor(portable::power_of_zeta(exponents.layer[size_t(3 - layer)][size_t(place)])));
    }
    for (int layer = 0, distance = 1; layer < 3; ++layer, distance *= 2)
      for (int i = 0; i < distance; ++i) {
        const int exponent = exponents.layer[size_t(4 + layer)][size_t(kWords * i + word)];
        out.inverse_outer[distance - 1 + i].set(word, portable::factor(portable::power_of_zeta(exponent)));
      }
    // 1 / 128, and 2^16 because the product brought 2^-16: 2^9.
    for (int i = 0; i < 8; ++i)
      out.rest[i].set(
          word, portable::factor(512 * portable::power_of_zeta(exponents.rest[size_t(kWords * i + word)])));
  }
  return out;
}

}  // namespace mlkem::kernels::x86::avx512
