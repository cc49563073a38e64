// SPDX-License-Identifier: Apache-2.0
// Arithmetic modulo q on the words of a register, as portable/modular.hpp has it. A constant is a register or stands
// in memory.
#pragma once

#include "kernels/x86/gen/emitter.hpp"

namespace mlkem::gen {

// A factor of many products: portable::Factor, word by word.
template <class Constant>
struct FactorOperand {
  Constant times_q_inverse, value;
};

// out := x factor modulo q (portable::multiply).
template <class Constant>
void multiply(Emitter& e, const Xbyak::Zmm& out, const Xbyak::Zmm& x, const FactorOperand<Constant>& factor,
              const Xbyak::Zmm& q, const Xbyak::Zmm& scratch) {
  e.vpmullw(scratch, x, factor.times_q_inverse);
  e.vpmulhw(out, x, factor.value);
  e.vpmulhw(scratch, scratch, q);
  e.vpsubw(out, out, scratch);
}

// x := x modulo q, in [-(q-1)/2, (q-1)/2], for any x (portable::barrett_reduce).
template <class Constant>
void reduce(Emitter& e, const Xbyak::Zmm& x, const Constant& barrett, const Constant& rounding,
            const Xbyak::Zmm& q, const Xbyak::Zmm& scratch) {
  e.vpmulhw(scratch, x, barrett);
  e.vpmulhrsw(scratch, scratch, rounding);
  e.vpmullw(scratch, scratch, q);
  e.vpsubw(x, x, scratch);
}

// x := x modulo q in [0, q), from [-q, q). A negative number is a large one without sign: the smaller is the right one.
inline void add_q_if_negative(Emitter& e, const Xbyak::Zmm& x, const Xbyak::Zmm& q,
                              const Xbyak::Zmm& scratch) {
  e.vpaddw(scratch, x, q);
  e.vpminuw(x, x, scratch);
}

}  // namespace mlkem::gen
