// SPDX-License-Identifier: Apache-2.0
// Sampling (FIPS 203, section 4.2.2): uniform coefficients by rejection, small ones by the centered
// binomial distribution.
#include "kernels/portable/arith.hpp"
#include "kernels/portable/packing.hpp"

namespace mlkem::kernels::portable {

// Every candidate is stored and the count grows by 0 or 1: a branch on d < q would go wrong one time in five.
unsigned reject_vartime(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept {
  size_t n = have;
  const uint8_t* const end = xof + bytes;
  for (; n <= kN - 8 && end - xof >= 12; xof += 12) {
    int16_t candidate[8];
    unpack<12>(candidate, xof);
    for (int16_t d : candidate) {
      p.c[n] = d;
      n += d < kQ;
    }
  }
  // The last places: a candidate beyond them is looked at, too, but not stored.
  for (; n < kN && xof != end; xof += 3) {
    const int d1 = xof[0] | (xof[1] & 15) << 8, d2 = xof[1] >> 4 | xof[2] << 4;
    if (d1 < kQ) p.c[n++] = int16_t(d1);
    if (d2 < kQ && n < kN) p.c[n++] = int16_t(d2);
  }
  return unsigned(n);
}

void cbd_2(Poly& out, const uint8_t prf[128]) noexcept {
  for (int i = 0; i < kN / 2; ++i) {
    const int b = prf[i];
    const int pairs = (b & 0x55) + ((b >> 1) & 0x55);
    out.c[2 * i] = int16_t((pairs & 3) - ((pairs >> 2) & 3));
    out.c[2 * i + 1] = int16_t(((pairs >> 4) & 3) - (pairs >> 6));
  }
}

void cbd_3(Poly& out, const uint8_t prf[192]) noexcept {
  for (int i = 0; i < kN / 4; ++i) {
    const uint32_t b = prf[3 * i] | uint32_t{prf[3 * i + 1]} << 8 | uint32_t{prf[3 * i + 2]} << 16;
    const uint32_t triples = (b & 0x249249) + ((b >> 1) & 0x249249) + ((b >> 2) & 0x249249);
    for (int j = 0; j < 4; ++j)
      out.c[4 * i + j] = int16_t(int((triples >> (6 * j)) & 7) - int((triples >> (6 * j + 3)) & 7));
  }
}

}  // namespace mlkem::kernels::portable
