// SPDX-License-Identifier: Apache-2.0
// Encoding, compression and sampling (FIPS 203, sections 4.2.1 and 4.2.2): 32 coefficients a register.
#include "kernels/x86/coding_avx512_constants.hpp"
#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/gen/modular_avx512.hpp"

namespace mlkem::gen {
namespace {

using kernels::kQ;
using kernels::x86::avx512::CodingConstants;
using kernels::x86::avx512::Packing;
using kernels::x86::avx512::Unpacking;
using Xbyak::Opmask;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;

#define OFFSET(member) int(offsetof(CodingConstants, member))
constexpr int kGather = offsetof(Unpacking, gather), kWindow = offsetof(Unpacking, window);
constexpr int kRegisters = 8;

class Coder {
 public:
  Coder(Emitter& e, const Reg64& octets, const Reg64& constants)
      : e_(e), octets_(octets), constants_(constants) {}

  void word(const Zmm& out, int value) {
    e_.mov(scratch_, value);
    e_.vpbroadcastw(out, scratch_.cvt16());
  }

  // Registers 30 and 31: how to unpack d bits.
  void prepare_unpacking(int d, int table) {
    e_.vmovdqa64(Zmm(30), at(table + kGather));
    e_.vmovdqa64(Zmm(31), at(table + kWindow));
    set_share(d);
  }
  // out := coefficients 32 i to 32 i + 31 with other bits above and below.
  void unpack(const Zmm& out, int d, int i) {
    if (reaches_beyond(d, i)) {
      e_.vmovdqu8(out | share_ | Xbyak::util::T_z, e_.ptr[octets_ + 4 * d * i]);
      e_.vpermb(out, Zmm(30), out);
    } else {
      e_.vpermb(out, Zmm(30), e_.ptr[octets_ + 4 * d * i]);
    }
    e_.vpmultishiftqb(out, Zmm(31), out);
  }

  // Registers 28 to 31: how to pack.
  void prepare_packing(int table) {
    e_.vmovdqa64(Zmm(28), at(table + int(offsetof(Packing, gather))));
    e_.vmovdqa64(Zmm(29), at(table + int(offsetof(Packing, join))));
    e_.vmovdqa64(Zmm(30), at(table + int(offsetof(Packing, left))));
    e_.vmovdqa64(Zmm(31), at(table + int(offsetof(Packing, right))));
  }
  // Stores coefficients 32 i to 32 i + 31, of which `dwords` holds two, 2 d bits, in each dword; the last ones go
  // last: a store may reach into octets that the next one writes.
  void pack(const Zmm& dwords, const Zmm& other, int d, int i) {
    e_.vpsllvd(dwords, dwords, Zmm(29));
    e_.vpsrlq(dwords, dwords, 32 - 2 * d);
    if (d % 2 != 0) {
      e_.vpshufd(other, dwords, 0x4e);
      e_.vpsllvq(other, other, Zmm(30));
      e_.vpsrlvq(dwords, dwords, Zmm(31));
      e_.vporq(dwords, dwords, other);
    }
    e_.vpermb(dwords, Zmm(28), dwords);
    const int at = 4 * d * i;
    if (d == 4)
      e_.vmovdqu64(e_.ptr[octets_ + at], Xmm(dwords.getIdx()));
    else if (d == 5 && i < kRegisters - 1)
      e_.vmovdqu64(e_.ptr[octets_ + at], Ymm(dwords.getIdx()));
    else if (i < kRegisters - 1)
      e_.vmovdqu64(e_.ptr[octets_ + at], dwords);
    else
      store_exactly(dwords, 4 * d, at);
  }

  Xbyak::Address at(int offset) const { return e_.ptr[constants_ + offset]; }

