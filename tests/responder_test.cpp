// SPDX-License-Identifier: Apache-2.0
// A responder with many peers: limits, cookies, key exchanges in batches, peers that come back.
#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

// IKE_SA_INIT requests of so many initiators that never say more.
std::vector<Bytes> first_requests(size_t count, const Policy& policy) {
  const auto crypto = new_crypto();
  Workspace workspace(*crypto);
  const Profile profile = *Profile::make(policy);
  std::vector<Bytes> requests;
  for (size_t i = 0; i < count; ++i) {
    Session session = *Session::initiate(workspace, profile, {}, 0);
    requests.push_back(copy(session.poll_transmit()->octets));
  }
  return requests;
}

Path from(uint8_t network, uint8_t host, uint16_t port = kIkePort) {
  Path path;
  path.local.octets = {198, 51, 100, 1};
  path.local.port = kIkePort;
  path.remote.octets = {192, 0, network, host};
  path.remote.port = port;
  return path;
}

class Alone {
 public:
  explicit Alone(const ResponderOptions& options, PairOptions pair = default_pair())
      : policies(std::move(pair)),
        crypto_(new_crypto()),
        workspace_(*crypto_),
        profile_(*Profile::make(policies.responder)),
        responder(*Responder::make(workspace_, profile_, options)) {}

  // The answer of the responder, or nothing.
  std::optional<Bytes> send(const Bytes& octets, const Path& path, uint64_t now_ms = 0) {
    responder.handle_message(path, octets, now_ms);
    const auto datagram = responder.poll_transmit();
    if (!datagram) return std::nullopt;
    EXPECT_EQ(datagram->path, path);
    const Bytes answer = copy(datagram->octets);
    EXPECT_FALSE(responder.poll_transmit());
    return answer;
  }

  PairOptions policies;

 private:
  std::unique_ptr<Crypto> crypto_;
  Workspace workspace_;
  Profile profile_;

 public:
  Responder responder;
};

std::optional<Bytes> cookie_in(const Bytes& octets) {
  const Message message = *read_message(octets);
  const auto notify = message.payloads.find_notify(NotifyType::kCookie);
  if (!notify) return std::nullopt;
  EXPECT_EQ(message.header.spi_r, Spi{});
  EXPECT_EQ(message.payloads.size(), 1u);
  return copy(notify->data);
}

Bytes with_cookie(const Bytes& request, const Bytes& cookie) {
  const Message message = *read_message(request);
  Bytes buffer(request.size() + 100);
  PayloadWriter out(buffer, message.header);
  out.add_notify({ProtocolId::kNone, NotifyType::kCookie, {}, cookie});
  for (const Payload& payload : message.payloads) out.add(payload.type, payload.body);
  buffer.resize(*out.finish());
  return buffer;
}

