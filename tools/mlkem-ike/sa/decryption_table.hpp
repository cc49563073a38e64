// SPDX-License-Identifier: Apache-2.0
// Wireshark's ikev2_decryption_table: a line for an IKE SA's keys, algorithms by Wireshark's own names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

// A line of the table, with its line feed, for one generation of keys. Wireshark takes the first line of an SPI pair:
// a table for it holds one generation. Throws Failure for a generation that is not there.
std::string decryption_table_line(const SaKeys& sa, size_t generation);

// The lines of a table, each as an SA with one generation; empty lines and those that begin with # are passed over.
// `file` stands in messages. Throws Failure that names file, line, field and reason, and never a key.
std::vector<SaKeys> parse_decryption_table(std::string_view text, const std::string& file);

}  // namespace mlkem::cli
