// SPDX-License-Identifier: Apache-2.0
// What the AVX2 kernels read that take bits apart and put them together. Each half of a register holds eight
// coefficients, which are d octets of a byte string.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace mlkem::kernels::x86::avx2 {

using OctetVector = std::array<uint8_t, 32>;

// Where an octet of the 2 d octets of a register's coefficients lies in a half that was loaded from them. What is too
// long for one half is loaded twice: the first 16 octets, and the last 16.
constexpr int loaded(int d, int half, int octet) {
  return octet - (half == 1 && d > 8 ? 2 * d - 16 : 0);
}

// Numbers of d bits to words: each word gathers the two octets with its bits and moves them to its upper end. What else
// is in the words must be shifted or masked out.
struct Unpacking {
  alignas(32) OctetVector gather;                   // for vpshufb
  alignas(32) std::array<uint16_t, 16> to_the_top;  // for vpmullw
};
constexpr Unpacking unpacking(int d, int below_top) {
  Unpacking out{};
  for (int word = 0; word < 16; ++word) {
    const int bit = d * word;
    for (int octet = 0; octet < 2; ++octet)
      out.gather[size_t(2 * word + octet)] = uint8_t(loaded(d, word / 8, bit / 8 + octet));
    out.to_the_top[size_t(word)] = uint16_t(1 << (16 - below_top - d - bit % 8));
  }
  return out;
}

// Eleven bits may lie in three octets: dwords gather two numbers.
struct Unpacking11 {
  alignas(32) OctetVector gather;
  alignas(32) std::array<uint32_t, 8> to_the_top;  // for vpsllvd
};
constexpr Unpacking11 unpacking_11() {
  Unpacking11 out{};
  for (int dword = 0; dword < 8; ++dword) {
    const int bit = 22 * dword;
    // The last dword's fourth octet is beyond the loaded ones and shifted out.
    for (int octet = 0; octet < 4; ++octet)
      out.gather[size_t(4 * dword + octet)] = uint8_t(loaded(11, dword / 4, bit / 8 + octet) % 16);
    out.to_the_top[size_t(dword)] = uint32_t(32 - 22 - bit % 8);
  }
  return out;
}

// Words of d bits to the first octets of each half.
struct Packing {
  alignas(32) std::array<uint16_t, 16> in_pairs;    // for vpmaddwd: two words to a dword of 2 d bits
  alignas(32) std::array<uint32_t, 8> join;         // for vpsllvd: two dwords, end to end
  alignas(32) std::array<uint64_t, 4> left, right;  // two quadwords of 4 d bits, if these are no octets
  alignas(32) OctetVector gather;                   // or, if they are, for vpshufb
};
constexpr Packing packing(int d) {
  Packing out{};
  for (size_t i = 0; i < 16; ++i) out.in_pairs[i] = uint16_t(i % 2 == 0 ? 1 : 1 << d);
  for (size_t i = 0; i < 8; ++i) out.join[i] = i % 2 == 0 ? uint32_t(32 - 2 * d) : 0;
  for (size_t i = 0; i < 4; ++i) {
    out.left[i] = i % 2 == 0 ? uint64_t(4 * d) : 64;
    out.right[i] = i % 2 == 0 ? 0 : uint64_t(64 - 4 * d);
  }
  const int full = d / 2;  // octets in use of a quadword's
  for (int i = 0; i < 32; ++i) {
    const int octet = i % 16;
    out.gather[size_t(i)] = octet < 2 * full ? uint8_t(octet / full * 8 + octet % full) : 0x80;
  }
  return out;
}

constexpr uint8_t ones(unsigned bits) {
  uint8_t count = 0;
  for (; bits != 0; bits >>= 1) count += bits & 1;
  return count;
}

struct CodingConstants {
  Unpacking decode_12, decompress_1, decompress_4, decompress_5, decompress_10, six_bits;
  Unpacking11 decompress_11;
  Packing encode_12, compress_10, compress_11;
  alignas(32) std::array<int8_t, 32> cbd_2;  // by four bits
  alignas(32) OctetVector cbd_3;             // how many ones, by three bits; a fourth does not count
  alignas(32) std::array<uint32_t, 8> halves_in_turn;  // dwords, for vpermd
  // For rejection: by eight bits, one for each candidate that is taken, where the octets of the next words are, and
  // how many words there are.
  alignas(16) uint8_t selected[256][16];
  uint8_t count[256];
  // For vpshufb, 16 octets from the 16th less n on: all octets n places up.
  uint8_t slide[32];
};

consteval CodingConstants coding_constants() {
  CodingConstants out{};
  out.decode_12 = unpacking(12, 0);
  out.decompress_1 = unpacking(1, 1);
  out.decompress_4 = unpacking(4, 1);
  out.decompress_5 = unpacking(5, 1);
  out.decompress_10 = unpacking(10, 0);
  out.decompress_11 = unpacking_11();
  out.six_bits = unpacking(6, 0);
  out.encode_12 = packing(12);
  out.compress_10 = packing(10);
  out.compress_11 = packing(11);
  for (unsigned i = 0; i < 32; ++i) {
    out.cbd_2[i] = int8_t(ones(i & 3) - ones(i >> 2 & 3));
    out.cbd_3[i] = ones(i & 7);
    out.slide[i] = i < 16 ? 0x80 : uint8_t(i - 16);
  }
  for (unsigned i = 0; i < 8; ++i) out.halves_in_turn[i] = i / 2 + 4 * (i % 2);
  for (unsigned bits = 0; bits < 256; ++bits) {
    out.count[bits] = ones(bits);
    for (unsigned word = 0, n = 0; word < 8; ++word)
      if (bits >> word & 1) {
        out.selected[bits][n++] = uint8_t(2 * word);
        out.selected[bits][n++] = uint8_t(2 * word + 1);
      }
  }
  return out;
}

}  // namespace mlkem::kernels::x86::avx2
