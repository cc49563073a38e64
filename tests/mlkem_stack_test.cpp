// SPDX-License-Identifier: Apache-2.0
// The stack that every operation needs, single and in a batch of eight: printed, and held against the
// documented bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "mlkem-ike/mlkem.h"
#include "tests/mlkem_tables.hpp"
#include "tests/painted_stack.hpp"

namespace mlkem::test {
namespace {

constexpr size_t kMostBytesSingle = 40 << 10, kMostBytesBatch = 112 << 10;
constexpr size_t kBatch = 8;

// Buffers of a batch, and keys, off the stack.
template <class Set>
struct Memory {
  std::vector<uint8_t> ek[kBatch], dk[kBatch], ct[kBatch], ss[kBatch];
  std::vector<KeygenJob<Set>> keygens;
  std::vector<EncapsJob<Set>> encapses;
  std::vector<DecapsJob<Set>> decapses;
  DecapsulationKey<Set> secret_dk;
  SharedSecret secret_ss;
  ExpandedKey<Set> expanded;

  Memory() {
    for (size_t i = 0; i < kBatch; ++i) {
      ek[i].resize(Set::kEkBytes), dk[i].resize(Set::kDkBytes), ct[i].resize(Set::kCtBytes), ss[i].resize(32);
      keygens.push_back({ek[i].data(), dk[i].data(), nullptr, Status::kOk});
      encapses.push_back({ct[i].data(), ss[i].data(), ek[i].data(), nullptr, Status::kOk});
      decapses.push_back({ss[i].data(), ct[i].data(), dk[i].data(), Status::kOk});
    }
  }
};

template <class Set>
class MlKemStack : public testing::Test {};
TYPED_TEST_SUITE(MlKemStack, AllSets, SetNames);

TYPED_TEST(MlKemStack, StaysWithinItsBound) {
  using Set = TypeParam;
  if (const char* reason = PaintedStack::unusable_reason()) GTEST_SKIP() << reason;
  PaintedStack stack;
  const auto memory = std::make_unique<Memory<Set>>();
  const auto expect_ok = [](Status status) { EXPECT_EQ(status, Status::kOk); };
  const auto report = [&](const std::string& name, size_t bound, const std::function<void()>& f) {
    const size_t bytes = stack.run(f);
    std::printf("[   STACK  ] ML-KEM-%d %-24s %6zu octets\n", kSetNumber<Set>, name.c_str(), bytes);
    this->RecordProperty("stack " + name, std::to_string(bytes));
    EXPECT_GT(bytes, 0u) << name;
    EXPECT_LE(bytes, bound) << name;
  };

  const auto ek = std::span<uint8_t, Set::kEkBytes>(memory->ek[0]);
  const auto ct = std::span<uint8_t, Set::kCtBytes>(memory->ct[0]);
  report("keygen", kMostBytesSingle, [&] { expect_ok(keygen<Set>(ek, memory->secret_dk)); });
  report("encaps", kMostBytesSingle, [&] { expect_ok(encaps<Set>(ct, memory->secret_ss, ek)); });
  report("decaps", kMostBytesSingle,
         [&] { expect_ok(decaps<Set>(memory->secret_ss, ct, memory->secret_dk.expose())); });
  report("check_ek", kMostBytesSingle, [&] { expect_ok(check_ek<Set>(ek)); });
  report("check_dk", kMostBytesSingle, [&] { expect_ok(check_dk<Set>(memory->secret_dk.expose())); });
  report("expanded generate", kMostBytesSingle, [&] { expect_ok(memory->expanded.generate()); });
  report("expanded import", kMostBytesSingle,
         [&] { expect_ok(memory->expanded.import(memory->secret_dk.expose())); });
  report("expanded decaps", kMostBytesSingle,
         [&] { expect_ok(memory->expanded.decaps(memory->secret_ss, ct)); });
  report("keygen, batch of 8", kMostBytesBatch,
         [&] { expect_ok(keygen_batch<Set>(std::span(memory->keygens))); });
  report("encaps, batch of 8", kMostBytesBatch,
         [&] { expect_ok(encaps_batch<Set>(std::span(memory->encapses))); });
  report("decaps, batch of 8", kMostBytesBatch,
         [&] { expect_ok(decaps_batch<Set>(std::span(memory->decapses))); });

  // The C interface on top, with its copies of the jobs.
  const auto set = mlkem_set(kSetNumber<Set>);
  std::vector<mlkem_decaps_job> jobs;
  for (size_t i = 0; i < kBatch; ++i)
    jobs.push_back({memory->ss[i].data(), memory->ct[i].data(), memory->dk[i].data(), 0});
  report("decaps, C", kMostBytesSingle, [&] {
    EXPECT_EQ(mlkem_decaps(set, jobs[0].ss, jobs[0].ct, Set::kCtBytes, jobs[0].dk, Set::kDkBytes), MLKEM_OK);
  });
  report("decaps, C, batch of 8", kMostBytesBatch,
         [&] { EXPECT_EQ(mlkem_decaps_batch(set, jobs.data(), kBatch), MLKEM_OK); });
}

// Proves that depth is measured: a function that is known to go deep.
TEST(PaintedStack, MeasuresDepth) {
  if (const char* reason = PaintedStack::unusable_reason()) GTEST_SKIP() << reason;
  PaintedStack stack;
  constexpr size_t kDeep = 100'000;
  const size_t bytes = stack.run([] {
    uint8_t deep[kDeep];
    std::fill_n(static_cast<volatile uint8_t*>(deep), kDeep, uint8_t(1));
  });
  EXPECT_GE(bytes, kDeep);
  EXPECT_LE(bytes, kDeep + 1024);
}

}  // namespace
}  // namespace mlkem::test
