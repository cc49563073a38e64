// SPDX-License-Identifier: Apache-2.0
// The marks of lib/ct.hpp for valgrind's memcheck: a secret is memory without a defined value, so that
// memcheck follows it through every computation and reports each branch and each address that depends on it.
#include <valgrind/memcheck.h>

#include "lib/ct.hpp"

namespace mlkem::ct {

void mark_secret(const void* memory, size_t bytes) noexcept {
  VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes);
}

void declassify(const void* memory, size_t bytes) noexcept {
  VALGRIND_MAKE_MEM_DEFINED(memory, bytes);
}

}  // namespace mlkem::ct
