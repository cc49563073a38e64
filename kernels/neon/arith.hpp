// SPDX-License-Identifier: Apache-2.0
// The NEON arithmetic kernels. NTT-domain polynomials are in the standard order of FIPS 203; products carry a
// Montgomery factor of 2^-16 and are at most 18,048 in absolute value.
#pragma once

#include "kernels/kernels.hpp"

namespace mlkem::kernels::neon {

void ntt(Poly& p) noexcept;
void inverse_ntt(Poly& p) noexcept;
void mul_cache(MulCache& out, const Poly& b) noexcept;
void multiply_accumulate(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache,
                         unsigned k) noexcept;
void add_product(Poly& p, const Poly& e) noexcept;
void add(Poly& r, const Poly& a) noexcept;
void sub(Poly& r, const Poly& a) noexcept;
void to_standard(Poly& p) noexcept;

unsigned reject_vartime(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept;
void cbd_2(Poly& out, const uint8_t prf[128]) noexcept;
void cbd_3(Poly& out, const uint8_t prf[192]) noexcept;

void byte_encode_12(uint8_t out[384], const Poly& p) noexcept;
uint32_t byte_decode_12(Poly& out, const uint8_t in[384]) noexcept;
void compress_1(uint8_t out[32], const Poly& p) noexcept;
void compress_4(uint8_t out[128], const Poly& p) noexcept;
void compress_5(uint8_t out[160], const Poly& p) noexcept;
void compress_10(uint8_t out[320], const Poly& p) noexcept;
void compress_11(uint8_t out[352], const Poly& p) noexcept;
void decompress_1(Poly& out, const uint8_t in[32]) noexcept;
void decompress_4(Poly& out, const uint8_t in[128]) noexcept;
void decompress_5(Poly& out, const uint8_t in[160]) noexcept;
void decompress_10(Poly& out, const uint8_t in[320]) noexcept;
void decompress_11(Poly& out, const uint8_t in[352]) noexcept;
uint64_t differ(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept;

}  // namespace mlkem::kernels::neon
