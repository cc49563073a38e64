// SPDX-License-Identifier: Apache-2.0
// Encoding, compression and comparison (FIPS 203, section 4.2.1).
#include "kernels/portable/arith.hpp"
#include "kernels/portable/bytes.hpp"
#include "kernels/portable/modular.hpp"
#include "kernels/portable/packing.hpp"
#include "kernels/portable/scratch.hpp"

namespace mlkem::kernels::portable {
namespace {

// round(2^d x / q) modulo 2^d, for |x| < 2q, in 16-bit arithmetic: an estimate of the quotient that is
// rounded down, and one more where the remainder says so. kInverse is so close to 2^(16 + d) / q that the
// estimate is less than 0.06 off before it is rounded; the remainder, with q / 2 added, is then in (0, 2q).
template <int d>
constexpr uint16_t compressed(int16_t x) {
  constexpr int kDoubled = d == 11;  // kInverse would not fit otherwise
  constexpr int16_t kInverse = ((1 << (16 + d - kDoubled)) + kQ / 2) / kQ;
  const int16_t quotient = high(int16_t(x << kDoubled), kInverse);
  const int16_t remainder = int16_t((x << d) + kQ / 2 - quotient * kQ);
  return uint16_t((quotient + (remainder >= kQ)) & ((1 << d) - 1));
}

// ByteEncode_d of f(c) for all coefficients c. Two loops: only the first is one for the vector unit.
template <int d, class F>
inline void encode(uint8_t out[32 * d], const Poly& p, F f) {
  uint16_t value[kN];
  for (int i = 0; i < kN; ++i) value[i] = f(p.c[i]);
  for (int i = 0; i < kN; i += 8) pack<d>(out + i / 8 * d, value + i);
  wipe_scratch(value);
}

// ByteDecode_d.
template <int d>
inline void decode(Poly& out, const uint8_t in[32 * d]) {
  for (int i = 0; i < kN; i += 8) unpack<d>(out.c + i, in + i / 8 * d);
}

}  // namespace

void byte_encode_12(uint8_t out[384], const Poly& p) noexcept {
  encode<12>(out, p, [](int16_t c) { return uint16_t(canonical(c)); });
}

uint32_t byte_decode_12(Poly& out, const uint8_t in[384]) noexcept {
  decode<12>(out, in);
  int16_t too_large = 0;  // gains its sign bit with a value of q or more
  for (int16_t c : out.c) too_large |= int16_t(kQ - 1 - c);
  return uint32_t{uint16_t(too_large)} >> 15;
}

template <int d>
void compress(uint8_t out[32 * d], const Poly& p) noexcept {
  encode<d>(out, p, compressed<d>);
}

template <int d>
void decompress(Poly& out, const uint8_t in[32 * d]) noexcept {
  decode<d>(out, in);
  for (int16_t& c : out.c) c = int16_t((c * kQ + (1 << (d - 1))) >> d);
}

template void compress<1>(uint8_t*, const Poly&) noexcept;
template void compress<4>(uint8_t*, const Poly&) noexcept;
template void compress<5>(uint8_t*, const Poly&) noexcept;
template void compress<10>(uint8_t*, const Poly&) noexcept;
template void compress<11>(uint8_t*, const Poly&) noexcept;
template void decompress<1>(Poly&, const uint8_t*) noexcept;
template void decompress<4>(Poly&, const uint8_t*) noexcept;
template void decompress<5>(Poly&, const uint8_t*) noexcept;
template void decompress<10>(Poly&, const uint8_t*) noexcept;
template void decompress<11>(Poly&, const uint8_t*) noexcept;

uint64_t differ(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  uint64_t difference = 0;
  for (size_t i = 0; i < bytes; i += 8) difference |= load_le64(a + i) ^ load_le64(b + i);
  return difference;
}

}  // namespace mlkem::kernels::portable