 private:
  // Stores the first octets of a register, piece by piece: a masked store would be slower than all the rest.
  void store_exactly(const Zmm& from, int octets, int at) {
    const Xmm low(from.getIdx()), piece(27);
    int stored = octets >= 32 ? 32 : 16;
    if (stored == 32)
      e_.vmovdqu64(e_.ptr[octets_ + at], Ymm(from.getIdx()));
    else
      e_.vmovdqu64(e_.ptr[octets_ + at], low);
    e_.vextracti32x4(piece, from, stored / 16);
    if (octets - stored == 16) {
      e_.vmovdqu64(e_.ptr[octets_ + at + stored], piece);
      return;
    }
    if (octets - stored >= 8) {
      e_.vmovq(e_.ptr[octets_ + at + stored], piece);
      stored += 8;
    }
    if (octets - stored == 4) e_.vpextrd(e_.ptr[octets_ + at + stored], piece, stored % 16 / 4);
  }
  // 64 octets from here on are more than there are.
  static bool reaches_beyond(int d, int i) { return 4 * d * i + 64 > 32 * d; }
  void set_share(int d) {
    e_.mov(scratch_.cvt64(), (uint64_t{1} << (4 * d)) - 1);
    e_.kmovq(share_, scratch_.cvt64());
  }

  Emitter& e_;
  const Reg64 octets_, constants_;
  const Reg32 scratch_{Xbyak::Operand::EAX};
  const Opmask share_{1};  // the octets of one register's coefficients
};

// x := x modulo q in [0, q) for |x| < 2 q: of x and x + 2 q, then of x and x - q, the smaller without sign.
void canonical(Emitter& e, const Zmm& x, const Zmm& q, const Zmm& twice_q, const Zmm& scratch) {
  e.vpaddw(scratch, x, twice_q);
  e.vpminuw(x, x, scratch);
  e.vpsubw(scratch, x, q);
  e.vpminuw(x, x, scratch);
}

// decompress(out, in, constants): round(q y / 2^d), which is vpmulhrsw of y 2^(15-d) and q.
void decompress(Emitter& e, int d, int table) {
  const Reg64 out = e.rdi;
  Coder coder(e, e.rsi, e.rdx);
  const Zmm q(29), mask(28);
  coder.prepare_unpacking(d, table);
  coder.word(q, kQ);
  coder.word(mask, ((1 << d) - 1) << (15 - d));
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i);
    coder.unpack(x, d, i);
    e.vpandq(x, x, mask);
    e.vpmulhrsw(x, x, q);
    e.vmovdqa64(e.ptr[out + 64 * i], x);
  }
}

// byte_decode_12(out, in, constants): the result is the largest coefficient's comparison with q.
void byte_decode_12(Emitter& e) {
  const Reg64 out = e.rdi;
  Coder coder(e, e.rsi, e.rdx);
  const Zmm largest(29), mask(28), q(27);
  coder.prepare_unpacking(12, OFFSET(decode_12));
  coder.word(mask, 0xfff);
  coder.word(q, kQ);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i);
    coder.unpack(x, 12, i);
    e.vpandq(x, x, mask);
    e.vmovdqa64(e.ptr[out + 64 * i], x);
    if (i == 0)
      e.vmovdqa64(largest, x);
    else
      e.vpmaxuw(largest, largest, x);
  }
  e.vpcmpuw(e.k2, largest, q, 5);  // not less
  e.kmovd(e.eax, e.k2);
}

// byte_encode_12(out, p, constants); p: any int16_t.
void byte_encode_12(Emitter& e) {
  const Reg64 p = e.rsi;
  Coder coder(e, e.rdi, e.rdx);
  const Zmm q(26), barrett(25), rounding(24), factors(23);
  coder.prepare_packing(OFFSET(encode_12));
  coder.word(q, kQ);
  coder.word(barrett, 20159);  // round(2^26 / q)
  coder.word(rounding, 32);    // vpmulhrsw: divide by 2^10
  e.mov(e.eax, 1 | 1 << 28);   // the even word's factor 1, the odd one's 2^12
  e.vpbroadcastd(factors, e.eax);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i), scratch(8 + i);
    e.vmovdqa64(x, e.ptr[p + 64 * i]);
    reduce(e, x, barrett, rounding, q, scratch);
    add_q_if_negative(e, x, q, scratch);
    e.vpmaddwd(x, x, factors);
    coder.pack(x, scratch, 12, i);
  }
}

