// SPDX-License-Identifier: Apache-2.0
// An address and a port, as text, as the system's sockaddr, and by name.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2/endpoint.hpp"
#include "tools/mlkem-ike/io/octets.hpp"

namespace mlkem::cli {

struct Endpoint {
  std::array<uint8_t, 16> octets{};
  uint8_t address_bytes = 0;  // 4, 16, or 0 for none
  uint16_t port = 0;
  uint32_t scope = 0;  // the interface of a link-local IPv6 address

  Octets address() const { return Octets(octets).first(address_bytes); }
  bool is_ipv6() const { return address_bytes == 16; }

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// 4 or 16 octets, in an Endpoint.
Endpoint endpoint_of(Octets address, uint16_t port);
// The engine's form has no interface: a connected socket remembers it.
Endpoint endpoint_of(const ikev2::Address& address);
ikev2::Address address_of(const Endpoint& endpoint);

// "192.0.2.1:500", "[2001:db8::1]:500".
std::string endpoint_text(const Endpoint& endpoint);

// The system's form, and its length.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
SocketAddress socket_address(const Endpoint& endpoint);
// No address for another family than IPv4 and IPv6. An IPv4-mapped IPv6 address becomes IPv4.
Endpoint endpoint_of(const sockaddr_storage& address);

enum class IpFamily { kAny, kIpv4, kIpv6 };

// The addresses of a name, or of an address in digits, in the system's order of preference. Throws Failure that names
// the host.
std::vector<Endpoint> resolve(const std::string& host, uint16_t port, IpFamily family = IpFamily::kAny);
// An address in digits; no address for anything else.
Endpoint parse_address(const std::string& text);

}  // namespace mlkem::cli
