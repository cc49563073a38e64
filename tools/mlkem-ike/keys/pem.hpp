// SPDX-License-Identifier: Apache-2.0
// PEM, the textual encoding of keys (RFC 7468).
#pragma once

#include <string>
#include <string_view>

#include "tools/mlkem-ike/io/wiped_buffer.hpp"
#include "tools/mlkem-ike/keys/first_error.hpp"

namespace mlkem::cli {

struct PemBlock {
  std::string label;  // "PRIVATE KEY": printable ASCII, at most kMaxPemLabel characters
  WipedBuffer content;
};
inline constexpr size_t kMaxPemLabel = 64;

// True if a line starts like the beginning of a block: then the file is meant to be PEM.
bool is_pem(Octets file);

// The only block of a file. Lines may have any length and any kind of ending, and text may stand before and
// after the block; its base64 must be complete and canonical. The time depends on the length and the layout
// of the text, not on what the base64 says.
Parsed<PemBlock> read_pem(Octets file);

// The octets of complete and canonical base64 (RFC 4648, section 4), blanks passed over. Constant-time as well.
Parsed<WipedBuffer> decode_base64(std::string_view body);

// The text of one block, in lines of 64 characters (RFC 7468, section 2). Constant-time as well.
WipedBuffer write_pem(std::string_view label, Octets content);

}  // namespace mlkem::cli
