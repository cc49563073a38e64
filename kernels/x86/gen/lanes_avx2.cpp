// SPDX-License-Identifier: Apache-2.0
// Octets into and out of four interleaved Keccak states: 32 octets of every lane are a square of 4 x 4 words, which is
// transposed in registers.
#include "kernels/kernels.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kStateWords;
using kernels::LaneInputs;
using kernels::LaneOutputs;
using Xbyak::Label;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr int kLanes = 4, kWords = kStateWords;
constexpr int kInLast = offsetof(LaneInputs, last), kInWords = offsetof(LaneInputs, words),
              kInEnd = offsetof(LaneInputs, end), kInFresh = offsetof(LaneInputs, fresh),
              kOutWords = offsetof(LaneOutputs, words);
static_assert(offsetof(LaneInputs, bytes) == 0 && offsetof(LaneOutputs, bytes) == 0);

// The second half of a transposition: from the even and odd words of the first two rows and of the last two, what
// vpunpcklqdq and vpunpckhqdq make of them, to columns in registers 0 to 3.
void join_halves(Emitter& e, const Ymm& even_01, const Ymm& odd_01, const Ymm& even_23, const Ymm& odd_23) {
  e.vperm2i128(Ymm(0), even_01, even_23, 0x20);
  e.vperm2i128(Ymm(1), odd_01, odd_23, 0x20);
  e.vperm2i128(Ymm(2), even_01, even_23, 0x31);
  e.vperm2i128(Ymm(3), odd_01, odd_23, 0x31);
}

// absorb(state, in): register 15 is all ones in fresh lanes, 14 numbers the words of this square, 8 to 11 hold how many
// each lane has.
void absorb(Emitter& e) {
  const Reg64 state = e.rdi, in = e.rsi, start = e.rdx, bytes[kLanes] = {e.r8, e.r9, e.r10, e.r11};
  const Reg32 squares = e.ecx;
  const Ymm fresh(15), number(14), four(13);
  const auto words = [](int lane) { return Ymm(8 + lane); };
  const auto store = [&](const Ymm& kept, const Ymm* entering) {
    e.vpandn(kept, fresh, e.ptr[state]);
    if (entering) e.vpxor(kept, kept, *entering);
    e.vmovdqa(e.ptr[state], kept);
    e.add(state, 32);
  };

  e.mov(e.eax, 0x08040201);
  e.vmovd(Xmm(0), e.eax);
  e.vpmovzxbq(Ymm(0), Xmm(0));
  e.vpbroadcastd(fresh, e.ptr[in + kInFresh]);
  e.vpand(fresh, fresh, Ymm(0));
  e.vpcmpeqq(fresh, fresh, Ymm(0));
  e.mov(e.rax, 0x0303020201010000);
  e.vmovq(Xmm(0), e.rax);
  e.vpmovzxbd(number, Xmm(0));
  e.mov(e.eax, 4);
  e.vmovd(Xmm(0), e.eax);
  e.vpbroadcastd(four, Xmm(0));
  // as many squares as the lane with the most words needs, or a few more
  e.xor_(squares, squares);
  for (int lane = 0; lane < kLanes; ++lane) {
    e.mov(bytes[lane], e.ptr[in + 8 * lane]);
    e.movzx(e.eax, e.byte[in + kInWords + lane]);
    e.or_(squares, e.eax);
    e.vmovd(Xmm(8 + lane), e.eax);
    e.vpbroadcastd(words(lane), Xmm(8 + lane));
  }
  e.shr(squares, 2);
  e.add(squares, 1);
  e.mov(e.eax, kWords / 4);
  e.cmp(squares, e.eax);
  e.cmova(squares, e.eax);
  e.mov(start, state);

  Label loop;
  e.L(loop);
  for (int lane = 0; lane < kLanes; ++lane) {
    const Ymm row(lane), mask(4 + lane), last(12);
    e.vpcmpgtd(mask, words(lane), number);
    e.vpmaskmovq(row, mask, e.ptr[bytes[lane]]);
    e.vpbroadcastq(last, e.ptr[in + kInLast + 8 * lane]);
    e.vpcmpeqd(mask, words(lane), number);
    e.vpand(last, last, mask);
    e.vpor(row, row, last);
    e.add(bytes[lane], 32);
  }
  for (int i = 0; i < kLanes; i += 2) {
    e.vpunpcklqdq(Ymm(4 + i), Ymm(i), Ymm(i + 1));
    e.vpunpckhqdq(Ymm(5 + i), Ymm(i), Ymm(i + 1));
  }
  join_halves(e, Ymm(4), Ymm(5), Ymm(6), Ymm(7));
  for (int i = 0; i < 4; ++i) {
    const Ymm entering(i);
    store(Ymm(4 + i), &entering);
  }
  e.vpaddd(number, number, four);
  e.dec(squares);
  e.jnz(loop);

  // the words behind
  Label behind;
  e.lea(e.rax, e.ptr[start + 32 * kWords]);
  e.L(behind);
  store(Ymm(0), nullptr);
  e.cmp(state, e.rax);
  e.jb(behind);

  // padding's last bits
  const Ymm ends(0), bit(1);
  e.vpmovzxbq(ends, e.ptr[in + kInEnd]);
  for (const int word : {8, 16, 20}) {
    e.mov(e.eax, word);
    e.vmovd(Xmm(1), e.eax);
    e.vpbroadcastq(bit, Xmm(1));
    e.vpcmpeqq(bit, bit, ends);
    e.vpsllq(bit, bit, 63);
    e.vpxor(bit, bit, e.ptr[start + 32 * word]);
    e.vmovdqa(e.ptr[start + 32 * word], bit);
  }
}

