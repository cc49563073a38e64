// SPDX-License-Identifier: Apache-2.0
// One payload as `decode` shows it: the same facts for people and for programs. What EAP and CP carry is left out:
// some EAP methods send passwords.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace mlkem::cli {

// In words, the first octets of what may be long; JSON has all of them.
inline constexpr size_t kShownOctets = 64;

struct Description {
  // Adds a fact; an empty text is for programs alone.
  void add(const char* key, nlohmann::ordered_json value, const std::string& words = {});

  std::string text;                // behind the payload's name
  std::vector<std::string> lines;  // below it
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  std::string fault;    // why the body does not decode
  std::string finding;  // what an operator wants to know first, such as an error notify
};

// `header` is that of the payload's message.
Description describe(const ikev2::Payload& payload, const ikev2::IkeHeader& header);

// The bodies that need more than a line or two of code.
void describe_sa(ikev2::Octets body, const ikev2::IkeHeader& header, Description& out);
void describe_ke(ikev2::Octets body, const ikev2::IkeHeader& header, Description& out);
void describe_notify(ikev2::Octets body, const ikev2::IkeHeader& header, Description& out);
void describe_auth(ikev2::Octets body, Description& out);
void describe_ts(ikev2::Octets body, Description& out);
void describe_id(ikev2::Octets body, Description& out);

// "mlkem768 (36)", "method 99".
std::string ke_method_text(uint16_t code_point);
// "IKE", "ESP", "protocol 7".
std::string protocol_text(ikev2::ProtocolId protocol);
// "N", "payload 99".
std::string payload_text(ikev2::PayloadType type);

}  // namespace mlkem::cli
