// SPDX-License-Identifier: Apache-2.0
// IntAuth: what makes IKE_AUTH cover the IKE_INTERMEDIATE exchanges (RFC 9242, section 3.3.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/protect.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kMaxIntAuthParts = 8;

// One direction's IntAuth, message by message.
class MLKEM_API IntAuth {
 public:
  IntAuth() noexcept = default;
  // A moved-from one has no messages.
  IntAuth(IntAuth&& other) noexcept
      : value_(std::move(other.value_)), messages_(std::exchange(other.messages_, 0)) {}
  IntAuth& operator=(IntAuth&& other) noexcept {
    value_ = std::move(other.value_);
    messages_ = std::exchange(other.messages_, 0);
    return *this;
  }

  // IntAuth_n = prf(SK_p, IntAuth_(n-1) | A | P). `message` is A | P in up to kMaxIntAuthParts parts, sk_p of
  // the direction and of the generation that protected this exchange. On an error the value stays. Errors:
  // crypto; misuse.
  Result<void> add(Prf& prf, Octets sk_p, Parts message) noexcept;

  // The same with the A and P of a message that was opened, whole or out of fragments, or is about to be
  // sealed: as if it had been sent whole, in one SK payload. Errors: as above; misuse for a message that no
  // SK payload could hold.
  Result<void> add(Prf& prf, Octets sk_p, const PlainMessage& message) noexcept;

  // The newest value, empty before the first message.
  [[nodiscard]] Octets value() const noexcept { return value_.expose(); }
  [[nodiscard]] unsigned messages() const noexcept { return messages_; }

 private:
  PrfSecret value_;
  unsigned messages_ = 0;
};

// A of a message whose payloads all stand inside SK: the IKE header and SK's generic header with the lengths
// that RFC 9242 prescribes, as if P were not encrypted.
struct IntAuthHeader {
  Spi spi_i, spi_r;
  uint8_t flags;  // of the IKE header
  uint32_t message_id;
  PayloadType first_payload;  // the first one inside SK, kNone if there is none
};
inline constexpr size_t kIntAuthHeaderBytes = 32;
// Errors: misuse, if inner_bytes, the length of P, does not fit SK's length field.
MLKEM_API Result<std::array<uint8_t, kIntAuthHeaderBytes>> int_auth_header(const IntAuthHeader& header,
                                                                           size_t inner_bytes) noexcept;

// IntAuth_iN | IntAuth_rN | message id of the first IKE_AUTH request: what both sides append to the signed
// octets. Empty if no IKE_INTERMEDIATE took place.
using IntAuthSuffix = SecretBytes<2 * kMaxPrfBytes + 4>;
// Errors: misuse if the two directions have not the same number of messages, or used different PRFs.
MLKEM_API Result<IntAuthSuffix> int_auth_suffix(const IntAuth& initiator, const IntAuth& responder,
                                                uint32_t auth_message_id) noexcept;

}  // namespace mlkem::ikev2
