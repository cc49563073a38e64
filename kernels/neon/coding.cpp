// SPDX-License-Identifier: Apache-2.0
// Encoding, compression and comparison (FIPS 203, section 4.2.1).
#include <cstring>

#include "kernels/neon/arith.hpp"
#include "kernels/neon/modular.hpp"
#include "kernels/portable/unrolled.hpp"

namespace mlkem::kernels::neon {
namespace {

// round(2^d x / q) in its lower d bits, for |x| < 2q: an estimate of the quotient that is rounded down, and one more
// where the remainder says so. The inverse is so close to 2^(15 + d) / q that the estimate is less than 0.1 off before
// it is rounded.
template <int d>
inline uint16x8_t compressed(int16x8_t x) {
  constexpr int16_t kInverse = ((1 << (15 + d)) + kQ / 2) / kQ;
  const int16x8_t quotient = vqdmulhq_n_s16(x, kInverse);
  const int16x8_t remainder = vmlsq_n_s16(vshlq_n_s16(x, d), quotient, kQ);
  const uint16x8_t one_more = vcgtq_s16(remainder, vdupq_n_s16(kQ / 2));  // all bits, that is -1
  return vsubq_u16(vreinterpretq_u16_s16(quotient), one_more);
}
template <int d>
inline uint16x8_t compressed_at(const Poly& p, int i) {
  return compressed<d>(vld1q_s16(p.c + i));
}

inline uint8x16_t lower_octets(uint16x8_t a, uint16x8_t b) {
  return vuzp1q_u8(vreinterpretq_u8_u16(a), vreinterpretq_u8_u16(b));
}

// Joins numbers of `bits` bits at the bottom of the two halves of each unit of 32 or 64 bits; what lies above the
// numbers is lost, or left above their union.
template <int bits>
inline uint8x16_t join_16(uint8x16_t v) {
  const uint16x8_t x = vreinterpretq_u16_u8(v);
  return vreinterpretq_u8_u16(vsliq_n_u16(x, vshrq_n_u16(x, 8), bits));
}
template <int bits>
inline uint8x16_t join_32(uint8x16_t v) {
  const uint32x4_t x = vreinterpretq_u32_u8(v);
  return vreinterpretq_u8_u32(vsliq_n_u32(x, vshrq_n_u32(x, 16), bits));
}
template <int bits>
inline uint8x16_t join_64(uint8x16_t v) {
  const uint64x2_t x = vreinterpretq_u64_u8(v);
  return vreinterpretq_u8_u64(vsliq_n_u64(x, vshrq_n_u64(x, 32), bits));
}

// Writes the first `octets` of v and nothing beyond.
template <int octets>
inline void store_first(uint8_t* out, uint8x16_t v) {
  vst1_u8(out, vget_low_u8(v));
  const uint16_t two = vgetq_lane_u16(vreinterpretq_u16_u8(v), 4);
  std::memcpy(out + 8, &two, sizeof two);
  if constexpr (octets == 11) vst1q_lane_u8(out + 10, v, 10);
}

constexpr uint8_t kNone = 0xff;

// Where the octets of numbers of d bits lie of which the first begins with the first octet: for eight numbers the
// window of two octets in which each begins, and how far it must move up for the number to end below bit 15.
template <int d>
struct Windows {
  alignas(16) uint8_t octets[16], third[16];
  alignas(16) int16_t shift[8], third_shift[8];
};
template <int d>
consteval Windows<d> windows(int from) {
  Windows<d> out{};
  for (int i = 0; i < kWords; ++i) {
    const int first = i * d / 8, offset = i * d % 8;
    out.octets[2 * i] = uint8_t(from + first);
    out.octets[2 * i + 1] = uint8_t(offset + d > 8 ? from + first + 1 : int{kNone});
    out.shift[i] = int16_t(15 - d - offset);
    out.third[2 * i] = uint8_t(offset + d > 16 ? from + first + 2 : int{kNone});
    out.third[2 * i + 1] = kNone;
    out.third_shift[i] = int16_t(out.shift[i] + 16);
  }
  return out;
}

template <int d, int from>
constexpr Windows<d> kWindows = windows<d>(from);

// Decompress_d of eight numbers: round(q y / 2^d) is half of a doubled product's upper part, y being at the top of 15
// bits.
inline int16x8_t decompressed(uint16x8_t y) {
  return vqrdmulhq_n_s16(vreinterpretq_s16_u16(y), kQ);
}

template <int d>
inline uint16x8_t spread(uint8x16_t octets, const Windows<d>& w) {
  const uint16x8_t first = vreinterpretq_u16_u8(vqtbl1q_u8(octets, vld1q_u8(w.octets)));
  uint16x8_t y = vshlq_u16(first, vld1q_s16(w.shift));
  if constexpr (d == 11) {
    const uint16x8_t third = vreinterpretq_u16_u8(vqtbl1q_u8(octets, vld1q_u8(w.third)));
    y = vorrq_u16(y, vshlq_u16(third, vld1q_s16(w.third_shift)));
  }
  return vandq_u16(y, vdupq_n_u16(((1 << d) - 1) << (15 - d)));
}

// The last groups are taken from the last 16 octets of the string.
template <int d>
inline void decompress(Poly& out, const uint8_t* in) {
  constexpr int kGroups = kN / kWords, kLoaded = 16, kBytes = 32 * d;
  constexpr int kWhole = (kBytes - kLoaded) / d + 1;
  for (int i = 0; i < kWhole; ++i)
    vst1q_s16(out.c + kWords * i, decompressed(spread<d>(vld1q_u8(in + d * i), kWindows<d, 0>)));
  unrolled<kGroups - kWhole>([&](auto i) {
    constexpr int kGroup = kWhole + decltype(i)::value, kFrom = d * kGroup - (kBytes - kLoaded);
    vst1q_s16(out.c + kWords * kGroup,
              decompressed(spread<d>(vld1q_u8(in + kBytes - kLoaded), kWindows<d, kFrom>)));
  });
}

}  // namespace

void byte_encode_12(uint8_t out[384], const Poly& p) noexcept {
  for (int i = 0; i < kN; i += 32, out += 48) {
    uint16x8_t even[2], odd[2], middle[2];
    for (int j = 0; j < 2; ++j) {
      const int16x8x2_t c = vld2q_s16(p.c + i + 16 * j);
      even[j] = vreinterpretq_u16_s16(canonical(c.val[0]));
      odd[j] = vreinterpretq_u16_s16(canonical(c.val[1]));
      middle[j] = vsliq_n_u16(vshrq_n_u16(even[j], 8), odd[j], 4);
    }
    const uint8x16_t last = vshrn_high_n_u16(vshrn_n_u16(odd[0], 4), odd[1], 4);
    const uint8x16x3_t joined = {{lower_octets(even[0], even[1]), lower_octets(middle[0], middle[1]), last}};
    vst3q_u8(out, joined);
  }
}

uint32_t byte_decode_12(Poly& out, const uint8_t in[384]) noexcept {
  uint16x8_t largest = vdupq_n_u16(0);
  for (int i = 0; i < kN; i += 32, in += 48) {
    const uint8x16x3_t b = vld3q_u8(in);
    const uint8x16_t upper = vandq_u8(b.val[1], vdupq_n_u8(15));
    const uint16x8_t even[] = {vreinterpretq_u16_u8(vzip1q_u8(b.val[0], upper)),
                               vreinterpretq_u16_u8(vzip2q_u8(b.val[0], upper))};
    const uint16x8_t odd[] = {vshrq_n_u16(vreinterpretq_u16_u8(vzip1q_u8(b.val[1], b.val[2])), 4),
                              vshrq_n_u16(vreinterpretq_u16_u8(vzip2q_u8(b.val[1], b.val[2])), 4)};
    for (int j = 0; j < 2; ++j) {
      largest = vmaxq_u16(largest, vmaxq_u16(even[j], odd[j]));
      const int16x8x2_t both = {{vreinterpretq_s16_u16(even[j]), vreinterpretq_s16_u16(odd[j])}};
      vst2q_s16(out.c + i + 16 * j, both);
    }
  }
  return uint32_t(kQ - 1 - int{vmaxvq_u16(largest)}) >> 31;
}

void compress_1(uint8_t out[32], const Poly& p) noexcept {
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  for (int i = 0; i < kN; i += 64) {
    uint8x16_t bits[4];
    for (int j = 0; j < 4; ++j) {
      const int at = i + 16 * j;
      const uint8x16_t both = lower_octets(compressed_at<1>(p, at), compressed_at<1>(p, at + 8));
      bits[j] = vandq_u8(vtstq_u8(both, vdupq_n_u8(1)), weights);
    }
    const uint8x16_t quarters = vpaddq_u8(vpaddq_u8(bits[0], bits[1]), vpaddq_u8(bits[2], bits[3]));
    vst1_u8(out + i / 8, vget_low_u8(vpaddq_u8(quarters, quarters)));
  }
}

void compress_4(uint8_t out[128], const Poly& p) noexcept {
  for (int i = 0; i < kN; i += 32) {
    uint16x8_t joined[2];
    for (int j = 0; j < 2; ++j) {
      const int16x8x2_t c = vld2q_s16(p.c + i + 16 * j);
      joined[j] = vsliq_n_u16(compressed<4>(c.val[0]), compressed<4>(c.val[1]), 4);
    }
    vst1q_u8(out + i / 2, lower_octets(joined[0], joined[1]));
  }
}

void compress_5(uint8_t out[160], const Poly& p) noexcept {
  const uint8x16_t whole = {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, kNone, kNone, kNone, kNone, kNone, kNone};
  const auto packed = [&](int i) {
    const uint8x16_t octets = lower_octets(compressed_at<5>(p, i), compressed_at<5>(p, i + 8));
    const uint8x16_t joined = join_64<20>(join_32<10>(join_16<5>(octets)));
    return vqtbl1q_u8(joined, whole);
  };
  // More is overwritten than belongs to a group, but for the last one.
  for (int i = 0; i < kN - 16; i += 16, out += 10) vst1q_u8(out, packed(i));
  store_first<10>(out, packed(kN - 16));
}

void compress_10(uint8_t out[320], const Poly& p) noexcept {
  const uint8x16_t whole = {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, kNone, kNone, kNone, kNone, kNone, kNone};
  const auto packed = [&](int i) {
    const uint8x16_t joined = join_64<20>(join_32<10>(vreinterpretq_u8_u16(compressed_at<10>(p, i))));
    return vqtbl1q_u8(joined, whole);
  };
  // More is overwritten than belongs to a group, but for the last one.
  for (int i = 0; i < kN - 8; i += 8, out += 10) vst1q_u8(out, packed(i));
  store_first<10>(out, packed(kN - 8));
}

// Two numbers of 44 bits: the second moves up four bits, to share an octet with the first.
void compress_11(uint8_t out[352], const Poly& p) noexcept {
  const uint8x16_t first = {0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, kNone, kNone, kNone, kNone, kNone};
  const uint8x16_t shared = {kNone, kNone, kNone, kNone, kNone, 8,     kNone, kNone,
                             kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  const uint16x8_t low = vdupq_n_u16((1 << 11) - 1);
  const int64x2_t shifts = {0, 4};
  const auto packed = [&](int i) {
    const uint16x8_t numbers = vandq_u16(compressed_at<11>(p, i), low);
    const uint8x16_t joined = join_64<22>(join_32<11>(vreinterpretq_u8_u16(numbers)));
    const uint8x16_t moved = vreinterpretq_u8_u64(vshlq_u64(vreinterpretq_u64_u8(joined), shifts));
    const uint8x16_t octets = vorrq_u8(vqtbl1q_u8(moved, first), vqtbl1q_u8(moved, shared));
    return octets;
  };
  // More is overwritten than belongs to a group, but for the last one.
  for (int i = 0; i < kN - 8; i += 8, out += 11) vst1q_u8(out, packed(i));
  store_first<11>(out, packed(kN - 8));
}

void decompress_1(Poly& out, const uint8_t in[32]) noexcept {
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t octets = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
  const int16x8_t half = vdupq_n_s16((kQ + 1) / 2);
  for (int i = 0; i < kN; i += 16) {
    uint16_t two;
    std::memcpy(&two, in + i / 8, sizeof two);
    const int8x16_t set =
        vreinterpretq_s8_u8(vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u16(vdupq_n_u16(two)), octets), weights));
    vst1q_s16(out.c + i, vandq_s16(vreinterpretq_s16_s8(vzip1q_s8(set, set)), half));
    vst1q_s16(out.c + i + 8, vandq_s16(vreinterpretq_s16_s8(vzip2q_s8(set, set)), half));
  }
}

