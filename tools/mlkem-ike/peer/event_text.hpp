// SPDX-License-Identifier: Apache-2.0
// What the engine reports, in words; nothing in it is secret.
#pragma once

#include <string>

#include "mlkem-ike/ikev2/event.hpp"

namespace mlkem::cli {

// One line; empty for an event that says nothing to people.
std::string event_text(const ikev2::Event& event);
// Worth a line where not every message is asked for: not what a peer announces, and of the log's records only what
// of IKE_SA_INIT was not believed.
bool is_notable(const ikev2::Event& event);

// The end of an established SA that both sides know of: a Delete that was answered, or the peer's own.
bool is_deleted(const ikev2::End& end);
// "the peer answered AUTHENTICATION_FAILED to IKE_AUTH, protected by generation 1".
std::string end_text(const ikev2::End& end);
// "aes256gcm16-prfsha384-x25519-ke1_mlkem768".
std::string agreement_text(const ikev2::Agreement& agreement);
// "INVALID_SYNTAX", "notify 12345".
std::string notify_text(ikev2::NotifyType notify);
// "2054 octets sent in 5 datagrams", the same of what was received, round trips, retransmissions.
std::string traffic_text(const ikev2::SessionReport& report);

}  // namespace mlkem::cli
