// SPDX-License-Identifier: Apache-2.0
// Octets into and out of eight interleaved Keccak states: 64 octets of every lane are a square of 8 x 8 words, which is
// transposed in registers.
#include "kernels/kernels.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kStateWords;
using kernels::LaneInput;
using kernels::LaneOutput;
using Xbyak::Opmask;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;

constexpr int kLanes = 8, kGroups = 3;  // 24 words, of at most 21 that enter or leave
static_assert(sizeof(LaneInput) == 16 && offsetof(LaneInput, words) == 8 && offsetof(LaneInput, fresh) == 12);
static_assert(sizeof(LaneOutput) == 16 && offsetof(LaneOutput, words) == 8);

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

// absorb(state, in): a fresh lane's words count as zero, a lane without input reads nothing that counts.
void absorb(Emitter& e) {
  const Reg64 state = e.rdi, in = e.rsi, bytes = e.rdx;
  const Reg32 words = e.ecx, mask = e.eax, all = e.r8d, fresh = e.r9d;
  const Opmask kept = e.k2, group_words = e.k1;
  e.xor_(fresh, fresh);
  for (int lane = kLanes - 1; lane >= 0; --lane) {
    e.movzx(mask, e.byte[in + 16 * lane + int(offsetof(LaneInput, fresh))]);
    e.lea(fresh, e.ptr[mask.cvt64() + 2 * fresh.cvt64()]);
  }
  e.not_(fresh);
  e.kmovb(kept, fresh);
  e.mov(all, -1);
  for (int group = 0; group < kGroups; ++group) {
    for (int lane = 0; lane < kLanes; ++lane) {
      e.mov(bytes, e.ptr[in + 16 * lane]);
      e.mov(words, e.ptr[in + 16 * lane + int(offsetof(LaneInput, words))]);
      e.test(words, words);
      e.cmovz(bytes, state);  // readable, though nothing is read
      e.bzhi(mask, all, words);
      if (group > 0) e.shr(mask, 8 * group);
      e.kmovb(group_words, mask);
      e.vmovdqu64(Zmm(lane) | group_words | Xbyak::util::T_z, e.ptr[bytes + 64 * group]);
    }
    transpose(e);
    for (int i = 0; i < 8; ++i) {
      const auto word = e.ptr[state + 64 * (8 * group + i)];
      e.vmovdqa64(Zmm(16 + i) | kept | Xbyak::util::T_z, word);
      e.vpxorq(Zmm(16 + i), Zmm(16 + i), Zmm(i));
      e.vmovdqa64(word, Zmm(16 + i));
    }
  }
  const auto last = e.ptr[state + 64 * (int(kStateWords) - 1)];
  e.vmovdqa64(Zmm(16) | kept | Xbyak::util::T_z, last);
  e.vmovdqa64(last, Zmm(16));
}

// squeeze(state, out). Masked stores are slow: a lane of a whole block of SHAKE128, or of whole groups, goes without.
void squeeze(Emitter& e) {
  const Reg64 state = e.rdi, out = e.rsi, bytes = e.rdx;
  const Reg32 words = e.ecx, mask = e.eax, all = e.r8d;
  const Opmask group_words = e.k1;
  e.mov(all, -1);
  for (int group = 0; group < kGroups; ++group) {
    for (int i = 0; i < 8; ++i) e.vmovdqa64(Zmm(i), e.ptr[state + 64 * (8 * group + i)]);
    transpose(e);
    for (int lane = 0; lane < kLanes; ++lane) {
      const Zmm row(lane);
      Xbyak::Label partly, done;
      e.mov(words, e.ptr[out + 16 * lane + int(offsetof(LaneOutput, words))]);
      e.mov(bytes, e.ptr[out + 16 * lane]);
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
}

}  // namespace

void lanes_avx512(Emitter& e) {
  e.function("mlkem_absorb_x8_avx512", [&] { absorb(e); });
  e.function("mlkem_squeeze_x8_avx512", [&] { squeeze(e); });
}

}  // namespace mlkem::gen
