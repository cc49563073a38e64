// SPDX-License-Identifier: Apache-2.0
// Traffic selectors as text, and as the prefixes that a kernel's policies are made of (RFC 7296, section 3.13).
#pragma once

#include <string>
#include <vector>

#include "mlkem-ike/ikev2/profile.hpp"
#include "tools/mlkem-ike/io/octets.hpp"

namespace mlkem::cli {

// 10.1.0.0/16, 2001:db8::1, 10.1.0.5-10.1.0.9, each with [tcp], [udp/53] or [tcp/1024-2047] behind it, separated by
// commas. Throws Failure that says what is wrong.
std::vector<ikev2::Selector> parse_selectors(const std::string& text);
// One address alone.
ikev2::Selector host_selector(Octets address);

// In the same notation.
std::string selector_text(const ikev2::Selector& selector);
std::string selectors_text(const std::vector<ikev2::Selector>& selectors);

// The fewest prefixes that cover exactly the range; "10.1.0.0/16".
std::vector<std::string> prefixes_of(const ikev2::Selector& selector);

}  // namespace mlkem::cli
