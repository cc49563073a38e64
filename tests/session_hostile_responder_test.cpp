// SPDX-License-Identifier: Apache-2.0
// Answers that a session does not take, though they are protected by the right keys.
#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

// Implicit rejection: the initiator computes another secret, and nothing under it opens.
TEST(HostileResponder, IsHeardNoFurtherAfterATamperedCiphertext) {
  Pair pair(whole_messages());
  Forger forger(pair);
  pair.tap = [&](Pair::Carried& carried) {
    if (is(carried, false, ExchangeType::kIkeIntermediate))
      forger.change(carried, [](Forged& forged) { forged.inner[500] ^= 1; });
    return true;
  };
  pair.connect();
  EXPECT_TRUE(pair.run());
  ASSERT_NE(pair.heard<Failed>(), nullptr);
  EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kTimeout);
  EXPECT_EQ(pair.heard<Failed>()->end.exchange, ExchangeType::kIkeAuth);
  EXPECT_EQ(pair.session(0).report().generation, 1u);
  EXPECT_EQ(pair.session(0).report().confirmed_generation, 0u);
  EXPECT_EQ(pair.responder_heard<Established>(), nullptr);
  EXPECT_EQ(pair.responder().counts().half_open, 0u);
}

struct ResponseCase {
  const char* name;
  ExchangeType exchange;
  std::function<void(Forged&)> edit;
  EndCause cause;
  NotifyType notify;
  bool tells;  // sends anything after it
};

TEST(HostileResponder, IsRefused) {
  using enum ExchangeType;
  const std::vector<ResponseCase> cases = {
      {"ct of a wrong length", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem768, Bytes(1087)); },
       EndCause::kPeerFault, NotifyType::kInvalidSyntax, false},
      {"another method", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem512, Bytes(768)); },
       EndCause::kPeerFault, NotifyType::kInvalidSyntax, false},
      {"the right ct under another method's number", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem1024, ke_data(forged)); },
       EndCause::kPeerFault, NotifyType::kInvalidSyntax, false},
      {"a refusal", kIkeIntermediate,
       [](Forged& forged) {
         forged.inner = payload_chain([](PayloadWriter& out) {
           out.add_notify({ProtocolId::kNone, NotifyType::kNoProposalChosen, {}, {}});
         });
         forged.first_payload = PayloadType::kNotify;
       },
       EndCause::kPeerNotify, NotifyType::kNoProposalChosen, false},
      {"a wrong AUTH", kIkeAuth,
       [](Forged& forged) {
         const auto payloads = *read_payloads(forged.first_payload, forged.inner);
         const Octets auth = *payloads.only(PayloadType::kAuth);
         forged.inner[size_t(auth.data() - forged.inner.data()) + 10] ^= 1;
       },
       EndCause::kAuthentication, NotifyType::kAuthenticationFailed, true},
      {"another identity", kIkeAuth, [](Forged& forged) { forged.inner[8] ^= 1; }, EndCause::kAuthentication,
       NotifyType::kAuthenticationFailed, true},
  };
  for (const ResponseCase& each : cases) {
    SCOPED_TRACE(each.name);
    Pair pair(whole_messages());
    Forger forger(pair);
    bool forged = false;
    size_t sent_after = 0;
    pair.tap = [&](Pair::Carried& carried) {
      if (forged && carried.to_responder) ++sent_after;
      if (is(carried, false, each.exchange) && !forged) forged = forger.change(carried, each.edit);
      return true;
    };
    pair.connect();
    EXPECT_TRUE(pair.run());
    ASSERT_NE(pair.heard<Failed>(), nullptr);
    EXPECT_EQ(pair.heard<Failed>()->end.cause, each.cause);
    EXPECT_EQ(pair.heard<Failed>()->end.notify, each.notify);
    EXPECT_EQ(pair.heard<Established>(), nullptr);
    EXPECT_EQ(sent_after > 0, each.tells);
    const ResponderCounts counts = pair.responder().counts();
    EXPECT_EQ(counts.half_open + counts.established + counts.lingering, 0u);
  }
}

TEST(HostileResponder, IsNotHeardInAnotherExchange) {
  Pair pair(whole_messages());
  Forger forger(pair);
  bool forged = false;
  pair.tap = [&](Pair::Carried& carried) {
    if (is(carried, false, ExchangeType::kIkeIntermediate) && !forged)
      forged =
          forger.change(carried, [](Forged& answer) { answer.header.exchange = ExchangeType::kIkeAuth; });
    return true;
  };
  pair.connect();
  pair.run_for(5'000);
  EXPECT_TRUE(forged);
  EXPECT_NE(pair.heard<Established>(), nullptr);
  EXPECT_EQ(pair.session(0).report().retransmissions, 1u);
}

TEST(HostileResponder, GetsNoChildBeyondTheOffer) {
  PairOptions options = whole_messages();
  options.initiator.remote_selectors = {*subnet(unhex("c0a80000"), 16)};
  Pair pair(std::move(options));
  Forger forger(pair);
  pair.tap = [&](Pair::Carried& carried) {
    if (is(carried, false, ExchangeType::kIkeAuth))
      forger.change(carried, [](Forged& forged) {
        const auto payloads = *read_payloads(forged.first_payload, forged.inner);
        const Octets tsr = *payloads.only(PayloadType::kTsr);
        // The first octet of the first address.
        forged.inner[size_t(tsr.data() - forged.inner.data()) + 4 + 8] = 10;
      });
    return true;
  };
  pair.connect();
  EXPECT_TRUE(pair.run());
  ASSERT_NE(pair.heard<ChildFailed>(), nullptr);
  EXPECT_EQ(pair.heard<ChildEstablished>(), nullptr);
  EXPECT_NE(pair.heard<Closed>(), nullptr);
  EXPECT_NE(pair.responder_heard<Closed>(), nullptr);
}

}  // namespace
}  // namespace mlkem::test
