// SPDX-License-Identifier: Apache-2.0
// Encoding and compression (FIPS 203, section 4.2.1).
#include "kernels/x86/gen/coder_avx2.hpp"
#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/ntt_avx2_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::kQ;
using kernels::x86::avx2::CodingConstants;
using kernels::x86::avx2::kBarrett;
using kernels::x86::avx2::kTenths;
using kernels::x86::avx2::Unpacking11;
using Xbyak::Reg64;
using Xbyak::Ymm;

#define OFFSET(member) int(offsetof(CodingConstants, member))

// decompress(out, in, constants): round(q y / 2^d), which is vpmulhrsw of y 2^(15-d) and q.
void decompress(Emitter& e, int d, int table) {
  const Reg64 out = e.rdi;
  const Coder coder(e, e.rsi, e.rdx);
  const Ymm x(0), q(13), mask(12);
  coder.prepare_unpacking(table);
  coder.word(q, kQ);
  coder.word(mask, ((1 << d) - 1) << (15 - d));
  coder.for_all(out, 1, 2 * d, [&] {
    coder.load(x, d);
    coder.unpack(x);
    if (d == 10) e.vpsrlw(x, x, 1);
    e.vpand(x, x, mask);
    e.vpmulhrsw(x, x, q);
    e.vmovdqa(e.ptr[out], x);
  });
}

void decompress_11(Emitter& e) {
  const Reg64 out = e.rdi;
  const Coder coder(e, e.rsi, e.rdx);
  const Ymm x(0), odd(1), gather(15), to_the_top(14), q(13), mask(12);
  e.vmovdqa(gather, coder.at(OFFSET(decompress_11) + int(offsetof(Unpacking11, gather))));
  e.vmovdqa(to_the_top, coder.at(OFFSET(decompress_11) + int(offsetof(Unpacking11, to_the_top))));
  coder.word(q, kQ);
  coder.word(mask, 0x7ff0);
  coder.for_all(out, 1, 22, [&] {
    coder.load(x, 11);
    e.vpshufb(x, x, gather);
    e.vpsllvd(x, x, to_the_top);
    e.vpsrld(odd, x, 1);
    e.vpsrld(x, x, 6);
    e.vpblendw(x, x, odd, kOddWords);
    e.vpand(x, x, mask);
    e.vpmulhrsw(x, x, q);
    e.vmovdqa(e.ptr[out], x);
  });
}

// byte_decode_12(out, in, constants): the result is the largest coefficient's comparison with q.
void byte_decode_12(Emitter& e) {
  const Reg64 out = e.rdi;
  const Coder coder(e, e.rsi, e.rdx);
  const Ymm x(0), largest(13), below_q(12);
  coder.prepare_unpacking(OFFSET(decode_12));
  coder.word(below_q, kQ - 1);
  e.vpxor(largest, largest, largest);
  coder.for_all(out, 1, 24, [&] {
    coder.load(x, 12);
    coder.unpack(x);
    e.vpsrlw(x, x, 4);
    e.vpmaxuw(largest, largest, x);
    e.vmovdqa(e.ptr[out], x);
  });
  e.vpcmpgtw(largest, largest, below_q);
  e.vpmovmskb(e.eax, largest);
}

// byte_encode_12(out, p, constants); p: any int16_t, reduced to less than q in absolute value.
void byte_encode_12(Emitter& e) {
  const Reg64 p = e.rsi;
  const Coder coder(e, e.rdi, e.rdx);
  const Ymm x(0), scratch(1), q(11), tenths(10);
  coder.prepare_packing(OFFSET(encode_12), 12);
  coder.word(q, kQ);
  coder.word(tenths, kTenths);
  coder.for_all(p, 1, 24, [&] {
    e.vmovdqa(x, e.ptr[p]);
    e.vpmulhrsw(scratch, x, tenths);
    e.vpmullw(scratch, scratch, q);
    e.vpsubw(x, x, scratch);
    e.vpaddw(scratch, x, q);
    e.vpminuw(x, x, scratch);
    coder.pack(x, scratch, 12);
  });
}

// Compress_d for |x| < 2 q and d = 5, 10, 11 (portable::compressed).
class Compressor {
 public:
  Compressor(Emitter& e, const Coder& coder, int d) : e_(e), d_(d) {
    const int two_bits_more = 1 << (16 + d - doubled());
    coder.word(q_, kQ);
    coder.word(inverse_, (two_bits_more + kQ / 2) / kQ);
    coder.word(half_q_, kQ / 2);
    coder.word(mask_, (1 << d) - 1);
  }
  void load(const Ymm& x, const Xbyak::Address& from, const Ymm& remainder, const Ymm& scratch) const {
    e_.vmovdqa(x, from);
    e_.vpsllw(remainder, x, d_);
    if (doubled()) e_.vpaddw(x, x, x);
    e_.vpmulhw(x, x, inverse_);
    e_.vpmullw(scratch, x, q_);
    e_.vpsubw(remainder, remainder, scratch);
    e_.vpcmpgtw(remainder, remainder, half_q_);
    e_.vpsubw(x, x, remainder);
    e_.vpand(x, x, mask_);
  }

 private:
  bool doubled() const { return d_ == 11; }

  Emitter& e_;
  const int d_;
  const Ymm q_{11}, inverse_{10}, half_q_{9}, mask_{8};
};

