// SPDX-License-Identifier: Apache-2.0
// UDP datagrams out of captured packets: link layers, VLAN tags, IPv4, IPv6 and its extension headers, fragments.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/mlkem-ike/capture/capture_reader.hpp"
#include "tools/mlkem-ike/capture/ip_fragments.hpp"

namespace mlkem::cli {

enum class PacketKind {
  kUdp,        // a whole datagram
  kTruncated,  // a UDP datagram of which the capture lacks the end
  kFragment,   // a part of an IP datagram that is not complete yet, or was refused
  kMalformed,  // lengths that do not fit, or fragments that are refused with this one
  kOther,      // not IP, or not UDP
};

struct IpPacket {
  PacketKind kind = PacketKind::kOther;
  std::string fault;           // of kMalformed
  bool has_addresses = false;  // the two below are set
  IpAddress source, destination;
  bool has_ports = false;  // always for kUdp
  uint16_t source_port = 0, destination_port = 0;
  std::span<const uint8_t> payload;  // of UDP: what there is of it
  size_t payload_bytes = 0;          // as UDP's length says
  bool reassembled = false;          // from IP fragments
};

class IpReader {
 public:
  // The views in the answer lie in `packet` or in this object, until the next call. Checksums are not looked at: a
  // capture on the sending machine often comes before the network card fills them in.
  IpPacket read(const CapturedPacket& packet);

  // IP datagrams of which a fragment never came.
  size_t incomplete() const { return fragments_.incomplete(); }

 private:
  // What is left of a packet, and how much of it there was before the capture cut it.
  struct Rest {
    std::span<const uint8_t> octets;
    size_t missing = 0;

    bool limit(size_t length);
    bool skip(size_t length);
  };

  void read_ipv4(Rest rest, IpPacket& out);
  void read_ipv6(Rest rest, IpPacket& out);
  void read_ipv6_payload(uint8_t protocol, Rest rest, IpPacket& out);
  bool add_fragment(uint32_t identification, const IpFragments::Piece& piece, size_t missing, IpPacket& out);
  static void read_udp(Rest rest, IpPacket& out);

  IpFragments fragments_;
  IpFragments::Whole whole_;
};

}  // namespace mlkem::cli
