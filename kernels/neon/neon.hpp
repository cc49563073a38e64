// SPDX-License-Identifier: Apache-2.0
// The AArch64 tiers.
#pragma once

#include "kernels/kernels.hpp"

namespace mlkem::kernels {

extern const Arith kArithNeon;
extern const Keccak kKeccakNeon;
extern const Keccak kKeccakNeonSha3;

}  // namespace mlkem::kernels
