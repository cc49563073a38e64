// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] on eight states at once (FIPS 202, section 3), with the blocks that enter before: 25 lanes in 25
// registers, one round a loop, so that the code stays small and cold calls cheap.
#include "kernels/keccak_constants.hpp"
#include "kernels/kernels.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kRotations;
using kernels::kStateWords;
using kernels::LaneInputs;
using kernels::pi_source;
using Xbyak::Label;
using Xbyak::Opmask;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;
using Xbyak::util::T_z;

constexpr int kXor3 = 0x96, kChi = 0xd2;  // a ^ b ^ c; a ^ (~b & c)
constexpr int kNotLess = 5;               // a comparison's predicate

constexpr int kLanes = 8;
constexpr int kInLast = offsetof(LaneInputs, last), kInWords = offsetof(LaneInputs, words),
              kInEnd = offsetof(LaneInputs, end), kInFresh = offsetof(LaneInputs, fresh);
static_assert(offsetof(LaneInputs, bytes) == 0);

constexpr int kSeedWords = 4, kBlockWords = 17;

// What enters, XORed into the state in registers 0 to 24, a lane's octets broadcast to where that lane is. Most lanes
// bring a seed of four words and then their last, which takes no branch; chains bring blocks of SHA3-256 and SHAKE256.
// Anything else goes through memory, word by word. Registers 25 to 31 are free.
void absorb(Emitter& e, const Reg64& state, const Reg64& in) {
  const Reg64 bytes = e.rcx, lane = e.r8, word = e.r9, end = e.rax;
  const Reg32 seeds = e.eax, blocks = e.r10d, others = e.r11d, one = e.r8d;
  const Opmask concerned = e.k2, at_four = e.k3, with_last = e.k4, at_least_one = e.k5;
  const Xmm counts(25), number(26), ends(27);
  const Zmm last(28), top(29), value(29);
  const auto broadcast = [&](int byte) {
    e.mov(one, byte);
    e.vpbroadcastb(number, one.cvt8());
  };
  // The next of these lanes: its bit in `concerned`, its octets.
  const auto take_lane = [&](const Reg32& lanes) {
    e.blsi(lane.cvt32(), lanes);
    e.kmovb(concerned, lane.cvt32());
    e.tzcnt(lane.cvt32(), lanes);
    e.blsr(lanes, lanes);
    e.mov(bytes, e.ptr[in + 8 * lane]);
  };

  e.vmovq(counts, e.ptr[in + kInWords]);
  // Word by word, as they were stored just now: one load of all of them would wait until they are in the cache.
  for (int l = 0; l < kLanes; l += 2) {
    const Xmm two(28 + l / 2);
    e.vmovq(two, e.ptr[in + kInLast + 8 * l]);
    e.vmovhps(two, two, e.ptr[in + kInLast + 8 * l + 8]);
  }
  e.vinserti64x2(Ymm(28), Ymm(28), Xmm(29), 1);
  e.vinserti64x2(Ymm(30), Ymm(30), Xmm(31), 1);
  e.vinserti64x4(last, last, Ymm(30), 1);
  broadcast(kSeedWords);
  e.vpcmpeqb(at_four, counts, number);
  e.vpcmpub(concerned, counts, number, kNotLess);
  e.kmovb(seeds, concerned);
  e.vptestmq(with_last, last, last);
  broadcast(kBlockWords);
  e.vpcmpeqb(concerned, counts, number);
  e.kandnb(concerned, with_last, concerned);
  e.kmovb(blocks, concerned);
  // others: words or a last one, but neither a seed nor a block
  e.korb(concerned, concerned, at_four);
  e.vptestmb(at_least_one, counts, counts);
  e.korb(with_last, with_last, at_least_one);
  e.kandnb(concerned, concerned, with_last);
  e.kmovb(others, concerned);

  for (int l = 0; l < kLanes; ++l) {
    e.mov(bytes, e.ptr[in + 8 * l]);
    e.mov(one, seeds);
    e.and_(one, 1 << l);
    e.kmovb(concerned, one);
    for (int i = 0; i < kSeedWords; ++i) e.vpxorq(Zmm(i) | concerned, Zmm(i), e.ptr_b[bytes + 8 * i]);
  }
  e.vpxorq(Zmm(kSeedWords) | at_four, Zmm(kSeedWords), last);

  Label next_block, no_blocks;
  e.test(blocks, blocks);
  e.jz(no_blocks, Xbyak::CodeGenerator::T_NEAR);
  e.L(next_block);
  take_lane(blocks);
  for (int i = kSeedWords; i < kBlockWords; ++i) e.vpxorq(Zmm(i) | concerned, Zmm(i), e.ptr_b[bytes + 8 * i]);
  e.test(blocks, blocks);
  e.jnz(next_block, Xbyak::CodeGenerator::T_NEAR);
  e.L(no_blocks);

  // padding's last bits
  e.vmovq(ends, e.ptr[in + kInEnd]);
  e.mov(bytes, uint64_t{1} << 63);
  e.vpbroadcastq(top, bytes);
  for (const int index : {8, 16, 20}) {
    broadcast(index);
    e.vpcmpeqb(concerned, ends, number);
    e.vpxorq(Zmm(index) | concerned, Zmm(index), top);
  }

  Label next_lane, next_word, no_words, done;
  e.test(others, others);
  e.jz(done, Xbyak::CodeGenerator::T_NEAR);
  for (int i = 0; i < int(kStateWords); ++i) e.vmovdqa64(e.ptr[state + 64 * i], Zmm(i));
  e.L(next_lane);
  take_lane(others);
  e.movzx(end.cvt32(), e.byte[in + lane + kInWords]);
  // word 4 is the first that is not in yet, if there are as many
  e.xor_(word.cvt32(), word.cvt32());
  e.mov(lane.cvt32(), kSeedWords);
  e.cmp(end.cvt32(), kSeedWords);
  e.cmova(word.cvt32(), lane.cvt32());
  e.lea(bytes, e.ptr[bytes + 8 * word]);
  e.shl(word, 6);
  e.add(word, state);
  e.shl(end, 6);
  e.add(end, state);
  e.cmp(word, end);
  e.je(no_words, Xbyak::CodeGenerator::T_NEAR);
  e.L(next_word);
  e.vmovdqa64(value, e.ptr[word]);
  e.vpxorq(value | concerned, value, e.ptr_b[bytes]);
  e.vmovdqa64(e.ptr[word], value);
  e.add(word, 64);
  e.add(bytes, 8);
  e.cmp(word, end);
  e.jne(next_word);
  e.L(no_words);
  e.vmovdqa64(value, e.ptr[word]);
  e.vpxorq(value | concerned, value, last);
  e.vmovdqa64(e.ptr[word], value);
  e.test(others, others);
  e.jnz(next_lane, Xbyak::CodeGenerator::T_NEAR);
  for (int i = 0; i < int(kStateWords); ++i) e.vmovdqa64(Zmm(i), e.ptr[state + 64 * i]);
  e.L(done);
}

