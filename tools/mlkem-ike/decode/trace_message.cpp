// SPDX-License-Identifier: Apache-2.0
// Header first, then payload by payload; of a malformed message as much as can be read.
#include "tools/mlkem-ike/decode/trace_message.hpp"

#include <algorithm>
#include <vector>

#include "tools/mlkem-ike/decode/describe.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;
using ikev2::PayloadType;
using nlohmann::ordered_json;

constexpr size_t kNameWidth = 8;

const char* state_text(MessageState state) {
  switch (state) {
    case MessageState::kMalformed:
      return "malformed";
    case MessageState::kClear:
      return "clear";
    case MessageState::kNoKeys:
      return "no keys";
    case MessageState::kWrongIcv:
      return "wrong ICV";
    case MessageState::kFragment:
      return "fragment";
    case MessageState::kOpened:
      return "opened";
  }
  return "";
}

// As many payloads as are in order; SK and SKF end the chain.
std::vector<ikev2::Payload> payloads_in_order(PayloadType type, Octets octets) {
  std::vector<ikev2::Payload> payloads;
  while (type != PayloadType::kNone && payloads.size() < ikev2::kMaxPayloads) {
    const auto read = ikev2::read_payload(octets);
    if (!read) break;
    payloads.push_back({type, read->next, read->critical, read->body});
    if (type == PayloadType::kSk || type == PayloadType::kSkf) break;
    type = read->next;
    octets = read->rest;
  }
  return payloads;
}

class MessageTrace {
 public:
  MessageTrace(Octets octets, TraceEntry& out) : octets_(octets), out_(out) {}

  // The header of a message whose version or length may be wrong; nothing of one that is cut short in it.
  void add_header() {
    if (octets_.size() < ikev2::kIkeHeaderBytes) return;
    const ikev2::IkeHeader header = ikev2::read_ike_header_fields(octets_.first<ikev2::kIkeHeaderBytes>());
    out_.header = header;
    out_.heading += message_text(header) + ", " + octets_text(octets_.size());
    const uint8_t known = ikev2::kFlagInitiator | ikev2::kFlagResponse;
    if ((header.flags & ~known) != 0) out_.heading += ", flags 0x" + hex({&header.flags, 1});
    if (header.version != ikev2::kIkeVersion)
      out_.heading +=
          ", version " + std::to_string(header.version >> 4) + '.' + std::to_string(header.version & 15);
    out_.facts["ike"] = {{"spi_i", hex(header.spi_i)},
                         {"spi_r", hex(header.spi_r)},
                         {"exchange", unsigned(header.exchange)},
                         {"exchange_name", exchange_text(header.exchange)},
                         {"response", header.is_response()},
                         {"from", header.from_initiator() ? "I" : "R"},
                         {"message_id", header.message_id},
                         {"flags", header.flags},
                         {"version", header.version},
                         {"length", header.length},
                         {"octets", octets_.size()}};
  }

  template <class Payloads>
  void add_payloads(const Payloads& payloads, const char* key, const char* indent) {
    ordered_json list = ordered_json::array();
    for (const ikev2::Payload& payload : payloads) {
      Description description = describe(payload, *out_.header);
      std::string name = payload_text(payload.type);
      name.resize(std::max(name.size() + 1, kNameWidth), ' ');
      const bool marked = !description.finding.empty();
      out_.lines.push_back(std::string(marked ? "  ! " : "    ") + indent + name + description.text);
      for (const std::string& line : description.lines)
        out_.lines.push_back(std::string("    ") + indent + std::string(kNameWidth, ' ') + line);
      if (marked) out_.findings.push_back(text() + ": " + description.finding);
      malformed_ = malformed_ || !description.fault.empty();
      list.push_back(std::move(description.facts));
    }
    out_.facts[key] = std::move(list);
  }

  bool malformed() const { return malformed_; }
  std::string text() const { return out_.header ? message_text(*out_.header) : "a datagram"; }

