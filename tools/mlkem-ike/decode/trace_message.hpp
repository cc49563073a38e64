// SPDX-License-Identifier: Apache-2.0
// One datagram of a trace: an IKE message with all its payloads, as lines for people and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/mlkem-ike/sa/message_reader.hpp"

namespace mlkem::cli {

struct TraceEntry {
  MessageState state = MessageState::kMalformed;
  std::optional<ikev2::IkeHeader> header;
  std::string heading;             // what it is, on the line with its number, time and addresses
  std::vector<std::string> lines;  // below
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  std::vector<std::string> findings;  // what an operator wants to know first
};

// `octets` is the message that was read.
void trace_message(ikev2::Octets octets, const ReadMessage& message, TraceEntry& out);

// A message of which the capture has `octets` alone.
void trace_truncated(ikev2::Octets octets, size_t original_bytes, TraceEntry& out);

}  // namespace mlkem::cli
