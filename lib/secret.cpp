// SPDX-License-Identifier: Apache-2.0
// Wiping and comparing secrets.
#include "mlkem-ike/secret.hpp"

#include <cstring>

#include "lib/ct.hpp"

namespace mlkem {

void wipe(void* memory, size_t bytes) noexcept {
  if (bytes == 0) return;
  std::memset(memory, 0, bytes);
  // Memory is an input of this statement, so the stores before it count as used.
  asm volatile("" : : "r"(memory) : "memory");
}

bool equal_constant_time(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  uint64_t difference = 0;
  for (size_t i = 0; i < bytes; ++i) difference |= ct::value_barrier(uint64_t(a[i] ^ b[i]));
  return ct::value_barrier(difference) == 0;
}

}  // namespace mlkem
