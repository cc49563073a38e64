// SPDX-License-Identifier: Apache-2.0
// Cookies of a responder under load (RFC 7296, section 2.6).
#include "ikev2/session/cookies.hpp"

#include <algorithm>

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {

Result<void> Cookies::rotate(Workspace& workspace, uint64_t now_ms) noexcept {
  if (has_secret_ && now_ms - drawn_ms_ < secret_ms_) return {};
  const RandomSource random = workspace.crypto().random();
  const auto next = uint8_t(newest_ + 1);
  if (!random.fill(random.argument, secrets_[next & 1].expose_mutable()))
    return crypto_failure("no randomness for cookies");
  // After a long silence the old secret is older than it may get.
  has_previous_ = has_secret_ && now_ms - drawn_ms_ < 2 * secret_ms_;
  has_secret_ = true;
  newest_ = next;
  drawn_ms_ = now_ms;
  return {};
}

Result<Cookie> Cookies::make(Workspace& workspace, uint8_t number, Octets nonce, const Address& from,
                             const Spi& spi_i) noexcept {
  const Result<Prf*> prf = workspace.prf(PrfId::kHmacSha256);
  if (!prf) return prf.error();
  std::array<uint8_t, 2> port;
  store_16(port.data(), from.port);
  const Result<PrfSecret> mac =
      compute_prf(**prf, secrets_[number & 1].expose(), std::array<Octets, 4>{nonce, from.ip(), port, spi_i});
  if (!mac) return mac.error();
  Cookie cookie;
  cookie[0] = number;
  std::copy_n(mac->expose().begin(), cookie.size() - 1, cookie.begin() + 1);
  return cookie;
}

Result<Cookie> Cookies::make(Workspace& workspace, Octets nonce, const Address& from,
                             const Spi& spi_i) noexcept {
  return make(workspace, newest_, nonce, from, spi_i);
}

bool Cookies::is_good(Workspace& workspace, Octets cookie, Octets nonce, const Address& from,
                      const Spi& spi_i) noexcept {
  if (cookie.size() != kCookieBytes || !has_secret_) return false;
  const bool previous = has_previous_ && cookie[0] == uint8_t(newest_ - 1);
  if (cookie[0] != newest_ && !previous) return false;
  const Result<Cookie> expected = make(workspace, cookie[0], nonce, from, spi_i);
  return expected && equal_constant_time(expected->data(), cookie.data(), kCookieBytes);
}

}  // namespace mlkem::ikev2
