// SPDX-License-Identifier: Apache-2.0
// What both sides of the demo have: a policy, a socket on the loopback interface, the keys that the engine shows.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tools/mlkem-ike/net/udp_socket.hpp"

namespace mlkem::cli {

// The seven keys of each generation.
class GatheredKeys final : public ikev2::KeyLog {
 public:
  void add(const ikev2::LoggedKeys& keys) noexcept override;

  ikev2::Spi spi_i{}, spi_r{};
  std::vector<ikev2::IkeKeys> generations;
};

struct DemoSide {
  // Throws Failure. `proposals` are those of IKE and of ESP.
  DemoSide(char who, const ikev2::Proposal& ike, const ikev2::Proposal& esp);

  // Acts on what the engine reports.
  void take(ikev2::Event event);
  bool is_done() const { return authenticated_peer && child; }

  char letter;  // 'I' or 'R'
  UdpSocket socket;
  ikev2::OneSharedKey shared_key;
  GatheredKeys keys;
  // Where they are: the engine refers to them.
  std::unique_ptr<ikev2::Profile> profile;

  bool authenticated_peer = false;
  std::optional<ikev2::ChildEstablished> child;
  std::vector<ikev2::KeyExchanged> exchanged;
  std::optional<ikev2::End> end;
};

}  // namespace mlkem::cli
