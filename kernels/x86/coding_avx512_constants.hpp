// SPDX-License-Identifier: Apache-2.0
// What the AVX-512 kernels read that take bits apart and put them together. Four coefficients of d bits are 4 d bits, a
// quadword's share: on the way in each quadword gathers the octets with its bits and cuts four windows out of them, on
// the way out each packs its four and the octets are gathered.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace mlkem::kernels::x86::avx512 {

inline constexpr int kQuadwords = 8, kOctets = 64;  // of a zmm register

struct Unpacking {
  alignas(64) uint8_t gather[kOctets];  // for vpermb
  alignas(64) uint8_t window[kOctets];  // for vpmultishiftqb
};

// Coefficients of d bits to words, `shift` above the words' ends. What else is in the words must be masked out.
constexpr Unpacking unpacking(int d, int shift) {
  Unpacking out{};
  for (int quadword = 0; quadword < kQuadwords; ++quadword) {
    const int first_bit = 4 * d * quadword;
    for (int octet = 0; octet < 8; ++octet) {
      out.gather[8 * quadword + octet] = uint8_t((first_bit / 8 + octet) % kOctets);
      const int from = first_bit % 8 + d * (octet / 2) - shift + 8 * (octet % 2);
      out.window[8 * quadword + octet] = uint8_t((from + 64) % 64);
    }
  }
  return out;
}

struct Packing {
  alignas(64) uint32_t join[2 * kQuadwords];  // for vpsllvd: two dwords of 2 d bits, end to end
  alignas(64) uint64_t left[kQuadwords],
      right[kQuadwords];                // two quadwords of 4 d bits, if these are no octets
  alignas(64) uint8_t gather[kOctets];  // for vpermb
};

constexpr Packing packing(int d) {
  Packing out{};
  for (int i = 0; i < kQuadwords; ++i) {
    out.join[2 * i] = uint32_t(32 - 2 * d);
    out.left[i] = i % 2 == 0 ? uint64_t(4 * d) : 64;
    out.right[i] = i % 2 == 0 ? 0 : uint64_t(64 - 4 * d);
  }
  const bool in_pairs = d % 2 != 0;
  const int full = in_pairs ? d : d / 2, unit = in_pairs ? 16 : 8;  // octets in use of each 16 or 8
  for (int octet = 0; octet < 4 * d; ++octet) out.gather[octet] = uint8_t(octet / full * unit + octet % full);
  return out;
}

// Three octets of a byte string: eight numbers of six bits in each quadword, for cbd_3.
constexpr Unpacking six_bits() {
  Unpacking out{};
  for (int quadword = 0; quadword < kQuadwords; ++quadword)
    for (int octet = 0; octet < 8; ++octet) {
      out.gather[8 * quadword + octet] = uint8_t((6 * quadword + octet) % kOctets);
      out.window[8 * quadword + octet] = uint8_t(6 * octet);
    }
  return out;
}

constexpr int ones(unsigned bits) {
  int count = 0;
  for (; bits != 0; bits >>= 1) count += int(bits & 1);
  return count;
}

struct CodingConstants {
  Unpacking decode_12;
  Unpacking decompress_1, decompress_4, decompress_5, decompress_10, decompress_11;
  Packing encode_12;
  Packing compress_4, compress_5, compress_10, compress_11;
  Unpacking six_bits;
  alignas(64) int8_t cbd_2[kOctets];  // by four bits, repeated
  alignas(64) int8_t cbd_3[kOctets];  // by six bits
};

consteval CodingConstants coding_constants() {
  CodingConstants out{};
  out.decode_12 = unpacking(12, 0);
  out.decompress_1 = unpacking(1, 14);
  out.decompress_4 = unpacking(4, 11);
  out.decompress_5 = unpacking(5, 10);
  out.decompress_10 = unpacking(10, 5);
  out.decompress_11 = unpacking(11, 4);
  out.encode_12 = packing(12);
  out.compress_4 = packing(4);
  out.compress_5 = packing(5);
  out.compress_10 = packing(10);
  out.compress_11 = packing(11);
  out.six_bits = six_bits();
  for (unsigned i = 0; i < kOctets; ++i) {
    out.cbd_2[i] = int8_t(ones(i & 3) - ones(i >> 2 & 3));
    out.cbd_3[i] = int8_t(ones(i & 7) - ones(i >> 3));
  }
  return out;
}

}  // namespace mlkem::kernels::x86::avx512
