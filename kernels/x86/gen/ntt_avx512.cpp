// SPDX-License-Identifier: Apache-2.0
// The number-theoretic transform and its inverse (FIPS 203, Algorithms 9 and 10) with the polynomial in eight
// registers from beginning to end: three layers between registers, four within pairs of them.
//
// Both use the butterfly l, u := l + f u, l - f u. With |l|, |u| <= B before a layer they are at most
// B + B 1664 / 2^16 + q / 2 after it. The largest absolute values, by the length of the layer:
//   forward  in 3,329; 128: 5,078; 64: 6,871; 32: 8,710; 16: 10,595; 8: 12,529; 4: 14,511; 2: 16,544
//   inverse  in 18,048, reduced to 1,951; 2: 3,902; 4: 5,665; 8: 7,473; 16: 9,327; 32: 11,228; 64: 13,177; 128: 15,176;
//            times the factors that are left: 2,049
#include <array>
#include <utility>

#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/gen/modular_avx512.hpp"
#include "kernels/x86/ntt_avx512_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::portable::Factor;
using kernels::x86::avx512::FactorVector;
using kernels::x86::avx512::NttConstants;
using Xbyak::Address;
using Xbyak::Zmm;

#define OFFSET(member) offsetof(NttConstants, member)

// (p, constants). Registers: 0 to 11 the polynomial and what moving it needs beside, 12 to 15 products, 16 to 23 factors
// of the outer layers, 28 and 29 indices, 30 and 31 kTenths and q.
class Transform {
 public:
  explicit Transform(Emitter& e) : e_(e) { e_.vpbroadcastw(q_, at(OFFSET(q))); }

  void forward() {
    load();
    for (int layer = 0; layer < 3; ++layer) {
      broadcast_factors(layer);
      for (int i = 0; i < 4; ++i) butterfly(4 >> layer, i, outer_factor(i >> (2 - layer)));
    }
    for (int layer = 0; layer < 4; ++layer) {
      if (layer % 2 == 0) load_indices(layer == 0 ? OFFSET(home_and_16) : OFFSET(between_8_and_4));
      for (int i = 0; i < 4; ++i) {
        layer % 2 == 0 ? permute(i) : interleave(i);
        butterfly(1, i, factor(OFFSET(forward) + sizeof(FactorVector) * size_t(4 * layer + i)));
      }
    }
    for (int i = 0; i < 4; ++i) interleave(i);
    store();
  }

  void inverse() {
    e_.vpbroadcastw(tenths_, at(OFFSET(tenths)));
    load();
    for (int i = 0; i < 4; ++i) {
      reduce_roughly(x_[2 * i], Zmm(12 + i));
      reduce_roughly(x_[2 * i + 1], Zmm(12 + i));
      separate(i);
      e_.vpsubw(spare_[i], x_[2 * i], x_[2 * i + 1]);
      e_.vpaddw(x_[2 * i], x_[2 * i], x_[2 * i + 1]);
      std::swap(x_[2 * i + 1], spare_[i]);
    }
    for (int layer = 2; layer >= 0; --layer) {
      if (layer == 1) load_indices(OFFSET(between_8_and_4));
      for (int i = 0; i < 4; ++i) {
        layer == 1 ? permute(i) : separate(i);
        butterfly(1, i, factor(OFFSET(inverse) + sizeof(FactorVector) * size_t(layer)));
      }
    }
    load_indices(OFFSET(home_and_16));
    for (int i = 0; i < 4; ++i) permute(i);
    for (int distance = 1; distance <= 4; distance *= 2)
      for (int i = 0; i < 4; ++i)
        butterfly(distance, i,
                  factor(OFFSET(inverse_outer) + sizeof(FactorVector) * size_t(distance - 1 + i % distance)));
    for (int i = 0; i < 8; ++i)
      multiply(e_, x_[i], x_[i], factor(OFFSET(rest) + sizeof(FactorVector) * size_t(i)), q_,
               Zmm(12 + i % 4));
    store();
  }

