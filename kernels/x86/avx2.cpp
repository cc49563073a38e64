// SPDX-License-Identifier: Apache-2.0
// The AVX2 arithmetic table.
#include "kernels/x86/coding_avx2_constants.hpp"
#include "kernels/x86/ntt_avx2_constants.hpp"
#include "kernels/x86/x86.hpp"

namespace mlkem::kernels {

using namespace x86::avx2;

extern "C" {
void mlkem_ntt_avx2(int16_t* p, const NttConstants* constants) noexcept;
void mlkem_inverse_ntt_avx2(int16_t* p, const NttConstants* constants) noexcept;
void mlkem_mul_cache_avx2(int16_t* out, const int16_t* b, const ProductConstants* constants) noexcept;
void mlkem_multiply_accumulate_avx2(int16_t* out, const int16_t* a, size_t a_stride_octets, const int16_t* b,
                                    const int16_t* cache, size_t k,
                                    const ProductConstants* constants) noexcept;
void mlkem_add_product_avx2(int16_t* p, const int16_t* e, const ProductConstants* constants) noexcept;
void mlkem_to_standard_avx2(int16_t* p, const ProductConstants* constants) noexcept;
void mlkem_add_avx2(Poly& r, const Poly& a) noexcept;
void mlkem_sub_avx2(Poly& r, const Poly& a) noexcept;
uint64_t mlkem_differ_avx2(const uint8_t* a, const uint8_t* b, size_t octets) noexcept;
uint32_t mlkem_byte_decode_12_avx2(int16_t* out, const uint8_t* in,
                                   const CodingConstants* constants) noexcept;
void mlkem_byte_encode_12_avx2(uint8_t* out, const int16_t* p, const CodingConstants* constants) noexcept;
void mlkem_decompress_1_avx2(int16_t* out, const uint8_t* in, const CodingConstants* constants) noexcept;
void mlkem_decompress_4_avx2(int16_t* out, const uint8_t* in, const CodingConstants* constants) noexcept;
void mlkem_decompress_5_avx2(int16_t* out, const uint8_t* in, const CodingConstants* constants) noexcept;
void mlkem_decompress_10_avx2(int16_t* out, const uint8_t* in, const CodingConstants* constants) noexcept;
void mlkem_decompress_11_avx2(int16_t* out, const uint8_t* in, const CodingConstants* constants) noexcept;
void mlkem_compress_1_avx2(uint8_t* out, const Poly& p) noexcept;
void mlkem_compress_4_avx2(uint8_t* out, const int16_t* p, const CodingConstants* constants) noexcept;
void mlkem_compress_5_avx2(uint8_t* out, const int16_t* p, const CodingConstants* constants) noexcept;
void mlkem_compress_10_avx2(uint8_t* out, const int16_t* p, const CodingConstants* constants) noexcept;
void mlkem_compress_11_avx2(uint8_t* out, const int16_t* p, const CodingConstants* constants) noexcept;
void mlkem_cbd_2_avx2(int16_t* out, const uint8_t* prf, const CodingConstants* constants) noexcept;
void mlkem_cbd_3_avx2(int16_t* out, const uint8_t* prf, const CodingConstants* constants) noexcept;
uint32_t mlkem_reject_vartime_avx2(int16_t* p, uint32_t have, const uint8_t* xof, size_t octets,
                                   const CodingConstants* constants) noexcept;
}

namespace {

constexpr NttConstants kNttConstants = ntt_constants();

void ntt(Poly& p) noexcept {
  mlkem_ntt_avx2(p.c, &kNttConstants);
}
void inverse_ntt(Poly& p) noexcept {
  mlkem_inverse_ntt_avx2(p.c, &kNttConstants);
}

constexpr ProductConstants kProductConstants = product_constants();

void mul_cache(MulCache& out, const Poly& b) noexcept {
  mlkem_mul_cache_avx2(out.c, b.c, &kProductConstants);
}
void multiply_accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache,
                         unsigned k) noexcept {
  mlkem_multiply_accumulate_avx2(out.c, a->c, a_stride * sizeof *a, b->c, cache->c, k, &kProductConstants);
}
void add_product(Poly& p, const Poly& e) noexcept {
  mlkem_add_product_avx2(p.c, e.c, &kProductConstants);
}
void to_standard(Poly& p) noexcept {
  mlkem_to_standard_avx2(p.c, &kProductConstants);
}

constexpr CodingConstants kCodingConstants = coding_constants();

uint32_t byte_decode_12(Poly& out, const uint8_t in[384]) noexcept {
  return mlkem_byte_decode_12_avx2(out.c, in, &kCodingConstants);
}
unsigned reject_vartime(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept {
  return mlkem_reject_vartime_avx2(p.c, have, xof, bytes, &kCodingConstants);
}
template <auto kernel>
void from_octets(Poly& out, const uint8_t* in) noexcept {
  kernel(out.c, in, &kCodingConstants);
}
template <auto kernel>
void to_octets(uint8_t* out, const Poly& p) noexcept {
  kernel(out, p.c, &kCodingConstants);
}

}  // namespace

constexpr Arith kArithAvx2 = {.name = "avx2",
                              .needs = Isa::kAvx2,
                              .ntt = ntt,
                              .inverse_ntt = inverse_ntt,
                              .mul_cache = mul_cache,
                              .multiply_accumulate = multiply_accumulate,
                              .add_product = add_product,
                              .add = mlkem_add_avx2,
                              .sub = mlkem_sub_avx2,
                              .reject_vartime = reject_vartime,
                              .cbd_2 = from_octets<mlkem_cbd_2_avx2>,
                              .cbd_3 = from_octets<mlkem_cbd_3_avx2>,
                              .byte_encode_12 = to_octets<mlkem_byte_encode_12_avx2>,
                              .byte_decode_12 = byte_decode_12,
                              .compress_1 = mlkem_compress_1_avx2,
                              .compress_4 = to_octets<mlkem_compress_4_avx2>,
                              .compress_5 = to_octets<mlkem_compress_5_avx2>,
                              .compress_10 = to_octets<mlkem_compress_10_avx2>,
                              .compress_11 = to_octets<mlkem_compress_11_avx2>,
                              .decompress_1 = from_octets<mlkem_decompress_1_avx2>,
                              .decompress_4 = from_octets<mlkem_decompress_4_avx2>,
                              .decompress_5 = from_octets<mlkem_decompress_5_avx2>,
                              .decompress_10 = from_octets<mlkem_decompress_10_avx2>,
                              .decompress_11 = from_octets<mlkem_decompress_11_avx2>,
                              .differ = mlkem_differ_avx2,
                              .to_standard = to_standard};
static_assert(complete(kArithAvx2));

}  // namespace mlkem::kernels