// One round; `constant` points at its round constant. Registers 25 to 31: parities, then theta's effects and two spare
// ones.
void round(Emitter& e, const Reg64& constant) {
  const auto a = [](int word) { return Zmm(word); };
  const auto c = [](int x) { return Zmm(25 + (x + 5) % 5); };
  for (int x = 0; x < 5; ++x) e.vmovdqa64(c(x), a(x));
  for (int x = 0; x < 5; ++x) e.vpternlogq(c(x), a(x + 5), a(x + 10), kXor3);
  for (int x = 0; x < 5; ++x) e.vpternlogq(c(x), a(x + 15), a(x + 20), kXor3);
  // theta's effect on column x, d(x) = c(x - 1) ^ rol(c(x + 1), 1), in two free registers and three of c's
  const Zmm d[5] = {Zmm(30), Zmm(31), c(3), c(4), c(0)}, spare[2] = {c(1), c(2)};
  const auto effect = [&](int x) {
    e.vprolq(d[x], c(x + 1), 1);
    e.vpxorq(d[x], d[x], c(x - 1));
  };
  for (const int x : {0, 1, 4, 2, 3}) effect(x);
  // rho where the lanes are; chi row by row, two rows behind. This order of rows takes 3 % less time than 0 to 4.
  constexpr int kRows[] = {1, 2, 0, 4, 3};
  const auto b = [&](int x, int y) { return a(pi_source(x % 5 + 5 * y)); };
  const auto rho = [&](int y) {
    for (int x = 0; x < 5; ++x) e.vpxorq(b(x, y), b(x, y), d[pi_source(x + 5 * y) % 5]);
    for (int x = 0; x < 5; ++x)
      if (const int by = kRotations[pi_source(x + 5 * y)]) e.vprolq(b(x, y), b(x, y), by);
  };
  const auto chi = [&](int y) {
    e.vmovdqa64(spare[0], b(0, y));
    e.vmovdqa64(spare[1], b(1, y));
    for (int x = 0; x < 5; ++x)
      e.vpternlogq(b(x, y), x < 4 ? b(x + 1, y) : spare[0], x < 3 ? b(x + 2, y) : spare[x - 3], kChi);
    if (y == 0) e.vpxorq(b(0, 0), b(0, 0), e.ptr_b[constant]);
  };
  for (int i = 0; i < 5 + 2; ++i) {
    if (i < 5) rho(kRows[i]);
    if (i >= 2) chi(kRows[i - 2]);
  }
  // pi is one cycle through all lanes but the first
  const Zmm first(30);
  int to = 1;
  e.vmovdqa64(first, a(to));
  for (; pi_source(to) != 1; to = pi_source(to)) e.vmovdqa64(a(to), a(pi_source(to)));
  e.vmovdqa64(a(to), first);
}

}  // namespace

void keccak_avx512(Emitter& e) {
  e.function("mlkem_keccak_x8_avx512", [&] {
    const Reg64 state = e.rdi, in = e.rsi, constants = e.rdx;
    const Reg32 count = e.eax;
    const Opmask kept = e.k1;
    Label nothing_enters, permute, loop;
    e.test(in, in);
    e.jz(nothing_enters, Xbyak::CodeGenerator::T_NEAR);
    e.mov(e.eax, e.ptr[in + kInFresh]);
    e.not_(e.eax);
    e.kmovb(kept, e.eax);
    for (int word = 0; word < int(kStateWords); ++word)
      e.vmovdqa64(Zmm(word) | kept | T_z, e.ptr[state + 64 * word]);
    absorb(e, state, in);
    e.jmp(permute, Xbyak::CodeGenerator::T_NEAR);
    e.L(nothing_enters);
    for (int word = 0; word < int(kStateWords); ++word) e.vmovdqa64(Zmm(word), e.ptr[state + 64 * word]);

    e.L(permute);
    e.mov(count, kernels::kRounds);
    e.align(64);
    e.L(loop);
    round(e, constants);
    e.add(constants, 8);
    e.dec(count);
    e.jnz(loop, Xbyak::CodeGenerator::T_NEAR);
    for (int word = 0; word < int(kStateWords); ++word) e.vmovdqa64(e.ptr[state + 64 * word], Zmm(word));
  });
}

}  // namespace mlkem::gen
