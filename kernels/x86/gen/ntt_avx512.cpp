// SPDX-License-Identifier: Apache-2.0
// The number-theoretic transform and its inverse (FIPS 203, Algorithms 9 and 10) with the polynomial in eight
// registers from beginning to end: three layers between registers, four within pairs of them.
#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/ntt_avx512_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::x86::avx512::FactorVector;
using kernels::x86::avx512::NttConstants;
using Xbyak::Ymm;
using Xbyak::Zmm;

constexpr size_t kTimesQInverse = offsetof(FactorVector, times_q_inverse),
                 kValue = offsetof(FactorVector, value);

#define OFFSET(member) offsetof(NttConstants, member)

class Transform {
 public:
  explicit Transform(Emitter& e) : e_(e) {}

  void forward() {
    load();
    for (int layer = 0; layer < 3; ++layer)
      butterflies(4 >> layer, [&](int i) { return outer_factor(OFFSET(forward_outer), layer, i); });
    for (int layer = 0; layer < 4; ++layer) {
      for (int pair = 0; pair < 4; ++pair) part(layer, pair);
      butterflies(1, [&](int i) { return inner_factor(OFFSET(forward), layer, i); });
    }
    for (int pair = 0; pair < 4; ++pair) permute(pair, OFFSET(home));
    store();
  }

  // Bounds: the product, 18,048, times a constant gives 2,123. Sums double: 4,246, 8,492, 16,984, which are reduced to
  // 1,664; products are at most 2,097 then. 4,194, 8,388, 16,776; reduced again; 3,761, reduced to 1,664.
  void inverse() {
    load();
    for (int i = 0; i < 8; ++i) multiply(Zmm(i), OFFSET(unscale), Zmm(8 + i));
    for (int pair = 0; pair < 4; ++pair) permute(pair, OFFSET(apart));
    for (int layer = 3; layer >= 0; --layer) {
      inverse_butterflies(1, [&](int i) { return inner_factor(OFFSET(inverse), layer, i); });
      if (layer == 1)
        for (int pair = 0; pair < 4; ++pair) reduce(Zmm(2 * pair), Zmm(8 + pair));
      for (int pair = 0; pair < 4; ++pair) join(layer, pair);
    }
    for (int layer = 2; layer >= 0; --layer) {
      inverse_butterflies(4 >> layer, [&](int i) { return outer_factor(OFFSET(inverse_outer), layer, i); });
      if (layer < 2)
        for (int i = 0; i < 4; ++i) reduce(lower(4 >> layer, i), Zmm(8 + i));
    }
    store();
  }

 private:
  Xbyak::Address at(size_t offset) const { return e_.ptr[e_.rsi + int(offset)]; }
  // Where a FactorVector stands.
  static size_t outer_factor(size_t table, int layer, int i) {
    return table + sizeof(FactorVector) * size_t((1 << layer) + (i >> (2 - layer)));
  }
  static size_t inner_factor(size_t table, int layer, int pair) {
    return table + sizeof(FactorVector) * size_t(4 * layer + pair);
  }
  // The registers of butterfly i between registers that are `distance` apart.
  static Zmm lower(int distance, int i) { return Zmm(i / distance * 2 * distance + i % distance); }
  static Zmm upper(int distance, int i) { return Zmm(lower(distance, i).getIdx() + distance); }

  void load() {
    e_.vmovdqa64(q_, at(OFFSET(q)));
    for (int i = 0; i < 8; ++i) e_.vmovdqa64(Zmm(i), e_.ptr[e_.rdi + 64 * i]);
  }
  void store() {
    for (int i = 0; i < 8; ++i) e_.vmovdqa64(e_.ptr[e_.rdi + 64 * i], Zmm(i));
  }

  // x := x f modulo q (portable::multiply).
  void multiply(const Zmm& x, size_t factor, const Zmm& scratch) {
    e_.vpmullw(scratch, x, at(factor + kTimesQInverse));
    e_.vpmulhw(x, x, at(factor + kValue));
    e_.vpmulhw(scratch, scratch, q_);
    e_.vpsubw(x, x, scratch);
  }
  // x := x modulo q, in [-(q-1)/2, (q-1)/2] (portable::barrett_reduce).
  void reduce(const Zmm& x, const Zmm& scratch) {
    e_.vpmulhw(scratch, x, at(OFFSET(barrett)));
    e_.vpmulhrsw(scratch, scratch, at(OFFSET(rounding)));
    e_.vpmullw(scratch, scratch, q_);
    e_.vpsubw(x, x, scratch);
  }