// For d = 4, 5, 10, 11 and x in [0, q), Compress_d(x) is the upper d bits of the dword x kMultiplier + 2^(31-d) -
// kCorrection: 2^32 / q rounded up, and half a unit less what that is too much.
constexpr uint32_t kMultiplier = 1290168, kCorrection = 1 << 10;

// compress(out, p, constants): even and odd words apart, as dwords.
void compress(Emitter& e, int d, int table) {
  const Reg64 p = e.rsi;
  Coder coder(e, e.rdi, e.rdx);
  const Zmm q(26), twice_q(25), multiplier(24), rounding(23), even_words(22), odd_bits(21);
  const auto dword = [&](const Zmm& out, uint32_t value) {
    e.mov(e.eax, value);
    e.vpbroadcastd(out, e.eax);
  };
  coder.prepare_packing(table);
  coder.word(q, kQ);
  coder.word(twice_q, 2 * kQ);
  dword(multiplier, kMultiplier);
  dword(rounding, (1u << (31 - d)) - kCorrection);
  dword(even_words, 0xffff);
  dword(odd_bits, ((1u << d) - 1) << d);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm even(i % 4), odd(4 + i % 4), scratch(8 + i % 4);
    e.vmovdqa64(even, e.ptr[p + 64 * i]);
    canonical(e, even, q, twice_q, scratch);
    e.vpsrld(odd, even, 16);
    e.vpandd(even, even, even_words);
    e.vpmulld(even, even, multiplier);
    e.vpmulld(odd, odd, multiplier);
    e.vpaddd(even, even, rounding);
    e.vpaddd(odd, odd, rounding);
    e.vpsrld(even, even, 32 - d);
    e.vpsrld(odd, odd, 32 - 2 * d);
    e.vpternlogd(even, odd, odd_bits, 0xf8);  // even | (odd & odd_bits)
    coder.pack(even, odd, d, i);
  }
}

// compress_1(out, p): 1 exactly between q / 4 and 3 q / 4, from 833 to 2,496.
void compress_1(Emitter& e) {
  const Reg64 out = e.rdi, p = e.rsi;
  Coder coder(e, out, p);
  const Zmm q(31), twice_q(30), first(29), count(28);
  coder.word(q, kQ);
  coder.word(twice_q, 2 * kQ);
  coder.word(first, 833);
  coder.word(count, 2496 - 833 + 1);
  for (int i = 0; i < kRegisters; ++i) {
    const Zmm x(i), scratch(8 + i);
    e.vmovdqa64(x, e.ptr[p + 64 * i]);
    canonical(e, x, q, twice_q, scratch);
    e.vpsubw(x, x, first);
    e.vpcmpuw(Opmask(1 + i % 7), x, count, 1);  // less
    e.kmovd(e.ptr[out + 4 * i], Opmask(1 + i % 7));
  }
}

// cbd_2(out, prf, constants): every octet gives two coefficients, each by a table of sixteen.
void cbd_2(Emitter& e) {
  const Reg64 out = e.rdi, prf = e.rsi, constants = e.rdx;
  const Zmm table(31), nibbles(30);
  e.vmovdqa64(table, e.ptr[constants + OFFSET(cbd_2)]);
  e.mov(e.eax, 0x0f0f0f0f);
  e.vpbroadcastd(nibbles, e.eax);
  for (int i = 0; i < 4; ++i) {
    const Zmm x(i), upper(4 + i), first(8 + i), second(12 + i);
    e.vpmovzxbw(x, e.ptr[prf + 32 * i]);
    e.vpsllw(upper, x, 4);
    e.vpternlogq(x, upper, nibbles, 0xa8);  // (x | upper) & nibbles
    e.vpshufb(x, table, x);
    e.vpmovsxbw(first, Ymm(x.getIdx()));
    e.vextracti64x4(Ymm(x.getIdx()), x, 1);
    e.vpmovsxbw(second, Ymm(x.getIdx()));
    e.vmovdqa64(e.ptr[out + 128 * i], first);
    e.vmovdqa64(e.ptr[out + 128 * i + 64], second);
  }
}

