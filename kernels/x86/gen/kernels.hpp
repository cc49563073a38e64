// SPDX-License-Identifier: Apache-2.0
// The families of kernels that the generator emits.
#pragma once

#include "kernels/x86/gen/emitter.hpp"

namespace mlkem::gen {

void coding_avx2(Emitter& e);
void coding_avx512(Emitter& e);
void keccak_avx2(Emitter& e);
void keccak_avx512(Emitter& e);
void lanes_avx2(Emitter& e);
void lanes_avx512(Emitter& e);
void ntt_avx2(Emitter& e);
void ntt_avx512(Emitter& e);
void product_avx2(Emitter& e);
void product_avx512(Emitter& e);
void sampling_avx2(Emitter& e);

}  // namespace mlkem::gen
