// SPDX-License-Identifier: Apache-2.0
// The number-theoretic transform and products in its domain (FIPS 203, section 4.3), with lazy reduction: the
// bound on every coefficient stands beside each layer. Loops are written for compilers that vectorise:
// restrict, trip counts that are multiples of 8, no layer as a template. (gcc 12 unrolls layers of known
// length completely: 18 KB instead of 3, and up to 2.7 times slower.)
#include "kernels/portable/arith.hpp"
#include "kernels/portable/modular.hpp"

namespace mlkem::kernels::portable {
namespace {

struct Factors {
  int16_t value[128], times_q_inverse[128];

  constexpr Factor operator[](int i) const { return {value[i], times_q_inverse[i]}; }
  constexpr void set(int i, Factor f) {
    value[i] = f.value;
    times_q_inverse[i] = f.times_q_inverse;
  }
};

// The layer with n blocks takes elements n, ..., 2n - 1, in the order of its blocks.
consteval Factors forward_zetas() {
  Factors out{};
  for (int i = 1; i < 128; ++i) out.set(i, factor(power_of_zeta(bit_reverse_7(i))));
  return out;
}
consteval Factors inverse_zetas() {
  Factors out{};
  for (int n = 1; n < 128; n *= 2)
    for (int i = 0; i < n; ++i) out.set(n + i, factor(power_of_zeta(bit_reverse_7(2 * n - 1 - i))));
  return out;
}
// What X^2 is for a pair of coefficients.
consteval Factors pair_zetas() {
  Factors out{};
  for (int i = 0; i < 128; ++i) out.set(i, factor(power_of_zeta(2 * bit_reverse_7(i) + 1)));
  return out;
}
constexpr Factors kForwardZetas = forward_zetas();
constexpr Factors kInverseZetas = inverse_zetas();
constexpr Factors kPairZetas = pair_zetas();

// One layer of Algorithm 9 for lengths of 8 and more; eights = length / 8.
void forward_layer(Poly& p, int eights) {
  const int length = 8 * eights;
  for (int start = 0, i = kN / (2 * length); start < kN; start += 2 * length, ++i) {
    const Factor zeta = kForwardZetas[i];
    int16_t* __restrict lower = p.c + start;
    int16_t* __restrict upper = lower + length;
    for (int j = 0; j < length; ++j) {
      const int16_t t = multiply(upper[j], zeta);
      upper[j] = int16_t(lower[j] - t);
      lower[j] = int16_t(lower[j] + t);
    }
  }
}

// The layers of lengths 4 and 2 at once. The loop that is vectorised runs over blocks of eight coefficients,
// not within them, because every block has its own zetas.
void forward_layers_4_2(Poly& p) {
  for (int block = 0; block < kN / 8; ++block) {
    int16_t* c = p.c + 8 * block;
    int16_t r[8];
    for (int j = 0; j < 4; ++j) {
      const int16_t t = multiply(c[j + 4], kForwardZetas[kN / 8 + block]);
      r[j] = int16_t(c[j] + t);
      r[j + 4] = int16_t(c[j] - t);
    }
    for (int half = 0; half < 2; ++half)
      for (int j = 4 * half; j < 4 * half + 2; ++j) {
        const int16_t t = multiply(r[j + 2], kForwardZetas[kN / 4 + 2 * block + half]);
        c[j] = int16_t(r[j] + t);
        c[j + 2] = int16_t(r[j] - t);
      }
  }
}

// One layer of Algorithm 10 for lengths of 8 and more; eights = length / 8.
void inverse_layer(Poly& p, int eights) {
  const int length = 8 * eights;
  for (int start = 0, i = kN / (2 * length); start < kN; start += 2 * length, ++i) {
    const Factor zeta = kInverseZetas[i];
    int16_t* __restrict lower = p.c + start;
    int16_t* __restrict upper = lower + length;
    for (int j = 0; j < length; ++j) {
      const int16_t difference = int16_t(upper[j] - lower[j]);
      lower[j] = int16_t(lower[j] + upper[j]);
      upper[j] = multiply(difference, zeta);
    }
  }
}

// The layers of lengths 2 and 4, after a reduction.
void inverse_layers_2_4(Poly& p) {
  for (int block = 0; block < kN / 8; ++block) {
    int16_t* c = p.c + 8 * block;
    int16_t r[8];
    for (int half = 0; half < 2; ++half)
      for (int j = 4 * half; j < 4 * half + 2; ++j) {
        const int16_t lower = barrett_reduce(c[j]), upper = barrett_reduce(c[j + 2]);
        r[j] = int16_t(lower + upper);
        r[j + 2] = multiply(int16_t(upper - lower), kInverseZetas[kN / 4 + 2 * block + half]);
      }
    for (int j = 0; j < 4; ++j) {
      c[j] = int16_t(r[j] + r[j + 4]);
      c[j + 4] = multiply(int16_t(r[j + 4] - r[j]), kInverseZetas[kN / 8 + block]);
    }
  }
}

template <unsigned k>
void accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache) {
  for (int i = 0; i < kN / 2; ++i) {
    // |a| <= 2^12 and |b| <= 2^15: eight products are at most 2^30.
    int32_t even = 0, odd = 0;
    for (unsigned j = 0; j < k; ++j) {
      const int16_t a0 = a[j * a_stride].c[2 * i], a1 = a[j * a_stride].c[2 * i + 1];
      const int16_t b0 = b[j].c[2 * i], b1 = b[j].c[2 * i + 1];
      even += a0 * b0 + a1 * cache[j].c[i];
      odd += a0 * b1 + a1 * b0;
    }
    out.c[2 * i] = montgomery_reduce(even);
    out.c[2 * i + 1] = montgomery_reduce(odd);
  }
}

}  // namespace

