// SPDX-License-Identifier: Apache-2.0
// Initiators that do not follow the protocol: what the responder answers, and that nothing remains.
#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

struct RequestCase {
  const char* name;
  ExchangeType exchange;  // of the message that is changed
  std::function<void(Forged&)> edit;
  NotifyType answer = NotifyType::kInvalidSyntax;
};

// A 12-bit coefficient of an encoded polynomial (FIPS 203, section 4.2.1).
void set_coefficient(Bytes& ek, size_t index, unsigned value) {
  uint8_t* at = &ek[index / 2 * 3];
  if (index % 2 == 0) {
    at[0] = uint8_t(value);
    at[1] = uint8_t((at[1] & 0xf0) | value >> 8);
  } else {
    at[1] = uint8_t((at[1] & 0x0f) | (value & 0xf) << 4);
    at[2] = uint8_t(value >> 4);
  }
}

std::vector<RequestCase> bad_requests() {
  using enum ExchangeType;
  std::vector<RequestCase> cases = {
      {"no KE", kIkeIntermediate,
       [](Forged& forged) {
         forged.inner.clear();
         forged.first_payload = PayloadType::kNone;
       }},
      {"two KEs", kIkeIntermediate,
       [](Forged& forged) {
         const Bytes data = ke_data(forged);
         forged.inner = payload_chain([&](PayloadWriter& out) {
           out.add_ke({36, data});
           out.add_ke({36, data});
         });
       }},
      {"KE of another method", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem512, Bytes(800)); }},
      {"KE of the right length under another method's number", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem1024, ke_data(forged)); }},
      {"KE of the right method in a wrong length", kIkeIntermediate,
       [](Forged& forged) { forged.inner = ke_payload(KeMethod::kMlKem768, Bytes(1183)); }},
      {"octets behind the last payload", kIkeIntermediate, [](Forged& forged) { forged.inner.push_back(0); }},
      {"IKE_AUTH too early", kIkeIntermediate, [](Forged& forged) { forged.header.exchange = kIkeAuth; }},
      {"CREATE_CHILD_SA before IKE_AUTH", kIkeIntermediate,
       [](Forged& forged) { forged.header.exchange = kCreateChildSa; }},
      {"IKE_FOLLOWUP_KE before IKE_AUTH", kIkeAuth,
       [](Forged& forged) { forged.header.exchange = kIkeFollowupKe; }},
      {"IKE_INTERMEDIATE too many", kIkeAuth,
       [](Forged& forged) { forged.header.exchange = kIkeIntermediate; }},
      {"an unknown exchange", kIkeAuth, [](Forged& forged) { forged.header.exchange = ExchangeType(99); }},
      {"an unknown critical payload", kIkeAuth,
       [](Forged& forged) {
         const uint8_t header[] = {uint8_t(forged.first_payload), 0x80, 0, 4};
         forged.inner.insert(forged.inner.begin(), header, header + 4);
         forged.first_payload = PayloadType(200);
       },
       NotifyType::kUnsupportedCriticalPayload},
      {"no AUTH", kIkeAuth,
       [](Forged& forged) {
         const Bytes id(6, 2);
         forged.inner = payload_chain([&](PayloadWriter& out) { out.add(PayloadType::kIdi, id); });
       },
       NotifyType::kAuthenticationFailed},
      {"another AUTH method", kIkeAuth,
       [](Forged& forged) {
         const auto payloads = *read_payloads(forged.first_payload, forged.inner);
         const Octets auth = *payloads.only(PayloadType::kAuth);
         forged.inner[size_t(auth.data() - forged.inner.data())] = 1;
       },
       NotifyType::kAuthenticationFailed},
      {"another identity", kIkeAuth, [](Forged& forged) { forged.inner[8] ^= 1; },
       NotifyType::kAuthenticationFailed},
  };
  // Coefficients at both ends and of both parities.
  for (const size_t index : {size_t(0), size_t(1), size_t(255), size_t(256), size_t(766), size_t(767)})
    for (const unsigned value : {3329u, 4095u})
      cases.push_back({"a coefficient that is not below q", kIkeIntermediate, [=](Forged& forged) {
                         Bytes ek = ke_data(forged);
                         set_coefficient(ek, index, value);
                         forged.inner = ke_payload(KeMethod::kMlKem768, ek);
                       }});
  return cases;
}

