// SPDX-License-Identifier: Apache-2.0
// The number-theoretic transform and its inverse (FIPS 203, Algorithms 9 and 10). Apart from the layer of length 128
// the halves of a polynomial have nothing to do with each other: each passes through all its layers in eight registers,
// three layers between registers, three within pairs of them.
#include <array>
#include <utility>

#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/ntt_avx2_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::x86::avx2::FactorVector;
using kernels::x86::avx2::HalfTransform;
using kernels::x86::avx2::NttConstants;
using Xbyak::Address;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Ymm;

constexpr int kHalfBytes = 256;

#define OFFSET(member) int(offsetof(NttConstants, member))

class Transform {
 public:
  explicit Transform(Emitter& e) : e_(e) {}

  void forward() {
    Xbyak::Label halves, done;
    e_.vmovdqa(q_, constant(OFFSET(q)));
    for (int i = 0; i < 8; ++i) {
      const Ymm upper = spare(i % 3);
      e_.vmovdqa(x_[i], e_.ptr[p_ + 32 * i]);
      e_.vmovdqa(upper, e_.ptr[p_ + kHalfBytes + 32 * i]);
      butterfly(x_[i], upper, spare(3 + i % 3), factor(constants_, OFFSET(forward_128)));
      e_.vmovdqa(e_.ptr[p_ + kHalfBytes + 32 * i], upper);
    }
    e_.lea(half_, constant(OFFSET(forward)));
    e_.mov(left_, 2);
    e_.L(halves);
    for (int layer = 0; layer < 3; ++layer)
      for (int i = 0; i < 4; ++i)
        butterfly(lower(4 >> layer, i), upper(4 >> layer, i), spare(i), outer_factor(layer, i));
    for (int layer = 0; layer < 3; ++layer) {
      for (int pair = 0; pair < 4; ++pair) part(layer, pair);
      for (int pair = 0; pair < 4; ++pair)
        butterfly(lower(1, pair), upper(1, pair), spare(pair), inner_factor(layer, pair));
    }
    for (int layer = 2; layer >= 0; --layer)
      for (int pair = 0; pair < 4; ++pair) join(layer, pair);
    store();
    e_.dec(left_);
    e_.jz(done, Xbyak::CodeGenerator::T_NEAR);
    next_half();
    load();
    e_.jmp(halves, Xbyak::CodeGenerator::T_NEAR);
    e_.L(done);
  }

  // Bounds: the product, 18,048, is reduced to 1,952. Sums double: 3,904, 7,808, 15,616, 31,232, which are reduced to
  // 2,162; products are at most 2,458 then. 4,916, 9,832, 19,664; and times a constant 2,164.
  void inverse() {
    Xbyak::Label halves, last;
    e_.vmovdqa(q_, constant(OFFSET(q)));
    e_.lea(half_, constant(OFFSET(inverse)));
    e_.mov(left_, 2);
    e_.L(halves);
    load();
    for (int i = 0; i < 8; ++i) reduce(x_[i], spare(i));
    for (int layer = 0; layer < 3; ++layer)
      for (int pair = 0; pair < 4; ++pair) part(layer, pair);
    for (int layer = 2; layer >= 0; --layer) {
      for (int pair = 0; pair < 4; ++pair)
        inverse_butterfly(lower(1, pair), upper(1, pair), spare(pair), inner_factor(layer, pair));
      for (int pair = 0; pair < 4; ++pair) join(layer, pair);
    }
    for (int layer = 2; layer >= 0; --layer) {
      for (int i = 0; i < 4; ++i)
        inverse_butterfly(lower(4 >> layer, i), upper(4 >> layer, i), spare(i), outer_factor(layer, i));
      if (layer == 2)
        for (int i = 0; i < 4; ++i) reduce(lower(1, i), spare(i));
    }
    e_.dec(left_);
    e_.jz(last, Xbyak::CodeGenerator::T_NEAR);
    store();
    next_half();
    e_.jmp(halves, Xbyak::CodeGenerator::T_NEAR);
    e_.L(last);
    for (int i = 0; i < 8; ++i) {
      const Ymm lower = spare(i), low = spare(i + 3);
      e_.vmovdqa(lower, e_.ptr[p_ - kHalfBytes + 32 * i]);
      inverse_butterfly(lower, x_[i], low, factor(constants_, OFFSET(inverse_128)));
      multiply(lower, low, factor(constants_, OFFSET(unscale)));
      e_.vmovdqa(e_.ptr[p_ - kHalfBytes + 32 * i], lower);
    }
    store();
  }

 private:
  struct Factor {
    Address times_q_inverse, value;
  };
  Address constant(int offset) const { return e_.ptr[constants_ + offset]; }
  Factor factor(const Reg64& base, int offset) const {
    return {e_.ptr[base + offset + int(offsetof(FactorVector, times_q_inverse))],
            e_.ptr[base + offset + int(offsetof(FactorVector, value))]};
  }
  Factor outer_factor(int layer, int i) const {
    const int block = i >> (2 - layer);
    return factor(
        half_, int(offsetof(HalfTransform, outer) + sizeof(FactorVector) * size_t((1 << layer) - 1 + block)));
  }
  Factor inner_factor(int layer, int pair) const {
    return factor(half_,
                  int(offsetof(HalfTransform, inner) + sizeof(FactorVector) * size_t(4 * layer + pair)));
  }

