// SPDX-License-Identifier: Apache-2.0
// Octets as text: hex, and what comes from the network in a form that is safe on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace mlkem::cli {

// Lower-case hex; beyond `most` octets three dots take the place of the rest.
std::string hex(ikev2::Octets octets, size_t most = SIZE_MAX);

// The octets of hex digits in either case. Where they are none, `fault` says why, and the answer means nothing.
std::vector<uint8_t> from_hex(std::string_view digits, std::string& fault);

// ASCII as it is; every other octet, control characters and the backslash as \xNN.
std::string printable(ikev2::Octets octets, size_t most = 256);
// True if printable() would change nothing.
bool is_printable(ikev2::Octets octets);

// An IPv4 or IPv6 address of 4 or 16 octets; hex for another length.
std::string address_text(ikev2::Octets octets);

// "1 octet", "2 octets".
std::string octets_text(size_t count);

}  // namespace mlkem::cli
