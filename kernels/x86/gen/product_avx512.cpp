// SPDX-License-Identifier: Apache-2.0
// Products in the NTT domain (FIPS 203, Algorithms 11 and 12) and what is done coefficient by coefficient. Pairs lie as
// in FIPS 203, side by side in a dword, so that vpmaddwd computes a0 b0 + a1 (b1 zeta), and with b's words swapped
// a0 b1 + a1 b0.
#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/gen/modular_avx512.hpp"
#include "kernels/x86/ntt_avx512_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::x86::avx512::FactorVector;
using kernels::x86::avx512::ProductConstants;
using Xbyak::Address;
using Xbyak::Opmask;
using Xbyak::Reg64;
using Xbyak::Zmm;
using Xbyak::util::ptr;

#define OFFSET(member) int(offsetof(ProductConstants, member))
constexpr int kTimesQInverse = offsetof(FactorVector, times_q_inverse),
              kValue = offsetof(FactorVector, value);
constexpr int kPolyBytes = 512, kCacheBytes = 256, kRegisters = 8;

FactorOperand<Address> factor(const Reg64& constants, int offset) {
  return {ptr[constants + offset + kTimesQInverse], ptr[constants + offset + kValue]};
}
// reduce() with both constants in memory.
void reduce(Emitter& e, const Zmm& x, const Reg64& constants, const Zmm& q, const Zmm& scratch) {
  reduce(e, x, ptr[constants + OFFSET(barrett)], ptr[constants + OFFSET(rounding)], q, scratch);
}

// mul_cache(out, b, constants): b1 zeta for every pair.
void mul_cache(Emitter& e) {
  const Reg64 out = e.rdi, b = e.rsi, constants = e.rdx;
  const Zmm q(31);
  e.vmovdqa64(q, e.ptr[constants + OFFSET(q)]);
  for (int i = 0; i < 4; ++i) {
    const Zmm odd(i);
    e.vmovdqa64(odd, e.ptr[constants + OFFSET(odd_words)]);
    e.vmovdqa64(Zmm(8 + i), e.ptr[b + 128 * i]);
    e.vpermi2w(odd, Zmm(8 + i), e.ptr[b + 128 * i + 64]);
  }
  for (int i = 0; i < 4; ++i) {
    multiply(e, Zmm(i), Zmm(i), factor(constants, OFFSET(zetas) + int(sizeof(FactorVector)) * i), q,
             Zmm(8 + i));
    e.vmovdqa64(e.ptr[out + 64 * i], Zmm(i));
  }
}

// multiply_accumulate(out, a, a's stride in octets, b, cache, k, constants), in two halves of four registers.
// At most 2^30 is accumulated, so that the result is at most 2^14 + q / 2.
void multiply_accumulate(Emitter& e) {
  const Reg64 out = e.rdi, a = e.rsi, stride = e.rdx, b = e.rcx, cache = e.r8, k = e.r9, constants = e.rax;
  const Reg64 half = e.r10, left = e.r11;
  const Opmask odd_words = e.k1;
  const Zmm q(31), q_inverse(30), spread_low(29), spread_high(28);
  const auto even = [](int i) { return Zmm(i); };
  const auto odd = [](int i) { return Zmm(4 + i); };
  e.mov(constants, e.ptr[e.rsp + 8]);
  e.mov(half.cvt32(), 0xaaaaaaaa);
  e.kmovd(odd_words, half.cvt32());
  e.vmovdqa64(q, e.ptr[constants + OFFSET(q)]);
  e.vmovdqa64(q_inverse, e.ptr[constants + OFFSET(q_inverse)]);
  e.vmovdqa64(spread_low, e.ptr[constants + OFFSET(spread[0])]);
  e.vmovdqa64(spread_high, e.ptr[constants + OFFSET(spread[1])]);
  e.mov(half.cvt32(), 2);
  Xbyak::Label halves, terms;
  e.L(halves);
  for (int i = 0; i < 8; ++i) e.vpxord(Zmm(i), Zmm(i), Zmm(i));
  e.mov(left.cvt32(), k.cvt32());
  e.L(terms);
  for (int i = 0; i < 4; ++i) {
    const Zmm first(8 + i), swapped(12 + i), factor(16 + i), cached(20 + i / 2), product(24 + i % 2),
        other(26 + i % 2);
    if (i % 2 == 0) e.vmovdqa64(cached, e.ptr[cache + 32 * i]);
    e.vmovdqa64(first, e.ptr[a + 64 * i]);
    e.vmovdqa64(factor, e.ptr[b + 64 * i]);
    e.vprold(swapped, factor, 16);
    e.vpermw(factor | odd_words, i % 2 == 0 ? spread_low : spread_high, cached);
    e.vpmaddwd(product, first, factor);
    e.vpmaddwd(other, first, swapped);
    e.vpaddd(even(i), even(i), product);
    e.vpaddd(odd(i), odd(i), other);
  }
  e.add(a, stride);
  e.add(b, kPolyBytes);
  e.add(cache, kCacheBytes);
  e.dec(left.cvt32());
  e.jnz(terms, Xbyak::CodeGenerator::T_NEAR);
  // Montgomery reduction: the upper words minus those of q times (the lower words times q^-1)
  for (int i = 0; i < 4; ++i) {
    const Zmm low(8 + i), high(12 + i);
    e.vpslld(low, odd(i), 16);
    e.vpsrld(high, even(i), 16);
    e.vpblendmw(low | odd_words, even(i), low);
    e.vpblendmw(high | odd_words, high, odd(i));
    e.vpmullw(low, low, q_inverse);
    e.vpmulhw(low, low, q);
    e.vpsubw(high, high, low);
    e.vmovdqa64(e.ptr[out + 64 * i], high);
  }
  // back to the first term, and on to the second half
  const Reg64 back = left;
  e.mov(back, stride);
  e.imul(back, k);
  e.sub(a, back);
  e.add(a, kPolyBytes / 2);
  e.imul(back.cvt32(), k.cvt32(), kPolyBytes);
  e.sub(b, back);
  e.add(b, kPolyBytes / 2);
  e.shr(back.cvt32(), 1);
  e.sub(cache, back);
  e.add(cache, kCacheBytes / 2);
  e.add(out, kPolyBytes / 2);
  e.dec(half.cvt32());
  e.jnz(halves, Xbyak::CodeGenerator::T_NEAR);
}

