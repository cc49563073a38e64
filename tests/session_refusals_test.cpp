// SPDX-License-Identifier: Apache-2.0
// What two well-behaved sides refuse each other, and how both come to know why: wrong keys, nothing in
// common, cookies, other key exchange methods, silence.
#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

OneSharedKey other_key(uint8_t octet) {
  SharedKey secret;
  (void)secret.assign(Bytes(20, octet));
  return OneSharedKey(std::move(secret));
}

class NoSharedKeys final : public SharedKeys {
 public:
  const SharedKey* find(const IdPayload&, const IdPayload&) noexcept override { return nullptr; }
};

void expect_nothing_left(Pair& pair) {
  EXPECT_TRUE(pair.run());
  const ResponderCounts counts = pair.responder().counts();
  EXPECT_EQ(counts.half_open + counts.established + counts.lingering, 0u);
  EXPECT_EQ(pair.session(0).report().phase, Phase::kClosed);
}

TEST(SessionRefusals, WrongKeyIsToldUnderTheNewestKeys) {
  OneSharedKey wrong = other_key(1);
  NoSharedKeys none;
  for (SharedKeys* keys : {static_cast<SharedKeys*>(&wrong), static_cast<SharedKeys*>(&none)}) {
    PairOptions options = default_pair();
    options.responder.shared_keys = keys;
    Pair pair(std::move(options));
    pair.connect();
    pair.run_for(1'000);
    const Failed* failed = pair.heard<Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->end.cause, EndCause::kPeerNotify);
    EXPECT_EQ(failed->end.notify, NotifyType::kAuthenticationFailed);
    EXPECT_TRUE(failed->end.protection.is_protected);
    EXPECT_EQ(failed->end.protection.generation, 1u);
    EXPECT_EQ(pair.session(0).report().confirmed_generation, 1u);
    const NotifyReceived* notify = nullptr;
    for (const Event& event : pair.events(0))
      if (const auto* found = std::get_if<NotifyReceived>(&event); found && is_error(found->type))
        notify = found;
    ASSERT_NE(notify, nullptr);
    EXPECT_TRUE(notify->newest);
    ASSERT_NE(pair.responder_heard<Failed>(), nullptr);
    EXPECT_EQ(pair.responder_heard<Failed>()->end.cause, EndCause::kAuthentication);
    EXPECT_EQ(pair.responder_heard<Established>(), nullptr);
    expect_nothing_left(pair);
  }
}

// The responder's crypto fails when it draws the SPI of the Child SA, or the IV of its response.
TEST(SessionRefusals, NothingIsEstablishedWithoutAnAnswer) {
  for (const size_t draws : {size_t(0), size_t(1)}) {
    PairOptions options = default_pair();
    const std::string ike = "aes256-sha384-x25519-ke1_mlkem768";
    options.initiator = policy_of("a.example", ike);
    options.responder = policy_of("b.example", ike);
    options.initiator.fragmentation = FragmentationPolicy::kOff;
    Pair pair(std::move(options));
    pair.tap = [&](Pair::Carried& carried) {
      if (is(carried, true, ExchangeType::kIkeAuth)) pair.draws_left = draws;
      return true;
    };
    pair.connect();
    pair.run_for(100);
    ASSERT_EQ(pair.draws_left, 0u);
    ASSERT_NE(pair.responder_heard<Failed>(), nullptr);
    EXPECT_EQ(pair.responder_heard<Failed>()->end.cause, EndCause::kCrypto);
    EXPECT_EQ(pair.responder_heard<Established>(), nullptr);
    EXPECT_EQ(pair.responder_heard<ChildEstablished>(), nullptr);
    EXPECT_EQ(pair.responder().counts().established, 0u);
  }
}

TEST(SessionRefusals, UnexpectedIdentityIsNoPeer) {
  for (const bool initiator : {false, true}) {
    PairOptions options = default_pair();
    (initiator ? options.initiator : options.responder).peer_identity = Identity{IdType::kFqdn, {'x'}};
    Pair pair(std::move(options));
    pair.connect();
    pair.run_for(1'000);
    const Failed* failed = pair.heard<Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->end.notify, NotifyType::kAuthenticationFailed);
    EXPECT_EQ(failed->end.cause, initiator ? EndCause::kAuthentication : EndCause::kPeerNotify);
    if (initiator) {
      // The responder took it for established, and is told.
      ASSERT_NE(pair.responder_heard<Closed>(), nullptr);
      EXPECT_EQ(pair.responder_heard<Closed>()->end.cause, EndCause::kPeerNotify);
      EXPECT_EQ(pair.responder_heard<Closed>()->end.notify, NotifyType::kAuthenticationFailed);
    } else {
      EXPECT_EQ(pair.responder_heard<Failed>()->end.cause, EndCause::kAuthentication);
    }
    expect_nothing_left(pair);
  }
}

