// SPDX-License-Identifier: Apache-2.0
// Key files of `decode`: recordings (kat.json) and Wireshark's ikev2_decryption_table, told apart by content.
#pragma once

#include <string>
#include <vector>

#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

// The keys of all files, one entry for each pair of SPIs: every further line or entry for a pair is a further
// generation, unless it repeats one. Throws Failure that names file, line or entry, field and reason, and never a
// key.
std::vector<SaKeys> read_decode_keys(const std::vector<std::string>& paths);

}  // namespace mlkem::cli