// cbd_3(out, prf, constants): every six bits a coefficient, by a table of 64.
void cbd_3(Emitter& e) {
  const Reg64 out = e.rdi, prf = e.rsi, constants = e.rdx;
  const Zmm table(31), gather(30), window(29);
  e.vmovdqa64(table, e.ptr[constants + OFFSET(cbd_3)]);
  e.vmovdqa64(gather, e.ptr[constants + OFFSET(six_bits) + kGather]);
  e.vmovdqa64(window, e.ptr[constants + OFFSET(six_bits) + kWindow]);
  e.mov(e.rax, (uint64_t{1} << 48) - 1);
  e.kmovq(e.k1, e.rax);
  for (int i = 0; i < 4; ++i) {
    const Zmm x(i), first(8 + i), second(12 + i);
    e.vmovdqu8(x | e.k1 | Xbyak::util::T_z, e.ptr[prf + 48 * i]);
    e.vpermb(x, gather, x);
    e.vpmultishiftqb(x, window, x);
    e.vpermb(x, x, table);  // looks at six bits of each index
    e.vpmovsxbw(first, Ymm(x.getIdx()));
    e.vextracti64x4(Ymm(x.getIdx()), x, 1);
    e.vpmovsxbw(second, Ymm(x.getIdx()));
    e.vmovdqa64(e.ptr[out + 128 * i], first);
    e.vmovdqa64(e.ptr[out + 128 * i + 64], second);
  }
}