 private:
  Address at(size_t offset) const { return e_.ptr[e_.rsi + int(offset)]; }
  FactorOperand<Address> factor(size_t offset) const {
    return {at(offset + offsetof(FactorVector, times_q_inverse)), at(offset + offsetof(FactorVector, value))};
  }
  static FactorOperand<Zmm> outer_factor(int block) { return {Zmm(16 + 2 * block), Zmm(17 + 2 * block)}; }
  void broadcast_factors(int layer) {
    for (int block = 0; block < 1 << layer; ++block) {
      const size_t from = OFFSET(forward_outer) + sizeof(Factor) * size_t((1 << layer) + block);
      e_.vpbroadcastw(outer_factor(block).times_q_inverse, at(from + offsetof(Factor, times_q_inverse)));
      e_.vpbroadcastw(outer_factor(block).value, at(from + offsetof(Factor, value)));
    }
  }

  void load() {
    for (int i = 0; i < 8; ++i) e_.vmovdqa64(x_[i], e_.ptr[e_.rdi + 64 * i]);
  }
  void store() {
    for (int i = 0; i < 8; ++i) e_.vmovdqa64(e_.ptr[e_.rdi + 64 * i], x_[i]);
  }

  // x := x modulo q, at most q / 2 + 0.016 |x|.
  void reduce_roughly(const Zmm& x, const Zmm& scratch) {
    e_.vpmulhrsw(scratch, x, tenths_);
    e_.vpmullw(scratch, scratch, q_);
    e_.vpsubw(x, x, scratch);
  }

  // The i-th of the four butterflies between registers that are `distance` apart. The product's two parts meet the
  // lower half one after the other, because the second comes later: four operations instead of three, but one less to
  // wait for.
  template <class Constant>
  void butterfly(int distance, int i, const FactorOperand<Constant>& factor) {
    const int first = i / distance * 2 * distance + i % distance;
    const Zmm &lower = x_[first], &upper = x_[first + distance], &high = spare_[i], low(12 + i);
    e_.vpmullw(low, upper, factor.times_q_inverse);
    e_.vpmulhw(high, upper, factor.value);
    e_.vpmulhw(low, low, q_);
    e_.vpsubw(upper, lower, high);
    e_.vpaddw(lower, lower, high);
    e_.vpaddw(upper, upper, low);
    e_.vpsubw(lower, lower, low);
  }

  // Moves within quarters of pair i: the register's bit becomes the dword's, that the quadword's, that the register's.
  void interleave(int i) {
    e_.vpunpckldq(spare_[i], x_[2 * i], x_[2 * i + 1]);
    e_.vpunpckhdq(x_[2 * i + 1], x_[2 * i], x_[2 * i + 1]);
    std::swap(x_[2 * i], spare_[i]);
  }
  // And back.
  void separate(int i) {
    e_.vshufps(spare_[i], x_[2 * i], x_[2 * i + 1], 0x88);
    e_.vshufps(x_[2 * i + 1], x_[2 * i], x_[2 * i + 1], 0xdd);
    std::swap(x_[2 * i], spare_[i]);
  }
  void load_indices(size_t table) {
    e_.vmovdqa64(indices_[0], at(table));
    e_.vmovdqa64(indices_[1], at(table + 64));
  }
  // Moves the dwords of pair i to the places that these indices say.
  void permute(int i) {
    e_.vmovdqa64(spare_[i], x_[2 * i]);
    e_.vpermt2d(spare_[i], indices_[0], x_[2 * i + 1]);
    e_.vpermt2d(x_[2 * i], indices_[1], x_[2 * i + 1]);
    std::swap(x_[2 * i + 1], x_[2 * i]);
    std::swap(x_[2 * i], spare_[i]);
  }

  Emitter& e_;
  const Zmm q_{31}, tenths_{30}, indices_[2] = {Zmm(28), Zmm(29)};
  // The polynomial, and a register that each pair has to spare. What moves a pair exchanges its names.
  std::array<Zmm, 8> x_{Zmm(0), Zmm(1), Zmm(2), Zmm(3), Zmm(4), Zmm(5), Zmm(6), Zmm(7)};
  std::array<Zmm, 4> spare_{Zmm(8), Zmm(9), Zmm(10), Zmm(11)};
};

}  // namespace

void ntt_avx512(Emitter& e) {
  e.function("mlkem_ntt_avx512", [&] { Transform(e).forward(); });
  e.function("mlkem_inverse_ntt_avx512", [&] { Transform(e).inverse(); });
}

}  // namespace mlkem::gen
