// SPDX-License-Identifier: Apache-2.0
// Loops whose counter is a constant in every pass.
#pragma once

#include <utility>

namespace mlkem::kernels {

// Calls f with std::integral_constant 0, ..., count - 1.
template <int count, class F>
constexpr void unrolled(F f) {
  [&]<int... i>(std::integer_sequence<int, i...>) {
    (f(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, count>{});
}

}  // namespace mlkem::kernels
