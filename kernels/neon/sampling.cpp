// SPDX-License-Identifier: Apache-2.0
// Sampling (FIPS 203, section 4.2.2): uniform coefficients by rejection, small ones by the centered binomial
// distribution.
#include <algorithm>
#include <array>
#include <bit>

#include "kernels/neon/arith.hpp"
#include "kernels/neon/modular.hpp"

namespace mlkem::kernels::neon {
namespace {

// For each set of eight words that stay: the octets that move them together.
struct Compaction {
  alignas(16) uint8_t octets[256][16];
};
consteval Compaction compaction() {
  Compaction out{};
  for (int set = 0; set < 256; ++set)
    for (int word = 0, kept = 0; word < kWords; ++word)
      if (set >> word & 1) {
        out.octets[set][2 * kept] = uint8_t(2 * word);
        out.octets[set][2 * kept + 1] = uint8_t(2 * word + 1);
        ++kept;
      }
  return out;
}
constexpr Compaction kCompaction = compaction();
consteval std::array<uint8_t, 256> counts() {
  std::array<uint8_t, 256> out{};
  for (size_t set = 0; set < 256; ++set) out[set] = uint8_t(std::popcount(set));
  return out;
}
constexpr std::array<uint8_t, 256> kCounts = counts();

// Eight numbers of 12 bits in 12 octets: the two octets that hold each.
constexpr uint8_t kTwelveBits[16] = {0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11};

}  // namespace

unsigned reject_vartime(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept {
  constexpr int kGroup = 12, kLoaded = 16;
  const uint8x16_t octets = vld1q_u8(kTwelveBits);
  const int16x8_t shifts = {0, -4, 0, -4, 0, -4, 0, -4};
  const uint16x8_t weights = {1, 2, 4, 8, 16, 32, 64, 128}, q = vdupq_n_u16(kQ), low = vdupq_n_u16(0xfff);
  // Stores the acceptable ones of eight candidates and what else is in the register; returns their count.
  const auto step = [&](int16_t* out, const uint8_t* from) {
    const uint16x8_t pairs = vreinterpretq_u16_u8(vqtbl1q_u8(vld1q_u8(from), octets));
    const uint16x8_t candidates = vandq_u16(vshlq_u16(pairs, shifts), low);
    const size_t kept = vaddvq_u16(vandq_u16(vcltq_u16(candidates, q), weights));
    const uint8x16_t compact =
        vqtbl1q_u8(vreinterpretq_u8_u16(candidates), vld1q_u8(kCompaction.octets[kept]));
    vst1q_s16(out, vreinterpretq_s16_u8(compact));
    return size_t{kCounts[kept]};
  };
  int16_t* out = p.c + have;
  int16_t* const full = p.c + kN;
  const uint8_t* const end = xof + bytes;
  for (; out <= full - 2 * kWords && end - xof >= kGroup + kLoaded; xof += 2 * kGroup) {
    out += step(out, xof);
    out += step(out, xof + kGroup);
  }
  // The last places: candidates beyond them are looked at, too, but not stored.
  for (; out != full && end - xof >= kLoaded; xof += kGroup) {
    int16_t last[kWords];
    const size_t count = std::min(step(last, xof), size_t(full - out));
    for (size_t i = 0; i < count; ++i) *out++ = last[i];
  }
  // The last octets.
  for (; out != full && xof != end; xof += 3) {
    const int d1 = xof[0] | (xof[1] & 15) << 8, d2 = xof[1] >> 4 | xof[2] << 4;
    if (d1 < kQ) *out++ = int16_t(d1);
    if (d2 < kQ && out != full) *out++ = int16_t(d2);
  }
  return unsigned(out - p.c);
}

// 16 octets are 32 coefficients: the difference of the two pairs of bits of each half octet, plus 4 so that nothing is
// borrowed.
void cbd_2(Poly& out, const uint8_t prf[128]) noexcept {
  const uint8x16_t ones = vdupq_n_u8(0x55), pairs = vdupq_n_u8(0x33), bias = vdupq_n_u8(0x44);
  for (int i = 0; i < kN / 2; i += 16) {
    const uint8x16_t b = vld1q_u8(prf + i);
    const uint8x16_t sums = vaddq_u8(vandq_u8(b, ones), vandq_u8(vshrq_n_u8(b, 1), ones));
    const uint8x16_t differences =
        vsubq_u8(vorrq_u8(vandq_u8(sums, pairs), bias), vandq_u8(vshrq_n_u8(sums, 2), pairs));
    const int8x16_t even =
        vreinterpretq_s8_u8(vsubq_u8(vandq_u8(differences, vdupq_n_u8(15)), vdupq_n_u8(4)));
    const int8x16_t odd = vreinterpretq_s8_u8(vsubq_u8(vshrq_n_u8(differences, 4), vdupq_n_u8(4)));
    const int8x16_t first = vzip1q_s8(even, odd), second = vzip2q_s8(even, odd);
    int16_t* const c = out.c + 2 * i;
    vst1q_s16(c, vmovl_s8(vget_low_s8(first)));
    vst1q_s16(c + 8, vmovl_high_s8(first));
    vst1q_s16(c + 16, vmovl_s8(vget_low_s8(second)));
    vst1q_s16(c + 24, vmovl_high_s8(second));
  }
}

// 12 octets are 16 coefficients: in a word of 32 bits three octets, whose four fields of six bits become the difference
// of their triples, plus 8 so that nothing is borrowed.
void cbd_3(Poly& out, const uint8_t prf[192]) noexcept {
  constexpr uint8_t kNone = 0xff;
  constexpr uint8_t kTriples[16] = {0, 1, 2, kNone, 3, 4, 5, kNone, 6, 7, 8, kNone, 9, 10, 11, kNone};
  // The last group is loaded from four octets before it.
  constexpr uint8_t kLastTriples[16] = {4, 5, 6, kNone, 7, 8, 9, kNone, 10, 11, 12, kNone, 13, 14, 15, kNone};
  constexpr uint8_t kFields[32] = {0, 1, 0, 1, 1, 2,  2,  3,  4,  5,  4,  5,  5,  6,  6,  7,
                                   8, 9, 8, 9, 9, 10, 10, 11, 12, 13, 12, 13, 13, 14, 14, 15};
  const int16x8_t shifts = {0, -6, -4, -2, 0, -6, -4, -2};
  const uint32x4_t ones = vdupq_n_u32(0x249249), triples = vdupq_n_u32(0x1c71c7),
                   bias = vdupq_n_u32(0x208208);
  for (int i = 0; i < kN / 16; ++i) {
    const bool last = i == kN / 16 - 1;
    const uint8x16_t octets = vld1q_u8(prf + 12 * i - (last ? 4 : 0));
    const uint32x4_t b = vreinterpretq_u32_u8(vqtbl1q_u8(octets, vld1q_u8(last ? kLastTriples : kTriples)));
    const uint32x4_t sums = vaddq_u32(vaddq_u32(vandq_u32(b, ones), vandq_u32(vshrq_n_u32(b, 1), ones)),
                                      vandq_u32(vshrq_n_u32(b, 2), ones));
    const uint8x16_t differences = vreinterpretq_u8_u32(
        vsubq_u32(vorrq_u32(vandq_u32(sums, triples), bias), vandq_u32(vshrq_n_u32(sums, 3), triples)));
    for (int half = 0; half < 2; ++half) {
      const uint16x8_t fields = vreinterpretq_u16_u8(vqtbl1q_u8(differences, vld1q_u8(kFields + 16 * half)));
      const uint16x8_t biased = vandq_u16(vshlq_u16(fields, shifts), vdupq_n_u16(15));
      vst1q_s16(out.c + 16 * i + 8 * half, vsubq_s16(vreinterpretq_s16_u16(biased), vdupq_n_s16(8)));
    }
  }
}

}  // namespace mlkem::kernels::neon
