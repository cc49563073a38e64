// SPDX-License-Identifier: Apache-2.0
// The IKE message in a UDP payload (RFC 3948, section 2; RFC 7296, section 3.1).
#pragma once

#include <algorithm>

#include "mlkem-ike/ikev2/endpoint.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kNonEspMarkerBytes = 4;

// Without the non-ESP marker; empty for a keepalive, for ESP, and for what is shorter than either.
inline Octets ike_message_in(const Path& path, Octets payload) {
  if (!path.encapsulated) return payload;
  if (payload.size() < kNonEspMarkerBytes) return {};
  const Octets marker = payload.first(kNonEspMarkerBytes);
  if (std::any_of(marker.begin(), marker.end(), [](uint8_t octet) { return octet != 0; })) return {};
  return payload.subspan(kNonEspMarkerBytes);
}

}  // namespace mlkem::ikev2
