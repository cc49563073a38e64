// SPDX-License-Identifier: Apache-2.0
// Where UDP carries IKE: on port 500 as it is, on port 4500 behind a marker and beside ESP (RFC 3948, section 2.2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlkem::cli {

inline constexpr uint16_t kIkePort = 500, kNatPort = 4500;
inline constexpr size_t kMarkerBytes = 4;  // zero, where ESP has its SPI

}  // namespace mlkem::cli
