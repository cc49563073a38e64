// SPDX-License-Identifier: Apache-2.0
// Nothing is kept of a datagram once it is written but its findings, up to a bound.
#include "tools/mlkem-ike/decode/trace.hpp"

#include <cstdio>
#include <iostream>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxFindings = 200;

struct Counter {
  uint64_t TraceCounts::*count;
  const char *key, *words;
};
// Their sum is the number of IKE messages.
constexpr Counter kOfMessages[] = {
    {&TraceCounts::clear, "clear", "in the clear"},
    {&TraceCounts::opened, "opened", "opened"},
    {&TraceCounts::no_keys, "no_keys", "without keys"},
    {&TraceCounts::wrong_icv, "wrong_icv", "with a wrong ICV"},
    {&TraceCounts::malformed, "malformed", "malformed"},
    {&TraceCounts::truncated, "truncated", "truncated"},
};
// In words only those that are not zero.
constexpr Counter kBesides[] = {
    {&TraceCounts::incomplete, "incomplete", "messages incomplete"},
    {&TraceCounts::packets_malformed, "packets_malformed", "malformed packets"},
    {&TraceCounts::packets_truncated, "packets_truncated", "truncated packets"},
    {&TraceCounts::esp, "esp", "ESP in UDP"},
    {&TraceCounts::keepalives, "keepalives", "NAT keepalives"},
    {&TraceCounts::ikev1, "ikev1", "IKEv1 (not decoded)"},
    {&TraceCounts::ip_fragments, "ip_fragments", "IP fragments"},
    {&TraceCounts::ip_incomplete, "ip_incomplete", "IP datagrams incomplete"},
    {&TraceCounts::other, "other", "others"},
    {&TraceCounts::files_unreadable, "files_unreadable", "files not read to their end"},
};

std::string address_of(const IpAddress& address) {
  return address_text(ikev2::Octets(address.octets).first(address.is_ipv6 ? 16 : 4));
}

std::string endpoint_text(const IpAddress& address, bool has_port, uint16_t port) {
  std::string text = address_of(address);
  if (!has_port) return text;
  return (address.is_ipv6 ? '[' + text + ']' : text) + ':' + std::to_string(port);
}

std::string time_text(double seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", seconds);
  return text;
}

}  // namespace

void TraceCounts::add(const TraceCounts& more) {
  packets += more.packets;
  messages += more.messages;
  for (const Counter& counter : kOfMessages) this->*counter.count += more.*counter.count;
  for (const Counter& counter : kBesides) this->*counter.count += more.*counter.count;
}

bool TraceCounts::good() const {
  const uint64_t bad = wrong_icv + malformed + truncated + incomplete + packets_malformed +
                       packets_truncated + files_unreadable;
  return bad == 0 && messages > 0;
}

std::string TraceCounts::text() const {
  std::string text = std::to_string(packets) + " packets, " + std::to_string(messages) + " IKE messages";
  const char* separator = ": ";
  for (const Counter& counter : kOfMessages) {
    text += separator + std::to_string(this->*counter.count) + ' ' + counter.words;
    separator = ", ";
  }
  separator = "; ";
  for (const Counter& counter : kBesides) {
    if (this->*counter.count == 0) continue;
    text += separator + std::to_string(this->*counter.count) + ' ' + counter.words;
    separator = ", ";
  }
  return text;
}

ordered_json TraceCounts::json() const {
  ordered_json counts = {{"packets", packets}, {"ike_messages", messages}};
  for (const Counter& counter : kOfMessages) counts[counter.key] = this->*counter.count;
  for (const Counter& counter : kBesides) counts[counter.key] = this->*counter.count;
  counts["good"] = good();
  return counts;
}

Trace::Trace(bool json) : json_(json) {
  if (json_) write("{\"captures\": [");
}

// A reader that went away ends a long capture early.
void Trace::write(const std::string& text) {
  if (!(std::cout << text)) throw Failure("standard output can't be written");
}

void Trace::write_json(const ordered_json& value) {
  write(value.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

void Trace::begin_capture(const std::string& path) {
  if (json_) {
    write(first_capture_ ? "\n{\"file\": " : ",\n{\"file\": ");
    write_json(ordered_json(path));
    write(", \"datagrams\": [");
  } else {
    write(path + '\n');
  }
  first_capture_ = false;
  first_entry_ = true;
  spis_.clear();
}

void Trace::add(uint64_t number, std::optional<double> seconds, const IpPacket& packet, TraceEntry entry) {
  for (const std::string& finding : entry.findings) add_finding(number, finding);
  if (json_) {
    ordered_json facts = {{"number", number}};
    if (seconds) facts["time"] = *seconds;
    if (packet.has_addresses) {
      facts["source"] = {{"address", address_of(packet.source)}};
      facts["destination"] = {{"address", address_of(packet.destination)}};
    }
    if (packet.has_ports) {
      facts["source"]["port"] = packet.source_port;
      facts["destination"]["port"] = packet.destination_port;
    }
    if (packet.reassembled) facts["ip_fragmented"] = true;
    facts.update(entry.facts);
    write(first_entry_ ? "\n" : ",\n");
    write_json(facts);
    first_entry_ = false;
    return;
  }
  std::string text;
  if (entry.header) {
    const std::string spis = hex(entry.header->spi_i) + ' ' + hex(entry.header->spi_r);
    if (spis != spis_) text += "IKE SA " + spis + '\n';
    spis_ = spis;
  }
  text += '#' + std::to_string(number) + "  ";
  if (seconds) text += time_text(*seconds) + "  ";
  if (packet.has_addresses)
    text += endpoint_text(packet.source, packet.has_ports, packet.source_port) + " > " +
            endpoint_text(packet.destination, packet.has_ports, packet.destination_port) + "  ";
  text += entry.heading + (packet.reassembled ? ", from IP fragments\n" : "\n");
  for (const std::string& line : entry.lines) text += line + '\n';
  write(text);
}

void Trace::add_finding(uint64_t number, const std::string& text) {
  if (findings_.size() == kMaxFindings)
    ++findings_left_out_;
  else
    findings_.push_back('#' + std::to_string(number) + ' ' + text);
}

void Trace::end_capture(const TraceCounts& counts, const std::string& error) {
  if (json_) {
    write("],\n\"findings\": ");
    write_json(ordered_json(findings_));
    write(", \"findings_left_out\": " + std::to_string(findings_left_out_) + ", \"counts\": ");
    write_json(counts.json());
    if (!error.empty()) {
      write(", \"error\": ");
      write_json(ordered_json(error));
    }
    write("}");
  } else {
    if (!findings_.empty()) write("look at:\n");
    for (const std::string& finding : findings_) write("  " + finding + '\n');
    if (findings_left_out_ != 0) write("  and " + std::to_string(findings_left_out_) + " more\n");
    write(counts.text() + '\n');
  }
  findings_.clear();
  findings_left_out_ = 0;
}

void Trace::end(size_t captures, const TraceCounts& total) {
  if (json_) {
    write("],\n\"total\": ");
    write_json(total.json());
    write("}\n");
  } else if (captures > 1) {
    write(std::to_string(captures) + " captures: " + total.text() + '\n');
  }
}

}  // namespace mlkem::cli
