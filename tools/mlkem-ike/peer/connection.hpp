// SPDX-License-Identifier: Apache-2.0
// One session of the engine with its sockets: an initiator that talks to one peer.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "mlkem-ike/ikev2/session.hpp"
#include "tools/mlkem-ike/net/udp_socket.hpp"
#include "tools/mlkem-ike/net/wait.hpp"

namespace mlkem::cli {

// UDP ports of one side: IKE, and IKE beside ESP (RFC 3948).
struct Ports {
  uint16_t ike = ikev2::kIkePort, encapsulated = ikev2::kEncapsulationPort;
};
// The system chooses.
inline constexpr Ports kAnyPorts = {0, 0};

// The engine's clock.
uint64_t now_ms();
TimePoint time_of(uint64_t ms);

// Both sockets to one peer, whose local address is known by then.
class PeerSockets {
 public:
  // `remote` is the peer's address; its port does not count. Throws Failure.
  PeerSockets(const Endpoint& remote, Ports remote_ports, Ports local_ports, IpFragments fragments);

  // The way of IKE_SA_INIT, and that of the messages behind it if there is a NAT.
  ikev2::Path path(bool encapsulated) const;
  UdpSocket& socket(bool encapsulated) { return sockets_[encapsulated]; }
  std::array<int, 2> descriptors() const { return {sockets_[0].descriptor(), sockets_[1].descriptor()}; }

 private:
  Endpoint remote_;
  Ports remote_ports_;
  std::array<UdpSocket, 2> sockets_;  // by `encapsulated`
};

class Connection {
 public:
  // Makes the first request; work() sends it. The policy's ports of encapsulation become those of `sockets`. The
  // workspace must outlive it. Throws Failure.
  Connection(PeerSockets sockets, ikev2::Workspace& workspace, ikev2::Policy policy);

  // Receives a batch of what waits, does what is due, sends. Call it when a descriptor is ready, and at deadline().
  void work();
  std::optional<ikev2::Event> next_event() { return session_.poll_event(); }
  std::optional<TimePoint> deadline() const;
  std::array<int, 2> descriptors() const { return sockets_.descriptors(); }

  // Ends the SA, or the attempt: sends a Delete if there is an SA.
  void close();
  ikev2::SessionReport report() const { return session_.report(); }

  // The last error that the network or the system reported.
  const std::optional<SendError>& network_error() const { return network_error_; }
  // The peer's host says that nobody listens, twice, and nothing else ever came. One such word alone may be forged,
  // or left over from a restart.
  bool is_refused() const;

 private:
  void receive(bool encapsulated, uint64_t now);
  void transmit();
  void note(const SendError& error);

  PeerSockets sockets_;
  // Where it is: the session refers to it.
  std::unique_ptr<ikev2::Profile> profile_;
  ikev2::Session session_;
  std::optional<SendError> network_error_;
  unsigned refusals_ = 0;
};

}  // namespace mlkem::cli
