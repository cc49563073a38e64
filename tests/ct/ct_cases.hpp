// SPDX-License-Identifier: Apache-2.0
// What the constant-time tests share: how often memcheck saw control flow or an address depend on a secret.
#pragma once

#include <gtest/gtest.h>
#include <valgrind/memcheck.h>

#include <cstdint>
#include <vector>

#include "lib/ct.hpp"

namespace mlkem::test {

class CtTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RUNNING_ON_VALGRIND) GTEST_SKIP() << "only memcheck sees what depends on a secret: needs valgrind";
  }
};

// How often memcheck complains while f runs, repetitions included; its own output names the places.
template <class F>
unsigned leaks_of(F f) {
  const unsigned before = VALGRIND_COUNT_ERRORS;
  f();
  return VALGRIND_COUNT_ERRORS - before;
}

// True if memcheck takes one of these octets for a secret: a test proves nothing where a mark got lost.
inline bool is_secret(const void* memory, size_t bytes) {
  std::vector<uint8_t> undefined_bits(bytes);
  const auto got = VALGRIND_GET_VBITS(memory, undefined_bits.data(), bytes);
  EXPECT_EQ(got, 1u);
  for (const uint8_t bits : undefined_bits)
    if (bits != 0) return true;
  return false;
}

}  // namespace mlkem::test
