// SPDX-License-Identifier: Apache-2.0
// What an IKE SA keeps until its peer is authenticated, and no longer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "mlkem-ike/ikev2/event.hpp"
#include "mlkem-ike/ikev2/int_auth.hpp"
#include "mlkem-ike/ikev2/key_exchange.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kOwnNonceBytes = 32;

struct Handshake {
  // The IKE_SA_INIT messages that AUTH covers: the request that was answered, and its response.
  std::vector<uint8_t> own_init, peer_init;
  std::array<uint8_t, kOwnNonceBytes> own_nonce{};
  size_t peer_nonce_offset = 0, peer_nonce_bytes = 0;  // in peer_init
  // Of the newest generation; those that protect messages are in the IkeSa.
  struct {
    PrfSecret sk_d, sk_pi, sk_pr;
  } keys;
  IntAuth int_auth_i, int_auth_r;
  unsigned additional_done = 0;
  uint32_t auth_message_id = 0;  // of the IKE_AUTH request
  uint64_t started_ms = 0;

  // Of an initiator.
  std::optional<KeyExchangeInitiator> exchange;
  std::vector<uint8_t> cookie;
  unsigned cookie_rounds = 0, method_changes = 0;
  std::optional<End> unprotected_error;
  uint32_t child_spi = 0;  // of the Child SA that was offered, 0 without one

  [[nodiscard]] Octets peer_nonce() const {
    return Octets(peer_init).subspan(peer_nonce_offset, peer_nonce_bytes);
  }
};

}  // namespace mlkem::ikev2
