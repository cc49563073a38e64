// SPDX-License-Identifier: Apache-2.0
// FIPS 203, section 4.1: the hash functions of ML-KEM as jobs for the lane scheduler.
#pragma once

#include "lib/lanes.hpp"

namespace mlkem::hashes {

// FIPS 202, section 6: what separates the domains, with the padding's first bit.
inline constexpr uint64_t kSha3End = 0x06, kShakeEnd = 0x1f;
inline constexpr uint8_t kSha3_256Rate = 17, kSha3_512Rate = 9, kShake128Rate = 21,
                         kShake256Rate = 17;  // words

// H(body) = SHA3-256(body), 32 octets. body_bytes: a multiple of 8, as all keys and ciphertexts have.
inline HashJob h(const uint8_t* body, size_t body_bytes, uint8_t* out) noexcept {
  return {.body = body,
          .body_words = uint32_t(body_bytes / 8),
          .last = kSha3End,
          .rate_words = kSha3_256Rate,
          .out_words = 4,
          .out = out};
}

// G(head | body) = SHA3-512(head | body), 64 octets, for the 32 octets of m' and H(ek).
inline HashJob g(const uint8_t head[32], const uint8_t body[32], uint8_t* out) noexcept {
  return {.head = head,
          .body = body,
          .body_words = 4,
          .last = kSha3End,
          .rate_words = kSha3_512Rate,
          .out_words = 8,
          .out = out};
}

// G(d | k), 64 octets.
inline HashJob g_of_seed(const uint8_t d[32], int k, uint8_t* out) noexcept {
  return {.body = d,
          .body_words = 4,
          .last = unsigned(k) | kSha3End << 8,
          .rate_words = kSha3_512Rate,
          .out_words = 8,
          .out = out};
}

// J(z | c) = SHAKE256(z | c), 32 octets. c_bytes: a multiple of 8.
inline HashJob j(const uint8_t z[32], const uint8_t* c, size_t c_bytes, uint8_t* out) noexcept {
  return {.head = z,
          .body = c,
          .body_words = uint32_t(c_bytes / 8),
          .last = kShakeEnd,
          .rate_words = kShake256Rate,
          .out_words = 4,
          .out = out};
}

// PRF_eta(s, n) = SHAKE256(s | n), 64 eta octets at the front of the lane's buffer: 16 words, or 24 out of two blocks.
inline HashJob prf(int eta, const uint8_t s[32], unsigned n) noexcept {
  return {.body = s,
          .body_words = 4,
          .last = n | kShakeEnd << 8,
          .rate_words = kShake256Rate,
          .out_words = uint8_t(eta == 2 ? 16 : kShake256Rate),
          .out_blocks = uint8_t(eta - 1)};
}

// XOF(rho | j | i) = SHAKE128, its first three blocks into the lane's buffer.
inline HashJob xof(const uint8_t rho[32], unsigned i, unsigned j) noexcept {
  return {.body = rho,
          .body_words = 4,
          .last = j | i << 8 | kShakeEnd << 16,
          .rate_words = kShake128Rate,
          .out_words = kShake128Rate,
          .out_blocks = kXofBlocks};
}

}  // namespace mlkem::hashes
