// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) for digests of known-answer texts, so that the ML-KEM tests need no cryptographic
// library.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mlkem::test {

namespace sha256_detail {

constexpr bool is_prime(unsigned n) {
  for (unsigned d = 2; d * d <= n; ++d)
    if (n % d == 0) return false;
  return true;
}

// Sections 4.2.2 and 5.3.3: the first 32 bits of the fractional parts of the first primes' cube or square
// roots. A double keeps more than 40 bits of these fractions, and none of them ends in a run of equal bits
// that long.
template <size_t kCount>
std::array<uint32_t, kCount> root_fractions(double (*root)(double)) {
  std::array<uint32_t, kCount> values{};
  unsigned prime = 1;
  for (uint32_t& value : values) {
    do ++prime;
    while (!is_prime(prime));
    value = uint32_t(uint64_t(root(prime) * 0x1p32));
  }
  return values;
}

inline const auto kRoundConstants = root_fractions<64>([](double x) { return std::cbrt(x); });
inline const auto kInitialHash = root_fractions<8>([](double x) { return std::sqrt(x); });

inline void compress(std::array<uint32_t, 8>& hash, const uint8_t block[64]) {
  uint32_t w[64];
  for (size_t t = 0; t < 16; ++t)
    w[t] = uint32_t(block[4 * t]) << 24 | uint32_t(block[4 * t + 1]) << 16 | uint32_t(block[4 * t + 2]) << 8 |
           block[4 * t + 3];
  for (size_t t = 16; t < 64; ++t) {
    const uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = hash;
  for (size_t t = 0; t < 64; ++t) {
    const uint32_t t1 = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                        kRoundConstants[t] + w[t];
    const uint32_t t2 =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const uint32_t working[8] = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < 8; ++i) hash[i] += working[i];
}

}  // namespace sha256_detail

inline std::array<uint8_t, 32> sha256(std::string_view message) {
  std::string padded(message);
  padded += char(0x80);
  while (padded.size() % 64 != 56) padded += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) padded += char(uint64_t(message.size()) * 8 >> shift & 0xff);

  auto hash = sha256_detail::kInitialHash;
  for (size_t at = 0; at < padded.size(); at += 64)
    sha256_detail::compress(hash, reinterpret_cast<const uint8_t*>(padded.data()) + at);
  std::array<uint8_t, 32> digest;
  for (size_t i = 0; i < 32; ++i) digest[i] = uint8_t(hash[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

}  // namespace mlkem::test