  // Four butterflies side by side, step by step, so that none waits for the one before.
  template <class FactorOf>
  void butterflies(int distance, FactorOf factor) {
    for (int i = 0; i < 4; ++i) e_.vpmullw(Zmm(8 + i), upper(distance, i), at(factor(i) + kTimesQInverse));
    for (int i = 0; i < 4; ++i) e_.vpmulhw(Zmm(12 + i), upper(distance, i), at(factor(i) + kValue));
    for (int i = 0; i < 4; ++i) e_.vpmulhw(Zmm(8 + i), Zmm(8 + i), q_);
    for (int i = 0; i < 4; ++i) e_.vpsubw(Zmm(12 + i), Zmm(12 + i), Zmm(8 + i));
    for (int i = 0; i < 4; ++i) {
      e_.vpsubw(upper(distance, i), lower(distance, i), Zmm(12 + i));
      e_.vpaddw(lower(distance, i), lower(distance, i), Zmm(12 + i));
    }
  }
  template <class FactorOf>
  void inverse_butterflies(int distance, FactorOf factor) {
    for (int i = 0; i < 4; ++i) {
      e_.vpsubw(Zmm(12 + i), upper(distance, i), lower(distance, i));
      e_.vpaddw(lower(distance, i), lower(distance, i), upper(distance, i));
    }
    for (int i = 0; i < 4; ++i) e_.vpmullw(Zmm(8 + i), Zmm(12 + i), at(factor(i) + kTimesQInverse));
    for (int i = 0; i < 4; ++i) e_.vpmulhw(Zmm(12 + i), Zmm(12 + i), at(factor(i) + kValue));
    for (int i = 0; i < 4; ++i) e_.vpmulhw(Zmm(8 + i), Zmm(8 + i), q_);
    for (int i = 0; i < 4; ++i) e_.vpsubw(upper(distance, i), Zmm(12 + i), Zmm(8 + i));
  }
  // Exchanges halves of a pair's registers before the layer of length 16 >> layer: kLowerHalves.
  void part(int layer, int pair) {
    const Zmm a(2 * pair), b(2 * pair + 1), lower(8 + pair);
    switch (layer) {
      case 0:
        e_.vinserti64x4(lower, a, Ymm(b.getIdx()), 1);
        e_.vshufi64x2(b, a, b, 0xee);
        break;
      case 1:
        e_.vshufi64x2(lower, a, b, 0x88);
        e_.vshufi64x2(b, a, b, 0xdd);
        break;
      case 2:
        e_.vpunpcklqdq(lower, a, b);
        e_.vpunpckhqdq(b, a, b);
        break;
      default:
        e_.vshufps(lower, a, b, 0x88);
        e_.vshufps(b, a, b, 0xdd);
    }
    e_.vmovdqa64(a, lower);
  }
  // And back, after that layer of the inverse transform.
  void join(int layer, int pair) {
    const Zmm a(2 * pair), b(2 * pair + 1), lower(8 + pair);
    switch (layer) {
      case 0:
        e_.vshufi64x2(lower, a, b, 0x88);
        e_.vshufi64x2(b, a, b, 0xdd);
        break;
      case 1:
        e_.vinserti64x4(lower, a, Ymm(b.getIdx()), 1);
        e_.vshufi64x2(b, a, b, 0xee);
        break;
      case 2:
        e_.vpunpcklqdq(lower, a, b);
        e_.vpunpckhqdq(b, a, b);
        break;
      default:
        e_.vpunpckldq(lower, a, b);
        e_.vpunpckhdq(b, a, b);
    }
    e_.vmovdqa64(a, lower);
  }
  // A pair's dwords by two index vectors.
  void permute(int pair, size_t table) {
    const Zmm a(2 * pair), b(2 * pair + 1), first(8 + 2 * pair), second(9 + 2 * pair);
    e_.vmovdqa64(first, at(table));
    e_.vmovdqa64(second, at(table + 64));
    e_.vpermi2d(first, a, b);
    e_.vpermi2d(second, a, b);
    e_.vmovdqa64(a, first);
    e_.vmovdqa64(b, second);
  }

  Emitter& e_;
  const Zmm q_{31};
};

}  // namespace

void ntt_avx512(Emitter& e) {
  e.function("mlkem_ntt_avx512", [&] { Transform(e).forward(); });
  e.function("mlkem_inverse_ntt_avx512", [&] { Transform(e).inverse(); });
}

}  // namespace mlkem::gen