  // The registers of butterfly i between registers that are `distance` apart.
  static int lower_index(int distance, int i) { return i / distance * 2 * distance + i % distance; }
  Ymm& lower(int distance, int i) { return x_[size_t(lower_index(distance, i))]; }
  Ymm& upper(int distance, int i) { return x_[size_t(lower_index(distance, i) + distance)]; }
  Ymm& spare(int i) { return spare_[size_t(i) % spare_.size()]; }

  void load() {
    for (int i = 0; i < 8; ++i) {
      x_[i] = Ymm(i);
      e_.vmovdqa(x_[i], e_.ptr[p_ + 32 * i]);
    }
    for (int i = 0; i < 7; ++i) spare_[i] = Ymm(8 + i);
  }
  void store() {
    for (int i = 0; i < 8; ++i) e_.vmovdqa(e_.ptr[p_ + 32 * i], x_[i]);
  }
  void next_half() {
    e_.add(p_, kHalfBytes);
    e_.add(half_, int(sizeof(HalfTransform)));
  }

  // x := x f modulo q (portable::multiply).
  void multiply(const Ymm& x, const Ymm& scratch, const Factor& f) {
    e_.vpmullw(scratch, x, f.times_q_inverse);
    e_.vpmulhw(x, x, f.value);
    e_.vpmulhw(scratch, scratch, q_);
    e_.vpsubw(x, x, scratch);
  }
  // x := x modulo q: at most q / 2 + 0.016 |x|.
  void reduce(const Ymm& x, const Ymm& scratch) {
    e_.vpmulhrsw(scratch, x, constant(OFFSET(tenths)));
    e_.vpmullw(scratch, scratch, q_);
    e_.vpsubw(x, x, scratch);
  }
  void butterfly(const Ymm& lower, const Ymm& upper, const Ymm& product, const Factor& f) {
    e_.vpmullw(product, upper, f.times_q_inverse);
    e_.vpmulhw(upper, upper, f.value);
    e_.vpmulhw(product, product, q_);
    const Ymm difference = spare(6);
    e_.vpsubw(difference, lower, upper);
    e_.vpaddw(lower, lower, upper);
    e_.vpaddw(upper, difference, product);
    e_.vpsubw(lower, lower, product);
  }
  void inverse_butterfly(const Ymm& lower, const Ymm& upper, const Ymm& difference, const Factor& f) {
    e_.vpsubw(difference, upper, lower);
    e_.vpaddw(lower, lower, upper);
    e_.vpmullw(upper, difference, f.times_q_inverse);
    e_.vpmulhw(difference, difference, f.value);
    e_.vpmulhw(upper, upper, q_);
    e_.vpsubw(upper, difference, upper);
  }

  // Exchanges parts of a pair's registers before the layer of length 8 >> layer: lower_half().
  void part(int layer, int pair) {
    Ymm &a = lower(1, pair), &b = upper(1, pair), &lower = spare(pair);
    switch (layer) {
      case 0:
        e_.vperm2i128(lower, a, b, 0x20);
        e_.vperm2i128(b, a, b, 0x31);
        break;
      case 1:
        e_.vpunpcklqdq(lower, a, b);
        e_.vpunpckhqdq(b, a, b);
        break;
      default:
        e_.vshufps(lower, a, b, 0x88);
        e_.vshufps(b, a, b, 0xdd);
    }
    std::swap(a, lower);
  }
  // And back.
  void join(int layer, int pair) {
    if (layer < 2) return part(layer, pair);
    Ymm &a = lower(1, pair), &b = upper(1, pair), &lower = spare(pair);
    e_.vpunpckldq(lower, a, b);
    e_.vpunpckhdq(b, a, b);
    std::swap(a, lower);
  }

  Emitter& e_;
  const Reg64 p_ = e_.rdi, constants_ = e_.rsi, half_ = e_.rdx;
  const Reg32 left_ = e_.ecx;
  const Ymm q_{15};
  // Contents stay where they are and registers change their roles.
  std::array<Ymm, 8> x_{Ymm(0), Ymm(1), Ymm(2), Ymm(3), Ymm(4), Ymm(5), Ymm(6), Ymm(7)};
  std::array<Ymm, 7> spare_{Ymm(8), Ymm(9), Ymm(10), Ymm(11), Ymm(12), Ymm(13), Ymm(14)};
};

}  // namespace

void ntt_avx2(Emitter& e) {
  e.function("mlkem_ntt_avx2", [&] { Transform(e).forward(); });
  e.function("mlkem_inverse_ntt_avx2", [&] { Transform(e).inverse(); });
}

}  // namespace mlkem::gen
