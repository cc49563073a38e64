// SPDX-License-Identifier: Apache-2.0
// mlkem-ike decode: a readable trace of the IKE messages in captures, decrypted where keys are given.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "tools/mlkem-ike/capture/capture_reader.hpp"
#include "tools/mlkem-ike/capture/ike_in_udp.hpp"
#include "tools/mlkem-ike/capture/ip_packet.hpp"
#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/decode/decode_keys.hpp"
#include "tools/mlkem-ike/decode/exchanges.hpp"
#include "tools/mlkem-ike/decode/trace.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;

constexpr uint8_t kKeepaliveOctet = 0xff;

struct Options {
  std::vector<std::string> captures, keys;
  std::vector<uint16_t> ports;
  bool json = false;
};

// What a UDP datagram carries (RFC 3948, section 2).
enum class Carried { kIke, kEsp, kKeepalive, kNothing };
struct Carrier {
  Carried what;
  Octets message = {};  // of kIke, without marker
};

// Of a message that is as long as its header at least.
ikev2::IkeHeader header_of(Octets message) {
  return ikev2::read_ike_header_fields(message.first<ikev2::kIkeHeaderBytes>());
}
unsigned major_version(Octets message) {
  return header_of(message).version >> 4;
}

bool looks_like_ike(Octets payload, size_t payload_bytes) {
  if (payload.size() < ikev2::kIkeHeaderBytes) return false;
  const unsigned major = major_version(payload);
  return (major == 1 || major == 2) && header_of(payload).length == payload_bytes;
}

class Decoder {
 public:
  Decoder(const Options& options, ikev2::Crypto& crypto)
      : options_(options), reader_(crypto, read_decode_keys(options.keys)), trace_(options.json) {}

  // True if all is well.
  bool run() {
    TraceCounts total;
    for (const std::string& path : options_.captures) total.add(decode(path));
    trace_.end(options_.captures.size(), total);
    if (total.messages == 0) std::cerr << "mlkem-ike: no IKEv2 message found\n";
    return total.good();
  }

