// SPDX-License-Identifier: Apache-2.0
// UDP sockets that say to which local address a datagram came, send from a chosen one, and report what ICMP says of a
// datagram. NAT detection hashes both addresses (RFC 7296, section 2.23), so a wildcard is not good enough.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tools/mlkem-ike/net/endpoint.hpp"

namespace mlkem::cli {

// Whether IP may cut a datagram to pieces on its way.
enum class IpFragments { kAllowed, kForbidden };

struct Received {
  std::span<const uint8_t> octets;  // in the buffer of the caller
  Endpoint local, remote;
};

// What became of an earlier datagram.
struct SendError {
  int error = 0;            // an errno: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE ...
  Endpoint reporter;        // who said so, if ICMP did
  uint32_t path_bytes = 0;  // EMSGSIZE: what the path carries, if known
};
// "port unreachable (ICMP from 192.0.2.1)", "a datagram is too long for the path (1280 octets)".
std::string send_error_text(const SendError& error);

class UdpSocket {
 public:
  // Bound to `local`, whose address may be the wildcard and whose port 0. Throws Failure that names the endpoint.
  static UdpSocket bound(const Endpoint& local, IpFragments fragments);
  ~UdpSocket();
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // From now on one peer alone: local() is the address that leads there. Throws Failure.
  void connect(const Endpoint& remote);

  int descriptor() const { return descriptor_; }
  const Endpoint& local() const { return local_; }

  // Sends from `local`, whose port does not count; without an address the system chooses. False if the system
  // refused, `error` then says why. A full queue is no error: the network may lose datagrams anywhere.
  bool send(const Endpoint& local, const Endpoint& remote, std::span<const uint8_t> octets, SendError& error);

  // The next datagram that waits, cut to the buffer; nothing if none does.
  std::optional<Received> receive(std::span<uint8_t> buffer);
  // The next error that waits; nothing if none does.
  std::optional<SendError> take_error();

 private:
  explicit UdpSocket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
  bool connected_ = false;
  Endpoint local_;
};

}  // namespace mlkem::cli
