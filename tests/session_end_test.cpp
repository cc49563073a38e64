// SPDX-License-Identifier: Apache-2.0
// INFORMATIONAL exchanges of established SAs (RFC 7296, section 1.4): how SAs end by a Delete of either side or
// of both, and by silence.
#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

void establish(Pair& pair) {
  pair.connect();
  pair.run_for(5'000);
  ASSERT_NE(pair.heard<ChildEstablished>(), nullptr);
  ASSERT_NE(pair.responder_heard<ChildEstablished>(), nullptr);
}

TEST(Session, IsDeletedByEitherSide) {
  for (const bool initiator : {false, true}) {
    Pair pair(default_pair());
    establish(pair);
    if (initiator)
      pair.close(0);
    else
      pair.responder().close_all(pair.now_ms());
    EXPECT_TRUE(pair.run());
    ASSERT_NE(pair.heard<Closed>(), nullptr);
    ASSERT_NE(pair.responder_heard<Closed>(), nullptr);
    EXPECT_EQ(pair.heard<Closed>()->end.cause, initiator ? EndCause::kClosed : EndCause::kDeletedByPeer);
    EXPECT_EQ(pair.responder_heard<Closed>()->end.cause,
              initiator ? EndCause::kDeletedByPeer : EndCause::kClosed);
    EXPECT_EQ(pair.session(0).report().phase, Phase::kClosed);
    const ResponderCounts counts = pair.responder().counts();
    EXPECT_EQ(counts.established + counts.half_open + counts.lingering, 0u);
  }
}

TEST(Session, IsDeletedByBothSidesAtOnce) {
  Pair pair(default_pair());
  establish(pair);
  pair.close(0);
  pair.responder().close_all(pair.now_ms());
  EXPECT_TRUE(pair.run());
  ASSERT_NE(pair.heard<Closed>(), nullptr);
  ASSERT_NE(pair.responder_heard<Closed>(), nullptr);
  EXPECT_EQ(pair.responder().counts().lingering, 0u);
}

TEST(Session, DeletesAChildAlone) {
  for (const bool initiator : {false, true}) {
    Pair pair(default_pair());
    establish(pair);
    const uint32_t ours = pair.heard<ChildEstablished>()->spi_in;
    const uint32_t theirs = pair.responder_heard<ChildEstablished>()->spi_in;
    if (initiator) {
      EXPECT_TRUE(pair.session(0).delete_child(ours, pair.now_ms()));
      EXPECT_FALSE(pair.session(0).delete_child(ours + 1, pair.now_ms()));
    } else {
      EXPECT_TRUE(pair.responder().delete_child(pair.responder_events()[0].sa, theirs, pair.now_ms()));
    }
    pair.run_for(1'000);
    ASSERT_NE(pair.heard<ChildDeleted>(), nullptr);
    ASSERT_NE(pair.responder_heard<ChildDeleted>(), nullptr);
    EXPECT_EQ(pair.heard<ChildDeleted>()->spi_in, ours);
    EXPECT_EQ(pair.heard<ChildDeleted>()->spi_out, theirs);
    EXPECT_EQ(pair.heard<ChildDeleted>()->by_peer, !initiator);
    EXPECT_EQ(pair.responder_heard<ChildDeleted>()->by_peer, initiator);
    EXPECT_EQ(pair.session(0).report().phase, Phase::kEstablished);
  }
}

// RFC 7296, section 1.4.1: an SA is named in the response unless the own Delete for it was sent.
TEST(Session, DeletesOfOneChildCross) {
  for (const bool is_queued : {true, false}) {
    Pair pair(whole_messages());
    establish(pair);
    Forger forger(pair);
    std::vector<size_t> named;
    pair.tap = [&](Pair::Carried& carried) {
      if (!is(carried, true, ExchangeType::kInformational)) return true;
      return forger.change(carried, [&](Forged& sent) {
        if (!sent.header.is_response()) return;
        named.push_back(read_payloads(sent.first_payload, sent.inner)->count(PayloadType::kDelete));
      });
    };
    const uint32_t ours = pair.heard<ChildEstablished>()->spi_in;
    const uint32_t theirs = pair.responder_heard<ChildEstablished>()->spi_in;
    if (is_queued) {
      EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
    }
    EXPECT_TRUE(pair.session(0).delete_child(ours, pair.now_ms()));
    EXPECT_TRUE(pair.responder().delete_child(pair.responder_events()[0].sa, theirs, pair.now_ms()));
    pair.run_for(5'000);
    EXPECT_EQ(named, (std::vector<size_t>{is_queued ? size_t(1) : size_t(0)}));
    size_t deleted = 0;
    for (const Event& event : pair.events(0)) deleted += std::holds_alternative<ChildDeleted>(event);
    EXPECT_EQ(deleted, 1u);
    EXPECT_EQ(pair.session(0).report().phase, Phase::kEstablished);
  }
}

TEST(Session, AsksWhetherASilentPeerLives) {
  PairOptions options = default_pair();
  options.initiator.timing.liveness_ms = 30'000;
  Pair pair(std::move(options));
  establish(pair);
  const unsigned before = pair.session(0).report().round_trips;
  pair.run_for(100'000);
  EXPECT_EQ(pair.session(0).report().round_trips, before + 3);
  EXPECT_EQ(pair.heard<Closed>(), nullptr);

  pair.tap = [](Pair::Carried& carried) { return carried.to_responder; };
  pair.run_for(100'000);
  ASSERT_NE(pair.heard<Closed>(), nullptr);
  EXPECT_EQ(pair.heard<Closed>()->end.cause, EndCause::kTimeout);
}

}  // namespace
}  // namespace mlkem::test
