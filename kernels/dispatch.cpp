// SPDX-License-Identifier: Apache-2.0
// Which tables there are, and which of them this machine can run.
#include "kernels/kernels.hpp"
#include "kernels/portable/portable.hpp"
#ifdef MLKEM_KERNELS_NEON
#include "kernels/neon/neon.hpp"
#endif
#ifdef MLKEM_KERNELS_X86
#include "kernels/x86/x86.hpp"
#endif

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace mlkem::kernels {
namespace {

constexpr uint32_t bit(int n) {
  return 1u << n;
}
constexpr bool all_of(uint64_t have, uint64_t need) {
  return (have & need) == need;
}

// Intel SDM volume 2, CPUID; volume 1, section 13.3 for XCR0.
constexpr uint32_t kLeaf1EcxAvx = bit(27) | bit(28);                         // OSXSAVE, AVX
constexpr uint32_t kLeaf7EbxAvx2 = bit(3) | bit(5) | bit(8);                 // BMI1, AVX2, BMI2
constexpr uint32_t kLeaf7EbxAvx512 = bit(16) | bit(17) | bit(30) | bit(31);  // F, DQ, BW, VL
constexpr uint32_t kLeaf7EcxAvx512 = bit(1) | bit(6);                        // VBMI, VBMI2
constexpr uint64_t kXcr0Ymm = 0x06;                                          // xmm, ymm
constexpr uint64_t kXcr0Zmm = 0xe6;  // and mask, upper zmm, zmm16 to zmm31

// Linux, arch/arm64/include/uapi/asm/hwcap.h.
constexpr uint64_t kHwcapAsimd = bit(1);
constexpr uint64_t kHwcapSha3 = bit(17);

CpuFeatures read_features() noexcept {
  CpuFeatures features;
#if defined(__x86_64__) || defined(__i386__)
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) features.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    features.leaf7_ebx = ebx;
    features.leaf7_ecx = ecx;
  }
  // XGETBV faults where the operating system has not set OSXSAVE. The intrinsic would need -mxsave for this
  // file.
  if (features.leaf1_ecx & bit(27)) {
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    features.xcr0 = uint64_t{high} << 32 | low;
  }
#elif defined(__aarch64__) && defined(__linux__)
  features.hwcap = getauxval(AT_HWCAP);
#elif defined(__aarch64__) && defined(__APPLE__)
  // Untested. Every Mac has Advanced SIMD; what it has beyond that has a name (sysctl(3), hw.optional).
  features.hwcap = kHwcapAsimd;
  int sha3 = 0;
  size_t size = sizeof sha3;
  if (sysctlbyname("hw.optional.arm.FEAT_SHA3", &sha3, &size, nullptr, 0) == 0 && sha3 != 0)
    features.hwcap |= kHwcapSha3;
#endif
  return features;
}

}  // namespace

Isa isa_of(const CpuFeatures& features) noexcept {
  Isa isa = Isa::kNone;
  const bool avx2 = all_of(features.leaf1_ecx, kLeaf1EcxAvx) && all_of(features.xcr0, kXcr0Ymm) &&
                    all_of(features.leaf7_ebx, kLeaf7EbxAvx2);
  if (avx2) isa = isa | Isa::kAvx2;
  if (avx2 && all_of(features.xcr0, kXcr0Zmm) && all_of(features.leaf7_ebx, kLeaf7EbxAvx512) &&
      all_of(features.leaf7_ecx, kLeaf7EcxAvx512))
    isa = isa | Isa::kAvx512;
  if (all_of(features.hwcap, kHwcapAsimd)) {
    isa = isa | Isa::kNeon;
    if (all_of(features.hwcap, kHwcapSha3)) isa = isa | Isa::kNeonSha3;
  }
  return isa;
}

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = read_features();
  return features;
}

std::span<const Arith* const> arith_tables() noexcept {
  static constexpr const Arith* kTables[] = {
#ifdef MLKEM_KERNELS_X86
      &kArithAvx512, &kArithAvx2,
#endif
#ifdef MLKEM_KERNELS_NEON
      &kArithNeon,
#endif
      &kArithPortable};
  return kTables;
}

std::span<const Keccak* const> keccak_tables() noexcept {
  static constexpr const Keccak* kTables[] = {
#ifdef MLKEM_KERNELS_X86
      &kKeccakAvx512, &kKeccakAvx2,
#endif
#ifdef MLKEM_KERNELS_NEON
      &kKeccakNeonSha3, &kKeccakNeon,
#endif
      &kKeccakPortable};
  return kTables;
}

}  // namespace mlkem::kernels
