// SPDX-License-Identifier: Apache-2.0
// Where datagrams come from and go to, in plain numbers: the engine opens no socket.
#pragma once

#include <array>
#include <cstdint>

#include "mlkem-ike/ikev2/fragment.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

inline constexpr uint16_t kIkePort = 500;
inline constexpr uint16_t kEncapsulationPort = 4500;  // RFC 3948

// An IP address and a UDP port.
struct Address {
  IpVersion version = IpVersion::kIpv4;
  std::array<uint8_t, 16> octets{};  // an IPv4 address is in the first four, the others are zero
  uint16_t port = 0;                 // in the machine's order

  [[nodiscard]] Octets ip() const noexcept {
    return Octets(octets).first(version == IpVersion::kIpv4 ? 4 : 16);
  }

  friend bool operator==(const Address&, const Address&) = default;
};

// One way between two hosts, as this host sees it.
struct Path {
  // `local` is the address that the peer's datagrams were sent to. NAT detection compares it with what the
  // peer sees: an unspecified one looks like a NAT.
  Address local, remote;
  // The local port is one for UDP encapsulation (4500 as a rule): datagrams with IKE messages begin with the
  // non-ESP marker, four zero octets (RFC 3948, section 2.2).
  bool encapsulated = false;

  friend bool operator==(const Path&, const Path&) = default;
};

// What is to be sent. The octets are the whole UDP payload, marker included.
struct Datagram {
  Path path;
  Octets octets;
};

}  // namespace mlkem::ikev2
