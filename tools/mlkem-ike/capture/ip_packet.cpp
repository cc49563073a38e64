// SPDX-License-Identifier: Apache-2.0
// From the link layer down to UDP; a packet that ends too early is truncated where the capture cut it, and malformed
// where its own lengths say so.
#include "tools/mlkem-ike/capture/ip_packet.hpp"

#include <algorithm>

#include "ikev2/wire.hpp"
#include "tools/mlkem-ike/io/octets.hpp"

namespace mlkem::cli {
namespace {

// LINKTYPE_* (draft-ietf-opsawg-pcaplinktype).
constexpr uint16_t kNull = 0, kEthernet = 1, kRawOfBsd = 12, kRawOfOpenBsd = 14, kRaw = 101, kLoop = 108,
                   kLinuxCooked = 113, kIpv4 = 228, kIpv6 = 229, kLinuxCooked2 = 276;
constexpr uint16_t kTypeIpv4 = 0x0800, kTypeIpv6 = 0x86dd;
constexpr unsigned kMaxVlanTags = 4, kMaxExtensionHeaders = 16;

constexpr uint8_t kHopByHop = 0, kUdp = 17, kRouting = 43, kFragmentHeader = 44, kDestinationOptions = 60;

bool is_vlan_tag(uint16_t type) {
  return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

// What the frame carries behind the link layer; empty if that is not IP.
Octets behind_link_layer(uint16_t link_type, Octets frame) {
  size_t type_at;
  switch (link_type) {
    case kEthernet:
      type_at = 12;
      break;
    case kLinuxCooked:
      type_at = 14;
      break;
    case kLinuxCooked2:
      // Here the type stands first, in a header of 20 octets.
      if (frame.size() < 20 ||
          (ikev2::load_16(&frame[0]) != kTypeIpv4 && ikev2::load_16(&frame[0]) != kTypeIpv6 &&
           !is_vlan_tag(ikev2::load_16(&frame[0]))))
        return {};
      if (!is_vlan_tag(ikev2::load_16(&frame[0]))) return frame.subspan(20);
      // A tag follows the header as on Ethernet.
      frame = frame.subspan(20);
      if (frame.size() < 4) return {};
      type_at = 2;
      break;
    case kNull:
    case kLoop:
      // An address family whose numbers differ from system to system: the IP version says the same.
      return frame.size() < 4 ? Octets() : frame.subspan(4);
    case kRaw:
    case kRawOfBsd:
    case kRawOfOpenBsd:
    case kIpv4:
    case kIpv6:
      return frame;
    default:
      return {};
  }
  for (unsigned tags = 0; tags <= kMaxVlanTags && frame.size() >= type_at + 2; ++tags, type_at += 4) {
    const uint16_t type = ikev2::load_16(&frame[type_at]);
    if (type == kTypeIpv4 || type == kTypeIpv6) return frame.subspan(type_at + 2);
    if (!is_vlan_tag(type)) return {};
  }
  return {};
}

IpAddress address(Octets octets) {
  IpAddress read;
  read.is_ipv6 = octets.size() == 16;
  std::copy(octets.begin(), octets.end(), read.octets.begin());
  return read;
}

void malformed(IpPacket& out, const char* fault) {
  out.kind = PacketKind::kMalformed;
  out.fault = fault;
}

}  // namespace

// Cuts off what follows `length`, such as the padding of a short Ethernet frame; false if it was never that long.
bool IpReader::Rest::limit(size_t length) {
  if (length > octets.size() + missing) return false;
  if (length <= octets.size()) {
    octets = octets.first(length);
    missing = 0;
  } else {
    missing = length - octets.size();
  }
  return true;
}

// False, with nothing left, if the octets to pass over are not all there.
bool IpReader::Rest::skip(size_t length) {
  const bool there = length <= octets.size();
  octets = there ? octets.subspan(length) : Octets();
  return there;
}

IpPacket IpReader::read(const CapturedPacket& packet) {
  IpPacket out;
  Rest rest{behind_link_layer(packet.link_type, packet.octets)};
  if (packet.original_bytes > packet.octets.size())
    rest.missing = packet.original_bytes - packet.octets.size();
  if (rest.octets.empty()) return out;
  const unsigned version = rest.octets[0] >> 4;
  if (version == 4 && packet.link_type != kIpv6) read_ipv4(rest, out);
  if (version == 6 && packet.link_type != kIpv4) read_ipv6(rest, out);
  return out;
}

void IpReader::read_ipv4(Rest rest, IpPacket& out) {
  constexpr size_t kMinHeaderBytes = 20;
  if (rest.octets.size() < kMinHeaderBytes) {
    if (rest.missing == 0) malformed(out, "an IPv4 header cut short");
    return;
  }
  const Octets header = rest.octets;
  const size_t header_bytes = 4u * (header[0] & 15u), total = ikev2::load_16(&header[2]);
  out.source = address(header.subspan(12, 4));
  out.destination = address(header.subspan(16, 4));
  out.has_addresses = true;
  if (header[9] != kUdp) return;
  // Segmentation offload leaves the length to the network card.
  if (header_bytes < kMinHeaderBytes || (total != 0 && (total < header_bytes || !rest.limit(total))))
    return malformed(out, "an IPv4 header whose lengths do not fit");
  if (!rest.skip(header_bytes)) {
    if (rest.missing == 0) malformed(out, "an IPv4 header whose lengths do not fit");
    return;
  }
  const uint16_t fragment = ikev2::load_16(&header[6]);
  const bool more = (fragment & 0x2000) != 0;
  const size_t offset = size_t(fragment & 0x1fff) * 8;
  if (more || offset != 0) {
    if (!add_fragment(ikev2::load_16(&header[4]), {kUdp, offset, more, rest.octets}, rest.missing, out))
      return;
    rest = {whole_.octets};
  }
  read_udp(rest, out);
}

void IpReader::read_ipv6(Rest rest, IpPacket& out) {
  constexpr size_t kHeaderBytes = 40;
  if (rest.octets.size() < kHeaderBytes) {
    if (rest.missing == 0) malformed(out, "an IPv6 header cut short");
    return;
  }
  const Octets header = rest.octets;
  out.source = address(header.subspan(8, 16));
  out.destination = address(header.subspan(24, 16));
  out.has_addresses = true;
  rest.skip(kHeaderBytes);
  const size_t payload = ikev2::load_16(&header[4]);
  if (payload != 0 && !rest.limit(payload)) return malformed(out, "an IPv6 header whose lengths do not fit");
  read_ipv6_payload(header[6], rest, out);
}

void IpReader::read_ipv6_payload(uint8_t protocol, Rest rest, IpPacket& out) {
  for (unsigned headers = 0; headers < kMaxExtensionHeaders; ++headers) {
    if (protocol == kUdp) return read_udp(rest, out);
    const bool is_options = protocol == kHopByHop || protocol == kRouting || protocol == kDestinationOptions;
    if (!is_options && protocol != kFragmentHeader) return;
    const Octets header = rest.octets;
    if (header.size() < 8 || !rest.skip(is_options ? 8 * (size_t(header[1]) + 1) : 8)) {
      if (rest.missing == 0) malformed(out, "an IPv6 extension header cut short");
      return;
    }
    protocol = header[0];
    if (is_options) continue;
    const size_t offset = ikev2::load_16(&header[2]) & 0xfff8u;
    const bool more = (header[3] & 1) != 0;
    // An atomic fragment is a whole datagram (RFC 6946).
    if (offset == 0 && !more) continue;
    if (out.reassembled) return malformed(out, "IP fragments within fragments");
    const uint32_t identification = ikev2::load_32(&header[4]);
    if (!add_fragment(identification, {protocol, offset, more, rest.octets}, rest.missing, out)) return;
    protocol = whole_.protocol;
    rest = {whole_.octets};
  }
  malformed(out, "too many IPv6 extension headers");
}

// True when the datagram is complete, in whole_.
bool IpReader::add_fragment(uint32_t identification, const IpFragments::Piece& piece, size_t missing,
                            IpPacket& out) {
  out.kind = PacketKind::kFragment;
  // A part of a part is of no use; the datagram stays incomplete.
  if (missing != 0) {
    out.kind = PacketKind::kTruncated;
    return false;
  }
  auto whole = fragments_.add({out.source, out.destination, identification}, piece, out.fault);
  if (!out.fault.empty()) out.kind = PacketKind::kMalformed;
  if (!whole) return false;
  whole_ = *std::move(whole);
  out.kind = PacketKind::kOther;
  out.reassembled = true;
  return true;
}

void IpReader::read_udp(Rest rest, IpPacket& out) {
  constexpr size_t kHeaderBytes = 8;
  out.kind = rest.missing == 0 ? PacketKind::kUdp : PacketKind::kTruncated;
  const Octets header = rest.octets;
  out.has_ports = header.size() >= 4;
  if (out.has_ports) {
    out.source_port = ikev2::load_16(&header[0]);
    out.destination_port = ikev2::load_16(&header[2]);
  }
  if (header.size() < kHeaderBytes) {
    if (rest.missing == 0) malformed(out, "a UDP header cut short");
    return;
  }
  const size_t length = ikev2::load_16(&header[4]);
  if (length < kHeaderBytes || !rest.limit(length)) return malformed(out, "a UDP length that does not fit");
  // The end that the capture lacks may lie behind the datagram.
  out.kind = rest.missing == 0 ? PacketKind::kUdp : PacketKind::kTruncated;
  rest.skip(kHeaderBytes);
  out.payload = rest.octets;
  out.payload_bytes = length - kHeaderBytes;
}

}  // namespace mlkem::cli