// With |c| <= B before a layer, |c| <= B + B 1664 / 2^16 + q / 2 after it: from 3,329 on 5,078, 6,871, 8,710,
// 10,595, 12,529, and with the last two layers 14,511 and 16,544.
void ntt(Poly& p) noexcept {
  for (int eights = 16; eights >= 1; eights /= 2) forward_layer(p, eights);
  forward_layers_4_2(p);
}

// A layer's sums and differences are at most twice as large as its input, its products at most 2,496.
void inverse_ntt(Poly& p) noexcept {
  inverse_layers_2_4(p);  // 1,664 after the reduction; 3,328; 6,656
  for (int eights = 1; eights <= 16; eights *= 2) {
    inverse_layer(p, eights);  // 13,312; 26,624; then, from 1,664 again, 3,328; 6,656; 13,312
    if (eights == 2)
      for (int16_t& c : p.c) c = barrett_reduce(c);
  }
  // 1 / 128, and 2^16 because the product brought 2^-16: 2^9. At most 13,312 * 1664 / 2^16 + q / 2 < 2,003.
  constexpr Factor kScale = factor(512);
  for (int16_t& c : p.c) c = multiply(c, kScale);
}

void mul_cache(MulCache& out, const Poly& b) noexcept {
  for (int i = 0; i < kN / 2; ++i) out.c[i] = multiply(b.c[2 * i + 1], kPairZetas[i]);
}

// Algorithms 11 and 12. The rank is a constant in each case, or nothing would be vectorised.
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

// At most 18,048 * 1664 / 2^16 + q / 2 + 1,664 < 3,787.
void add_product(Poly& p, const Poly& e) noexcept {
  constexpr Factor kMontgomery = factor(65536);
  for (int i = 0; i < kN; ++i) p.c[i] = int16_t(multiply(p.c[i], kMontgomery) + barrett_reduce(e.c[i]));
}

void add(Poly& r, const Poly& a) noexcept {
  for (int i = 0; i < kN; ++i) r.c[i] = int16_t(r.c[i] + a.c[i]);
}

void sub(Poly& r, const Poly& a) noexcept {
  for (int i = 0; i < kN; ++i) r.c[i] = int16_t(r.c[i] - a.c[i]);
}

void to_standard(Poly& p) noexcept {
  for (int16_t& c : p.c) c = canonical(c);
}

}  // namespace mlkem::kernels::portable
