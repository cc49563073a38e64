// SPDX-License-Identifier: Apache-2.0
// Selection on secrets without branches, and marks for the constant-time test. Comparison is
// equal_constant_time() and the kernel `differ`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlkem::ct {

// From here on no branch and no address may depend on these octets, or on anything computed from them; and
// from here on they are public. Only the constant-time test, which is built with MLKEM_CT, listens.
#ifdef MLKEM_CT
void mark_secret(const void* memory, size_t bytes) noexcept;
void declassify(const void* memory, size_t bytes) noexcept;
#else
inline void mark_secret(const void*, size_t) noexcept {}
inline void declassify(const void*, size_t) noexcept {}
#endif

// Returns x; the compiler can't know that, and so can't turn masks made of it back into branches.
inline uint64_t value_barrier(uint64_t x) noexcept {
  asm("" : "+r"(x));
  return x;
}

// All ones if x is not 0, otherwise 0.
inline uint64_t mask_if_nonzero(uint64_t x) noexcept {
  x = value_barrier(x);
  return value_barrier(0 - ((x | (0 - x)) >> 63));
}

// out := mask ? a : b, for a mask of all ones or all zeros. out may be a or b.
inline void select(uint8_t* out, uint64_t mask, const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  const auto m = uint8_t(mask);
  for (size_t i = 0; i < bytes; ++i) out[i] = uint8_t((a[i] & m) | (b[i] & ~m));
}

}  // namespace mlkem::ct