TEST(SessionRefusals, NothingInCommonEndsWhenNothingBetterComes) {
  PairOptions options = default_pair();
  options.responder = policy_of("b.example", "aes256gcm16-prfsha384-x25519-ke1_mlkem512");
  options.initiator.timing.unprotected_error_ms = 4'000;
  Pair pair(std::move(options));
  const uint64_t start_ms = pair.now_ms();
  pair.connect();
  pair.run_for(3'900);
  EXPECT_EQ(pair.heard<Failed>(), nullptr);
  ASSERT_NE(pair.heard<NotifyReceived>(), nullptr);
  EXPECT_EQ(pair.heard<NotifyReceived>()->type, NotifyType::kNoProposalChosen);
  EXPECT_FALSE(pair.heard<NotifyReceived>()->protection.is_protected);
  EXPECT_TRUE(pair.run());
  EXPECT_LE(pair.now_ms() - start_ms, 4'100u);
  ASSERT_NE(pair.heard<Failed>(), nullptr);
  EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kPeerNotify);
  EXPECT_EQ(pair.heard<Failed>()->end.notify, NotifyType::kNoProposalChosen);
  EXPECT_FALSE(pair.heard<Failed>()->end.protection.is_protected);
  EXPECT_GT(pair.responder().counts().refused, 1u);
  expect_nothing_left(pair);
}

TEST(SessionRefusals, ForgedErrorsDoNotEndAnAttempt) {
  for (const NotifyType type :
       {NotifyType::kNoProposalChosen, NotifyType::kInvalidSyntax, NotifyType::kCookie,
        NotifyType::kInvalidKePayload, NotifyType::kAuthenticationFailed}) {
    SCOPED_TRACE(std::string(name(type)));
    PairOptions options = default_pair();
    // Over before the exchange is: 400 ms for each round trip, the first one twice.
    options.initiator.timing.unprotected_error_ms = 600;
    options.link.latency_ms = 200;
    Pair pair(std::move(options));
    bool forged = false;
    // The first response is replaced by the attacker's; its retransmission comes through.
    std::vector<Bytes> requests;
    pair.tap = [&](Pair::Carried& carried) {
      if (is(carried, true, ExchangeType::kIkeSaInit)) requests.push_back(carried.octets);
      if (carried.to_responder || forged) return true;
      forged = true;
      Bytes buffer(200);
      IkeHeader header = *read_ike_header(carried.octets);
      header.spi_r = {};
      PayloadWriter out(buffer, header);
      Bytes data(type == NotifyType::kCookie ? 8 : 0, 0);
      // X25519, which was sent.
      if (type == NotifyType::kInvalidKePayload) data = {0, 31};
      out.add_notify({ProtocolId::kNone, type, {}, data});
      buffer.resize(*out.finish());
      carried.octets = buffer;
      return true;
    };
    pair.connect();
    pair.run_for(15'000);
    EXPECT_TRUE(forged);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0] == requests[1], type != NotifyType::kCookie);
    EXPECT_NE(pair.heard<Established>(), nullptr);
    EXPECT_EQ(pair.heard<Failed>(), nullptr);
    // Its deadline is not the one that the forged error set.
    pair.run_for(60'000);
    EXPECT_EQ(pair.session(0).report().phase, Phase::kEstablished);
  }
}

// An all-zero value of X25519, or one of P-384: anyone can put it into an answer.
TEST(SessionRefusals, ForgedKeyExchangeValuesDoNotEndAnAttempt) {
  for (const char* method : {"x25519", "ecp384"}) {
    SCOPED_TRACE(method);
    PairOptions options = default_pair();
    const std::string ike = std::string("aes256gcm16-prfsha384-") + method + "-ke1_mlkem768";
    options.initiator = policy_of("a.example", ike);
    options.responder = policy_of("b.example", ike);
    Pair pair(std::move(options));
    bool forged = false;
    pair.tap = [&](Pair::Carried& carried) {
      if (carried.to_responder || forged) return true;
      forged = true;
      const Message message = *read_message(carried.octets);
      const Octets ke = *message.payloads.only(PayloadType::kKe);
      const auto value = carried.octets.begin() + (ke.data() - carried.octets.data()) + 4;
      std::fill(value, value + ptrdiff_t(ke.size() - 4), uint8_t(0));
      return true;
    };
    pair.connect();
    pair.run_for(10'000);
    EXPECT_TRUE(forged);
    EXPECT_EQ(pair.heard<Failed>(), nullptr);
    EXPECT_NE(pair.heard<Established>(), nullptr);
  }
}

TEST(SessionRefusals, NoIkeSaWithoutMlKemWhereItIsRequired) {
  const std::string both = "aes256gcm16-prfsha384-x25519-ke1_mlkem768,aes256gcm16-prfsha384-x25519";
  const std::string classical = "aes256gcm16-prfsha384-x25519";
  {
    // The initiator aborts.
    PairOptions options = default_pair();
    options.initiator = policy_of("a.example", both);
    options.responder = policy_of("b.example", classical);
    options.responder.require_ml_kem = false;
    options.initiator.timing.unprotected_error_ms = 2'000;
    Pair pair(options);
    pair.connect();
    pair.run_for(10'000);
    ASSERT_NE(pair.heard<Failed>(), nullptr);
    EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kPeerFault);
    EXPECT_EQ(pair.heard<Failed>()->end.notify, NotifyType::kNoProposalChosen);
    EXPECT_EQ(pair.heard<Established>(), nullptr);
    expect_nothing_left(pair);
    // Who allows that gets a classical SA.
    options.initiator.require_ml_kem = false;
    Pair allowed(options);
    allowed.connect();
    allowed.run_for(1'000);
    EXPECT_NE(allowed.heard<Established>(), nullptr);
    EXPECT_FALSE(allowed.session(0).report().agreement->has_ml_kem());
  }
  {
    // The responder refuses.
    PairOptions options = default_pair();
    options.initiator = policy_of("a.example", classical);
    options.initiator.require_ml_kem = false;
    options.responder = policy_of("b.example", both);
    Pair pair(std::move(options));
    pair.connect();
    pair.run_for(60'000);
    ASSERT_NE(pair.heard<Failed>(), nullptr);
    EXPECT_EQ(pair.heard<Failed>()->end.notify, NotifyType::kNoProposalChosen);
    expect_nothing_left(pair);
  }
}

struct InitRequest {
  Spi spi_i;
  Bytes nonce, cookie;
  uint16_t method;
  PayloadType first;
  Bytes rest;  // without cookie and KE
};

InitRequest read_init(const Bytes& octets) {
  const Message message = *read_message(octets);
  InitRequest request{message.header.spi_i,
                      copy(*message.payloads.only(PayloadType::kNonce)),
                      {},
                      0,
                      message.header.first_payload,
                      {}};
  if (const auto cookie = message.payloads.find_notify(NotifyType::kCookie))
    request.cookie = copy(cookie->data);
  request.method = read_ke_body(*message.payloads.only(PayloadType::kKe))->method;
  for (const Payload& payload : message.payloads) {
    if (payload.type == PayloadType::kKe) continue;
    const auto notify = read_notify_body(payload.body);
    if (payload.type == PayloadType::kNotify && notify->type == NotifyType::kCookie) continue;
    request.rest.insert(request.rest.end(), payload.body.begin(), payload.body.end());
  }
  return request;
}

std::vector<InitRequest> run_and_read_init(Pair& pair) {
  std::vector<InitRequest> requests;
  pair.tap = [&](Pair::Carried& carried) {
    if (is(carried, true, ExchangeType::kIkeSaInit)) requests.push_back(read_init(carried.octets));
    return true;
  };
  pair.connect();
  pair.run_for(5'000);
  EXPECT_NE(pair.heard<Established>(), nullptr);
  EXPECT_EQ(pair.initiator_keys.sas, pair.responder_keys.sas);
  return requests;
}

TEST(SessionRefusals, CookieIsRepeatedAndNothingElseChanges) {
  PairOptions options = default_pair();
  options.responder_options.cookie_threshold = 0;
  Pair pair(std::move(options));
  const auto requests = run_and_read_init(pair);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[0].cookie.empty());
  EXPECT_FALSE(requests[1].cookie.empty());
  EXPECT_LE(requests[1].cookie.size(), 64u);
  EXPECT_EQ(requests[1].first, PayloadType::kNotify);
  EXPECT_EQ(requests[0].spi_i, requests[1].spi_i);
  EXPECT_EQ(requests[0].rest, requests[1].rest);
  EXPECT_EQ(requests[0].method, requests[1].method);
  EXPECT_EQ(pair.responder().counts().cookies_sent, 1u);
  EXPECT_EQ(pair.session(0).report().round_trips, 4u);
}

TEST(SessionRefusals, AnotherMethodIsTakenUpWithTheSameNonceAndOffer) {
  for (const size_t threshold : {size_t(1'000), size_t(0)}) {
    PairOptions options = default_pair();
    options.initiator = policy_of("a.example", "aes256gcm16-prfsha384-x25519-ecp384-ke1_mlkem768");
    options.responder = policy_of("b.example", "aes256gcm16-prfsha384-ecp384-ke1_mlkem768");
    options.responder_options.cookie_threshold = threshold;
    Pair pair(std::move(options));
    const auto requests = run_and_read_init(pair);
    ASSERT_EQ(requests.size(), threshold ? 2u : 3u);
    EXPECT_EQ(requests.front().method, uint16_t(KeMethod::kX25519));
    EXPECT_EQ(requests.back().method, uint16_t(KeMethod::kEcp384));
    EXPECT_EQ(requests.back().cookie.empty(), threshold != 0);
    for (const InitRequest& request : requests) {
      EXPECT_EQ(request.spi_i, requests[0].spi_i);
      EXPECT_EQ(request.rest, requests[0].rest);
    }
    EXPECT_EQ(pair.session(0).report().agreement->key_exchange, KeMethod::kEcp384);
    EXPECT_EQ(pair.responder().counts().refused, 1u);
  }
}

TEST(SessionRefusals, SilenceIsMetByBackOffAndAnEnd) {
  PairOptions options = default_pair();
  options.link.loss_percent = 100;
  options.initiator.timing = {};
  options.initiator.timing.retransmit_first_ms = 100;
  options.initiator.timing.retransmit_max_ms = 1'000;
  options.initiator.timing.retransmit_tries = 7;
  Pair pair(std::move(options));
  std::vector<uint64_t> times;
  std::vector<Bytes> sent;
  const uint64_t start_ms = pair.now_ms();
  pair.tap = [&](Pair::Carried& carried) {
    times.push_back(pair.now_ms() - start_ms);
    sent.push_back(carried.octets);
    return true;
  };
  pair.connect();
  EXPECT_TRUE(pair.run());
  EXPECT_EQ(times, (std::vector<uint64_t>{0, 100, 300, 700, 1'500, 2'500, 3'500}));
  for (const Bytes& octets : sent) EXPECT_EQ(octets, sent[0]);
  EXPECT_EQ(pair.now_ms() - start_ms, 4'500u);
  ASSERT_NE(pair.heard<Failed>(), nullptr);
  EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kTimeout);
}

TEST(SessionRefusals, CallersMistakesAreMisuse) {
  Policy good = policy_of("a.example");
  EXPECT_TRUE(Profile::make(good));
  const auto refused = [&](auto change) {
    Policy policy = good;
    change(policy);
    expect_error(Profile::make(std::move(policy)), ErrorKind::kMisuse);
  };
  refused([](Policy& policy) { policy.ike_proposals.clear(); });
  refused([](Policy& policy) { policy.shared_keys = nullptr; });
  refused([](Policy& policy) { policy.identity.data.clear(); });
  refused([](Policy& policy) { policy.peer_identity = Identity{}; });
  refused([](Policy& policy) { policy.datagram_bytes = 500; });
  refused([](Policy& policy) { policy.ike_proposals[0].transforms.clear(); });
  refused([](Policy& policy) { policy.esp_proposals = policy.ike_proposals; });
  refused([](Policy& policy) { policy.timing.retransmit_tries = 0; });
  refused([](Policy& policy) {
    policy.ike_proposals = *parse_proposals("aes256gcm16-prfsha384-mlkem512", ProtocolId::kIke);
    policy.numbering = MlKemNumbering::kDraft00;
  });

  // Without a Child SA on offer, and a responder that wants one.
  PairOptions options = default_pair();
  options.initiator.esp_proposals.clear();
  Pair pair(std::move(options));
  pair.connect();
  pair.run_for(1'000);
  ASSERT_NE(pair.heard<Failed>(), nullptr);
  EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kMisuse);
  expect_error(pair.session(0).check_liveness(pair.now_ms()), ErrorKind::kMisuse);
  expect_error(pair.responder().close(12, pair.now_ms()), ErrorKind::kMisuse);
}

}  // namespace
}  // namespace mlkem::test