 private:
  Octets octets_;
  TraceEntry& out_;
  bool malformed_ = false;
};

std::string fragment_text(const ikev2::EncryptedView& encrypted) {
  return "fragment " + std::to_string(encrypted.fragment) + " of " + std::to_string(encrypted.fragments);
}

void add_state(const ReadMessage& message, const std::string& text, TraceEntry& out) {
  out.state = message.state;
  out.facts["state"] = state_text(message.state);
  if (message.encrypted && message.encrypted->type == PayloadType::kSkf) {
    out.facts["fragment"] = {{"number", message.encrypted->fragment},
                             {"total", message.encrypted->fragments}};
    out.heading += ", " + fragment_text(*message.encrypted);
  }
  switch (message.state) {
    case MessageState::kClear:
      break;
    case MessageState::kOpened:
    case MessageState::kFragment:
      out.facts["generation"] = message.generation;
      out.heading += ", opened with generation " + std::to_string(message.generation);
      if (message.state == MessageState::kFragment) out.heading += ", not complete yet";
      break;
    case MessageState::kNoKeys:
      out.heading += ", not opened: no keys";
      break;
    case MessageState::kWrongIcv: {
      const size_t tried = message.sa->generations.size();
      const std::string reason =
          message.error + " with " +
          (tried == 1 ? "the one key generation" : "each of " + std::to_string(tried) + " key generations");
      out.facts["error"] = message.error;
      out.facts["generations_tried"] = tried;
      out.heading += ", NOT OPENED: " + reason;
      out.findings.push_back(text + ": not opened: " + reason);
      break;
    }
    case MessageState::kMalformed:
      out.facts["error"] = message.error;
      out.heading += ", MALFORMED: " + message.error;
      out.findings.push_back(text + ": malformed: " + message.error);
      break;
  }
}

}  // namespace

void trace_message(Octets octets, const ReadMessage& message, TraceEntry& out) {
  MessageTrace trace(octets, out);
  trace.add_header();
  if (!out.header) out.heading += octets_text(octets.size());
  add_state(message, trace.text(), out);
  const bool broken = message.state == MessageState::kMalformed;
  // The header's own version or length is in doubt then, and what follows may be anything.
  if (!message.header) return;
  if (broken && message.clear.empty())
    trace.add_payloads(payloads_in_order(out.header->first_payload, octets.subspan(ikev2::kIkeHeaderBytes)),
                       "payloads", "");
  else
    trace.add_payloads(message.clear, "payloads", "");
  if (message.reassembled)
    out.lines.push_back("    whole message of " + std::to_string(message.encrypted->fragments) +
                        " fragments, " + octets_text(message.message().inner().size()) + " inside:");
  if (message.state == MessageState::kOpened) {
    trace.add_payloads(message.inner, "inner", "  ");
    if (message.inner.empty()) out.lines.push_back("      nothing inside");
  } else if (broken && message.encrypted &&
             (message.encrypted->type == PayloadType::kSk || message.reassembled)) {
    trace.add_payloads(payloads_in_order(message.message().first_payload(), message.message().inner()),
                       "inner", "  ");
  }
  if (!trace.malformed()) return;
  out.state = MessageState::kMalformed;
  out.facts["state"] = state_text(out.state);
}

void trace_truncated(Octets octets, size_t original_bytes, TraceEntry& out) {
  MessageTrace trace(octets, out);
  trace.add_header();
  const std::string text =
      "TRUNCATED by the capture: " + std::to_string(octets.size()) + " of " + octets_text(original_bytes);
  out.heading += (out.header ? ", " : "") + text;
  out.facts["state"] = "truncated";
  out.facts["captured_octets"] = octets.size();
  out.facts["original_octets"] = original_bytes;
  out.findings.push_back(trace.text() + ": " + text);
}

}  // namespace mlkem::cli
