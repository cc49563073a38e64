// SPDX-License-Identifier: Apache-2.0
// Which instruction sets a machine offers, and which tables it gets: on machines that are made up.
#include <gtest/gtest.h>

#include <string_view>

#include "kernels/kernels.hpp"

namespace mlkem::kernels {
namespace {

// Bit numbers from Intel's manual, volume 2, CPUID.
constexpr CpuFeatures kServer = {
    .leaf1_ecx = 1u << 27 | 1u << 28,
    .leaf7_ebx = 1u << 3 | 1u << 5 | 1u << 8 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31,
    .leaf7_ecx = 1u << 1 | 1u << 6,
    .xcr0 = 0xe7,
    .hwcap = 0};

TEST(Selection, NothingIsNeededForPortable) {
  EXPECT_EQ(isa_of({}), Isa::kNone);
  EXPECT_EQ(isa_of({.leaf1_ecx = 1u << 26}), Isa::kNone) << "a CPU without leaf 7";
  EXPECT_EQ(arith_tables().back()->needs, Isa::kNone);
  EXPECT_EQ(keccak_tables().back()->needs, Isa::kNone);
}

TEST(Selection, WholeServerHasBoth) {
  EXPECT_EQ(isa_of(kServer), Isa::kAvx2 | Isa::kAvx512);
}

TEST(Selection, OperatingSystemMustSaveRegisters) {
  CpuFeatures f = kServer;
  f.leaf1_ecx &= ~(1u << 27);
  EXPECT_EQ(isa_of(f), Isa::kNone) << "no OSXSAVE, xcr0 whatever it is";
  for (const uint64_t xcr0 : {0x0u, 0x1u, 0x2u, 0x3u, 0x4u, 0xe1u, 0xe3u}) {
    f = kServer;
    f.xcr0 = xcr0;
    EXPECT_EQ(isa_of(f), Isa::kNone) << "xcr0 " << xcr0;
  }
  for (const uint64_t xcr0 : {0x6u, 0x7u, 0x27u, 0x47u, 0x87u, 0x67u, 0xa7u, 0xc7u}) {
    f.xcr0 = xcr0;
    EXPECT_EQ(isa_of(f), Isa::kAvx2) << "xcr0 " << xcr0;
  }
}

TEST(Selection, EveryExtensionIsNeeded) {
  for (const int bit : {3, 5, 8}) {
    CpuFeatures f = kServer;
    f.leaf7_ebx &= ~(1u << bit);
    EXPECT_EQ(isa_of(f), Isa::kNone) << "leaf 7 ebx without bit " << bit;
  }
  for (const int bit : {16, 17, 30, 31}) {
    CpuFeatures f = kServer;
    f.leaf7_ebx &= ~(1u << bit);
    EXPECT_EQ(isa_of(f), Isa::kAvx2) << "leaf 7 ebx without bit " << bit;
  }
  for (const int bit : {1, 6}) {
    CpuFeatures f = kServer;
    f.leaf7_ecx &= ~(1u << bit);
    EXPECT_EQ(isa_of(f), Isa::kAvx2) << "leaf 7 ecx without bit " << bit;
  }
  CpuFeatures f = kServer;
  f.leaf1_ecx &= ~(1u << 28);
  EXPECT_EQ(isa_of(f), Isa::kNone) << "no AVX";
}

TEST(Selection, ArmNeedsNeonForItsSha3) {
  EXPECT_EQ(isa_of({.hwcap = 1u << 1}), Isa::kNeon);
  EXPECT_EQ(isa_of({.hwcap = 1u << 1 | 1u << 17}), Isa::kNeon | Isa::kNeonSha3);
  EXPECT_EQ(isa_of({.hwcap = 1u << 17}), Isa::kNone);
}

TEST(Selection, FeaturesAreReadOnce) {
  EXPECT_EQ(&cpu_features(), &cpu_features());
}

#if defined(__x86_64__) && defined(__GNUC__)
TEST(Selection, AgreesWithTheCompilersRuntime) {
  const Isa have = isa_of(cpu_features());
  EXPECT_EQ(covers(have, Isa::kAvx2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                                          __builtin_cpu_supports("bmi2"));
  EXPECT_EQ(covers(have, Isa::kAvx512),
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"));
}
#endif

struct Table {
  std::string_view name;
  Isa needs;
};

TEST(Selection, FirstCoveredTableWins) {
  static constexpr Table kBoth{"avx512", Isa::kAvx2 | Isa::kAvx512}, kAvx2{"avx2", Isa::kAvx2},
      kNone{"portable", Isa::kNone};
  static constexpr const Table* kTables[] = {&kBoth, &kAvx2, &kNone};
  const std::span<const Table* const> tables = kTables;
  EXPECT_EQ(first_covered(tables, Isa::kAvx2 | Isa::kAvx512 | Isa::kNeon).name, "avx512");
  EXPECT_EQ(first_covered(tables, Isa::kAvx512).name, "portable")
      << "half of what a table needs is not enough";
  EXPECT_EQ(first_covered(tables, Isa::kAvx2).name, "avx2");
  EXPECT_EQ(first_covered(tables, Isa::kNone).name, "portable");
  EXPECT_EQ(first_covered(tables, Isa::kNeon).name, "portable");
  EXPECT_EQ(first_covered(tables.first(2), Isa::kNone).name, "avx2") << "the last table is taken for granted";
}

}  // namespace
}  // namespace mlkem::kernels