// compress_10 and compress_11 (out, p, constants)
void compress(Emitter& e, int d, int table) {
  const Reg64 p = e.rsi;
  const Coder coder(e, e.rdi, e.rdx);
  const Ymm x(0), remainder(1), scratch(2);
  coder.prepare_packing(table, d);
  const Compressor compressor(e, coder, d);
  coder.for_all(p, 1, 2 * d, [&] {
    compressor.load(x, e.ptr[p], remainder, scratch);
    coder.pack(x, scratch, d);
  });
}

// compress_5(out, p, constants): two numbers of five bits are one of ten.
void compress_5(Emitter& e) {
  const Reg64 p = e.rsi;
  const Coder coder(e, e.rdi, e.rdx);
  const Ymm pairs(7);
  coder.prepare_packing(OFFSET(compress_10), 10);
  coder.word(pairs, 32 << 8 | 1);
  const Compressor compressor(e, coder, 5);
  coder.for_all(p, 2, 20, [&] {
    compressor.load(Ymm(0), e.ptr[p], Ymm(2), Ymm(4));
    compressor.load(Ymm(1), e.ptr[p + 32], Ymm(3), Ymm(5));
    e.vpackuswb(Ymm(0), Ymm(0), Ymm(1));
    e.vpermq(Ymm(0), Ymm(0), 0xd8);
    e.vpmaddubsw(Ymm(0), Ymm(0), pairs);
    coder.pack(Ymm(0), Ymm(1), 10);
  });
}

// compress_4(out, p, constants): round(2^4 x / q), in two steps: 2^10 x / q, rounded down, and that over 2^6. It is
// exact for |x| < 2 q, which only trying all of them shows.
void compress_4(Emitter& e) {
  const Reg64 out = e.rdi, p = e.rsi;
  const Coder coder(e, out, e.rdx);
  const Ymm barrett(15), rounding(14), mask(13), pairs(12), order(11);
  coder.word(barrett, kBarrett);
  coder.word(rounding, 1 << 9);
  coder.word(mask, 15);
  coder.word(pairs, 16 << 8 | 1);
  e.vmovdqa(order, coder.at(OFFSET(halves_in_turn)));
  coder.for_all(p, 4, 32, [&] {
    for (int i = 0; i < 4; ++i) {
      e.vpmulhw(Ymm(i), barrett, e.ptr[p + 32 * i]);
      e.vpmulhrsw(Ymm(i), Ymm(i), rounding);
      e.vpand(Ymm(i), Ymm(i), mask);
    }
    for (int i = 0; i < 4; i += 2) {
      e.vpackuswb(Ymm(i), Ymm(i), Ymm(i + 1));
      e.vpmaddubsw(Ymm(i), Ymm(i), pairs);
    }
    e.vpackuswb(Ymm(0), Ymm(0), Ymm(2));
    e.vpermd(Ymm(0), order, Ymm(0));
    e.vmovdqu(e.ptr[out], Ymm(0));
  });
}

// compress_1(out, p): round(2 x / q) is the tenth bit of 2^10 x / q + 2^8, rounded down, which goes to the sign.
void compress_1(Emitter& e) {
  const Reg64 out = e.rdi, p = e.rsi;
  const Coder coder(e, out, p);
  const Ymm barrett(15), rounding(14);
  coder.word(barrett, kBarrett);
  coder.word(rounding, 1 << 8);
  coder.for_all(p, 2, 4, [&] {
    for (int i = 0; i < 2; ++i) {
      e.vpmulhw(Ymm(i), barrett, e.ptr[p + 32 * i]);
      e.vpaddw(Ymm(i), Ymm(i), rounding);
      e.vpsllw(Ymm(i), Ymm(i), 6);
    }
    e.vpacksswb(Ymm(0), Ymm(0), Ymm(1));
    e.vpermq(Ymm(0), Ymm(0), 0xd8);
    e.vpmovmskb(e.eax, Ymm(0));
    e.mov(e.ptr[out], e.eax);
  });
}

}  // namespace

void coding_avx2(Emitter& e) {
  e.function("mlkem_byte_decode_12_avx2", [&] { byte_decode_12(e); });
  e.function("mlkem_byte_encode_12_avx2", [&] { byte_encode_12(e); });
  e.function("mlkem_decompress_1_avx2", [&] { decompress(e, 1, OFFSET(decompress_1)); });
  e.function("mlkem_decompress_4_avx2", [&] { decompress(e, 4, OFFSET(decompress_4)); });
  e.function("mlkem_decompress_5_avx2", [&] { decompress(e, 5, OFFSET(decompress_5)); });
  e.function("mlkem_decompress_10_avx2", [&] { decompress(e, 10, OFFSET(decompress_10)); });
  e.function("mlkem_decompress_11_avx2", [&] { decompress_11(e); });
  e.function("mlkem_compress_1_avx2", [&] { compress_1(e); });
  e.function("mlkem_compress_4_avx2", [&] { compress_4(e); });
  e.function("mlkem_compress_5_avx2", [&] { compress_5(e); });
  e.function("mlkem_compress_10_avx2", [&] { compress(e, 10, OFFSET(compress_10)); });
  e.function("mlkem_compress_11_avx2", [&] { compress(e, 11, OFFSET(compress_11)); });
}

}  // namespace mlkem::gen
