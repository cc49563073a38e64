// SPDX-License-Identifier: Apache-2.0
// Identities of peers as text, in strongSwan's notation (RFC 7296, section 3.5).
#pragma once

#include <string>

#include "mlkem-ike/ikev2/profile.hpp"

namespace mlkem::cli {

// An address, gateway.example, @gateway.example, user@example, @#hex of a key id; or with the type in front:
// ipv4:, ipv6:, fqdn:, email:, keyid: (text, or hex behind 0x), asn1dn:0x and DER. Throws Failure that says what is
// wrong.
ikev2::Identity parse_identity(const std::string& text);

// Safe on a terminal. parse_identity() reads it back, except for "type 2:0x...": octets that fit no other form.
std::string identity_text(const ikev2::IdPayload& identity);
std::string identity_text(const ikev2::Identity& identity);

}  // namespace mlkem::cli
