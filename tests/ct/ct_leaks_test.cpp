// SPDX-License-Identifier: Apache-2.0
// The constant-time test can fail: code that leaks on purpose is caught, also behind ML-KEM itself.
#include "tests/ct/ct_cases.hpp"
#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

using Bytes = std::vector<uint8_t>;

class CtLeaks : public CtTest {};

TEST_F(CtLeaks, BranchOnASecretIsCaught) {
  volatile uint8_t sink = 0;
  Bytes secret(32, 7);
  ct::mark_secret(secret.data(), secret.size());
  EXPECT_GT(leaks_of([&] {
              if (secret[3] == 7) sink = 1;
            }),
            0u);
  EXPECT_EQ(sink, 1);
}

TEST_F(CtLeaks, SecretIndexIsCaught) {
  static const uint8_t kTable[256] = {};
  volatile uint8_t sink = 0;
  Bytes secret(32, 7);
  ct::mark_secret(secret.data(), secret.size());
  EXPECT_GT(leaks_of([&] { sink = kTable[secret[3]]; }), 0u);
  ct::declassify(secret.data(), secret.size());
  EXPECT_EQ(leaks_of([&] { sink = kTable[secret[3]]; }), 0u);
  (void)sink;
}

TEST_F(CtLeaks, EarlyExitOfAComparisonIsCaught) {
  const Bytes other(32, 7);
  Bytes secret(32, 7);
  ct::mark_secret(secret.data(), secret.size());
  EXPECT_GT(leaks_of([&] {
              volatile size_t same = 0;
              while (same < secret.size() && secret[same] == other[same]) same = same + 1;
            }),
            0u);
}

// Kernels that compute the right thing the wrong way.
uint64_t differ_with_early_exit(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept {
  for (size_t i = 0; i < bytes; ++i)
    if (a[i] != b[i]) return 1;
  return 0;
}

void cbd_2_by_table(kernels::Poly& out, const uint8_t prf[128]) noexcept {
  static constexpr int8_t kBits[4] = {0, 1, 1, 2};
  for (int i = 0; i < kernels::kN; ++i) {
    const int four = prf[i / 2] >> (i % 2 * 4) & 15;
    out.c[i] = int16_t(kBits[four & 3] - kBits[four >> 2]);
  }
}

const kernels::Arith& portable() {
  return *kernels::arith_tables().back();
}

// How often memcheck complains of one exchange over a table.
unsigned leaks_of_exchange(const kernels::Arith& arith, bool good_ciphertext = true) {
  const Tables tables{arith, *kernels::keccak_tables().back()};
  Bytes ek(MlKem768::kEkBytes), dk(MlKem768::kDkBytes), ct(MlKem768::kCtBytes), ss(kSharedSecretBytes);
  const Bytes d_z = test_bytes(1, kSeedBytes), m = test_bytes(2, kMessageBytes);
  return leaks_of([&] {
    EXPECT_EQ(keygen_one<MlKem768>(tables, ek.data(), dk.data(), d_z.data()), Status::kOk);
    EXPECT_EQ(encaps_one<MlKem768>(tables, ct.data(), ss.data(), ek.data(), m.data()), Status::kOk);
    if (!good_ciphertext) ct[5] ^= 1;
    EXPECT_EQ(decaps_one<MlKem768>(tables, ss.data(), ct.data(), dk.data()), Status::kOk);
  });
}

TEST_F(CtLeaks, LeakyComparisonOfCiphertextsIsCaught) {
  kernels::Arith leaky = portable();
  EXPECT_EQ(leaks_of_exchange(leaky), 0u);
  leaky.differ = differ_with_early_exit;
  EXPECT_GT(leaks_of_exchange(leaky), 0u);
  EXPECT_GT(leaks_of_exchange(leaky, false), 0u);
}

TEST_F(CtLeaks, SamplingByTableIsCaught) {
  kernels::Arith leaky = portable();
  leaky.cbd_2 = cbd_2_by_table;
  EXPECT_GT(leaks_of_exchange(leaky), 0u);
}

}  // namespace
}  // namespace mlkem::test
