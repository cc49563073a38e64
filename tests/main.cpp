// SPDX-License-Identifier: Apache-2.0
// The main() of every suite that reads test vectors.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/vectors.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const auto error = mlkem::test::take_vector_arguments(argc, argv)) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error->c_str());
    return 2;
  }
  if (argc > 1) {
    std::fprintf(stderr, "%s: unknown argument %s (own: --vectors DIR, repeatable)\n", argv[0], argv[1]);
    return 2;
  }
  return RUN_ALL_TESTS();
}
