// SPDX-License-Identifier: Apache-2.0
// The output of `decode`: text, or one JSON document that is written as it grows.
#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/mlkem-ike/capture/ip_packet.hpp"
#include "tools/mlkem-ike/decode/trace_message.hpp"

namespace mlkem::cli {

struct TraceCounts {
  uint64_t packets = 0, messages = 0;
  // Each message is one of these.
  uint64_t clear = 0, opened = 0, no_keys = 0, wrong_icv = 0, malformed = 0, truncated = 0;
  uint64_t incomplete = 0;                                // messages of which some fragments never came
  uint64_t packets_malformed = 0, packets_truncated = 0;  // before there was an IKE message in them
  uint64_t esp = 0, keepalives = 0, ikev1 = 0, ip_fragments = 0, ip_incomplete = 0, other = 0;
  uint64_t files_unreadable = 0;

  void add(const TraceCounts& more);
  // There was an IKE message, all for which there are keys opened, and nothing was malformed, cut short or
  // incomplete.
  bool good() const;
  std::string text() const;
  nlohmann::ordered_json json() const;
};

class Trace {
 public:
  explicit Trace(bool json);

  void begin_capture(const std::string& path);
  // `packet` gives time and addresses; it is the `number`th.
  void add(uint64_t number, std::optional<double> seconds, const IpPacket& packet, TraceEntry entry);
  // An error, unless empty, ended the reading early. Findings were collected since the capture began.
  void end_capture(const TraceCounts& counts, const std::string& error);
  void end(size_t captures, const TraceCounts& total);

  // For the list at the end of the capture.
  void add_finding(uint64_t number, const std::string& text);

 private:
  void write(const std::string& text);
  void write_json(const nlohmann::ordered_json& value);

  bool json_, first_capture_ = true, first_entry_ = true;
  std::string spis_;  // of the IKE SA that was shown last
  std::deque<std::string> findings_;
  uint64_t findings_left_out_ = 0;
};

}  // namespace mlkem::cli
