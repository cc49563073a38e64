// SPDX-License-Identifier: Apache-2.0
// The x86-64 tiers.
#pragma once

#include "kernels/kernels.hpp"

namespace mlkem::kernels {

extern const Arith kArithAvx2;
extern const Arith kArithAvx512;
extern const Keccak kKeccakAvx512;
extern const Keccak kKeccakAvx2;

// For tiers that have nothing better for one state.
namespace x86 {
void permute_one(uint64_t state[kStateWords]) noexcept;
}

}  // namespace mlkem::kernels
