// SPDX-License-Identifier: Apache-2.0
// Octets into and out of four interleaved Keccak states: 32 octets of every lane are a square of 4 x 4 words, which is
// transposed in registers.
#include "kernels/kernels.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kStateWords;
using kernels::LaneInput;
using kernels::LaneOutput;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr int kLanes = 4, kSquares = 5;  // 20 words, of at most 21 that enter or leave
static_assert(sizeof(LaneInput) == 16 && offsetof(LaneInput, words) == 8 && offsetof(LaneInput, fresh) == 12);
static_assert(sizeof(LaneOutput) == 16 && offsetof(LaneOutput, words) == 8);

// The second half of a transposition: from the even and odd words of the first two rows and of the last two, what
// vpunpcklqdq and vpunpckhqdq make of them, to columns in registers 0 to 3.
void join_halves(Emitter& e, const Ymm& even_01, const Ymm& odd_01, const Ymm& even_23, const Ymm& odd_23) {
  e.vperm2i128(Ymm(0), even_01, even_23, 0x20);
  e.vperm2i128(Ymm(1), odd_01, odd_23, 0x20);
  e.vperm2i128(Ymm(2), even_01, even_23, 0x31);
  e.vperm2i128(Ymm(3), odd_01, odd_23, 0x31);
}

// absorb(state, in): register 15 is all ones in fresh lanes, 14 numbers the words of this square, 8 to 11 hold how many
// each lane has. A lane without input reads nothing that counts.
void absorb(Emitter& e) {
  const Reg64 state = e.rdi, in = e.rsi, bytes[kLanes] = {e.r8, e.r9, e.r10, e.r11};
  const Reg32 squares = e.ecx, has_words = e.edx;
  const Ymm fresh(15), number(14), four(13);
  const auto words = [](int lane) { return Ymm(8 + lane); };
  const auto load_row = [&](int lane) {
    const Ymm row(lane), mask(4 + lane);
    e.vpcmpgtd(mask, words(lane), number);
    e.vpmaskmovq(row, mask, e.ptr[bytes[lane]]);
  };
  const auto merge = [&](int i) {
    const Ymm kept(4 + i);
    e.vpandn(kept, fresh, e.ptr[state + 32 * i]);
    e.vpxor(kept, kept, Ymm(i));
    e.vmovdqa(e.ptr[state + 32 * i], kept);
  };

  // the octets 8 to 15 of every entry, as a quadword a lane; `fresh` is its bit 32
  e.vmovdqu(Ymm(0), e.ptr[in]);
  e.vpunpckhqdq(Ymm(0), Ymm(0), e.ptr[in + 32]);
  e.vpermq(Ymm(0), Ymm(0), 0xd8);
  e.vpsllq(Ymm(0), Ymm(0), 31);
  e.vpxor(Ymm(1), Ymm(1), Ymm(1));
  e.vpcmpgtq(fresh, Ymm(1), Ymm(0));
  e.mov(e.rax, 0x0303020201010000);
  e.vmovq(Xmm(0), e.rax);
  e.vpmovzxbd(number, Xmm(0));
  e.mov(e.eax, 4);
  e.vmovd(Xmm(0), e.eax);
  e.vpbroadcastd(four, Xmm(0));
  for (int lane = 0; lane < kLanes; ++lane) {
    e.vpbroadcastd(words(lane), e.ptr[in + 16 * lane + int(offsetof(LaneInput, words))]);
    e.mov(bytes[lane], e.ptr[in + 16 * lane]);
    e.mov(has_words, e.ptr[in + 16 * lane + int(offsetof(LaneInput, words))]);
    e.test(has_words, has_words);
    e.cmovz(bytes[lane], state);  // reading nothing at all from a null pointer takes 150 ticks
  }

  Xbyak::Label loop;
  e.mov(squares, kSquares);
  e.L(loop);
  for (int lane = 0; lane < kLanes; ++lane) {
    load_row(lane);
    e.add(bytes[lane], 32);
  }
  for (int i = 0; i < kLanes; i += 2) {
    e.vpunpcklqdq(Ymm(4 + i), Ymm(i), Ymm(i + 1));
    e.vpunpckhqdq(Ymm(5 + i), Ymm(i), Ymm(i + 1));
  }
  join_halves(e, Ymm(4), Ymm(5), Ymm(6), Ymm(7));
  for (int i = 0; i < 4; ++i) merge(i);
  e.vpaddd(number, number, four);
  e.add(state, 128);
  e.dec(squares);
  e.jnz(loop);

  // word 20, and those behind it that nothing enters
  for (int lane = 0; lane < kLanes; ++lane) load_row(lane);
  e.vpunpcklqdq(Ymm(0), Ymm(0), Ymm(1));
  e.vpunpcklqdq(Ymm(2), Ymm(2), Ymm(3));
  e.vinserti128(Ymm(0), Ymm(0), Xmm(2), 1);
  merge(0);
  for (int i = 1; i < int(kStateWords) - 4 * kSquares; ++i) {
    e.vpandn(Ymm(i), fresh, e.ptr[state + 32 * i]);
    e.vmovdqa(e.ptr[state + 32 * i], Ymm(i));
  }
}

