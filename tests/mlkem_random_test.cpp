// SPDX-License-Identifier: Apache-2.0
// Randomness: how much is asked for and when, and what is left behind when the source fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/mlkem_tables.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {
namespace {

constexpr size_t kGroup = 8;  // jobs that share one request

// A source that remembers what it gave, and fails from one call on, halfway through its output.
struct RecordingSource {
  size_t fail_at = SIZE_MAX;  // the call, counted from 0
  std::vector<size_t> requests;
  Bytes given;

  RandomSource source() {
    return {[](void* self, std::span<uint8_t> out) { return static_cast<RecordingSource*>(self)->fill(out); },
            this};
  }

  bool fill(std::span<uint8_t> out) {
    const bool fails = requests.size() >= fail_at;
    const Bytes bytes = test_bytes(77 + requests.size(), out.size());
    std::copy_n(bytes.begin(), fails ? out.size() / 2 : out.size(), out.begin());
    requests.push_back(out.size());
    if (!fails) given.insert(given.end(), bytes.begin(), bytes.end());
    return !fails;
  }
};

template <class Octets>
Bytes copy(const Octets& octets) {
  return Bytes(octets.begin(), octets.end());
}

template <class Set>
class MlKemRandom : public testing::Test {};
TYPED_TEST_SUITE(MlKemRandom, AllSets, SetNames);

TYPED_TEST(MlKemRandom, OneKeyTakesSixtyFourOctets) {
  using Set = TypeParam;
  RecordingSource source;
  Bytes ek(Set::kEkBytes), want_ek(Set::kEkBytes), want_dk(Set::kDkBytes);
  auto dk = std::make_unique<DecapsulationKey<Set>>();
  ASSERT_EQ(keygen<Set>(std::span<uint8_t, Set::kEkBytes>(ek), *dk, source.source()), Status::kOk);
  ASSERT_EQ(source.requests, std::vector<size_t>{64});
  const Tables& portable = tables_under_test().front().tables;
  ASSERT_EQ(keygen_one<Set>(portable, want_ek.data(), want_dk.data(), source.given.data()), Status::kOk);
  EXPECT_EQ(ek, want_ek);
  EXPECT_EQ(copy(dk->expose()), want_dk);

  RecordingSource same;
  auto expanded = std::make_unique<ExpandedKey<Set>>();
  ASSERT_EQ(expanded->generate(same.source()), Status::kOk);
  EXPECT_EQ(same.requests, std::vector<size_t>{64});
  EXPECT_EQ(copy(expanded->dk()), want_dk);
}

TYPED_TEST(MlKemRandom, OneEncapsulationTakesThirtyTwoOctets) {
  using Set = TypeParam;
  RecordingSource source;
  const Tables& portable = tables_under_test().front().tables;
  Bytes ek(Set::kEkBytes), dk(Set::kDkBytes), ct(Set::kCtBytes), want_ct(Set::kCtBytes),
      want_ss(kSharedSecretBytes);
  SharedSecret ss;
  ASSERT_EQ(keygen_one<Set>(portable, ek.data(), dk.data(), test_bytes(1, kSeedBytes).data()), Status::kOk);
  const auto in_ek = std::span<const uint8_t, Set::kEkBytes>(ek);
  ASSERT_EQ(encaps<Set>(std::span<uint8_t, Set::kCtBytes>(ct), ss, in_ek, source.source()), Status::kOk);
  ASSERT_EQ(source.requests, std::vector<size_t>{32});
  ASSERT_EQ(encaps_one<Set>(portable, want_ct.data(), want_ss.data(), ek.data(), source.given.data()),
            Status::kOk);
  EXPECT_EQ(ct, want_ct);
  EXPECT_EQ(copy(ss.expose()), want_ss);

  // The key is checked first: a bad one takes no randomness.
  RecordingSource unused;
  ek[0] = 0xff, ek[1] |= 0x0f;
  EXPECT_EQ(encaps<Set>(std::span<uint8_t, Set::kCtBytes>(ct), ss, in_ek, unused.source()), Status::kEk);
  EXPECT_TRUE(unused.requests.empty());
  EXPECT_EQ(ct, Bytes(Set::kCtBytes, 0));
  EXPECT_EQ(copy(ss.expose()), Bytes(kSharedSecretBytes, 0));
}

TYPED_TEST(MlKemRandom, FailureZeroesTheOutputs) {
  using Set = TypeParam;
  RecordingSource failing{.fail_at = 0, .requests = {}, .given = {}};
  Bytes ek(Set::kEkBytes, 0x5a), ct(Set::kCtBytes, 0x5a);
  auto dk = std::make_unique<DecapsulationKey<Set>>();
  SharedSecret ss;
  dk->expose_mutable()[3] = 7;
  ss.expose_mutable()[3] = 7;
  EXPECT_EQ(keygen<Set>(std::span<uint8_t, Set::kEkBytes>(ek), *dk, failing.source()), Status::kRandom);
  EXPECT_EQ(ek, Bytes(Set::kEkBytes, 0));
  EXPECT_EQ(copy(dk->expose()), Bytes(Set::kDkBytes, 0));
  const Bytes good_ek(Set::kEkBytes, 0);
  EXPECT_EQ(encaps<Set>(std::span<uint8_t, Set::kCtBytes>(ct), ss,
                        std::span<const uint8_t, Set::kEkBytes>(good_ek), failing.source()),
            Status::kRandom);
  EXPECT_EQ(ct, Bytes(Set::kCtBytes, 0));
  EXPECT_EQ(copy(ss.expose()), Bytes(kSharedSecretBytes, 0));
}

// The jobs of a batch that bring their own randomness.
enum class Own { kNone, kEveryThird, kAll };
bool has_own(Own own, size_t job) {
  return own == Own::kAll || (own == Own::kEveryThird && job % 3 == 1);
}

// What the groups of a batch of n jobs have to ask for.
std::vector<size_t> expected_requests(Own own, size_t n, size_t bytes_each) {
  std::vector<size_t> requests;
  for (size_t group = 0; group < n; group += kGroup) {
    size_t needed = 0;
    for (size_t i = group; i < std::min(n, group + kGroup); ++i) needed += has_own(own, i) ? 0 : 1;
    if (needed) requests.push_back(needed * bytes_each);
  }
  return requests;
}

// Runs one kind of batch with every number of jobs and every failing call. make(i, own) gives job i its
// buffers and perhaps its own randomness; run(source) runs the batch of the first n; check(i, randomness)
// compares job i's outputs with those of the randomness it must have used, null for zeros.
template <class Make, class Run, class StatusOf, class Check>
void exercise_batches(size_t bytes_each, Make make, Run run, StatusOf status_of, Check check) {
  for (const Own own : {Own::kNone, Own::kEveryThird, Own::kAll})
    for (const size_t n : {1u, 7u, 8u, 9u, 16u, 20u, 25u})
      for (const size_t fail_at : {size_t(0), size_t(1), size_t(2), SIZE_MAX}) {
        SCOPED_TRACE(testing::Message()
                     << n << " jobs, own randomness " << int(own) << ", failing call " << fail_at);
        std::vector<Bytes> own_random;
        for (size_t i = 0; i < n; ++i)
          own_random.push_back(has_own(own, i) ? test_bytes(900 + i, bytes_each) : Bytes());
        for (size_t i = 0; i < n; ++i) make(i, n, own_random[i].empty() ? nullptr : own_random[i].data());
        RecordingSource source{.fail_at = fail_at, .requests = {}, .given = {}};
        const Status status = run(source.source());

        auto requests = expected_requests(own, n, bytes_each);
        const bool fails = fail_at < requests.size();
        if (fails) requests.resize(fail_at + 1);
        ASSERT_EQ(source.requests, requests);
        EXPECT_EQ(status, fails ? Status::kRandom : Status::kOk);
        size_t used = 0;
        for (size_t i = 0; i < n; ++i) {
          const uint8_t* randomness = own_random[i].data();
          if (own_random[i].empty()) {
            const bool is_there = used + bytes_each <= source.given.size();
            randomness = is_there ? source.given.data() + used : nullptr;
            used += is_there ? bytes_each : 0;
          }
          EXPECT_EQ(status_of(i), randomness ? Status::kOk : Status::kRandom) << "job " << i;
          check(i, randomness);
        }
        EXPECT_EQ(used, source.given.size());
      }
}

constexpr size_t kMostJobs = 25;

TYPED_TEST(MlKemRandom, KeygenBatchDrawsOncePerGroup) {
  using Set = TypeParam;
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    std::vector<Bytes> ek(kMostJobs), dk(kMostJobs);
    std::vector<KeygenJob<Set>> jobs;
    exercise_batches(
        kSeedBytes,
        [&](size_t i, size_t n, const uint8_t* own) {
          jobs.resize(n);
          ek[i].assign(Set::kEkBytes, 0x5a), dk[i].assign(Set::kDkBytes, 0x5a);
          jobs[i] = {ek[i].data(), dk[i].data(), own, Status::kArgument};
        },
        [&](RandomSource random) { return keygen_batch<Set>(named.tables, std::span(jobs), random); },
        [&](size_t i) { return jobs[i].status; },
        [&](size_t i, const uint8_t* d_z) {
          Bytes want_ek(Set::kEkBytes, 0), want_dk(Set::kDkBytes, 0);
          if (d_z) {
            ASSERT_EQ(keygen_one<Set>(named.tables, want_ek.data(), want_dk.data(), d_z), Status::kOk);
          }
          EXPECT_EQ(ek[i], want_ek) << "job " << i;
          EXPECT_EQ(dk[i], want_dk) << "job " << i;
        });
  }
}

