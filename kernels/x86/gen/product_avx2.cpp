// SPDX-License-Identifier: Apache-2.0
// Products in the NTT domain (FIPS 203, Algorithms 11 and 12) and what is done coefficient by coefficient. Pairs lie as
// in FIPS 203, side by side in a dword, so that vpmaddwd computes a0 b0 + a1 (b1 zeta), and with b's words swapped
// a0 b1 + a1 b0.
#include "kernels/x86/gen/avx2.hpp"
#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/ntt_avx2_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::x86::avx2::FactorVector;
using kernels::x86::avx2::ProductConstants;
using Xbyak::Address;
using Xbyak::Operand;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Ymm;

#define OFFSET(member) int(offsetof(ProductConstants, member))
constexpr int kPolyBytes = 512, kCacheBytes = 256, kRegisters = 16;

// x := x f modulo q (portable::multiply). The factor and that times q^-1: registers or memory.
void multiply(Emitter& e, const Ymm& x, const Operand& times_q_inverse, const Operand& value, const Ymm& q,
              const Ymm& scratch) {
  e.vpmullw(scratch, x, times_q_inverse);
  e.vpmulhw(x, x, value);
  e.vpmulhw(scratch, scratch, q);
  e.vpsubw(x, x, scratch);
}

// x := x modulo q in [-(q-1)/2, (q-1)/2] (portable::barrett_reduce).
class Reduction {
 public:
  Reduction(Emitter& e, const Reg64& constants) : e_(e) {
    e.vmovdqa(q, e.ptr[constants + OFFSET(q)]);
    e.vmovdqa(barrett_, e.ptr[constants + OFFSET(barrett)]);
    e.vmovdqa(rounding_, e.ptr[constants + OFFSET(rounding)]);
  }
  void operator()(const Ymm& x, const Ymm& scratch) const {
    e_.vpmulhw(scratch, x, barrett_);
    e_.vpmulhrsw(scratch, scratch, rounding_);
    e_.vpmullw(scratch, scratch, q);
    e_.vpsubw(x, x, scratch);
  }

  const Ymm q{15};

 private:
  Emitter& e_;
  const Ymm barrett_{14}, rounding_{13};
};

// mul_cache(out, b, constants): b1 zeta for every pair.
void mul_cache(Emitter& e) {
  const Reg64 out = e.rdi, b = e.rsi, constants = e.rdx, zetas = e.rax;
  const Ymm q(15);
  e.vmovdqa(q, e.ptr[constants + OFFSET(q)]);
  e.lea(zetas, e.ptr[constants + OFFSET(zetas)]);
  repeat(e, e.ecx, 4, [&] {
    for (int i = 0; i < 2; ++i) {
      const Ymm x(i), scratch(2 + i);
      const int zeta = int(sizeof(FactorVector)) * i;
      e.vmovdqa(x, e.ptr[b + 64 * i]);
      e.vpsrld(x, x, 16);
      e.vpblendw(x, x, e.ptr[b + 64 * i + 32], kOddWords);
      multiply(e, x, e.ptr[zetas + zeta + int(offsetof(FactorVector, times_q_inverse))],
               e.ptr[zetas + zeta + int(offsetof(FactorVector, value))], q, scratch);
      e.vmovdqa(e.ptr[out + 32 * i], x);
    }
    e.add(out, 64);
    e.add(b, 128);
    e.add(zetas, 2 * int(sizeof(FactorVector)));
  });
}

// multiply_accumulate(out, a, a's stride in octets, b, cache, k, constants), in four quarters of four registers.
// At most 2^30 is accumulated, so that the result is at most 2^14 + q / 2.
void multiply_accumulate(Emitter& e) {
  const Reg64 out = e.rdi, a = e.rsi, stride = e.rdx, b = e.rcx, cache = e.r8, k = e.r9, constants = e.rax;
  // Terms are counted in octets of their caches; those of b are twice as long.
  const Reg64 term_a = e.r10, term = e.r11, terms = k;
  const Reg32 quarters = e.eax;
  const Ymm cached(8), q(13), q_inverse(14), swap(15);
  const auto even = [](int i) { return Ymm(i); };
  const auto odd = [](int i) { return Ymm(4 + i); };
  e.mov(constants, e.ptr[e.rsp + 8]);
  e.vmovdqa(q, e.ptr[constants + OFFSET(q)]);
  e.vmovdqa(q_inverse, e.ptr[constants + OFFSET(q_inverse)]);
  e.vmovdqa(swap, e.ptr[constants + OFFSET(swap)]);
  e.imul(terms.cvt32(), k.cvt32(), kCacheBytes);
  repeat(e, quarters, 4, [&] {
    for (int i = 0; i < 8; ++i) e.vpxor(Ymm(i), Ymm(i), Ymm(i));
    e.mov(term_a, a);
    e.xor_(term.cvt32(), term.cvt32());
    Xbyak::Label again;
    e.L(again);
    for (int i = 0; i < 4; ++i) {
      const Ymm factor(9), swapped(10), first(11), shifted(12);
      e.vmovdqa(factor, e.ptr[b + term * 2 + 32 * i]);
      e.vpshufb(swapped, factor, swap);
      if (i % 2 == 0) {
        e.vmovdqa(cached, e.ptr[cache + term + 16 * i]);
        e.vpslld(shifted, cached, 16);
        e.vpblendw(factor, factor, shifted, kOddWords);
      } else {
        e.vpblendw(factor, factor, cached, kOddWords);
      }
      e.vmovdqa(first, e.ptr[term_a + 32 * i]);
      e.vpmaddwd(factor, factor, first);
      e.vpmaddwd(swapped, swapped, first);
      e.vpaddd(even(i), even(i), factor);
      e.vpaddd(odd(i), odd(i), swapped);
    }
    e.add(term_a, stride);
    e.add(term, kCacheBytes);
    e.cmp(term, terms);
    e.jne(again, Xbyak::CodeGenerator::T_NEAR);
    // Montgomery reduction: the upper words minus those of q times (the lower words times q^-1)
    for (int i = 0; i < 4; ++i) {
      const Ymm low(8 + i);
      e.vpslld(low, odd(i), 16);
      e.vpblendw(low, even(i), low, kOddWords);
      e.vpsrld(even(i), even(i), 16);
      e.vpblendw(even(i), even(i), odd(i), kOddWords);
      e.vpmullw(low, low, q_inverse);
      e.vpmulhw(low, low, q);
      e.vpsubw(low, even(i), low);
      e.vmovdqa(e.ptr[out + 32 * i], low);
    }
    e.add(a, kPolyBytes / 4);
    e.add(b, kPolyBytes / 4);
    e.add(cache, kCacheBytes / 4);
    e.add(out, kPolyBytes / 4);
  });
}

