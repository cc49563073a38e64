// SPDX-License-Identifier: Apache-2.0
// The keys of an IKE SA that protect its messages (RFC 7296, section 2.14), generation by generation (RFC 9370).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace mlkem::cli {

// The keys of one generation that protect messages. Neither wrapped nor wiped: they stand in the clear in the file that
// they come from, or are the demo's, which protect nothing. Never shown; only demo --keys writes them, to a file of mode
// 0600.
struct MessageKeys {
  ikev2::SaAlgorithms algorithms;
  std::vector<uint8_t> sk_ei, sk_er, sk_ai, sk_ar;
};

// The generations of one IKE SA, in their order.
struct SaKeys {
  ikev2::Spi spi_i, spi_r;
  std::vector<MessageKeys> generations;
};

// The keys of one direction. Errors: those of ProtectionKeys::make().
ikev2::Result<ikev2::ProtectionKeys> protection_of(const MessageKeys& keys, bool from_initiator);

// What is wrong with the lengths of these keys: a field's name and a reason; empty if nothing is.
std::string key_length_fault(const MessageKeys& keys);

// Without the PRF: Wireshark's table does not know it.
bool same_keys(const MessageKeys& a, const MessageKeys& b);

}  // namespace mlkem::cli
