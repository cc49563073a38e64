// SPDX-License-Identifier: Apache-2.0
// Keccak tables of every shape that the lane scheduler must cope with, made of the portable permutation: they
// prove it on machines that lack the instructions. Never selected by the library.
#pragma once

#include <span>

#include "kernels/kernels.hpp"

namespace mlkem::kernels {

// Width 2, 4, 8, and 4 with a single state beside it.
std::span<const Keccak* const> reference_keccak_tables() noexcept;

}  // namespace mlkem::kernels
