// SPDX-License-Identifier: Apache-2.0
// Sessions against a responder over a link that loses nothing: what is agreed upon, both sides' keys, how an
// SA ends.
#include "tests/pair.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

std::string ike_proposal(const std::string& key_exchanges) {
  return "aes256gcm16-prfsha384-" + key_exchanges;
}

// Runs one exchange and checks that both sides have the same SA.
void expect_established(Pair& pair, unsigned generations) {
  const size_t number = pair.connect();
  pair.run_for(5'000);
  ASSERT_NE(pair.heard<Established>(number), nullptr);
  ASSERT_NE(pair.responder_heard<Established>(), nullptr);
  EXPECT_EQ(pair.heard<Established>(number)->peer.data, Bytes({'b', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'}));
  EXPECT_EQ(pair.initiator_keys.sas, pair.responder_keys.sas);
  ASSERT_EQ(pair.initiator_keys.sas.size(), 1u);
  EXPECT_EQ(pair.initiator_keys.sas.begin()->second.size(), generations);
  const SessionReport report = pair.session(number).report();
  EXPECT_EQ(report.phase, Phase::kEstablished);
  EXPECT_EQ(report.performed, generations);
  EXPECT_EQ(report.confirmed_generation, generations - 1);
  EXPECT_EQ(report.retransmissions, 0u);
  EXPECT_EQ(report.round_trips, generations + 1);
}

void expect_same_children(Pair& pair) {
  const auto* ours = pair.heard<ChildEstablished>();
  const auto* theirs = pair.responder_heard<ChildEstablished>();
  ASSERT_NE(ours, nullptr);
  ASSERT_NE(theirs, nullptr);
  EXPECT_EQ(ours->spi_in, theirs->spi_out);
  EXPECT_EQ(ours->spi_out, theirs->spi_in);
  EXPECT_TRUE(ours->keys.encryption_i == theirs->keys.encryption_i);
  EXPECT_TRUE(ours->keys.encryption_r == theirs->keys.encryption_r);
  EXPECT_TRUE(ours->keys.integrity_i == theirs->keys.integrity_i);
  EXPECT_TRUE(ours->keys.integrity_r == theirs->keys.integrity_r);
  EXPECT_FALSE(ours->keys.encryption_i == ours->keys.encryption_r);
  EXPECT_EQ(ours->local, theirs->remote);
  EXPECT_EQ(ours->remote, theirs->local);
  EXPECT_TRUE(ours->initiator);
  EXPECT_FALSE(theirs->initiator);
}

TEST(Session, EstablishesWithEveryMlKemSet) {
  for (const char* set : {"mlkem512", "mlkem768", "mlkem1024"}) {
    SCOPED_TRACE(set);
    PairOptions options = default_pair();
    options.initiator = policy_of("a.example", ike_proposal("x25519-ke1_") + set);
    options.responder = policy_of("b.example", ike_proposal("x25519-ke1_") + set);
    Pair pair(std::move(options));
    expect_established(pair, 2);
    expect_same_children(pair);
    EXPECT_LE(pair.longest_datagram, kDefaultDatagramBytes);
  }
}

}  // namespace
}  // namespace mlkem::test