// squeeze(state, out): whole rows of squares, then lane by lane what is left, up to three words.
void squeeze(Emitter& e) {
  const Reg64 state = e.rdi, out = e.rsi, bytes[kLanes] = {e.r8, e.r9, e.r10, e.r11};
  const Reg32 end = e.eax;    // of this square's rows, in words
  constexpr int kLeast = 20;  // of at most 21 words, those in whole squares
  Label loop;
  for (int lane = 0; lane < kLanes; ++lane) e.mov(bytes[lane], e.ptr[out + 8 * lane]);
  e.mov(end, 4);
  e.L(loop);
  for (int i = 0; i < 4; ++i) e.vmovdqa(Ymm(4 + i), e.ptr[state + 32 * i]);
  for (int i = 0; i < 4; i += 2) {
    e.vpunpcklqdq(Ymm(8 + i), Ymm(4 + i), Ymm(5 + i));
    e.vpunpckhqdq(Ymm(9 + i), Ymm(4 + i), Ymm(5 + i));
  }
  join_halves(e, Ymm(8), Ymm(9), Ymm(10), Ymm(11));
  for (int lane = 0; lane < kLanes; ++lane) {
    Label shorter;
    e.cmp(e.byte[out + kOutWords + lane], end.cvt8());
    e.jb(shorter);
    e.vmovdqu(e.ptr[bytes[lane]], Ymm(lane));
    e.L(shorter);
    e.add(bytes[lane], 32);
  }
  e.add(state, 128);
  e.add(end, 4);
  e.cmp(end, kLeast);
  e.jbe(loop);

  const Reg64 from = e.rdx, to = e.r8;
  const Xmm word(0);
  const Reg32 left = e.ecx;
  for (int lane = 0; lane < kLanes; ++lane) {
    Label again, done;
    e.movzx(left, e.byte[out + kOutWords + lane]);
    e.mov(from.cvt32(), left);
    e.and_(left, 3);
    e.test(left, left);
    e.jz(done);
    e.sub(from.cvt32(), left);
    e.mov(to, e.ptr[out + 8 * lane]);
    e.lea(to, e.ptr[to + 8 * from]);
    e.shl(from, 5);
    e.add(from, state);
    e.L(again);
    e.vmovq(word, e.ptr[from + 8 * lane - 32 * kLeast]);
    e.vmovq(e.ptr[to], word);
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
