// SPDX-License-Identifier: Apache-2.0
// The keys of a Child SA as commands for Linux's data plane. They are secrets: only --print-child-keys asks for them.
#pragma once

#include <string>

#include "mlkem-ike/ikev2/event.hpp"

namespace mlkem::cli {

// `ip xfrm state` for both directions and `ip xfrm policy` for all pairs of selectors, a command in each line; a
// comment where iproute2 has no words for a pair, such as a range of ports, instead of a policy that is wider. Copies
// of the keys stay behind in memory that nobody wipes: the text is meant for a terminal or a file.
std::string xfrm_commands(const ikev2::ChildEstablished& child);

}  // namespace mlkem::cli