TEST(HostileInitiator, IsRefusedAndLeavesNothing) {
  for (const RequestCase& each : bad_requests()) {
    SCOPED_TRACE(each.name);
    Pair pair(whole_messages());
    Forger forger(pair);
    bool forged = false;
    std::vector<NotifyType> answers;
    // The forged request alone comes through; the answer does, too, and the initiator retransmits in vain.
    pair.tap = [&](Pair::Carried& carried) {
      if (!forged) {
        if (is(carried, true, each.exchange)) forged = forger.change(carried, each.edit);
        return true;
      }
      if (carried.to_responder) return false;
      return forger.change(carried, [&](Forged& answer) {
        const auto payloads = *read_payloads(answer.first_payload, answer.inner);
        ASSERT_EQ(payloads.size(), 1u);
        answers.push_back(read_notify_body(payloads[0].body)->type);
        EXPECT_EQ(answer.generation, each.exchange == ExchangeType::kIkeIntermediate ? 0u : 1u);
      });
    };
    pair.connect();
    pair.run_for(3'000);
    EXPECT_TRUE(forged);
    EXPECT_EQ(answers, (std::vector<NotifyType>{each.answer}));
    EXPECT_EQ(pair.heard<Established>(), nullptr);
    EXPECT_EQ(pair.responder_heard<Established>(), nullptr);
    ASSERT_NE(pair.responder_heard<Failed>(), nullptr);
    EXPECT_EQ(pair.responder_heard<Failed>()->end.notify, each.answer);
    EXPECT_TRUE(pair.run());
    const ResponderCounts counts = pair.responder().counts();
    EXPECT_EQ(counts.half_open + counts.established + counts.lingering, 0u);
  }
}

// RFC 9242, section 3.3.2: AUTH covers the message id of the IKE_AUTH request, which another exchange before it
// moves on.
TEST(HostileInitiator, SignsTheMessageIdOfItsIkeAuthRequest) {
  Pair pair(whole_messages());
  Forger forger(pair);
  bool forged = false;
  pair.tap = [&](Pair::Carried& carried) {
    if (!is(carried, true, ExchangeType::kIkeAuth)) return true;
    if (forged) return false;
    return forged = forger.change(carried, [&](Forged& request) {
      Forged early = request;
      early.header.exchange = ExchangeType::kInformational;
      early.first_payload = PayloadType::kNone;
      early.inner.clear();
      const Path path{carried.path.remote, carried.path.local, false};
      pair.responder().handle_message(path, forger.seal(carried, early), pair.now_ms());
      ++request.header.message_id;
    });
  };
  pair.connect();
  pair.run_for(1'000);
  EXPECT_TRUE(forged);
  EXPECT_EQ(pair.responder_heard<Established>(), nullptr);
  ASSERT_NE(pair.responder_heard<Failed>(), nullptr);
  EXPECT_EQ(pair.responder_heard<Failed>()->end.cause, EndCause::kAuthentication);
}

// Damages IKE_SA_INIT requests: the answer comes in the clear and nothing is kept.
TEST(HostileInitiator, GetsNoStateForABadFirstRequest) {
  struct Case {
    const char* name;
    std::function<Bytes(const Message&, const Bytes&)> edit;
    NotifyType answer;
  };
  const auto rebuilt = [](const Message& message, auto change) {
    Bytes buffer(8'000);
    PayloadWriter out(buffer, message.header);
    for (const Payload& payload : message.payloads) change(out, payload);
    buffer.resize(*out.finish());
    return buffer;
  };
  const std::vector<Case> cases = {
      {"without KE",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           if (payload.type != PayloadType::kKe) out.add(payload.type, payload.body);
         });
       },
       NotifyType::kInvalidSyntax},
      {"with two nonces",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           out.add(payload.type, payload.body);
           if (payload.type == PayloadType::kNonce) out.add(payload.type, payload.body);
         });
       },
       NotifyType::kInvalidSyntax},
      {"with a short nonce",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           out.add(payload.type, payload.type == PayloadType::kNonce ? payload.body.first(16) : payload.body);
         });
       },
       NotifyType::kInvalidSyntax},
      {"with a long ek",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           Bytes body = copy(payload.body);
           if (payload.type == PayloadType::kKe) body.push_back(0);
           out.add(payload.type, body);
         });
       },
       NotifyType::kInvalidSyntax},
      {"with a coefficient that is not below q",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           Bytes body = copy(payload.body);
           if (payload.type == PayloadType::kKe) body[4] = body[5] = 0xff;
           out.add(payload.type, body);
         });
       },
       NotifyType::kInvalidSyntax},
      {"with an unknown critical payload",
       [&](const Message& message, const Bytes&) {
         Bytes octets = rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           out.add(payload.type, payload.body);
         });
         const size_t length = octets.size();
         const uint8_t more[] = {octets[kFirstPayloadOffset], 0x80, 0, 4};
         octets.insert(octets.begin() + 28, more, more + 4);
         octets[kFirstPayloadOffset] = 200;
         octets[26] = uint8_t((length + 4) >> 8);
         octets[27] = uint8_t(length + 4);
         return octets;
       },
       NotifyType::kUnsupportedCriticalPayload},
      {"of a later version",
       [&](const Message&, const Bytes& octets) {
         Bytes later = octets;
         later[17] = 0x30;
         return later;
       },
       NotifyType::kInvalidMajorVersion},
      {"without INTERMEDIATE_EXCHANGE_SUPPORTED",
       [&](const Message& message, const Bytes&) {
         return rebuilt(message, [](PayloadWriter& out, const Payload& payload) {
           if (payload.type != PayloadType::kNotify ||
               read_notify_body(payload.body)->type != NotifyType::kIntermediateExchangeSupported)
             out.add(payload.type, payload.body);
         });
       },
       NotifyType::kNoProposalChosen},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    Pair pair(whole_messages("mlkem512-ke1_x25519"));
    pair.tap = [&](Pair::Carried& carried) {
      if (carried.to_responder) carried.octets = each.edit(*read_message(carried.octets), carried.octets);
      return true;
    };
    pair.connect();
    pair.run_for(100);
    EXPECT_EQ(errors_of(pair), (std::vector{std::pair(each.answer, false)}));
    const ResponderCounts counts = pair.responder().counts();
    EXPECT_EQ(counts.half_open + counts.lingering, 0u);
    EXPECT_TRUE(pair.responder_keys.sas.empty());
  }
}

