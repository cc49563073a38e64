// SPDX-License-Identifier: Apache-2.0
// Payloads on the wire: the generic header and the Key Exchange payload (RFC 7296, sections 3.2 and 3.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kPayloadHeaderBytes = 4;
inline constexpr size_t kKePayloadHeaderBytes = 8;  // generic header, method, reserved

// One payload of a chain. The spans point into what was read.
struct PayloadView {
  PayloadType next;  // the type of the payload in `rest`; any octet, known or not
  bool critical;
  Octets body;  // what follows the generic header
  Octets rest;  // what follows this payload
};

// The first payload of `octets`; reserved bits are ignored. Errors: the peer's fault, INVALID_SYNTAX, if the
// length does not fit.
MLKEM_API Result<PayloadView> read_payload(Octets octets) noexcept;

struct KePayload {
  uint16_t method;  // as it stands on the wire: see ke_method()
  Octets data;      // of any length: the key exchange checks it
};

// The body of a KE payload. Errors: INVALID_SYNTAX if it is shorter than its fixed part.
MLKEM_API Result<KePayload> read_ke_body(Octets body) noexcept;
// A KE payload that fills `octets` exactly, generic header included. Errors: INVALID_SYNTAX.
MLKEM_API Result<KePayload> read_ke_payload(Octets octets) noexcept;

// Writes a KE payload, reserved bits zero, the critical bit clear, and returns its length. `next` is the type
// of the payload that follows. Errors: misuse, if `out` is too short or the payload longer than 65,535
// octets.
MLKEM_API Result<size_t> write_ke_payload(std::span<uint8_t> out, PayloadType next, uint16_t method,
                                          Octets data) noexcept;

}  // namespace mlkem::ikev2
