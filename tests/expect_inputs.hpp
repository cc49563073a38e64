// SPDX-License-Identifier: Apache-2.0
// Exhaustive is what the count says: tests/README.md lists it.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>

namespace mlkem::test {

inline void expect_inputs(size_t inputs, size_t expected) {
  EXPECT_EQ(inputs, expected);
  testing::Test::RecordProperty("inputs", int(inputs));
}

}  // namespace mlkem::test
