// SPDX-License-Identifier: Apache-2.0
// FIPS 203, section 4.1: the hash functions of ML-KEM as jobs for the lane scheduler.
#pragma once

#include "lib/lanes.hpp"

namespace mlkem::hashes {

inline constexpr uint8_t kSha3Domain = 0x06,
                         kShakeDomain = 0x1f;  // FIPS 202, section 6, with the first padding bit
inline constexpr uint8_t kSha3_256Rate = 17, kSha3_512Rate = 9, kShake128Rate = 21,
                         kShake256Rate = 17;  // words

// H(body) = SHA3-256(body), 32 octets.
inline HashJob h(const uint8_t* body, size_t body_bytes, uint8_t* out) noexcept {
  return {.body = body,
          .body_bytes = uint32_t(body_bytes),
          .domain = kSha3Domain,
          .rate_words = kSha3_256Rate,
          .out_words = 4,
          .out = out};
}

// G(head | body) = SHA3-512(head | body), 64 octets, for the 32 octets of m' and H(ek).
inline HashJob g(const uint8_t head[32], const uint8_t body[32], uint8_t* out) noexcept {
  return {.head = head,
          .body = body,
          .body_bytes = 32,
          .domain = kSha3Domain,
          .rate_words = kSha3_512Rate,
          .out_words = 8,
          .out = out};
}

// G(d | k), 64 octets.
inline HashJob g_of_seed(const uint8_t d[32], int k, uint8_t* out) noexcept {
  return {.head = d,
          .suffix = {uint8_t(k)},
          .suffix_bytes = 1,
          .domain = kSha3Domain,
          .rate_words = kSha3_512Rate,
          .out_words = 8,
          .out = out};
}

// J(z | c) = SHAKE256(z | c), 32 octets.
inline HashJob j(const uint8_t z[32], const uint8_t* c, size_t c_bytes, uint8_t* out) noexcept {
  return {.head = z,
          .body = c,
          .body_bytes = uint32_t(c_bytes),
          .domain = kShakeDomain,
          .rate_words = kShake256Rate,
          .out_words = 4,
          .out = out};
}

// PRF_eta(s, n) = SHAKE256(s | n), 64 eta octets into the lane's buffer.
inline HashJob prf(int eta, const uint8_t s[32], unsigned n) noexcept {
  return {.head = s,
          .suffix = {uint8_t(n)},
          .suffix_bytes = 1,
          .domain = kShakeDomain,
          .rate_words = kShake256Rate,
          .out_words = uint8_t(8 * eta)};
}

// XOF(rho | j | i) = SHAKE128, its first three blocks into the lane's buffer.
inline HashJob xof(const uint8_t rho[32], unsigned i, unsigned j) noexcept {
  return {.head = rho,
          .suffix = {uint8_t(j), uint8_t(i)},
          .suffix_bytes = 2,
          .domain = kShakeDomain,
          .rate_words = kShake128Rate,
          .out_words = kXofBytes / 8};
}

}  // namespace mlkem::hashes