// add_product(p, e, constants): p 2^16 + e, each of them reduced: at most 2,123 + 1,664.
void add_product(Emitter& e) {
  const Reg64 p = e.rdi, addend = e.rsi, constants = e.rdx;
  const Zmm q(31);
  e.vmovdqa64(q, e.ptr[constants + OFFSET(q)]);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i), y(8 + i), scratch(16 + i);
    e.vmovdqa64(x, e.ptr[p + 64 * i]);
    e.vmovdqa64(y, e.ptr[addend + 64 * i]);
    multiply(e, x, x, factor(constants, OFFSET(montgomery)), q, scratch);
    reduce(e, y, constants, q, scratch);
    e.vpaddw(x, x, y);
    e.vmovdqa64(e.ptr[p + 64 * i], x);
  }
}

// to_standard(p, constants): [0, q).
void to_standard(Emitter& e) {
  const Reg64 p = e.rdi, constants = e.rsi;
  const Zmm q(31);
  e.vmovdqa64(q, e.ptr[constants + OFFSET(q)]);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i), scratch(8 + i);
    e.vmovdqa64(x, e.ptr[p + 64 * i]);
    reduce(e, x, constants, q, scratch);
    add_q_if_negative(e, x, q, scratch);
    e.vmovdqa64(e.ptr[p + 64 * i], x);
  }
}

// add(r, a) and sub(r, a)
template <class Combine>
void coefficients(Emitter& e, Combine combine) {
  for (int i = 0; i < kRegisters; ++i) {
    e.vmovdqa64(Zmm(i), e.ptr[e.rdi + 64 * i]);
    combine(Zmm(i), e.ptr[e.rsi + 64 * i]);
    e.vmovdqa64(e.ptr[e.rdi + 64 * i], Zmm(i));
  }
}

// differ(a, b, octets), a multiple of 32: an or over all differences.
void differ(Emitter& e) {
  const Reg64 a = e.rdi, b = e.rsi, octets = e.rdx, result = e.rax;
  const Xbyak::Ymm all(0), next(1);
  Xbyak::Label loop, done;
  e.vpxor(Xbyak::Xmm(0), Xbyak::Xmm(0), Xbyak::Xmm(0));
  e.xor_(result.cvt32(), result.cvt32());
  e.test(octets, octets);
  e.jz(done);
  e.L(loop);
  e.vmovdqu64(next, e.ptr[a]);
  e.vpternlogq(all, next, e.ptr[b], 0xf6);  // all | (next ^ b)
  e.add(a, 32);
  e.add(b, 32);
  e.sub(octets, 32);
  e.jnz(loop);
  e.vptestmq(e.k1, all, all);
  e.kmovb(result.cvt32(), e.k1);
  e.L(done);
}

}  // namespace

void product_avx512(Emitter& e) {
  e.function("mlkem_mul_cache_avx512", [&] { mul_cache(e); });
  e.function("mlkem_multiply_accumulate_avx512", [&] { multiply_accumulate(e); });
  e.function("mlkem_add_product_avx512", [&] { add_product(e); });
  e.function("mlkem_to_standard_avx512", [&] { to_standard(e); });
  e.function("mlkem_add_avx512",
             [&] { coefficients(e, [&](const Zmm& r, const Xbyak::Address& a) { e.vpaddw(r, r, a); }); });
  e.function("mlkem_sub_avx512",
             [&] { coefficients(e, [&](const Zmm& r, const Xbyak::Address& a) { e.vpsubw(r, r, a); }); });
  e.function("mlkem_differ_avx512", [&] { differ(e); });
}

}  // namespace mlkem::gen