TYPED_TEST(MlKemRandom, EncapsBatchDrawsOncePerGroup) {
  using Set = TypeParam;
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    Bytes ek(Set::kEkBytes), dk(Set::kDkBytes);
    ASSERT_EQ(keygen_one<Set>(named.tables, ek.data(), dk.data(), test_bytes(2, kSeedBytes).data()),
              Status::kOk);
    std::vector<Bytes> ct(kMostJobs), ss(kMostJobs);
    std::vector<EncapsJob<Set>> jobs;
    exercise_batches(
        kMessageBytes,
        [&](size_t i, size_t n, const uint8_t* own) {
          jobs.resize(n);
          ct[i].assign(Set::kCtBytes, 0x5a), ss[i].assign(kSharedSecretBytes, 0x5a);
          jobs[i] = {ct[i].data(), ss[i].data(), ek.data(), own, Status::kArgument};
        },
        [&](RandomSource random) { return encaps_batch<Set>(named.tables, std::span(jobs), random); },
        [&](size_t i) { return jobs[i].status; },
        [&](size_t i, const uint8_t* m) {
          Bytes want_ct(Set::kCtBytes, 0), want_ss(kSharedSecretBytes, 0);
          if (m) {
            ASSERT_EQ(encaps_one<Set>(named.tables, want_ct.data(), want_ss.data(), ek.data(), m),
                      Status::kOk);
          }
          EXPECT_EQ(ct[i], want_ct) << "job " << i;
          EXPECT_EQ(ss[i], want_ss) << "job " << i;
        });
  }
}

