// SPDX-License-Identifier: Apache-2.0
// What strangers can make a responder keep: limits of half-open SAs, cookies (RFC 7296, section 2.6), datagrams
// that belong to nothing.
#include "tests/forger.hpp"
#include "tests/lone_responder.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

TEST(Responder, KeepsToItsLimits) {
  ResponderOptions options;
  options.max_half_open = 20;
  options.max_half_open_per_address = 8;
  options.cookie_threshold = 1'000;
  LoneResponder alone(options);
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
  LoneResponder alone(options);
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
  LoneResponder alone({});
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
  LoneResponder alone(options);
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
  LoneResponder alone(options);
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
  LoneResponder alone(options);
  const Bytes request = first_requests(1, alone.policies.initiator)[0];
  const auto cookie = cookie_in(*alone.send(request, from(1, 1), 1));
  EXPECT_TRUE(cookie_in(*alone.send(request, from(1, 1), 10'001)));
  EXPECT_TRUE(cookie_in(*alone.send(request, from(1, 1), 20'001)));
  EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, *cookie), from(1, 1), 20'002)));
  // A long silence ages both secrets.
  const auto newer = cookie_in(*alone.send(request, from(1, 1), 20'003));
  EXPECT_TRUE(cookie_in(*alone.send(with_cookie(request, *newer), from(1, 1), 90'000)));
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

TEST(Responder, HasNoUseForStrays) {
  LoneResponder alone({});
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

TEST(Responder, KeepsNoRequestThatIsTooLong) {
  LoneResponder alone({});
  const Bytes request = first_requests(1, alone.policies.initiator)[0];
  const auto padded = [&](size_t bytes) {
    const Message message = *read_message(request);
    Bytes buffer(2 * kMaxInitRequestBytes);
    PayloadWriter out(buffer, message.header);
    for (const Payload& payload : message.payloads) out.add(payload.type, payload.body);
    out.add(PayloadType::kVendorId, Bytes(bytes - request.size() - 4));
    buffer.resize(*out.finish());
    EXPECT_EQ(buffer.size(), bytes);
    return buffer;
  };
  EXPECT_FALSE(alone.send(padded(kMaxInitRequestBytes + 1), from(1, 1)));
  EXPECT_EQ(alone.responder.counts().half_open, 0u);
  EXPECT_EQ(alone.responder.counts().requests_dropped, 1u);
  EXPECT_TRUE(alone.send(padded(kMaxInitRequestBytes), from(1, 1)));
  EXPECT_EQ(alone.responder.counts().half_open, 1u);
}

// RFC 7296, section 1.5: the answer has the SPIs, the exchange and the message id of what it answers.
TEST(Responder, NamesTheMessageWhoseVersionItLacks) {
  LoneResponder alone({});
  Bytes message(kIkeHeaderBytes, 7);
  message[17] = 0x30;
  message[kExchangeOffset] = uint8_t(ExchangeType::kInformational);
  message[27] = kIkeHeaderBytes;
  message[24] = message[25] = message[26] = 0;
  for (const bool from_initiator : {true, false}) {
    message[19] = from_initiator ? kFlagInitiator : 0;
    const auto answer = alone.send(message, from(1, 1));
    ASSERT_TRUE(answer);
    const Message parsed = *read_message(*answer);
    EXPECT_TRUE(parsed.payloads.find_notify(NotifyType::kInvalidMajorVersion));
    EXPECT_TRUE(std::equal(message.begin(), message.begin() + 16, answer->begin()));
    EXPECT_EQ(parsed.header.exchange, ExchangeType::kInformational);
    EXPECT_EQ(parsed.header.message_id, 0x07070707u);
    EXPECT_TRUE(parsed.header.is_response());
    EXPECT_EQ(parsed.header.from_initiator(), !from_initiator);
    EXPECT_EQ(parsed.header.version, kIkeVersion);
  }
  message[19] = kFlagInitiator | kFlagResponse;
  EXPECT_FALSE(alone.send(message, from(1, 1)));
}

}  // namespace
}  // namespace mlkem::test