 private:
  TraceCounts decode(const std::string& path) {
    counts_ = {};
    number_ = 0;
    start_.reset();
    ip_ = {};
    exchanges_ = {};
    trace_.begin_capture(path);
    std::string error;
    try {
      std::ifstream file;
      if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file) throw Failure(path + ": can't be opened");
      }
      CaptureReader capture(path == "-" ? std::cin : file, path);
      while (capture.next(packet_)) take_packet();
    } catch (const Failure& failure) {
      // What came before is shown all the same; a failing output ends everything.
      if (!std::cout) throw;
      error = failure.what();
      counts_.files_unreadable = 1;
    }
    finish();
    trace_.end_capture(counts_, error);
    if (!error.empty()) std::cerr << "mlkem-ike: " << error << '\n';
    return counts_;
  }

  void finish() {
    counts_.ip_incomplete = ip_.incomplete();
    const auto incomplete = exchanges_.incomplete();
    counts_.incomplete = incomplete.size();
    for (const auto& open : incomplete) trace_.add_finding(open.number, open.text + ": fragments missing");
    for (const auto& open : exchanges_.unanswered())
      trace_.add_finding(open.number, open.text + ": no response in the capture");
  }

  std::optional<double> seconds() {
    if (!packet_.time) return std::nullopt;
    if (!start_) start_ = packet_.time;
    return double(int64_t(packet_.time->seconds - start_->seconds)) +
           (double(packet_.time->nanoseconds) - double(start_->nanoseconds)) / 1e9;
  }

  bool is_ike_port(uint16_t port) const {
    return port == kIkePort || port == kNatPort || std::ranges::count(options_.ports, port) > 0;
  }

  void take_packet() {
    ++number_;
    ++counts_.packets;
    const std::optional<double> time = seconds();
    const IpPacket packet = ip_.read(packet_);
    const bool other_ports =
        packet.has_ports && !is_ike_port(packet.source_port) && !is_ike_port(packet.destination_port);
    if (packet.kind == PacketKind::kOther || other_ports) {
      ++counts_.other;
    } else if (packet.kind == PacketKind::kFragment) {
      ++counts_.ip_fragments;
    } else if (packet.kind == PacketKind::kMalformed) {
      ++counts_.packets_malformed;
      TraceEntry entry;
      entry.heading = "MALFORMED: " + packet.fault;
      entry.facts = {{"state", "malformed"}, {"error", packet.fault}};
      entry.findings.push_back("malformed: " + packet.fault);
      trace_.add(number_, time, packet, std::move(entry));
    } else {
      take_datagram(time, packet);
    }
  }

  void take_datagram(std::optional<double> time, const IpPacket& packet) {
    const Carrier carrier = carrier_of(packet);
    const bool is_truncated = packet.kind == PacketKind::kTruncated;
    TraceEntry entry;
    switch (carrier.what) {
      case Carried::kEsp:
        ++counts_.esp;
        return;
      case Carried::kKeepalive:
        ++counts_.keepalives;
        return;
      case Carried::kNothing:
        ++(is_truncated ? counts_.packets_truncated : counts_.packets_malformed);
        entry.heading = is_truncated ? "TRUNCATED by the capture" : "MALFORMED: too short for IKE and ESP";
        entry.facts["state"] = is_truncated ? "truncated" : "malformed";
        entry.findings.push_back(entry.heading);
        break;
      case Carried::kIke:
        if (carrier.message.size() >= ikev2::kIkeHeaderBytes && major_version(carrier.message) == 1) {
          ++counts_.ikev1;
          return;
        }
        ++counts_.messages;
        if (is_truncated) {
          ++counts_.truncated;
          const size_t marker = packet.payload.size() - carrier.message.size();
          trace_truncated(carrier.message, packet.payload_bytes - marker, entry);
        } else {
          take_message(carrier.message, entry);
        }
    }
    trace_.add(number_, time, packet, std::move(entry));
  }

  void take_message(Octets octets, TraceEntry& entry) {
    const ReadMessage message = reader_.read(octets);
    trace_message(octets, message, entry);
    if (message.header)
      if (const auto earlier = exchanges_.add(number_, octets, message)) {
        entry.heading += ", repeats #" + std::to_string(*earlier);
        entry.facts["repeats"] = *earlier;
      }
    count(entry.state);
  }

  void count(MessageState state) {
    switch (state) {
      case MessageState::kMalformed:
        ++counts_.malformed;
        break;
      case MessageState::kClear:
        ++counts_.clear;
        break;
      case MessageState::kNoKeys:
        ++counts_.no_keys;
        break;
      case MessageState::kWrongIcv:
        ++counts_.wrong_icv;
        break;
      case MessageState::kFragment:
      case MessageState::kOpened:
        ++counts_.opened;
        break;
    }
  }

  Carrier carrier_of(const IpPacket& packet) const {
    const Octets payload = packet.payload;
    const auto has_port = [&](uint16_t port) {
      return packet.source_port == port || packet.destination_port == port;
    };
    const bool nat = has_port(kNatPort), plain = has_port(kIkePort);
    if (plain && !nat) return {Carried::kIke, payload};
    if (packet.payload_bytes == 1 && payload.size() == 1 && payload[0] == kKeepaliveOctet)
      return {Carried::kKeepalive};
    // Another port, or a NAT that maps 500 to 4500, may do with or without the marker.
    if ((plain || !nat) && looks_like_ike(payload, packet.payload_bytes)) return {Carried::kIke, payload};
    if (payload.size() < kMarkerBytes) return {Carried::kNothing};
    const bool marker = std::ranges::count(payload.first(kMarkerBytes), 0) == kMarkerBytes;
    return marker ? Carrier{Carried::kIke, payload.subspan(kMarkerBytes)} : Carrier{Carried::kEsp};
  }

  const Options& options_;
  MessageReader reader_;
  Trace trace_;
  CapturedPacket packet_;
  IpReader ip_;
  Exchanges exchanges_;
  TraceCounts counts_;
  uint64_t number_ = 0;
  std::optional<Timestamp> start_;
};

void run(const Options& options) {
  const auto streams = std::ranges::count(options.captures, "-") + std::ranges::count(options.keys, "-");
  if (streams > 1) throw CLI::ValidationError("captures", "standard input can be read only once");
  auto crypto = ikev2::openssl_crypto();
  if (!crypto) throw Failure(crypto.error().message);
  if (!Decoder(options, **crypto).run()) throw ReportedFailure();
}

}  // namespace

void add_decode(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("decode", "Show the IKE messages of captures, decrypted with their keys");
  command->add_option("captures", options->captures, "pcap or pcapng files; - is standard input")
      ->type_name("FILE")
      ->required();
  command
      ->add_option(
          "--keys", options->keys,
          "a recording (JSON) or Wireshark's ikev2_decryption_table; - is standard input; a further\n"
          "file or line for an IKE SA is a further generation of its keys: one after each key exchange")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--port", options->ports, "a UDP port that carries IKE beside 500 and 4500")
      ->type_name("NUMBER")
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65535));
  command->add_flag("--json", options->json, "machine-readable output");
  command->footer(
      "Example: mlkem-ike decode gateway.pcap --keys ikev2_decryption_table\n"
      "Error notifies and malformed payloads are marked with !; they, what was not opened with its\n"
      "keys, and requests without a response are listed at the end. Exit status 0 if there was an IKE\n"
      "message, all for which there are keys opened, and nothing was malformed, cut short or incomplete.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
