// SPDX-License-Identifier: Apache-2.0
// The NEON Arith table.
#include "kernels/neon/arith.hpp"

#include "kernels/neon/neon.hpp"

namespace mlkem::kernels {

constexpr Arith kArithNeon = {.name = "neon",
                              .needs = Isa::kNeon,
                              .ntt = neon::ntt,
                              .inverse_ntt = neon::inverse_ntt,
                              .mul_cache = neon::mul_cache,
                              .multiply_accumulate = neon::multiply_accumulate,
                              .add_product = neon::add_product,
                              .add = neon::add,
                              .sub = neon::sub,
                              .reject_vartime = neon::reject_vartime,
                              .cbd_2 = neon::cbd_2,
                              .cbd_3 = neon::cbd_3,
                              .byte_encode_12 = neon::byte_encode_12,
                              .byte_decode_12 = neon::byte_decode_12,
                              .compress_1 = neon::compress_1,
                              .compress_4 = neon::compress_4,
                              .compress_5 = neon::compress_5,
                              .compress_10 = neon::compress_10,
                              .compress_11 = neon::compress_11,
                              .decompress_1 = neon::decompress_1,
                              .decompress_4 = neon::decompress_4,
                              .decompress_5 = neon::decompress_5,
                              .decompress_10 = neon::decompress_10,
                              .decompress_11 = neon::decompress_11,
                              .differ = neon::differ,
                              .to_standard = neon::to_standard};
static_assert(complete(kArithNeon));

}  // namespace mlkem::kernels
