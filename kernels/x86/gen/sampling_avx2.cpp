// SPDX-License-Identifier: Apache-2.0
// Sampling (FIPS 203, section 4.2.2).
#include "kernels/x86/gen/coder_avx2.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kN;
using kernels::kQ;
using kernels::x86::avx2::CodingConstants;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;

#define OFFSET(member) int(offsetof(CodingConstants, member))

// cbd_2(out, prf, constants): every octet gives two coefficients, each by a table of sixteen.
void cbd_2(Emitter& e) {
  const Reg64 out = e.rdi, prf = e.rsi;
  const Coder coder(e, prf, e.rdx);
  const Ymm x(0), upper(1), table(15), nibbles(14);
  e.vmovdqa(table, coder.at(OFFSET(cbd_2)));
  coder.word(nibbles, 0x0f0f);
  coder.for_all(out, 2, 16, [&] {
    e.vpmovzxbw(x, e.ptr[prf]);
    e.vpsllw(upper, x, 4);
    e.vpor(x, x, upper);
    e.vpand(x, x, nibbles);
    e.vpshufb(x, table, x);
    e.vpmovsxbw(upper, low(x));
    e.vmovdqa(e.ptr[out], upper);
    e.vextracti128(low(x), x, 1);
    e.vpmovsxbw(x, low(x));
    e.vmovdqa(e.ptr[out + 32], x);
  });
}

// cbd_3(out, prf, constants): of every six bits the lower three go to the lower octet and the upper three to the upper
// one, where a table counts their ones.
void cbd_3(Emitter& e) {
  const Reg64 out = e.rdi;
  const Coder coder(e, e.rsi, e.rdx);
  const Ymm x(0), upper(1), table(13), upper_octets(12), signs(11);
  coder.prepare_unpacking(OFFSET(six_bits));
  e.vmovdqa(table, coder.at(OFFSET(cbd_3)));
  coder.word(upper_octets, 0xff00);
  coder.word(signs, 0xff01);
  coder.for_all(out, 1, 12, [&] {
    coder.load(x, 6);
    coder.unpack(x);
    e.vpsrlw(upper, x, 5);
    e.vpsrlw(x, x, 10);
    e.vpand(upper, upper, upper_octets);
    e.vpor(x, x, upper);
    e.vpshufb(x, table, x);
    e.vpmaddubsw(x, x, signs);
    e.vmovdqa(e.ptr[out], x);
  });
}

// reject_vartime(p, have, xof, octets, constants): 16 candidates at a time while there are places for all of them, then
// eight. Those that are taken are moved together by a table.
class Rejection {
 public:
  explicit Rejection(Emitter& e) : e_(e) {}

  void emit() {
    constexpr auto kNear = Xbyak::CodeGenerator::T_NEAR;
    Xbyak::Label loop, tail, found, clip, few, done;
    e_.mov(have_.cvt32(), have_.cvt32());
    coder_.prepare_unpacking(OFFSET(decode_12));
    coder_.word(q_, kQ);

    e_.cmp(octets_, 24);
    e_.jb(tail, kNear);
    e_.cmp(have_, kN - 16);
    e_.ja(tail, kNear);
    e_.L(loop);
    coder_.load(x_, 12);
    find(24);
    select();
    store();
    e_.vextracti128(low(x_), x_, 1);
    e_.mov(bits_.cvt32(), e_.eax);
    e_.shr(bits_.cvt32(), 24);
    select();
    store();
    e_.cmp(octets_, 24);
    e_.jb(tail);
    e_.cmp(have_, kN - 16);
    e_.jbe(loop, kNear);

    e_.L(tail);
    e_.cmp(have_, kN);
    e_.jae(done, kNear);
    e_.cmp(octets_, 12);
    e_.jb(few, kNear);
    coder_.load_12(low(x_));
    e_.mov(candidates_.cvt32(), 0xff);
    find(12);
    e_.L(found);
    e_.and_(bits_.cvt32(), candidates_.cvt32());
    select();
    e_.cmp(have_, kN - 8);
    e_.ja(clip);
    store();
    e_.jmp(tail, kNear);

    // The last eight places: those that are full stay, and the new words begin behind them.
    e_.L(clip);
    const int last_places = 2 * (kN - 8);
    e_.mov(e_.rax, have_);
    e_.neg(e_.rax);
    e_.vmovdqu(up_, e_.ptr[constants_ + e_.rax * 2 + (OFFSET(slide) + 16 + last_places)]);
    e_.vpshufb(low(words_), low(words_), up_);
    e_.vpblendvb(low(words_), low(words_), e_.ptr[p_ + last_places], up_);
    e_.vmovdqa(e_.ptr[p_ + last_places], low(words_));
    e_.add(have_, taken_);
    e_.mov(e_.eax, kN);
    e_.cmp(have_, e_.rax);
    e_.cmova(have_, e_.rax);
    e_.jmp(tail, kNear);

    // Less than eight candidates are left: two at a time.
    e_.L(few);
    e_.test(octets_, octets_);
    e_.jz(done);
    e_.movzx(e_.eax, e_.word[xof_]);
    e_.movzx(bits_.cvt32(), e_.byte[xof_ + 2]);
    e_.shl(bits_.cvt32(), 16);
    e_.or_(e_.eax, bits_.cvt32());
    e_.vmovd(low(x_), e_.eax);
    e_.mov(candidates_.cvt32(), 3);
    find(3);
    e_.jmp(found, kNear);

    e_.L(done);
    e_.mov(e_.eax, have_.cvt32());
  }

 private:
  // x := the candidates in the octets that were loaded. eax: which of them are below q, by half, each half's bits twice;
  // `bits`: which of the first half.
  void find(int octets) {
    e_.add(xof_, octets);
    e_.sub(octets_, octets);
    coder_.unpack(x_);
    e_.vpsrlw(x_, x_, 4);
    e_.vpcmpgtw(words_, q_, x_);
    e_.vpacksswb(words_, words_, words_);
    e_.vpmovmskb(e_.eax, words_);
    e_.movzx(bits_.cvt32(), e_.al);
  }
  // words := those of x's first half that `bits` names, moved together; `taken` is how many.
  void select() {
    e_.movzx(taken_.cvt32(), e_.byte[constants_ + bits_ + OFFSET(count)]);
    e_.shl(bits_.cvt32(), 4);
    e_.vpshufb(low(words_), low(x_), e_.ptr[constants_ + bits_ + OFFSET(selected)]);
  }
  void store() {
    e_.vmovdqu(e_.ptr[p_ + have_ * 2], low(words_));
    e_.add(have_, taken_);
  }

  Emitter& e_;
  const Reg64 p_ = e_.rdi, have_ = e_.rsi, xof_ = e_.rdx, octets_ = e_.rcx, constants_ = e_.r8;
  const Reg64 bits_ = e_.r9, taken_ = e_.r10, candidates_ = e_.r11;
  const Ymm x_{0}, words_{1}, q_{13};
  const Xmm up_{2};
  const Coder coder_{e_, xof_, constants_};
};

}  // namespace

void sampling_avx2(Emitter& e) {
  e.function("mlkem_cbd_2_avx2", [&] { cbd_2(e); });
  e.function("mlkem_cbd_3_avx2", [&] { cbd_3(e); });
  e.function("mlkem_reject_vartime_avx2", [&] { Rejection(e).emit(); });
}

}  // namespace mlkem::gen
