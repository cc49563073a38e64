// SPDX-License-Identifier: Apache-2.0
#include "tests/arith_reference.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace mlkem::kernels {
namespace {

int64_t mod_q(int64_t x) {
  return (x % kQ + kQ) % kQ;
}
int64_t power(int64_t x, int64_t exponent) {
  int64_t r = 1;
  for (int64_t i = 0; i < exponent; ++i) r = r * x % kQ;
  return r;
}

// gamma_i = zeta^(2 BitRev7(i) + 1) and its powers: FIPS 203, section 4.3.
struct Gammas {
  std::array<std::array<int64_t, 128>, 128> power_of;
  Gammas() {
    for (int i = 0; i < 128; ++i) {
      int reversed = 0;
      for (int b = 0; b < 7; ++b) reversed += ((i >> b) & 1) * (64 >> b);
      const int64_t gamma = power(17, 2 * reversed + 1);
      int64_t r = 1;
      for (int64_t& p : power_of[size_t(i)]) {
        p = r;
        r = r * gamma % kQ;
      }
    }
  }
};
const auto& gammas() {
  static const Gammas table;
  return table.power_of;
}

// (4.12): the remainders of f modulo X^2 - gamma_i, each in [0, q).
void ntt(Poly& p) noexcept {
  const Poly f = p;
  for (size_t i = 0; i < 128; ++i)
    for (size_t parity = 0; parity < 2; ++parity) {
      int64_t sum = 0;
      for (size_t j = 0; j < 128; ++j) sum += f.c[2 * j + parity] * gammas()[i][j];
      p.c[2 * i + parity] = int16_t(mod_q(sum));
    }
}

// Interpolation: gamma_i^-1 = gamma_i^255, gamma_i^128 = -1, so gamma_i^-j = -gamma_i^(128 - j).
void inverse_ntt(Poly& p) noexcept {
  const int64_t inverse_128 = power(128, kQ - 2);
  const Poly f = p;
  for (size_t j = 0; j < 128; ++j)
    for (size_t parity = 0; parity < 2; ++parity) {
      int64_t sum = 0;
      for (size_t i = 0; i < 128; ++i) sum += f.c[2 * i + parity] * (j == 0 ? 1 : kQ - gammas()[i][128 - j]);
      p.c[2 * j + parity] = int16_t(mod_q(mod_q(sum) * inverse_128));
    }
}

void mul_cache(MulCache& out, const Poly&) noexcept {
  out = {};
}

// Algorithm 12.
void multiply_accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache*,
                         unsigned k) noexcept {
  for (size_t i = 0; i < 128; ++i) {
    int64_t even = 0, odd = 0;
    for (size_t j = 0; j < k; ++j) {
      const int64_t a0 = a[j * a_stride].c[2 * i], a1 = a[j * a_stride].c[2 * i + 1];
      const int64_t b0 = b[j].c[2 * i], b1 = b[j].c[2 * i + 1];
      even += a0 * b0 + mod_q(a1 * b1) * gammas()[i][1];
      odd += a0 * b1 + a1 * b0;
    }
    out.c[2 * i] = int16_t(mod_q(even));
    out.c[2 * i + 1] = int16_t(mod_q(odd));
  }
}

void add_product(Poly& p, const Poly& e) noexcept {
  for (int i = 0; i < kN; ++i) p.c[i] = int16_t(mod_q(p.c[i] + e.c[i]));
}
void add(Poly& r, const Poly& a) noexcept {
  for (int i = 0; i < kN; ++i) r.c[i] = int16_t(r.c[i] + a.c[i]);
}
void sub(Poly& r, const Poly& a) noexcept {
  for (int i = 0; i < kN; ++i) r.c[i] = int16_t(r.c[i] - a.c[i]);
}
void to_standard(Poly& p) noexcept {
  for (int16_t& c : p.c) c = int16_t(mod_q(c));
}

// Algorithms 3 and 4.
std::vector<int> bytes_to_bits(std::span<const uint8_t> bytes) {
  std::vector<int> bits;
  for (const uint8_t octet : bytes)
    for (int j = 0; j < 8; ++j) bits.push_back((octet >> j) & 1);
  return bits;
}
void bits_to_bytes(uint8_t* out, const std::vector<int>& bits) {
  std::fill_n(out, bits.size() / 8, uint8_t{0});
  for (size_t i = 0; i < bits.size(); ++i) out[i / 8] = uint8_t(out[i / 8] + (bits[i] << (i % 8)));
}

