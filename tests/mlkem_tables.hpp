// SPDX-License-Identifier: Apache-2.0
// What the ML-KEM suites run over: every pair of kernel tables that this CPU has, the lane scheduler at every
// width by way of the reference Keccak tables, and every parameter set.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "lib/operations.hpp"

namespace mlkem::test {

struct NamedTables {
  std::string name;
  Tables tables;
  bool is_reference;  // not for production: slow, and only there to prove the scheduler
};
inline void PrintTo(const NamedTables& named, std::ostream* out) {
  *out << named.name;
}

// Made once; the portable pair is the first.
const std::vector<NamedTables>& tables_under_test();
// Those among them that a library on this CPU may use.
std::vector<NamedTables> production_tables();

// For INSTANTIATE_TEST_SUITE_P.
inline std::string tables_name(const testing::TestParamInfo<NamedTables>& info) {
  return info.param.name;
}

using AllSets = testing::Types<MlKem512, MlKem768, MlKem1024>;
template <class Set>
inline constexpr int kSetNumber = 256 * Set::kK;

struct SetNames {
  template <class Set>
  static std::string GetName(int) {
    return "MlKem" + std::to_string(kSetNumber<Set>);
  }
};

// Calls f.operator()<Set>() with the set that has this number; false if there is none.
template <class F>
bool with_set(int set, F&& f) {
  switch (set) {
    case 512:
      f.template operator()<MlKem512>();
      return true;
    case 768:
      f.template operator()<MlKem768>();
      return true;
    case 1024:
      f.template operator()<MlKem1024>();
      return true;
    default:
      return false;
  }
}

// A source for operations that must not need one.
inline RandomSource no_random() {
  return {[](void*, std::span<uint8_t>) { return false; }, nullptr};
}

// One operation over given tables: a batch of one.
template <class Set>
Status keygen_one(const Tables& tables, uint8_t* out_ek, uint8_t* out_dk, const uint8_t* d_z) {
  KeygenJob<Set> job{out_ek, out_dk, d_z, Status::kArgument};
  const Status status = keygen_batch<Set>(tables, std::span(&job, 1), no_random());
  EXPECT_EQ(status, job.status);
  return status;
}
template <class Set>
Status encaps_one(const Tables& tables, uint8_t* out_ct, uint8_t* out_ss, const uint8_t* ek,
                  const uint8_t* m) {
  EncapsJob<Set> job{out_ct, out_ss, ek, m, Status::kArgument};
  const Status status = encaps_batch<Set>(tables, std::span(&job, 1), no_random());
  EXPECT_EQ(status, job.status);
  return status;
}
template <class Set>
Status decaps_one(const Tables& tables, uint8_t* out_ss, const uint8_t* ct, const uint8_t* dk) {
  DecapsJob<Set> job{out_ss, ct, dk, Status::kArgument};
  const Status status = decaps_batch<Set>(tables, std::span(&job, 1));
  EXPECT_EQ(status, job.status);
  return status;
}

// Reproducible octets that differ for every seed.
inline std::vector<uint8_t> test_bytes(uint64_t seed, size_t size) {
  std::vector<uint8_t> bytes(size);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (uint8_t& octet : bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;  // xorshift64
    octet = uint8_t(state >> 32);
  }
  return bytes;
}

}  // namespace mlkem::test