void decompress_4(Poly& out, const uint8_t in[128]) noexcept {
  const uint8x16_t top = vdupq_n_u8(0x78), zero = vdupq_n_u8(0);
  for (int i = 0; i < kN; i += 32) {
    const uint8x16_t b = vld1q_u8(in + i / 2);
    const uint8x16_t even = vandq_u8(vshlq_n_u8(b, 3), top), odd = vandq_u8(vshrq_n_u8(b, 1), top);
    const uint8x16_t tops[] = {vzip1q_u8(even, odd), vzip2q_u8(even, odd)};
    for (int j = 0; j < 2; ++j) {
      vst1q_s16(out.c + i + 16 * j, decompressed(vreinterpretq_u16_u8(vzip1q_u8(zero, tops[j]))));
      vst1q_s16(out.c + i + 16 * j + 8, decompressed(vreinterpretq_u16_u8(vzip2q_u8(zero, tops[j]))));
    }
  }
}

void decompress_5(Poly& out, const uint8_t in[160]) noexcept {
  decompress<5>(out, in);
}

void decompress_10(Poly& out, const uint8_t in[320]) noexcept {
  decompress<10>(out, in);
}

void decompress_11(Poly& out, const uint8_t in[352]) noexcept {
  decompress<11>(out, in);
}

uint64_t differ(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  uint8x16_t difference = vdupq_n_u8(0);
  for (size_t i = 0; i < bytes; i += 32) {
    difference = vorrq_u8(difference, veorq_u8(vld1q_u8(a + i), vld1q_u8(b + i)));
    difference = vorrq_u8(difference, veorq_u8(vld1q_u8(a + i + 16), vld1q_u8(b + i + 16)));
  }
  return vmaxvq_u32(vreinterpretq_u32_u8(difference));
}

}  // namespace mlkem::kernels::neon
