// SPDX-License-Identifier: Apache-2.0
// A responder with many peers: key exchanges in batches, peers that come back, peers that move.
#include "tests/lone_responder.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

TEST(Responder, RunsKeyExchangesInBatches) {
  for (const size_t at_once : {size_t(1), size_t(16), size_t(40)}) {
    PairOptions options = default_pair();
    options.initiator =
        policy_of("a.example", "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_mlkem1024-ke3_mlkem512");
    options.responder =
        policy_of("b.example", "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_mlkem1024-ke3_mlkem512");
    options.responder_options.defer_key_exchanges = true;
    options.jobs_at_once = at_once;
    Pair pair(std::move(options));
    for (size_t i = 0; i < 40; ++i) pair.connect();
    pair.run_for(20'000);
    for (size_t i = 0; i < 40; ++i) EXPECT_NE(pair.heard<Established>(i), nullptr) << i;
    EXPECT_EQ(pair.initiator_keys.sas, pair.responder_keys.sas);
    EXPECT_EQ(pair.jobs, 160u);
    if (at_once == 1)
      EXPECT_EQ(pair.job_batches, 160u);
    else
      EXPECT_LE(pair.job_batches, 160 / at_once + 4);
    EXPECT_EQ(pair.responder().counts().established, 40u);
  }
}

TEST(Responder, WaitsForJobsWithoutHearingAnythingElse) {
  ResponderOptions options;
  options.defer_key_exchanges = true;
  PairOptions policies = default_pair();
  policies.initiator = policy_of("a.example", "aes256gcm16-prfsha384-mlkem512-ke1_x25519");
  policies.responder = policy_of("b.example", "aes256gcm16-prfsha384-mlkem512-ke1_x25519");
  LoneResponder alone(options, policies);
  auto requests = first_requests(2, alone.policies.initiator);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(alone.send(requests[0], from(1, 1)));
  // An ek with a coefficient that is not below q.
  {
    const Message message = *read_message(requests[1]);
    const Octets ke = *message.payloads.only(PayloadType::kKe);
    requests[1][size_t(ke.data() - requests[1].data()) + 4] = 0xff;
    requests[1][size_t(ke.data() - requests[1].data()) + 5] = 0xff;
  }
  EXPECT_FALSE(alone.send(requests[1], from(1, 3)));
  std::array<KeyJob, 8> jobs;
  ASSERT_EQ(alone.responder.take_jobs(jobs), 2u);
  EXPECT_EQ(alone.responder.take_jobs(std::span(jobs).subspan(2)), 0u);
  EXPECT_EQ(jobs[0].method(), KeMethod::kMlKem512);
  const auto crypto = new_crypto();
  run_jobs(jobs, *crypto);
  alone.responder.hand_back(jobs, 5);
  EXPECT_TRUE(jobs[0].empty());
  size_t responses = 0, refusals = 0;
  while (const auto datagram = alone.responder.poll_transmit()) {
    const Message message = *read_message(datagram->octets);
    const bool refused = message.payloads.find_notify(NotifyType::kInvalidSyntax).has_value();
    ++(refused ? refusals : responses);
    EXPECT_EQ(datagram->path, refused ? from(1, 3) : from(1, 1));
  }
  EXPECT_EQ(responses, 1u);
  EXPECT_EQ(refusals, 1u);
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
  EXPECT_TRUE(alone.send(requests[0], from(1, 1), 6));

  // A job whose SA is gone, and one that never comes back.
  const auto more = first_requests(2, alone.policies.initiator);
  EXPECT_FALSE(alone.send(more[0], from(1, 4), 10));
  EXPECT_FALSE(alone.send(more[1], from(1, 5), 10));
  ASSERT_EQ(alone.responder.take_jobs(jobs), 2u);
  alone.responder.handle_timeout(40'000);
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  run_jobs(std::span(jobs).first(1), *crypto);
  alone.responder.hand_back(jobs, 40'001);
  EXPECT_FALSE(alone.responder.poll_transmit());

  // One that has not run gives nothing, and is dropped.
  EXPECT_FALSE(alone.send(more[0], from(1, 4), 50'000));
  ASSERT_EQ(alone.responder.take_jobs(jobs), 1u);
  alone.responder.hand_back(jobs, 50'001);
  EXPECT_TRUE(jobs[0].empty());
  EXPECT_FALSE(alone.responder.poll_transmit());
  EXPECT_EQ(alone.responder.take_jobs(jobs), 0u);
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
}

TEST(Responder, ReplacesOlderSasOfAPeerThatKnowsNoOther) {
  PairOptions options = default_pair();
  options.initiator.initial_contact = true;
  Pair pair(std::move(options));
  pair.connect();
  pair.run_for(1'000);
  EXPECT_EQ(pair.responder().counts().established, 1u);
  pair.connect();
  pair.run_for(1'000);
  EXPECT_NE(pair.heard<Established>(1), nullptr);
  EXPECT_EQ(pair.responder().counts().established, 1u);
  ASSERT_NE(pair.responder_heard<Closed>(), nullptr);
  EXPECT_EQ(pair.responder_heard<Closed>()->end.cause, EndCause::kReplaced);
}

TEST(Responder, KeepsOlderSasOfAPeerThatDoesNotSaySo) {
  Pair pair(default_pair());
  for (int i = 0; i < 3; ++i) pair.connect();
  pair.run_for(1'000);
  EXPECT_EQ(pair.responder().counts().established, 3u);
  pair.responder().close_all(pair.now_ms());
  pair.connect();
  EXPECT_TRUE(pair.run());
  EXPECT_EQ(pair.responder().counts().established, 0u);
  EXPECT_EQ(pair.heard<Established>(3), nullptr);
}

// RFC 7296, section 2.23: only what is new and authentic moves the way to a peer.
TEST(Responder, FollowsAPeerThatMoves) {
  Pair pair(default_pair());
  pair.connect();
  pair.run_for(1'000);
  ASSERT_NE(pair.heard<Established>(), nullptr);
  const SaId sa = pair.responder_events()[0].sa;
  std::optional<Pair::Carried> old;
  bool moved = false;
  std::vector<Address> to;
  pair.tap = [&](Pair::Carried& carried) {
    if (!carried.to_responder) {
      to.push_back(carried.path.remote);
      return true;
    }
    if (moved) carried.path.local.port = 777;
    old = carried;
    return true;
  };
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(1'000);
  ASSERT_TRUE(old);
  // A replay from elsewhere is answered there, and moves nothing.
  Path elsewhere{old->path.remote, old->path.local, false};
  elsewhere.remote.port = 666;
  pair.responder().handle_message(elsewhere, old->octets, pair.now_ms());
  const auto answer = pair.responder().poll_transmit();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->path.remote.port, 666);
  EXPECT_EQ(pair.responder().report(sa)->path.remote.port, kIkePort);

  moved = true;
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(100);
  EXPECT_EQ(pair.responder().report(sa)->path.remote.port, 777);
  EXPECT_TRUE(pair.responder().check_liveness(sa, pair.now_ms()));
  pair.run_for(100);
  EXPECT_EQ(to.back().port, 777);
}

// A NAT has forgotten the way by which a request goes out; the peer speaks up from another one.
TEST(Responder, RepeatsARequestToWhereItsPeerHasMoved) {
  Pair pair(default_pair());
  pair.connect();
  pair.run_for(1'000);
  ASSERT_NE(pair.heard<Established>(), nullptr);
  const SaId sa = pair.responder_events()[0].sa;
  pair.tap = [](Pair::Carried& carried) {
    if (!carried.to_responder) return carried.path.remote.port == 777;
    carried.path.local.port = 777;
    return true;
  };
  EXPECT_TRUE(pair.responder().check_liveness(sa, pair.now_ms()));
  pair.run_for(100);
  const unsigned answered = pair.responder().report(sa)->round_trips;
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(100'000);
  EXPECT_EQ(pair.responder_heard<Closed>(), nullptr);
  ASSERT_TRUE(pair.responder().report(sa));
  EXPECT_EQ(pair.responder().report(sa)->round_trips, answered + 1);
  EXPECT_EQ(pair.responder().report(sa)->retransmissions, 1u);
}

}  // namespace
}  // namespace mlkem::test
