// SPDX-License-Identifier: Apache-2.0
// A flood of datagrams keeps neither side of the command line from its clock, its events and its signals.
#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "mlkem-ike/ikev2/proposal.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/peer/connection.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"
#include "tools/mlkem-ike/peer/server.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kFlood = 100;
// What one socket is read for at most in one call; fewer than kFlood.
constexpr size_t kMostInOneCall = 64;
constexpr std::array<uint8_t, 28> kDatagram = {0xff};

class Peer_Sockets : public ::testing::Test {
 protected:
  Peer_Sockets()
      : crypto_(must(ikev2::openssl_crypto(), "crypto")), workspace_(*crypto_), key_(shared_key()) {}

  static ikev2::SharedKey shared_key() {
    ikev2::SharedKey key;
    (void)key.assign(kDatagram);
    return key;
  }

  ikev2::Policy policy() {
    ikev2::Policy policy;
    policy.identity = {ikev2::IdType::kFqdn, {'x'}};
    policy.shared_keys = &key_;
    policy.ike_proposals = ikev2::default_ike_proposals();
    policy.esp_proposals = ikev2::default_esp_proposals();
    policy.local_selectors = policy.remote_selectors = parse_selectors("127.0.0.1");
    return policy;
  }

  static void flood(UdpSocket& socket, const Endpoint& target) {
    SendError error;
    for (size_t i = 0; i < kFlood; ++i) ASSERT_TRUE(socket.send({}, target, kDatagram, error));
  }

  std::unique_ptr<ikev2::Crypto> crypto_;
  ikev2::Workspace workspace_;
  ikev2::OneSharedKey key_;
  const Endpoint loopback_ = parse_address("127.0.0.1");
};

TEST_F(Peer_Sockets, ServerTakesABoundedBatchInOneCall) {
  Server server({loopback_}, kAnyPorts, IpFragments::kAllowed, workspace_, policy(), {});
  UdpSocket sender = UdpSocket::bound(loopback_, IpFragments::kAllowed);
  flood(sender, server.endpoints()[0]);
  server.work();
  EXPECT_GT(server.datagrams_received(), 0u);
  EXPECT_LE(server.datagrams_received(), kMostInOneCall);
  for (size_t call = 0; call < kFlood; ++call) server.work();
  EXPECT_EQ(server.datagrams_received(), kFlood);
}

TEST_F(Peer_Sockets, ConnectionTakesABoundedBatchInOneCall) {
  UdpSocket peer = UdpSocket::bound(loopback_, IpFragments::kAllowed);
  PeerSockets sockets(loopback_, {peer.local().port, peer.local().port}, kAnyPorts, IpFragments::kAllowed);
  const Endpoint target = sockets.socket(false).local();
  Connection connection(std::move(sockets), workspace_, policy());
  flood(peer, target);
  connection.work();
  // What was left behind still keeps the descriptor ready.
  const auto descriptors = connection.descriptors();
  EXPECT_EQ(wait_for(descriptors, Clock::now()).size(), 1u);
  for (size_t call = 0; call < kFlood; ++call) connection.work();
  EXPECT_EQ(wait_for(descriptors, Clock::now()).size(), 0u);
}

}  // namespace
}  // namespace mlkem::cli
