// SPDX-License-Identifier: Apache-2.0
// The C interface's constants: sizes, result codes and their texts, version.
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "mlkem-ike/mlkem.h"
#include "mlkem-ike/mlkem.hpp"

namespace mlkem::test {
namespace {

TEST(CApi, SizesAreThoseOfFips203) {
  EXPECT_EQ(mlkem_ek_bytes(MLKEM_512), 800u);
  EXPECT_EQ(mlkem_dk_bytes(MLKEM_512), 1632u);
  EXPECT_EQ(mlkem_ct_bytes(MLKEM_512), 768u);
  EXPECT_EQ(mlkem_ek_bytes(MLKEM_768), 1184u);
  EXPECT_EQ(mlkem_dk_bytes(MLKEM_768), 2400u);
  EXPECT_EQ(mlkem_ct_bytes(MLKEM_768), 1088u);
  EXPECT_EQ(mlkem_ek_bytes(MLKEM_1024), 1568u);
  EXPECT_EQ(mlkem_dk_bytes(MLKEM_1024), 3168u);
  EXPECT_EQ(mlkem_ct_bytes(MLKEM_1024), 1568u);
}

TEST(CApi, EveryCodeHasItsOwnText) {
  std::vector<std::string> texts;
  for (int code = MLKEM_ERR_RANDOM; code <= MLKEM_OK; ++code) {
    ASSERT_NE(mlkem_strerror(code), nullptr);
    texts.emplace_back(mlkem_strerror(code));
    EXPECT_FALSE(texts.back().empty());
  }
  for (const int code : {1, -6, 1000, INT_MIN, INT_MAX}) {
    ASSERT_NE(mlkem_strerror(code), nullptr);
    EXPECT_EQ(std::find(texts.begin(), texts.end(), mlkem_strerror(code)), texts.end());
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

TEST(CApi, VersionAndCodesAgreeWithTheHeaders) {
  EXPECT_EQ(mlkem_version(), std::to_string(MLKEM_VERSION_MAJOR) + "." + std::to_string(MLKEM_VERSION_MINOR) +
                                 "." + std::to_string(MLKEM_VERSION_PATCH));
  EXPECT_STREQ(mlkem_version(), MLKEM_TEST_PROJECT_VERSION);
  EXPECT_STREQ(mlkem_backend(), backend());
  EXPECT_EQ(int(Status::kOk), MLKEM_OK);
  EXPECT_EQ(int(Status::kArgument), MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(int(Status::kLength), MLKEM_ERR_LENGTH);
  EXPECT_EQ(int(Status::kEk), MLKEM_ERR_EK);
  EXPECT_EQ(int(Status::kDk), MLKEM_ERR_DK);
  EXPECT_EQ(int(Status::kRandom), MLKEM_ERR_RANDOM);
}

}  // namespace
}  // namespace mlkem::test