// add_product(p, e, constants): p 2^16 + e, each of them reduced: at most 2,123 + 1,664.
void add_product(Emitter& e) {
  const Reg64 p = e.rdi, addend = e.rsi, constants = e.rdx;
  const Ymm times_q_inverse(12), value(11);
  const Reduction reduce(e, constants);
  e.vmovdqa(times_q_inverse, e.ptr[constants + OFFSET(montgomery.times_q_inverse)]);
  e.vmovdqa(value, e.ptr[constants + OFFSET(montgomery.value)]);
  repeat(e, e.ecx, kRegisters / 2, [&] {
    for (int i = 0; i < 2; ++i) {
      const Ymm x(i), y(2 + i), scratch(4 + i);
      e.vmovdqa(x, e.ptr[p + 32 * i]);
      e.vmovdqa(y, e.ptr[addend + 32 * i]);
      multiply(e, x, times_q_inverse, value, reduce.q, scratch);
      reduce(y, scratch);
      e.vpaddw(x, x, y);
      e.vmovdqa(e.ptr[p + 32 * i], x);
    }
    e.add(p, 64);
    e.add(addend, 64);
  });
}

// to_standard(p, constants): [0, q). A negative number is a large one without sign, so the smaller is the right one.
void to_standard(Emitter& e) {
  const Reg64 p = e.rdi;
  const Ymm x(0), scratch(1);
  const Reduction reduce(e, e.rsi);
  repeat(e, e.ecx, kRegisters, [&] {
    e.vmovdqa(x, e.ptr[p]);
    reduce(x, scratch);
    e.vpaddw(scratch, x, reduce.q);
    e.vpminuw(x, x, scratch);
    e.vmovdqa(e.ptr[p], x);
    e.add(p, 32);
  });
}

// add(r, a) and sub(r, a)
template <class Combine>
void coefficients(Emitter& e, Combine combine) {
  repeat(e, e.ecx, kRegisters / 4, [&] {
    for (int i = 0; i < 4; ++i) {
      e.vmovdqa(Ymm(i), e.ptr[e.rdi + 32 * i]);
      combine(Ymm(i), e.ptr[e.rsi + 32 * i]);
      e.vmovdqa(e.ptr[e.rdi + 32 * i], Ymm(i));
    }
    e.add(e.rdi, 128);
    e.add(e.rsi, 128);
  });
}

// differ(a, b, octets), a multiple of 32: an or over all differences.
void differ(Emitter& e) {
  const Reg64 a = e.rdi, b = e.rsi, octets = e.rdx, result = e.rax;
  const Ymm all(0), next(1);
  Xbyak::Label loop, done;
  e.vpxor(all, all, all);
  e.xor_(result.cvt32(), result.cvt32());
  e.add(a, octets);
  e.add(b, octets);
  e.neg(octets);
  e.jz(done);
  e.L(loop);
  e.vmovdqu(next, e.ptr[a + octets]);
  e.vpxor(next, next, e.ptr[b + octets]);
  e.vpor(all, all, next);
  e.add(octets, 32);
  e.jnz(loop);
  e.vptest(all, all);
  e.setnz(result.cvt8());
  e.L(done);
}

}  // namespace

void product_avx2(Emitter& e) {
  e.function("mlkem_mul_cache_avx2", [&] { mul_cache(e); });
  e.function("mlkem_multiply_accumulate_avx2", [&] { multiply_accumulate(e); });
  e.function("mlkem_add_product_avx2", [&] { add_product(e); });
  e.function("mlkem_to_standard_avx2", [&] { to_standard(e); });
  e.function("mlkem_add_avx2",
             [&] { coefficients(e, [&](const Ymm& r, const Address& a) { e.vpaddw(r, r, a); }); });
  e.function("mlkem_sub_avx2",
             [&] { coefficients(e, [&](const Ymm& r, const Address& a) { e.vpsubw(r, r, a); }); });
  e.function("mlkem_differ_avx2", [&] { differ(e); });
}

}  // namespace mlkem::gen
