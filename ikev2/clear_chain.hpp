// SPDX-License-Identifier: Apache-2.0
// The part of a message in front of its Encrypted payload (RFC 7296, section 3.14).
#pragma once

#include <optional>

#include "ikev2/wire.hpp"
#include "mlkem-ike/ikev2/message.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kNextPayloadOffset = 16;  // in the IKE header
inline constexpr size_t kLengthOffset = 24;

// Where the Next Payload field stands that leads to what follows an IKE header and the payloads `clear`;
// nothing if their lengths do not fill `clear`, or if one of them is an Encrypted payload itself.
inline std::optional<size_t> last_next_payload(Octets clear) {
  if (clear.size() < kIkeHeaderBytes) return std::nullopt;
  size_t field = kNextPayloadOffset;
  for (size_t at = kIkeHeaderBytes; at < clear.size();) {
    const auto type = PayloadType(clear[field]);
    if (type == PayloadType::kNone || type == PayloadType::kSk || type == PayloadType::kSkf)
      return std::nullopt;
    if (clear.size() - at < kPayloadHeaderBytes) return std::nullopt;
    const size_t length = load_16(&clear[at + 2]);
    if (length < kPayloadHeaderBytes || length > clear.size() - at) return std::nullopt;
    field = at;
    at += length;
  }
  return field;
}

}  // namespace mlkem::ikev2
