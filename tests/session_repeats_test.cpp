// SPDX-License-Identifier: Apache-2.0
// Messages that come again: retransmissions of both kinds, across generations of keys and cut anew; replays;
// damaged copies (RFC 7296 section 2.1, RFC 7383 section 2.6).
#include <algorithm>

#include "tests/forger.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

ExchangeType exchange_of(const Bytes& octets) {
  return ExchangeType(octets[kExchangeOffset]);
}

TEST(RepeatedMessages, ALostResponseComesAgainOctetForOctet) {
  for (const ExchangeType lost : {ExchangeType::kIkeSaInit, ExchangeType::kIkeIntermediate,
                                  ExchangeType::kIkeAuth, ExchangeType::kInformational}) {
    SCOPED_TRACE(std::string(name(lost)));
    PairOptions options = default_pair();
    options.initiator = policy_of("a.example", "aes256gcm16-prfsha384-x25519-ke1_mlkem1024");
    options.responder = policy_of("b.example", "aes256gcm16-prfsha384-x25519-ke1_mlkem1024");
    Pair pair(std::move(options));
    std::vector<Bytes> requests, responses;
    uint64_t until_ms = 0;
    pair.tap = [&](Pair::Carried& carried) {
      if (exchange_of(carried.octets) != lost) return true;
      (carried.to_responder ? requests : responses).push_back(carried.octets);
      if (carried.to_responder || (until_ms && pair.now_ms() > until_ms)) return true;
      // The first response, all fragments of it.
      if (!until_ms) until_ms = pair.now_ms();
      return false;
    };
    pair.connect();
    pair.run_for(5'000);
    pair.close(0);
    pair.run_for(5'000);
    EXPECT_NE(pair.heard<Established>(), nullptr);
    EXPECT_NE(pair.heard<Closed>(), nullptr);
    EXPECT_EQ(pair.initiator_keys.sas, pair.responder_keys.sas);
    EXPECT_EQ(pair.session(0).report().retransmissions, 1u);
    for (std::vector<Bytes>* sent : {&requests, &responses}) {
      ASSERT_FALSE(sent->empty());
      ASSERT_EQ(sent->size() % 2, 0u);
      const auto middle = sent->begin() + long(sent->size() / 2);
      EXPECT_TRUE(std::equal(sent->begin(), middle, middle));
    }
  }
}

// A peer that lowers its datagram size encrypts its request again, in other fragments, under the keys of the
// generation before.
TEST(RepeatedMessages, ARequestCutAnewGetsTheSameResponse) {
  for (const bool genuine : {true, false}) {
    Pair pair(default_pair());
    Forger forger(pair);
    std::vector<Bytes> responses, cut_anew;
    Path path;
    pair.tap = [&](Pair::Carried& carried) {
      if (exchange_of(carried.octets) != ExchangeType::kIkeIntermediate) return true;
      if (!carried.to_responder) {
        responses.push_back(carried.octets);
        return false;
      }
      // The first request goes through; then fragments of 600 octets with the same content.
      if (responses.empty()) return true;
      if (!cut_anew.empty()) return false;
      Forged forged{*read_ike_header(carried.octets), PayloadType::kKe, Bytes(1192), 0};
      const SealedMessage sealed = forger.seal_in(carried, forged, 600, Fragmentation::kAlways);
      for (size_t i = 0; i < sealed.count(); ++i) {
        cut_anew.push_back(copy(sealed.datagram(i)));
        if (!genuine) cut_anew.back().back() ^= 1;
      }
      path = carried.path;
      return false;
    };
    pair.connect();
    pair.run_for(600);
    ASSERT_GE(cut_anew.size(), 3u);
    ASSERT_EQ(responses.size(), 1u);
    // Another fragment than the first asks for nothing.
    pair.responder().handle_message({path.remote, path.local, false}, cut_anew[1], pair.now_ms());
    EXPECT_FALSE(pair.responder().poll_transmit());
    pair.responder().handle_message({path.remote, path.local, false}, cut_anew[0], pair.now_ms());
    const auto answer = pair.responder().poll_transmit();
    ASSERT_EQ(answer.has_value(), genuine);
    if (genuine) {
      EXPECT_EQ(copy(answer->octets), responses[0]);
    }
  }
}

TEST(RepeatedMessages, ReplaysChangeNothing) {
  PairOptions options = default_pair();
  options.initiator.fragmentation = FragmentationPolicy::kForce;
  Pair pair(std::move(options));
  std::vector<Pair::Carried> all;
  pair.tap = [&](Pair::Carried& carried) {
    all.push_back(carried);
    return true;
  };
  pair.connect();
  pair.run_for(2'000);
  ASSERT_NE(pair.heard<Established>(), nullptr);
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(1'000);
  const size_t events = pair.events(0).size(), responder_events = pair.responder_events().size();
  const auto generation = pair.session(0).report().generation;
  const std::vector<Pair::Carried> recorded = all;
  std::vector<Bytes> answers;
  for (int order = 0; order < 2; ++order)
    for (size_t i = 0; i < recorded.size(); ++i) {
      const Pair::Carried& carried = recorded[order == 0 ? i : recorded.size() - 1 - i];
      const Path path{carried.path.remote, carried.path.local, false};
      if (carried.to_responder)
        pair.responder().handle_message(path, carried.octets, pair.now_ms());
      else
        pair.session(0).handle_message(path, carried.octets, pair.now_ms());
      while (const auto answer = pair.responder().poll_transmit()) answers.push_back(copy(answer->octets));
      EXPECT_FALSE(pair.session(0).poll_transmit());
    }
  // Only the last request is answered, by the response that it had.
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(answers[0], recorded.back().octets);
  EXPECT_EQ(pair.events(0).size(), events);
  EXPECT_EQ(pair.responder_events().size(), responder_events);
  EXPECT_EQ(pair.session(0).report().generation, generation);
  EXPECT_EQ(pair.responder().counts().established, 1u);
  EXPECT_EQ(pair.responder().counts().half_open, 0u);
  // It still works.
  EXPECT_TRUE(pair.session(0).check_liveness(pair.now_ms()));
  pair.run_for(1'000);
  EXPECT_EQ(pair.session(0).report().retransmissions, 0u);
}

TEST(RepeatedMessages, DamagedCopiesOfProtectedMessagesChangeNothing) {
  std::mt19937_64 random(7);
  for (const bool fragments : {false, true}) {
    PairOptions options = default_pair();
    if (fragments)
      options.initiator.fragmentation = options.responder.fragmentation = FragmentationPolicy::kForce;
    Pair pair(std::move(options));
    size_t damaged = 0;
    pair.tap = [&](Pair::Carried& carried) {
      if (exchange_of(carried.octets) == ExchangeType::kIkeSaInit) return true;
      for (int i = 0; i < 200; ++i, ++damaged) {
        Bytes copy = carried.octets;
        copy[random() % copy.size()] ^= uint8_t(1 + random() % 255);
        if (i % 10 == 0) copy.resize(random() % copy.size());
        if (i % 10 == 1) copy.push_back(0);
        const Path path{carried.path.remote, carried.path.local, false};
        if (carried.to_responder)
          pair.responder().handle_message(path, copy, pair.now_ms());
        else
          pair.session(0).handle_message(path, copy, pair.now_ms());
      }
      return true;
    };
    pair.connect();
    pair.run_for(5'000);
    EXPECT_GT(damaged, 500u);
    EXPECT_NE(pair.heard<Established>(), nullptr);
    EXPECT_EQ(pair.session(0).report().retransmissions, 0u);
    EXPECT_EQ(pair.initiator_keys.sas, pair.responder_keys.sas);
  }
}

// The responder is established first, and may speak before its response is there.
TEST(RepeatedMessages, ARequestThatOvertakesTheIkeAuthResponseWaits) {
  Pair pair(default_pair());
  bool closed = false;
  pair.tap = [&](Pair::Carried& carried) {
    if (carried.to_responder || exchange_of(carried.octets) != ExchangeType::kIkeAuth || closed) return true;
    closed = true;
    return false;
  };
  pair.connect();
  pair.run_for(100);
  ASSERT_TRUE(closed);
  pair.responder().close_all(pair.now_ms());
  EXPECT_TRUE(pair.run());
  EXPECT_NE(pair.heard<Established>(), nullptr);
  ASSERT_NE(pair.heard<Closed>(), nullptr);
  EXPECT_EQ(pair.heard<Closed>()->end.cause, EndCause::kDeletedByPeer);
}

TEST(RepeatedMessages, AResponseIsRepeatedAfterTheEnd) {
  // The responder has deleted the SA; the initiator, which has not heard, asks again.
  Pair pair(default_pair());
  pair.connect();
  pair.run_for(1'000);
  size_t lost = 0;
  pair.tap = [&](Pair::Carried& carried) { return carried.to_responder || ++lost > 2; };
  pair.close(0);
  pair.run_for(8'000);
  ASSERT_NE(pair.heard<Closed>(), nullptr);
  EXPECT_EQ(pair.heard<Closed>()->end.message, std::string("deleted"));
  EXPECT_TRUE(pair.run());
  EXPECT_EQ(pair.responder().counts().lingering, 0u);
}

}  // namespace
}  // namespace mlkem::test
