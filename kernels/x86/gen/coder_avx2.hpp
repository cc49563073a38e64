// SPDX-License-Identifier: Apache-2.0
// How the AVX2 kernels take coefficients out of octets and put them into octets: 16 a register, eight in each of its
// halves, which shuffles do not leave.
#pragma once

#include "kernels/x86/coding_avx2_constants.hpp"
#include "kernels/x86/gen/avx2.hpp"

namespace mlkem::gen {

inline Xbyak::Xmm low(const Xbyak::Ymm& x) {
  return Xbyak::Xmm(x.getIdx());
}

class Coder {
 public:
  Coder(Emitter& e, const Xbyak::Reg64& octets, const Xbyak::Reg64& constants)
      : e_(e), octets_(octets), constants_(constants) {}

  Xbyak::Address at(int offset) const { return e_.ptr[constants_ + offset]; }
  void word(const Xbyak::Ymm& out, int value) const {
    e_.mov(e_.eax, value);
    e_.vmovd(low(out), e_.eax);
    e_.vpbroadcastw(out, low(out));
  }
  // Emits `body` once, to run for all registers, `at_once` at a time; `poly` and the octets go on by what these take.
  template <class Body>
  void for_all(const Xbyak::Reg64& poly, int at_once, int octets, Body body) const {
    repeat(e_, e_.ecx, kernels::kN / 16 / at_once, [&] {
      body();
      e_.add(poly, 32 * at_once);
      e_.add(octets_, octets);
    });
  }

  // Registers 14 and 15: how to unpack d bits.
  void prepare_unpacking(int table) const {
    e_.vmovdqa(gather_, at(table + int(offsetof(kernels::x86::avx2::Unpacking, gather))));
    e_.vmovdqa(to_the_top_, at(table + int(offsetof(kernels::x86::avx2::Unpacking, to_the_top))));
  }
  // x := 16 coefficients, their octets and others, where Unpacking expects them. Reads 2 d octets and no more.
  void load(const Xbyak::Ymm& x, int d) const {
    switch (d) {
      case 1:
        return e_.vpbroadcastw(x, e_.ptr[octets_]);
      case 4:
        return e_.vpbroadcastq(x, e_.ptr[octets_]);
      case 5:
        e_.vmovq(low(x), e_.ptr[octets_]);
        e_.vpinsrw(low(x), low(x), e_.ptr[octets_ + 8], 4);
        return e_.vinserti128(x, x, low(x), 1);
      case 6:
        load_12(low(x));
        return e_.vinserti128(x, x, low(x), 1);
      default:
        e_.vmovdqu(low(x), e_.ptr[octets_]);
        e_.vinserti128(x, x, e_.ptr[octets_ + 2 * d - 16], 1);
    }
  }
  void load_12(const Xbyak::Xmm& x) const {
    e_.vmovq(x, e_.ptr[octets_]);
    e_.vpinsrd(x, x, e_.ptr[octets_ + 8], 2);
  }
  // x := words with d bits each at the upper end, and other bits below.
  void unpack(const Xbyak::Ymm& x) const {
    e_.vpshufb(x, x, gather_);
    e_.vpmullw(x, x, to_the_top_);
  }

  // Registers 12 to 15: how to pack d bits.
  void prepare_packing(int table, int d) const {
    e_.vmovdqa(Xbyak::Ymm(12), at(table + int(offsetof(kernels::x86::avx2::Packing, in_pairs))));
    e_.vmovdqa(Xbyak::Ymm(13), at(table + int(offsetof(kernels::x86::avx2::Packing, join))));
    if (d % 2 == 0) {
      e_.vmovdqa(Xbyak::Ymm(14), at(table + int(offsetof(kernels::x86::avx2::Packing, gather))));
    } else {
      e_.vmovdqa(Xbyak::Ymm(14), at(table + int(offsetof(kernels::x86::avx2::Packing, left))));
      e_.vmovdqa(Xbyak::Ymm(15), at(table + int(offsetof(kernels::x86::avx2::Packing, right))));
    }
  }
  // Stores 16 words of d bits, from 10 to 12, as 2 d octets.
  void pack(const Xbyak::Ymm& x, const Xbyak::Ymm& scratch, int d) const {
    e_.vpmaddwd(x, x, Xbyak::Ymm(12));
    e_.vpsllvd(x, x, Xbyak::Ymm(13));
    e_.vpsrlq(x, x, 32 - 2 * d);
    if (d % 2 == 0) {
      e_.vpshufb(x, x, Xbyak::Ymm(14));
    } else {
      e_.vpshufd(scratch, x, 0x4e);
      e_.vpsllvq(scratch, scratch, Xbyak::Ymm(14));
      e_.vpsrlvq(x, x, Xbyak::Ymm(15));
      e_.vpor(x, x, scratch);
    }
    // The first 16 octets, then the last 16: the first half's end and the second half.
    e_.vmovdqu(e_.ptr[octets_], low(x));
    e_.vpslldq(low(scratch), low(x), uint8_t(16 - d));
    e_.vextracti128(low(x), x, 1);
    e_.vpalignr(low(x), low(x), low(scratch), uint8_t(d));
    e_.vmovdqu(e_.ptr[octets_ + 2 * d - 16], low(x));
  }

 private:
  Emitter& e_;
  const Xbyak::Reg64 octets_, constants_;
  const Xbyak::Ymm gather_{14}, to_the_top_{15};
};

}  // namespace mlkem::gen
