// SPDX-License-Identifier: Apache-2.0
// The engine's responder with its sockets: many peers, on all addresses that it listens on.
#pragma once

#include <optional>
#include <vector>

#include "mlkem-ike/ikev2/responder.hpp"
#include "tools/mlkem-ike/net/udp_socket.hpp"
#include "tools/mlkem-ike/peer/connection.hpp"

namespace mlkem::cli {

class Server {
 public:
  // Listens on both ports of every address; 0 lets the system choose. The workspace must outlive it. Throws Failure.
  Server(const std::vector<Endpoint>& addresses, Ports ports, IpFragments fragments,
         ikev2::Workspace& workspace, ikev2::Policy policy, const ikev2::ResponderOptions& options);

  // Receives a batch of what waits, runs the key exchanges of all of it together, does what is due, sends. Call it
  // when a descriptor is ready, and at deadline(). What waits behind the batch keeps its descriptor ready: whoever
  // floods the sockets keeps the caller from nothing.
  void work();
  std::optional<ikev2::SaEvent> next_event() { return responder_.poll_event(); }
  std::optional<TimePoint> deadline() const;
  std::vector<int> descriptors() const;
  // Where it listens: the port of IKE, and that of IKE beside ESP, for each address.
  std::vector<Endpoint> endpoints() const;

  ikev2::Responder& responder() { return responder_; }
  uint64_t datagrams_received() const { return datagrams_received_; }

 private:
  struct Listener {
    UdpSocket socket;
    bool encapsulated;
  };

  void receive(Listener& listener, uint64_t now);
  void run_jobs(uint64_t now);
  void transmit();

  ikev2::Workspace& workspace_;
  std::vector<Listener> listeners_;
  // Where it is: the responder refers to it.
  std::unique_ptr<ikev2::Profile> profile_;
  ikev2::Responder responder_;
  std::vector<ikev2::KeyJob> jobs_;
  uint64_t datagrams_received_ = 0;
};

}  // namespace mlkem::cli
