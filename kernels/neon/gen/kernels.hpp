// SPDX-License-Identifier: Apache-2.0
// The families of kernels that the generator emits.
#pragma once

#include "kernels/neon/gen/emitter.hpp"

namespace mlkem::gen {

void keccak_x1(Emitter& e);
void keccak_x2(Emitter& e);

}  // namespace mlkem::gen
