// SPDX-License-Identifier: Apache-2.0
// The AVX2 tier's Keccak table.
#include "kernels/x86/keccak_avx2_constants.hpp"
#include "kernels/x86/x86.hpp"

extern "C" {
void mlkem_keccak_x1_bmi(uint64_t* state, uint64_t* scratch,
                         const mlkem::kernels::x86::KeccakConstants* constants) noexcept;
void mlkem_keccak_x4_avx2(uint64_t* state, uint64_t* scratch,
                          const mlkem::kernels::x86::KeccakConstants* constants) noexcept;
void mlkem_keccak_x4_x1_avx2(uint64_t* wide, uint64_t* one, uint64_t* scratch,
                             const mlkem::kernels::x86::KeccakConstants* constants) noexcept;
void mlkem_absorb_x4_avx2(uint64_t* state, const mlkem::kernels::LaneInputs& in) noexcept;
void mlkem_squeeze_x4_avx2(const uint64_t* state, const mlkem::kernels::LaneOutputs& out) noexcept;
}

namespace mlkem::kernels {
namespace {

constexpr unsigned kWidth = 4;
constexpr x86::KeccakConstants kConstants = x86::keccak_constants();

// The kernels leave their scratch wiped.
void permute_wide(uint64_t* state, const LaneInputs* in) noexcept {
  if (in) mlkem_absorb_x4_avx2(state, *in);
  alignas(64) uint64_t scratch[kWidth * kStateWords];
  mlkem_keccak_x4_avx2(state, scratch, &kConstants);
}
void permute_both(uint64_t* wide, const LaneInputs* in, uint64_t one[kStateWords]) noexcept {
  if (in) mlkem_absorb_x4_avx2(wide, *in);
  alignas(64) uint64_t scratch[(kWidth + 1) * kStateWords];
  mlkem_keccak_x4_x1_avx2(wide, one, scratch, &kConstants);
}

}  // namespace

void x86::permute_one(uint64_t state[kStateWords]) noexcept {
  alignas(64) uint64_t scratch[kStateWords];
  mlkem_keccak_x1_bmi(state, scratch, &kConstants);
}

constexpr Keccak kKeccakAvx2 = {.name = "avx2",
                                .needs = Isa::kAvx2,
                                .width = kWidth,
                                .one_cost = 525,
                                .wide_cost = 790,
                                .permute_one = x86::permute_one,
                                .permute_wide = permute_wide,
                                .permute_both = permute_both,
                                .squeeze = mlkem_squeeze_x4_avx2};
static_assert(complete(kKeccakAvx2));

}  // namespace mlkem::kernels
