// SPDX-License-Identifier: Apache-2.0
// Octets as the command line handles them, seen and owned.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mlkem::cli {

using Octets = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

// Those of a text, which must outlive the view.
inline Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace mlkem::cli