TEST(Responder, KeepsToItsLimits) {
  ResponderOptions options;
  options.max_half_open = 20;
  options.max_half_open_per_address = 8;
  options.cookie_threshold = 1'000;
  Alone alone(options);
  const auto requests = first_requests(60, alone.policies.initiator);
  for (size_t i = 0; i < 30; ++i) alone.send(requests[i], from(1, 1));
  EXPECT_EQ(alone.responder.counts().half_open, 8u);
  EXPECT_EQ(alone.responder.counts().cookies_sent, 22u);
  EXPECT_EQ(alone.responder.counts().requests_dropped, 0u);
  for (size_t i = 30; i < 60; ++i) alone.send(requests[i], from(1, uint8_t(i)));
  EXPECT_EQ(alone.responder.counts().half_open, 20u);
  EXPECT_EQ(alone.responder.counts().requests_dropped, 18u);
  // Half-open ones go when their time is over, and others come in.
  ASSERT_TRUE(alone.responder.poll_timeout());
  EXPECT_EQ(*alone.responder.poll_timeout(), 30'000u);
  alone.responder.handle_timeout(30'000);
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  EXPECT_FALSE(alone.responder.poll_timeout());
  EXPECT_TRUE(alone.send(requests[59], from(1, 1), 30'000));
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
}

// Requests in another's name do not shut out the owner of the address, whom a cookie reaches.
TEST(Responder, CountsRequestsWithACookieByThemselves) {
  ResponderOptions options;
  options.max_half_open_per_address = 8;
  Alone alone(options);
  const auto forged = first_requests(8, alone.policies.initiator);
  for (const Bytes& request : forged) alone.send(request, from(1, 1, 600));
  EXPECT_EQ(alone.responder.counts().half_open, 8u);
  const auto requests = first_requests(9, alone.policies.initiator);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto asked = alone.send(requests[i], from(1, 1));
    ASSERT_EQ(asked.has_value(), i < 8) << i;
    if (!asked) break;
    const auto cookie = cookie_in(*asked);
    ASSERT_TRUE(cookie);
    const auto answer = alone.send(with_cookie(requests[i], *cookie), from(1, 1));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(cookie_in(*answer));
  }
  EXPECT_EQ(alone.responder.counts().half_open, 16u);
  EXPECT_EQ(alone.responder.counts().requests_dropped, 1u);
  // Both kinds go, and are counted anew.
  alone.responder.handle_timeout(30'000);
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  EXPECT_FALSE(cookie_in(*alone.send(requests[0], from(1, 1), 30'000)));
}

TEST(Responder, KeepsFewRequestsOfOneSpi) {
  Alone alone({});
  auto requests = first_requests(20, alone.policies.initiator);
  for (size_t i = 0; i < requests.size(); ++i) {
    std::copy_n(requests[0].begin(), sizeof(Spi), requests[i].begin());
    alone.send(requests[i], from(1, uint8_t(i)));
  }
  EXPECT_EQ(alone.responder.counts().half_open, 8u);
  EXPECT_EQ(alone.responder.counts().requests_dropped, 12u);
}

TEST(Responder, CountsANetworkOfIpv6AsOneAddress) {
  ResponderOptions options;
  options.max_half_open_per_address = 2;
  Alone alone(options);
  const auto requests = first_requests(6, alone.policies.initiator);
  for (size_t i = 0; i < requests.size(); ++i) {
    Path path = from(1, 1);
    path.local.version = path.remote.version = IpVersion::kIpv6;
    path.remote.octets = {0x20, 1, 0xd, 0xb8, 0, 0, 0, uint8_t(i / 3), uint8_t(i)};
    alone.send(requests[i], path);
  }
  EXPECT_EQ(alone.responder.counts().half_open, 4u);
  EXPECT_EQ(alone.responder.counts().cookies_sent, 2u);
}

TEST(Responder, AsksForCookiesBeforeItKeepsOrComputesAnything) {
  ResponderOptions options;
  options.cookie_threshold = 0;
  options.cookie_secret_ms = 10'000;
  Alone alone(options);
  const Bytes request = first_requests(1, alone.policies.initiator)[0];
  const auto cookie = cookie_in(*alone.send(request, from(1, 1)));
  ASSERT_TRUE(cookie);
  EXPECT_GE(cookie->size(), 1u);
  EXPECT_LE(cookie->size(), 64u);
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  EXPECT_FALSE(alone.responder.poll_timeout());
  EXPECT_FALSE(alone.responder.poll_event());

  // It is good for this request from this address alone, and octet for octet.
  const Bytes good = with_cookie(request, *cookie);
  EXPECT_TRUE(cookie_in(*alone.send(good, from(1, 2))));
  EXPECT_TRUE(cookie_in(*alone.send(good, from(1, 1, 501))));
  for (size_t i = 0; i < cookie->size(); ++i) {
    Bytes wrong = *cookie;
    wrong[i] ^= 1;
    EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, wrong), from(1, 1)))) << i;
  }
  EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, Bytes()), from(1, 1))));
  EXPECT_TRUE(cookie_in(
      *alone.send(with_cookie(first_requests(1, alone.policies.initiator)[0], *cookie), from(1, 1))));
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  // Secrets change; the one before is still good.
  EXPECT_TRUE(cookie_in(*alone.send(request, from(1, 1), 15'000)));
  const auto answer = alone.send(good, from(1, 1), 15'000);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(cookie_in(*answer));
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
  // The same packet again is a retransmission, whatever the cookie; the older cookie of another SA is not.
  EXPECT_EQ(alone.send(good, from(1, 1), 15'001), answer);
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
}

TEST(Responder, ForgetsOldCookies) {
  ResponderOptions options;
  options.cookie_threshold = 0;
  options.cookie_secret_ms = 10'000;
  Alone alone(options);
  const Bytes request = first_requests(1, alone.policies.initiator)[0];
  const auto cookie = cookie_in(*alone.send(request, from(1, 1), 1));
  EXPECT_TRUE(cookie_in(*alone.send(request, from(1, 1), 10'001)));
  EXPECT_TRUE(cookie_in(*alone.send(request, from(1, 1), 20'001)));
  EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, *cookie), from(1, 1), 20'002)));
  // A long silence ages both secrets.
  const auto newer = cookie_in(*alone.send(request, from(1, 1), 20'003));
  EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, *newer), from(1, 1), 90'000)));
}

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
    EXPECT_LE(pair.job_batches, at_once == 1 ? 160u : 160 / at_once + 4);
    EXPECT_EQ(pair.responder().counts().established, 40u);
  }
}

TEST(Responder, WaitsForJobsWithoutHearingAnythingElse) {
  ResponderOptions options;
  options.defer_key_exchanges = true;
  PairOptions policies = default_pair();
  policies.initiator = policy_of("a.example", "aes256gcm16-prfsha384-mlkem512-ke1_x25519");
  policies.responder = policy_of("b.example", "aes256gcm16-prfsha384-mlkem512-ke1_x25519");
  Alone alone(options, policies);
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
  // What has not run gives nothing, and is dropped.
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
}

// Refused in IKE_AUTH, or giving up before it: nobody was authenticated, and the limits for strangers hold.
TEST(Responder, CountsFailedPeersAsHalfOpenWhileTheyLinger) {
  for (const bool gives_up : {false, true}) {
    SharedKey secret;
    ASSERT_TRUE(secret.assign(Bytes(20, 1)));
    OneSharedKey wrong(std::move(secret));
    PairOptions options = whole_messages();
    options.initiator.shared_keys = &wrong;
    Pair pair(std::move(options));
    Forger forger(pair);
    pair.tap = [&](Pair::Carried& carried) {
      if (gives_up && is(carried, true, ExchangeType::kIkeAuth))
        return forger.change(carried, [](Forged& forged) {
          forged.header.exchange = ExchangeType::kInformational;
          forged.first_payload = PayloadType::kDelete;
          forged.inner = payload_chain([](PayloadWriter& out) { out.add_delete({ProtocolId::kIke, 0, {}}); });
        });
      return true;
    };
    pair.connect();
    pair.run_for(1'000);
    ASSERT_NE(pair.responder_heard<Failed>(), nullptr);
    EXPECT_EQ(pair.responder().counts().half_open, 1u);
    EXPECT_EQ(pair.responder().counts().lingering, 0u);
    pair.run_for(60'000);
    EXPECT_EQ(pair.responder().counts().half_open, 0u);
  }
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

TEST(Responder, HasNoUseForStrays) {
  Alone alone({});
  const Bytes request = first_requests(1, alone.policies.initiator)[0];
  const auto with = [&](size_t at, uint8_t value) {
    Bytes changed = request;
    changed[at] = value;
    return changed;
  };
  EXPECT_FALSE(alone.send({}, from(1, 1)));
  EXPECT_FALSE(alone.send(Bytes(27), from(1, 1)));
  EXPECT_FALSE(alone.send(with(8, 1), from(1, 1)));      // SPIr
  EXPECT_FALSE(alone.send(with(18, 35), from(1, 1)));    // IKE_AUTH of an unknown SA
  EXPECT_FALSE(alone.send(with(19, 0), from(1, 1)));     // not from an initiator
  EXPECT_FALSE(alone.send(with(19, 0x28), from(1, 1)));  // a response
  EXPECT_FALSE(alone.send(with(23, 1), from(1, 1)));     // message id
  EXPECT_FALSE(alone.send(with(27, 0), from(1, 1)));     // length
  Path encapsulated = from(1, 1);
  encapsulated.encapsulated = true;
  EXPECT_FALSE(alone.send({0xff}, encapsulated));
  EXPECT_FALSE(alone.send(request, encapsulated));
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  EXPECT_FALSE(alone.responder.poll_event());
}

}  // namespace
}  // namespace mlkem::test