// A bad key among jobs that share randomness must not shift whose randomness is whose, nor use it twice.
TYPED_TEST(MlKemRandom, BadKeysLeaveTheOthersRandomnessFresh) {
  using Set = TypeParam;
  constexpr size_t kJobs = 20;
  const Tables& portable = tables_under_test().front().tables;
  Bytes ek(Set::kEkBytes), dk(Set::kDkBytes);
  ASSERT_EQ(keygen_one<Set>(portable, ek.data(), dk.data(), test_bytes(3, kSeedBytes).data()), Status::kOk);
  Bytes bad = ek;
  bad[0] = 0xff, bad[1] |= 0x0f;
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    std::vector<Bytes> ct(kJobs, Bytes(Set::kCtBytes)), ss(kJobs, Bytes(kSharedSecretBytes));
    std::vector<EncapsJob<Set>> jobs;
    for (size_t i = 0; i < kJobs; ++i)
      jobs.push_back(
          {ct[i].data(), ss[i].data(), (i % 4 == 0 ? bad : ek).data(), nullptr, Status::kArgument});
    RecordingSource source;
    EXPECT_EQ(encaps_batch<Set>(named.tables, std::span(jobs), source.source()), Status::kEk);
    for (size_t i = 0; i < kJobs; ++i) {
      ASSERT_EQ(jobs[i].status, i % 4 == 0 ? Status::kEk : Status::kOk);
      if (i % 4 == 0) continue;
      Bytes back(kSharedSecretBytes);
      ASSERT_EQ(decaps_one<Set>(named.tables, back.data(), ct[i].data(), dk.data()), Status::kOk);
      ASSERT_EQ(back, ss[i]);
      for (size_t j = 0; j < i; ++j) ASSERT_NE(ss[j], ss[i]) << "jobs " << j << " and " << i;
    }
  }
}

TYPED_TEST(MlKemRandom, SystemSourceGivesNewKeysEachTime) {
  using Set = TypeParam;
  std::array<Bytes, 2> ek{Bytes(Set::kEkBytes), Bytes(Set::kEkBytes)};
  auto dk = std::make_unique<DecapsulationKey<Set>>();
  for (Bytes& out : ek) ASSERT_EQ(keygen<Set>(std::span<uint8_t, Set::kEkBytes>(out), *dk), Status::kOk);
  EXPECT_NE(ek[0], ek[1]);

  Bytes large(70'000, 0);  // more than one getrandom(2) or getentropy(3) call may give
  const RandomSource system = system_random();
  ASSERT_TRUE(system.fill(system.argument, large));
  EXPECT_FALSE(std::all_of(large.end() - 64, large.end(), [](uint8_t octet) { return octet == 0; }));
}

}  // namespace
}  // namespace mlkem::test