// Algorithm 7, continued from `have` coefficients.
unsigned reject_vartime(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept {
  for (size_t i = 0; i < bytes && have < kN; i += 3) {
    const int d1 = xof[i] + 256 * (xof[i + 1] % 16);
    const int d2 = xof[i + 1] / 16 + 16 * xof[i + 2];
    if (d1 < kQ) p.c[have++] = int16_t(d1);
    if (d2 < kQ && have < kN) p.c[have++] = int16_t(d2);
  }
  return have;
}

// Algorithm 8.
template <size_t eta>
void cbd(Poly& out, const uint8_t* prf) noexcept {
  const std::vector<int> bits = bytes_to_bits({prf, 64 * eta});
  for (size_t i = 0; i < kN; ++i) {
    int x = 0, y = 0;
    for (size_t j = 0; j < eta; ++j) {
      x += bits[2 * i * eta + j];
      y += bits[2 * i * eta + eta + j];
    }
    out.c[i] = int16_t(x - y);
  }
}

// Algorithm 5 and, without its reduction modulo q for d = 12, Algorithm 6.
template <int d>
void byte_encode(uint8_t* out, const Poly& p) {
  std::vector<int> bits;
  for (const int16_t c : p.c)
    for (int j = 0; j < d; ++j) bits.push_back((c >> j) & 1);
  bits_to_bytes(out, bits);
}
template <int d>
void byte_decode(Poly& out, const uint8_t* in) {
  const std::vector<int> bits = bytes_to_bits({in, 32 * d});
  for (size_t i = 0; i < kN; ++i) {
    out.c[i] = 0;
    for (size_t j = 0; j < d; ++j) out.c[i] = int16_t(out.c[i] + (bits[i * d + j] << j));
  }
}

void byte_encode_12(uint8_t* out, const Poly& p) noexcept {
  Poly reduced = p;
  to_standard(reduced);
  byte_encode<12>(out, reduced);
}
uint32_t byte_decode_12(Poly& out, const uint8_t* in) noexcept {
  byte_decode<12>(out, in);
  return std::any_of(out.c, out.c + kN, [](int16_t c) { return c >= kQ; });
}

// (4.7) and (4.8): the nearest integer to a quotient, halves up, is floor((2 numerator + denominator) / (2
// denominator)).
template <int d>
void compress(uint8_t* out, const Poly& p) noexcept {
  Poly compressed;
  for (int i = 0; i < kN; ++i)
    compressed.c[i] = int16_t((2 * (mod_q(p.c[i]) << d) + kQ) / (2 * kQ) % (1 << d));
  byte_encode<d>(out, compressed);
}
template <int d>
void decompress(Poly& out, const uint8_t* in) noexcept {
  byte_decode<d>(out, in);
  for (int16_t& c : out.c) c = int16_t((2 * kQ * c + (1 << d)) / (2 << d));
}

uint64_t differ(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  return !std::equal(a, a + bytes, b);
}

}  // namespace

constexpr Arith kArithReference = {.name = "reference",
                                   .needs = Isa::kNone,
                                   .ntt = ntt,
                                   .inverse_ntt = inverse_ntt,
                                   .mul_cache = mul_cache,
                                   .multiply_accumulate = multiply_accumulate,
                                   .add_product = add_product,
                                   .add = add,
                                   .sub = sub,
                                   .reject_vartime = reject_vartime,
                                   .cbd_2 = cbd<2>,
                                   .cbd_3 = cbd<3>,
                                   .byte_encode_12 = byte_encode_12,
                                   .byte_decode_12 = byte_decode_12,
                                   .compress_1 = compress<1>,
                                   .compress_4 = compress<4>,
                                   .compress_5 = compress<5>,
                                   .compress_10 = compress<10>,
                                   .compress_11 = compress<11>,
                                   .decompress_1 = decompress<1>,
                                   .decompress_4 = decompress<4>,
                                   .decompress_5 = decompress<5>,
                                   .decompress_10 = decompress<10>,
                                   .decompress_11 = decompress<11>,
                                   .differ = differ,
                                   .to_standard = to_standard};
static_assert(complete(kArithReference));

}  // namespace mlkem::kernels
