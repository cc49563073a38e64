// SPDX-License-Identifier: Apache-2.0
// The C interface's batches: empty ones, jobs that fail beside jobs that do not, fresh randomness for every job.
#include <set>

#include "tests/capi_cases.hpp"

namespace mlkem::test {
namespace {

TEST(CApi, EmptyBatchesSucceed) {
  for (const mlkem_set set : kSets) {
    EXPECT_EQ(mlkem_keygen_batch(set, nullptr, 0), MLKEM_OK);
    EXPECT_EQ(mlkem_encaps_batch(set, nullptr, 0), MLKEM_OK);
    EXPECT_EQ(mlkem_decaps_batch(set, nullptr, 0), MLKEM_OK);
    EXPECT_EQ(mlkem_keygen_batch(set, nullptr, 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps_batch(set, nullptr, 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_decaps_batch(set, nullptr, 1), MLKEM_ERR_ARGUMENT);
  }
}

TEST(CApi, BatchReturnsTheFirstFailureAndCarriesOutTheRest) {
  const mlkem_set set = MLKEM_768;
  const Exchange e(set);
  Bytes bad_ek = e.ek, bad_dk = e.dk;
  bad_ek[0] = 0xff, bad_ek[1] |= 0x0f;
  bad_dk[bad_dk.size() - 33] ^= 1;
  for (const size_t n : {2u, 9u, 65u, 130u}) {
    // The last job fails, and one more in the middle in another way.
    std::vector<Bytes> ct(n, Bytes(e.ct.size(), 0x5a)), ss(n, Bytes(32, 0x5a)), back(n, Bytes(32, 0x5a));
    std::vector<mlkem_encaps_job> encapses;
    std::vector<mlkem_decaps_job> decapses;
    for (size_t i = 0; i < n; ++i) {
      encapses.push_back({ct[i].data(), ss[i].data(), e.ek.data(), e.m.data(), 99});
      decapses.push_back({back[i].data(), e.ct.data(), e.dk.data(), 99});
    }
    encapses[n - 1].ss = nullptr;
    decapses[n - 1].ct = nullptr;
    const size_t middle = n / 2 - 1 + n % 2;
    if (middle != n - 1) encapses[middle].ek = bad_ek.data(), decapses[middle].dk = bad_dk.data();
    EXPECT_EQ(mlkem_encaps_batch(set, encapses.data(), n), MLKEM_ERR_EK);
    EXPECT_EQ(mlkem_decaps_batch(set, decapses.data(), n), MLKEM_ERR_DK);
    for (size_t i = 0; i < n; ++i) {
      const bool fails = i == middle, invalid = i == n - 1;
      EXPECT_EQ(encapses[i].status, fails ? MLKEM_ERR_EK : invalid ? MLKEM_ERR_ARGUMENT : MLKEM_OK);
      EXPECT_EQ(decapses[i].status, fails ? MLKEM_ERR_DK : invalid ? MLKEM_ERR_ARGUMENT : MLKEM_OK);
      EXPECT_EQ(ct[i], fails ? Bytes(e.ct.size(), 0) : invalid ? Bytes(e.ct.size(), 0x5a) : e.ct);
      EXPECT_EQ(back[i], fails ? Bytes(32, 0) : invalid ? Bytes(32, 0x5a) : e.ss);
    }
  }
}

// More jobs than one group of randomness, all with fresh randomness: no two results may be the same.
TEST(CApi, BatchResultsWithFreshRandomnessDiffer) {
  constexpr size_t kJobs = 100;
  std::vector<Bytes> ek(kJobs, Bytes(800)), dk(kJobs, Bytes(1632));
  std::vector<mlkem_keygen_job> jobs;
  for (size_t i = 0; i < kJobs; ++i) jobs.push_back({ek[i].data(), dk[i].data(), nullptr, 99});
  ASSERT_EQ(mlkem_keygen_batch(MLKEM_512, jobs.data(), kJobs), MLKEM_OK);
  for (const Bytes& key : dk) EXPECT_EQ(mlkem_check_dk(MLKEM_512, key.data(), key.size()), MLKEM_OK);
  std::set<std::string> distinct;
  for (const Bytes& key : ek) distinct.emplace(key.begin(), key.end());
  EXPECT_EQ(distinct.size(), kJobs);
}

}  // namespace
}  // namespace mlkem::test
