// SPDX-License-Identifier: Apache-2.0
// What the AVX2 families share.
#pragma once

#include "kernels/x86/gen/emitter.hpp"

namespace mlkem::gen {

inline constexpr int kOddWords = 0xaa;  // for vpblendw

// Emits `body` once, to run `times` times; `left` counts.
template <class Body>
void repeat(Emitter& e, const Xbyak::Reg32& left, int times, Body body) {
  Xbyak::Label again;
  e.mov(left, times);
  e.L(again);
  body();
  e.dec(left);
  e.jnz(again, Xbyak::CodeGenerator::T_NEAR);
}

}  // namespace mlkem::gen
