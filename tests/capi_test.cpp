// SPDX-License-Identifier: Apache-2.0
// The C interface's own promises: null pointers, lengths, overlaps, result codes, and outputs after an error.
// What it computes is tested with the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mlkem-ike/mlkem.hpp"
#include "tests/capi_cases.hpp"

extern "C" const char* capi_c11_first_failure(int set_number);

namespace mlkem::test {
namespace {

TEST(CApi, EveryFunctionWorksFromC11) {
  for (const mlkem_set set : kSets) {
    const char* failure = capi_c11_first_failure(set);
    EXPECT_EQ(failure, nullptr) << failure;
  }
}

TEST(CApi, BuffersApartAreAccepted) {
  for (const mlkem_set set : kSets)
    for (const Function& function : functions(set)) {
      Arena arena(function);
      EXPECT_EQ(function.call(arena.pointers()), MLKEM_OK) << function.name;
    }
}

TEST(CApi, NullPointersAreAnArgumentErrorAndNothingIsWritten) {
  for (const mlkem_set set : kSets)
    for (const Function& function : functions(set))
      for (size_t i = 0; i < function.buffers.size(); ++i) {
        SCOPED_TRACE(std::string(function.name) + ", " + function.buffers[i].name);
        Arena arena(function);
        arena[i] = nullptr;
        const Bytes before = arena.memory();
        EXPECT_EQ(function.call(arena.pointers()),
                  function.buffers[i].may_be_null ? MLKEM_OK : MLKEM_ERR_ARGUMENT);
        // In a batch the other job is carried out.
        EXPECT_TRUE(is_batch(function) || arena.memory() == before);
      }
  Bytes ek(1184), dk(2400), ct(1088), ss(32);
  EXPECT_EQ(mlkem_keygen_with(MLKEM_768, ek.data(), dk.data(), nullptr, nullptr), MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_encaps_with(MLKEM_768, ct.data(), ss.data(), ek.data(), ek.size(), nullptr, nullptr),
            MLKEM_ERR_ARGUMENT);
}

TEST(CApi, OverlapOfAnOutputIsAnArgumentErrorAndNothingIsWritten) {
  for (const mlkem_set set : kSets)
    for (const Function& function : functions(set))
      for (size_t a = 0; a < function.buffers.size(); ++a)
        for (size_t b = 0; b < function.buffers.size(); ++b) {
          if (a == b) continue;
          const bool conflict = function.buffers[a].is_output || function.buffers[b].is_output;
          const auto size_a = ptrdiff_t(function.buffers[a].content.size());
          const auto size_b = ptrdiff_t(function.buffers[b].content.size());
          // b from a: the same start, within a, one octet shared at either end, adjacent at either end.
          for (const ptrdiff_t distance :
               {ptrdiff_t(0), size_a / 2, size_a - 1, 1 - size_b, size_a, -size_b}) {
            SCOPED_TRACE(testing::Message() << function.name << ": " << function.buffers[b].name << " "
                                            << distance << " octets behind " << function.buffers[a].name);
            Arena arena(function);
            arena.place(function, b, arena[a] + distance);
            const Bytes before = arena.memory();
            const int status = function.call(arena.pointers());
            const bool overlaps = distance < size_a && -distance < size_b;
            if (conflict && overlaps) {
              EXPECT_EQ(status, MLKEM_ERR_ARGUMENT);
              // In a batch the job that is not concerned is carried out.
              EXPECT_TRUE(is_batch(function) || arena.memory() == before);
            } else {
              EXPECT_NE(status, MLKEM_ERR_ARGUMENT);
            }
          }
        }
}

// The jobs of a batch that overlap fail together, untouched; the others are carried out.
TEST(CApi, OverlapBetweenJobsLeavesTheOtherJobsValid) {
  const Exchange e(MLKEM_768);
  for (const size_t n : {3u, 8u, 20u, 64u, 70u, 200u})
    for (const auto& [first, second] : {std::pair<size_t, size_t>{0, 1}, {0, n - 1}, {n - 2, n - 1}}) {
      SCOPED_TRACE(testing::Message() << "jobs " << first << " and " << second << " of " << n);
      std::vector<Bytes> ss(n, Bytes(48, 0x5a));
      std::vector<mlkem_decaps_job> jobs;
      for (size_t i = 0; i < n; ++i) jobs.push_back({ss[i].data(), e.ct.data(), e.dk.data(), 99});
      jobs[second].ss = jobs[first].ss + 16;
      EXPECT_EQ(mlkem_decaps_batch(MLKEM_768, jobs.data(), n), MLKEM_ERR_ARGUMENT);
      Bytes done = e.ss;
      done.resize(48, 0x5a);
      for (size_t i = 0; i < n; ++i) {
        const bool concerned = i == first || i == second;
        EXPECT_EQ(jobs[i].status, concerned ? MLKEM_ERR_ARGUMENT : MLKEM_OK) << "job " << i;
        EXPECT_EQ(ss[i], concerned ? Bytes(48, 0x5a) : done) << "job " << i;
      }
    }
}

TEST(CApi, OutputsMustNotOverlapTheJobs) {
  const Exchange e(MLKEM_768);
  Bytes ss(32, 0x5a);
  mlkem_decaps_job jobs[2] = {{nullptr, e.ct.data(), e.dk.data(), 99},
                              {ss.data(), e.ct.data(), e.dk.data(), 99}};
  jobs[0].ss = reinterpret_cast<uint8_t*>(&jobs[1]);
  EXPECT_EQ(mlkem_decaps_batch(MLKEM_768, jobs, 2), MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(jobs[0].status, MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(jobs[1].status, MLKEM_OK);
  EXPECT_EQ(ss, e.ss);
}

TEST(CApi, EveryJobOfAnUnknownSetHasItsCode) {
  mlkem_decaps_job jobs[2] = {};
  EXPECT_EQ(mlkem_decaps_batch(mlkem_set(9), jobs, 2), MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(jobs[0].status, MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(jobs[1].status, MLKEM_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_decaps_batch(mlkem_set(9), nullptr, 0), MLKEM_OK);
}

TEST(CApi, UnknownSetIsAnArgumentError) {
  Bytes ek(1568, 0x5a), dk(3168, 0x5a), ct(1568, 0x5a), ss(32, 0x5a), seed(64), m(32);
  for (const int number : {0, 1, 511, 513, 767, 1023, 2047}) {
    const auto set = mlkem_set(number);
    EXPECT_EQ(mlkem_ek_bytes(set) + mlkem_dk_bytes(set) + mlkem_ct_bytes(set), 0u);
    EXPECT_EQ(mlkem_keygen(set, ek.data(), dk.data()), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_keygen_from_seed(set, ek.data(), dk.data(), seed.data()), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_keygen_with(set, ek.data(), dk.data(), fill_with_ones, nullptr), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps(set, ct.data(), ss.data(), ek.data(), ek.size()), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps_from_m(set, ct.data(), ss.data(), ek.data(), ek.size(), m.data()),
              MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps_with(set, ct.data(), ss.data(), ek.data(), ek.size(), fill_with_ones, nullptr),
              MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_decaps(set, ss.data(), ct.data(), ct.size(), dk.data(), dk.size()), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_check_ek(set, ek.data(), ek.size()), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_check_dk(set, dk.data(), dk.size()), MLKEM_ERR_ARGUMENT);
    mlkem_keygen_job keygen{ek.data(), dk.data(), seed.data(), 99};
    mlkem_encaps_job encaps{ct.data(), ss.data(), ek.data(), m.data(), 99};
    mlkem_decaps_job decaps{ss.data(), ct.data(), dk.data(), 99};
    EXPECT_EQ(mlkem_keygen_batch(set, &keygen, 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps_batch(set, &encaps, 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_decaps_batch(set, &decaps, 1), MLKEM_ERR_ARGUMENT);
  }
  for (const Bytes* out : {&ek, &dk, &ct, &ss}) EXPECT_EQ(*out, Bytes(out->size(), 0x5a));
}

TEST(CApi, WrongLengthsAreALengthErrorAndNothingIsWritten) {
  for (const mlkem_set set : kSets) {
    const Exchange e(set);
    const auto wrong = [](size_t right) {
      return std::vector<size_t>{0,   1,    right - 1, right + 1,    right * 2,
                                 800, 1184, 1568,      SIZE_MAX / 2, SIZE_MAX};
    };
    Bytes ct(e.ct.size(), 0x5a), ss(32, 0x5a);
    for (const size_t len : wrong(e.ek.size())) {
      if (len == e.ek.size()) continue;
      EXPECT_EQ(mlkem_encaps(set, ct.data(), ss.data(), e.ek.data(), len), MLKEM_ERR_LENGTH);
      EXPECT_EQ(mlkem_encaps_from_m(set, ct.data(), ss.data(), e.ek.data(), len, e.m.data()),
                MLKEM_ERR_LENGTH);
      EXPECT_EQ(mlkem_encaps_with(set, ct.data(), ss.data(), e.ek.data(), len, fill_with_ones, nullptr),
                MLKEM_ERR_LENGTH);
      EXPECT_EQ(mlkem_check_ek(set, e.ek.data(), len), MLKEM_ERR_LENGTH);
    }
    for (const size_t len : wrong(e.dk.size())) {
      EXPECT_EQ(mlkem_decaps(set, ss.data(), e.ct.data(), e.ct.size(), e.dk.data(), len), MLKEM_ERR_LENGTH);
      EXPECT_EQ(mlkem_check_dk(set, e.dk.data(), len), MLKEM_ERR_LENGTH);
    }
    for (const size_t len : wrong(e.ct.size())) {
      if (len == e.ct.size()) continue;
      EXPECT_EQ(mlkem_decaps(set, ss.data(), e.ct.data(), len, e.dk.data(), e.dk.size()), MLKEM_ERR_LENGTH);
    }
    EXPECT_EQ(ct, Bytes(e.ct.size(), 0x5a));
    EXPECT_EQ(ss, Bytes(32, 0x5a));
  }
}

TEST(CApi, ArgumentComesBeforeLengthBeforeKeyBeforeRandomness) {
  for (const mlkem_set set : kSets) {
    const Exchange e(set);
    Bytes ct(e.ct.size(), 0x5a), ss(32, 0x5a), bad_ek = e.ek, bad_dk = e.dk;
    bad_ek[0] = 0xff, bad_ek[1] |= 0x0f;
    bad_dk[bad_dk.size() - 33] ^= 1;
    const size_t ek_len = e.ek.size(), dk_len = e.dk.size(), ct_len = e.ct.size();

    EXPECT_EQ(mlkem_encaps(set, nullptr, ss.data(), bad_ek.data(), ek_len - 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps(set, ct.data(), ct.data(), bad_ek.data(), ek_len - 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_encaps(set, ct.data(), ss.data(), bad_ek.data(), ek_len - 1), MLKEM_ERR_LENGTH);
    EXPECT_EQ(mlkem_decaps(set, nullptr, e.ct.data(), ct_len, bad_dk.data(), dk_len - 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_decaps(set, ss.data(), e.ct.data(), ct_len + 1, bad_dk.data(), dk_len), MLKEM_ERR_LENGTH);
    EXPECT_EQ(mlkem_check_ek(set, nullptr, ek_len - 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(mlkem_check_dk(set, nullptr, dk_len - 1), MLKEM_ERR_ARGUMENT);
    EXPECT_EQ(ct, Bytes(ct_len, 0x5a));
    EXPECT_EQ(ss, Bytes(32, 0x5a));

    EXPECT_EQ(mlkem_encaps_with(set, ct.data(), ss.data(), bad_ek.data(), ek_len, fail_halfway, nullptr),
              MLKEM_ERR_EK);
    EXPECT_EQ(mlkem_check_ek(set, bad_ek.data(), ek_len), MLKEM_ERR_EK);
    EXPECT_EQ(mlkem_check_dk(set, bad_dk.data(), dk_len), MLKEM_ERR_DK);
  }
}

TEST(CApi, OutputsAreZeroAfterAKeyOrRandomnessError) {
  for (const mlkem_set set : kSets) {
    const Exchange e(set);
    const auto fresh = [](size_t size) { return Bytes(size, 0x5a); };
    const auto zero = [](size_t size) { return Bytes(size, 0); };
    Bytes bad_ek = e.ek, bad_dk = e.dk;
    bad_ek[0] = 0xff, bad_ek[1] |= 0x0f;
    bad_dk[bad_dk.size() - 33] ^= 1;

    Bytes ct = fresh(e.ct.size()), ss = fresh(32);
    EXPECT_EQ(mlkem_encaps(set, ct.data(), ss.data(), bad_ek.data(), bad_ek.size()), MLKEM_ERR_EK);
    EXPECT_EQ(ct, zero(ct.size()));
    EXPECT_EQ(ss, zero(32));
    ct = fresh(e.ct.size()), ss = fresh(32);
    EXPECT_EQ(mlkem_encaps_with(set, ct.data(), ss.data(), e.ek.data(), e.ek.size(), fail_halfway, nullptr),
              MLKEM_ERR_RANDOM);
    EXPECT_EQ(ct, zero(ct.size()));
    EXPECT_EQ(ss, zero(32));
    ss = fresh(32);
    EXPECT_EQ(mlkem_decaps(set, ss.data(), e.ct.data(), e.ct.size(), bad_dk.data(), bad_dk.size()),
              MLKEM_ERR_DK);
    EXPECT_EQ(ss, zero(32));
    Bytes ek = fresh(e.ek.size()), dk = fresh(e.dk.size());
    EXPECT_EQ(mlkem_keygen_with(set, ek.data(), dk.data(), fail_halfway, nullptr), MLKEM_ERR_RANDOM);
    EXPECT_EQ(ek, zero(ek.size()));
    EXPECT_EQ(dk, zero(dk.size()));
  }
}

}  // namespace
}  // namespace mlkem::test