// Puts one more request of the initiator's into an established SA.
std::vector<NotifyType> answers_to(Pair& pair, const std::function<void(Forged&)>& edit) {
  pair.connect();
  pair.run_for(2'000);
  EXPECT_NE(pair.heard<Established>(), nullptr);
  Forger forger(pair);
  std::vector<NotifyType> answers;
  bool forged = false;
  pair.tap = [&](Pair::Carried& carried) {
    if (carried.to_responder && !forged) {
      forged = forger.change(carried, edit);
    } else if (!carried.to_responder && forged) {
      forger.change(carried, [&](Forged& answer) {
        const auto payloads = *read_payloads(answer.first_payload, answer.inner);
        for (const Payload& payload : payloads) answers.push_back(read_notify_body(payload.body)->type);
      });
      return false;
    } else {
      return false;
    }
    return true;
  };
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(400);
  return answers;
}

TEST(HostileInitiator, IsAnsweredByErrorsOnAnEstablishedSa) {
  struct Case {
    const char* name;
    std::function<void(Forged&)> edit;
    std::vector<NotifyType> answers;
    bool lives;
  };
  const auto of_exchange = [](ExchangeType exchange) {
    return [exchange](Forged& forged) { forged.header.exchange = exchange; };
  };
  using enum ExchangeType;
  for (const Case& each : {
           Case{"CREATE_CHILD_SA", of_exchange(kCreateChildSa), {NotifyType::kNoAdditionalSas}, true},
           Case{"IKE_FOLLOWUP_KE", of_exchange(kIkeFollowupKe), {NotifyType::kStateNotFound}, true},
           Case{"IKE_INTERMEDIATE", of_exchange(kIkeIntermediate), {NotifyType::kInvalidSyntax}, false},
           Case{"IKE_AUTH", of_exchange(kIkeAuth), {NotifyType::kInvalidSyntax}, false},
           Case{"an unknown critical payload",
                [](Forged& forged) {
                  forged.inner = {0, 0x80, 0, 4};
                  forged.first_payload = PayloadType(201);
                },
                {NotifyType::kUnsupportedCriticalPayload},
                true},
           Case{"lengths that do not fit",
                [](Forged& forged) {
                  forged.inner = {0, 0, 0, 9};
                  forged.first_payload = PayloadType::kNotify;
                },
                {NotifyType::kInvalidSyntax},
                false},
           Case{"a delete of unknown Child SAs",
                [](Forged& forged) {
                  forged.inner = payload_chain([](PayloadWriter& out) {
                    out.add_delete({ProtocolId::kEsp, 4, Bytes(8, 7)});
                  });
                  forged.first_payload = PayloadType::kDelete;
                },
                {},
                true},
       }) {
    SCOPED_TRACE(each.name);
    Pair pair(whole_messages());
    EXPECT_EQ(answers_to(pair, each.edit), each.answers);
    EXPECT_EQ(pair.responder_heard<Closed>() == nullptr, each.lives);
    EXPECT_EQ(pair.responder().counts().established, each.lives ? 1u : 0u);
  }
}

}  // namespace
}  // namespace mlkem::test
