// SPDX-License-Identifier: Apache-2.0
// The portable tier: plain C++ that runs everywhere and is what every other tier is tested against.
#pragma once

#include "kernels/kernels.hpp"

namespace mlkem::kernels {

extern const Arith kArithPortable;
extern const Keccak kKeccakPortable;

}  // namespace mlkem::kernels
