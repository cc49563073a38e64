// SPDX-License-Identifier: Apache-2.0
// Octets out of eight interleaved Keccak states: 64 octets of every lane are a square of 8 x 8 words, which is transposed
// in registers.
#include "kernels/kernels.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::LaneOutputs;
using Xbyak::Label;
using Xbyak::Opmask;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;

constexpr int kLanes = 8, kGroups = 3;  // 24 words, of at most 21 that leave
constexpr uint64_t kEveryOctet = 0x0101010101010101;
constexpr int kOutWords = offsetof(LaneOutputs, words);
static_assert(offsetof(LaneOutputs, bytes) == 0);

// Registers 0 to 7: rows become columns. 8 to 15 are scratch.
void transpose(Emitter& e) {
  for (int i = 0; i < 8; i += 2) {
    e.vpunpcklqdq(Zmm(8 + i), Zmm(i), Zmm(i + 1));
    e.vpunpckhqdq(Zmm(9 + i), Zmm(i), Zmm(i + 1));
  }
  for (int odd = 0; odd < 2; ++odd) {
    // a 4 x 4 square of 128 bits in registers 8, 10, 12, 14, or those behind them
    const Zmm r0(8 + odd), r1(10 + odd), r2(12 + odd), r3(14 + odd), u0(odd), u1(2 + odd), u2(4 + odd),
        u3(6 + odd);
    e.vshufi64x2(u0, r0, r1, 0x88);
    e.vshufi64x2(u1, r0, r1, 0xdd);
    e.vshufi64x2(u2, r2, r3, 0x88);
    e.vshufi64x2(u3, r2, r3, 0xdd);
    e.vshufi64x2(r0, u0, u2, 0x88);
    e.vshufi64x2(r2, u0, u2, 0xdd);
    e.vshufi64x2(r1, u1, u3, 0x88);
    e.vshufi64x2(r3, u1, u3, 0xdd);
  }
  for (int i = 0; i < 8; ++i) e.vmovdqa64(Zmm(i), Zmm(8 + i));
}

// squeeze(state, out). Masked stores are slow: a lane of a whole block of SHAKE128, or of whole groups, goes without.
void squeeze(Emitter& e) {
  const Reg64 state = e.rdi, out = e.rsi, bytes = e.rdx;
  const Reg32 words = e.ecx, mask = e.eax, all = e.r8d;
  const Opmask group_words = e.k1;
  Label end;
  e.mov(all, -1);
  for (int group = 0; group < kGroups; ++group) {
    if (group > 0) {
      // bit 7 of a lane's octet, if it has words of this group
      e.mov(bytes, kEveryOctet * uint64_t(0x7f - 8 * group));
      e.add(bytes, e.ptr[out + kOutWords]);
      e.mov(mask.cvt64(), kEveryOctet << 7);
      e.test(bytes, mask.cvt64());
      e.jz(end, Xbyak::CodeGenerator::T_NEAR);
    }
    for (int i = 0; i < 8; ++i) e.vmovdqa64(Zmm(i), e.ptr[state + 64 * (8 * group + i)]);
    transpose(e);
    for (int lane = 0; lane < kLanes; ++lane) {
      const Zmm row(lane);
      Label partly, done;
      e.movzx(words, e.byte[out + kOutWords + lane]);
      e.mov(bytes, e.ptr[out + 8 * lane]);
      if (group < kGroups - 1) {
        e.cmp(words, 8 * group + 8);
        e.jb(partly);
        e.vmovdqu64(e.ptr[bytes + 64 * group], row);
      } else {
        e.cmp(words, 21);
        e.jne(partly);
        e.vmovdqu64(e.ptr[bytes + 64 * group], Ymm(lane));
        e.vextracti64x2(Xmm(8), row, 2);
        e.vmovq(e.ptr[bytes + 64 * group + 32], Xmm(8));
      }
      e.jmp(done);
      e.L(partly);
      e.cmp(words, 8 * group);
      e.jbe(done);
      e.bzhi(mask, all, words);
      if (group > 0) e.shr(mask, 8 * group);
      e.kmovb(group_words, mask);
      e.vmovdqu64(e.ptr[bytes + 64 * group] | group_words, row);
      e.L(done);
    }
  }
  e.L(end);
}

}  // namespace

void lanes_avx512(Emitter& e) {
  e.function("mlkem_squeeze_x8_avx512", [&] { squeeze(e); });
}

}  // namespace mlkem::gen
