// SPDX-License-Identifier: Apache-2.0
// The portable Arith table.
#include "kernels/portable/arith.hpp"

#include "kernels/portable/portable.hpp"

namespace mlkem::kernels {

constexpr Arith kArithPortable = {.name = "portable",
                                  .needs = Isa::kNone,
                                  .ntt = portable::ntt,
                                  .inverse_ntt = portable::inverse_ntt,
                                  .mul_cache = portable::mul_cache,
                                  .multiply_accumulate = portable::multiply_accumulate,
                                  .add_product = portable::add_product,
                                  .add = portable::add,
                                  .sub = portable::sub,
                                  .reject_vartime = portable::reject_vartime,
                                  .cbd_2 = portable::cbd_2,
                                  .cbd_3 = portable::cbd_3,
                                  .byte_encode_12 = portable::byte_encode_12,
                                  .byte_decode_12 = portable::byte_decode_12,
                                  .compress_1 = portable::compress<1>,
                                  .compress_4 = portable::compress<4>,
                                  .compress_5 = portable::compress<5>,
                                  .compress_10 = portable::compress<10>,
                                  .compress_11 = portable::compress<11>,
                                  .decompress_1 = portable::decompress<1>,
                                  .decompress_4 = portable::decompress<4>,
                                  .decompress_5 = portable::decompress<5>,
                                  .decompress_10 = portable::decompress<10>,
                                  .decompress_11 = portable::decompress<11>,
                                  .differ = portable::differ,
                                  .to_standard = portable::to_standard};
static_assert(complete(kArithPortable));

}  // namespace mlkem::kernels