// reject_vartime(p, have, xof, octets, constants): 32 candidates at a time; those that are taken move together.
void reject_vartime(Emitter& e) {
  const Reg64 p = e.rdi, have = e.rsi, xof = e.rdx, octets = e.rcx, constants = e.r8;
  const Reg64 taken = e.r9, places = e.r10, every = constants;
  const Reg32 registers = e.r11d;
  const Zmm gather(31), window(30), mask(29), q(28), x(0);
  const Opmask candidates = e.k1, accepted = e.k2;
  Xbyak::Label whole, masked, tail, done;
  e.mov(have.cvt32(), have.cvt32());
  e.vmovdqa64(gather, e.ptr[constants + OFFSET(decode_12) + kGather]);
  e.vmovdqa64(window, e.ptr[constants + OFFSET(decode_12) + kWindow]);
  e.mov(e.eax, 0xfff);
  e.vpbroadcastw(mask, e.ax);
  e.mov(e.eax, kQ);
  e.vpbroadcastw(q, e.ax);
  const auto candidates_of = [&](const auto& load) {
    load();
    e.vpmultishiftqb(x, window, x);
    e.vpandq(x, x, mask);
  };

  // The next 32, if 64 octets can be read.
  const auto next = [&] {
    e.cmp(octets, 64);
    e.jb(tail, Xbyak::CodeGenerator::T_NEAR);
    candidates_of([&] { e.vpermb(x, gather, e.ptr[xof]); });
    e.vpcmpuw(accepted, x, q, 1);
    e.add(xof, 48);
    e.sub(octets, 48);
  };
  const auto take = [&] {
    e.vcompressw(x | accepted | Xbyak::util::T_z, x);
    e.kmovd(taken.cvt32(), accepted);
    e.popcnt(taken.cvt32(), taken.cvt32());
  };
  const auto append_what_fits = [&] {
    take();
    e.mov(places.cvt32(), 256);
    e.sub(places.cvt32(), have.cvt32());
    e.cmp(taken, places);
    e.cmova(taken, places);
    e.bzhi(e.rax, every, taken);
    e.kmovd(candidates, e.eax);
    e.vmovdqu16(e.ptr[p + 2 * have] | candidates, x);
    e.add(have, taken);
  };

  // As many whole registers as surely fit, eight for a whole polynomial, whatever is taken; then masked ones, even if no
  // place is left: no branch is hard to predict.
  e.mov(every, -1);
  e.mov(registers, 256);
  e.sub(registers, have.cvt32());
  e.shr(registers, 5);
  e.jz(masked, Xbyak::CodeGenerator::T_NEAR);
  e.L(whole);
  next();
  take();
  e.vmovdqu64(e.ptr[p + 2 * have], x);
  e.add(have, taken);
  e.dec(registers);
  e.jnz(whole, Xbyak::CodeGenerator::T_NEAR);
  e.L(masked);
  next();
  append_what_fits();
  e.jmp(masked, Xbyak::CodeGenerator::T_NEAR);

  // The last octets: those that this step takes, and the candidates in them.
  e.L(tail);
  e.test(octets, octets);
  e.jz(done, Xbyak::CodeGenerator::T_NEAR);
  e.mov(taken, 48);
  e.cmp(octets, taken);
  e.cmovb(taken, octets);
  e.bzhi(e.rax, every, taken);
  e.kmovq(candidates, e.rax);
  candidates_of([&] {
    e.vmovdqu8(x | candidates | Xbyak::util::T_z, e.ptr[xof]);
    e.vpermb(x, gather, x);
  });
  e.add(xof, taken);
  e.sub(octets, taken);
  // two candidates in three octets: times 2^17 / 3
  e.imul(taken.cvt32(), taken.cvt32(), 0xaaab);
  e.shr(taken.cvt32(), 16);
  e.bzhi(e.rax, every, taken);
  e.kmovd(candidates, e.eax);
  e.vpcmpuw(accepted | candidates, x, q, 1);
  append_what_fits();
  e.jmp(tail, Xbyak::CodeGenerator::T_NEAR);

  e.L(done);
  e.mov(e.eax, have.cvt32());
}

}  // namespace

void coding_avx512(Emitter& e) {
  e.function("mlkem_byte_decode_12_avx512", [&] { byte_decode_12(e); });
  e.function("mlkem_byte_encode_12_avx512", [&] { byte_encode_12(e); });
  e.function("mlkem_decompress_1_avx512", [&] { decompress(e, 1, OFFSET(decompress_1)); });
  e.function("mlkem_decompress_4_avx512", [&] { decompress(e, 4, OFFSET(decompress_4)); });
  e.function("mlkem_decompress_5_avx512", [&] { decompress(e, 5, OFFSET(decompress_5)); });
  e.function("mlkem_decompress_10_avx512", [&] { decompress(e, 10, OFFSET(decompress_10)); });
  e.function("mlkem_decompress_11_avx512", [&] { decompress(e, 11, OFFSET(decompress_11)); });
  e.function("mlkem_compress_1_avx512", [&] { compress_1(e); });
  e.function("mlkem_compress_4_avx512", [&] { compress(e, 4, OFFSET(compress_4)); });
  e.function("mlkem_compress_5_avx512", [&] { compress(e, 5, OFFSET(compress_5)); });
  e.function("mlkem_compress_10_avx512", [&] { compress(e, 10, OFFSET(compress_10)); });
  e.function("mlkem_compress_11_avx512", [&] { compress(e, 11, OFFSET(compress_11)); });
  e.function("mlkem_cbd_2_avx512", [&] { cbd_2(e); });
  e.function("mlkem_cbd_3_avx512", [&] { cbd_3(e); });
  e.function("mlkem_reject_vartime_avx512", [&] { reject_vartime(e); });
}

}  // namespace mlkem::gen
