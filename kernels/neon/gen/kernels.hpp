// SPDX-License-Identifier: Apache-2.0
// The families of kernels that the generator emits.
#pragma once

#include "kernels/neon/gen/emitter.hpp"

namespace mlkem::gen {

void keccak(Emitter& e);

}  // namespace mlkem::gen
