// SPDX-License-Identifier: Apache-2.0
// Octets out of eight interleaved Keccak states: 64 octets of every lane are a square of 8 x 8 words, which is
// transposed.
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

// Registers 0 to 7 := 64 octets of each lane, out of eight words of the state at `words`. Halves of two words are put
// together while they are loaded, so that two thirds of a transposition's shuffles are left. `upper` has bits 4 to 7.
void take_rows(Emitter& e, const Reg64& words, int offset, const Opmask& upper) {
  for (int half = 0; half < 2; ++half) {
    const auto half_of = [&](int word) { return e.ptr[words + offset + 64 * word + 32 * half]; };
    // words 0 | 2, 1 | 3, 4 | 6, 5 | 7 of four lanes
    for (int i = 0; i < 4; ++i) {
      const int word = i < 2 ? i : i + 2;
      e.vmovdqa(Ymm(8 + i), half_of(word));
      e.vbroadcasti64x4(Zmm(8 + i) | upper, half_of(word + 2));
    }
    e.vpunpcklqdq(Zmm(12), Zmm(8), Zmm(9));
    e.vpunpckhqdq(Zmm(13), Zmm(8), Zmm(9));
    e.vpunpcklqdq(Zmm(14), Zmm(10), Zmm(11));
    e.vpunpckhqdq(Zmm(15), Zmm(10), Zmm(11));
    for (int i = 0; i < 4; ++i)
      e.vshufi64x2(Zmm(4 * half + i), Zmm(12 + i % 2), Zmm(14 + i % 2), i < 2 ? 0x88 : 0xdd);
  }
}

// squeeze(state, out). Masks and no branches: which lanes have how much for whom is hard to predict.
void squeeze(Emitter& e) {
  const Reg64 state = e.rdi, out = e.rsi, bytes = e.rdx;
  const Reg32 words = e.ecx, mask = e.eax, all = e.r8d;
  const Opmask group_words = e.k1, upper = e.k2;
  Label end;
  e.mov(all, 0xf0);
  e.kmovb(upper, all);
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
    take_rows(e, state, 64 * 8 * group, upper);
    for (int lane = 0; lane < kLanes; ++lane) {
      e.movzx(words, e.byte[out + kOutWords + lane]);
      e.mov(bytes, e.ptr[out + 8 * lane]);
      e.bzhi(mask, all, words);
      if (group > 0) e.shr(mask, 8 * group);
      e.kmovb(group_words, mask);
      e.vmovdqu64(e.ptr[bytes + 64 * group] | group_words, Zmm(lane));
    }
  }
  e.L(end);
}

}  // namespace

void lanes_avx512(Emitter& e) {
  e.function("mlkem_squeeze_x8_avx512", [&] { squeeze(e); });
}

}  // namespace mlkem::gen
