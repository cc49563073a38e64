// SPDX-License-Identifier: Apache-2.0
// Stateless cookies (RFC 7296, section 2.6): a MAC over nonce, address and SPIi, under a secret that changes.
#pragma once

#include <array>
#include <cstdint>

#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/workspace.hpp"
#include "mlkem-ike/secret.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kCookieBytes = 17;  // the secret's number, half of an HMAC-SHA-256
using Cookie = std::array<uint8_t, kCookieBytes>;

class Cookies {
 public:
  explicit Cookies(uint64_t secret_ms) noexcept : secret_ms_(secret_ms) {}

  // Draws a new secret if the newest is too old; the one before stays good. Errors: crypto.
  Result<void> rotate(Workspace& workspace, uint64_t now_ms) noexcept;
  // The cookie of a request, after rotate(). Errors: crypto.
  Result<Cookie> make(Workspace& workspace, Octets nonce, const Address& from, const Spi& spi_i) noexcept;
  // True for one that make() gave with the newest secret or the one before.
  bool is_good(Workspace& workspace, Octets cookie, Octets nonce, const Address& from,
               const Spi& spi_i) noexcept;

 private:
  static constexpr size_t kSecretBytes = 32;

  Result<Cookie> make(Workspace& workspace, uint8_t number, Octets nonce, const Address& from,
                      const Spi& spi_i) noexcept;

  uint64_t secret_ms_, drawn_ms_ = 0;
  uint8_t newest_ = 0;
  bool has_secret_ = false, has_previous_ = false;
  std::array<Secret<kSecretBytes>, 2> secrets_;  // by the lowest bit of their number
};

}  // namespace mlkem::ikev2