// squeeze(state, out): whole rows of squares, then lane by lane what is left, up to three words.
void squeeze(Emitter& e) {
  const Reg64 state = e.rdi, out = e.rsi, bytes[kLanes] = {e.r8, e.r9, e.r10, e.r11};
  const Reg32 end = e.eax;  // of this square's rows, in words
  Xbyak::Label loop;
  for (int lane = 0; lane < kLanes; ++lane) e.mov(bytes[lane], e.ptr[out + 16 * lane]);
  e.mov(end, 4);
  e.L(loop);
  for (int i = 0; i < 4; ++i) e.vmovdqa(Ymm(4 + i), e.ptr[state + 32 * i]);
  for (int i = 0; i < 4; i += 2) {
    e.vpunpcklqdq(Ymm(8 + i), Ymm(4 + i), Ymm(5 + i));
    e.vpunpckhqdq(Ymm(9 + i), Ymm(4 + i), Ymm(5 + i));
  }
  join_halves(e, Ymm(8), Ymm(9), Ymm(10), Ymm(11));
  for (int lane = 0; lane < kLanes; ++lane) {
    Xbyak::Label shorter;
    e.cmp(e.ptr[out + 16 * lane + int(offsetof(LaneOutput, words))], end);
    e.jb(shorter);
    e.vmovdqu(e.ptr[bytes[lane]], Ymm(lane));
    e.L(shorter);
    e.add(bytes[lane], 32);
  }
  e.add(state, 128);
  e.add(end, 4);
  e.cmp(end, 4 * kSquares);
  e.jbe(loop);

  const Reg64 from = e.rdx, to = e.r8, word = e.r9;
  const Reg32 left = e.ecx;
  for (int lane = 0; lane < kLanes; ++lane) {
    Xbyak::Label again, done;
    e.mov(left, e.ptr[out + 16 * lane + int(offsetof(LaneOutput, words))]);
    e.mov(from.cvt32(), left);
    e.and_(left, 3);
    e.test(left, left);
    e.jz(done);
    e.sub(from.cvt32(), left);
    e.mov(to, e.ptr[out + 16 * lane]);
    e.lea(to, e.ptr[to + 8 * from]);
    e.shl(from, 5);
    e.add(from, state);
    e.L(again);
    e.mov(word, e.ptr[from + 8 * lane - 128 * kSquares]);
    e.mov(e.ptr[to], word);
    e.add(from, 32);
    e.add(to, 8);
    e.dec(left);
    e.jnz(again);
    e.L(done);
  }
}

}  // namespace

void lanes_avx2(Emitter& e) {
  e.function("mlkem_absorb_x4_avx2", [&] { absorb(e); });
  e.function("mlkem_squeeze_x4_avx2", [&] { squeeze(e); });
}

}  // namespace mlkem::gen
