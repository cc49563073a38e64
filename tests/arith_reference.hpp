// SPDX-License-Identifier: Apache-2.0
// Arithmetic as FIPS 203 writes it, slow and without a trick, in the shape of a kernel table: what the
// portable table is tested against.
#pragma once

#include "kernels/kernels.hpp"

namespace mlkem::kernels {

extern const Arith kArithReference;

}  // namespace mlkem::kernels
