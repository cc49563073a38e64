// SPDX-License-Identifier: Apache-2.0
// Sessions against a responder over a link that loses nothing: what is agreed upon, and both sides' keys.
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

PairOptions pair_with(const std::string& key_exchanges) {
  PairOptions options = default_pair();
  options.initiator = policy_of("a.example", ike_proposal(key_exchanges));
  options.responder = policy_of("b.example", ike_proposal(key_exchanges));
  return options;
}

TEST(Session, PerformsSeveralAdditionalKeyExchangesInOrder) {
  struct Case {
    const char* methods;
    unsigned generations;
  };
  for (const Case& each :
       {Case{"x25519-ke1_mlkem512-ke2_mlkem768-ke3_mlkem1024", 4}, Case{"ecp256-ke2_mlkem768", 2},
        Case{"x25519-ke7_mlkem512", 2}, Case{"x448-ke1_mlkem1024-ke2_ecp384-ke5_x25519", 4},
        Case{"modp3072-ke1_x25519-ke2_ecp256-ke3_ecp384-ke4_ecp521-ke5_mlkem512-ke6_mlkem768-"
             "ke7_mlkem1024",
             8}}) {
    SCOPED_TRACE(each.methods);
    Pair pair(pair_with(each.methods));
    expect_established(pair, each.generations);
    expect_same_children(pair);
    EXPECT_EQ(pair.session(0).report().agreement->additional().size(), each.generations - 1);
  }
}

TEST(Session, MlKemAloneNeedsAPathThatCarriesIt) {
  for (const char* set : {"mlkem512", "mlkem768", "mlkem1024"}) {
    SCOPED_TRACE(set);
    PairOptions options = pair_with(set);
    options.initiator.path_carries_large_init = true;
    Pair pair(std::move(options));
    expect_established(pair, 1);
  }
  Pair small(pair_with("mlkem512"));
  expect_established(small, 1);
  EXPECT_LE(small.longest_datagram, kDefaultDatagramBytes);

  const auto crypto = new_crypto();
  Workspace workspace(*crypto);
  const Profile large = *Profile::make(pair_with("mlkem768").initiator);
  expect_error(Session::initiate(workspace, large, {}, 0), ErrorKind::kMisuse);
}

TEST(Session, LeavesLargeMethodsOutWhereThePathIsUnknown) {
  PairOptions options = pair_with("mlkem1024-mlkem512-x25519-ke1_mlkem768");
  Pair pair(std::move(options));
  expect_established(pair, 2);
  EXPECT_EQ(pair.session(0).report().agreement->key_exchange, KeMethod::kMlKem512);
  EXPECT_LE(pair.longest_datagram, kDefaultDatagramBytes);
}

TEST(Session, EstablishesWithEveryCipherAndPrf) {
  for (const char* cipher : {"aes128gcm16", "aes192gcm16", "aes256gcm16", "aes128ccm16", "aes256ccm16",
                             "chacha20poly1305", "aes128-sha256", "aes192-sha384", "aes256-sha512",
                             "aes128-sha1", "aes128ctr-sha256", "aes256ctr-sha512"})
    for (const char* prf : {"prfsha1", "prfsha256", "prfsha384", "prfsha512"}) {
      SCOPED_TRACE(std::string(cipher) + "-" + prf);
      PairOptions options = default_pair();
      const std::string ike = std::string(cipher) + "-" + prf + "-x25519-ke1_mlkem768";
      const std::string esp = std::string(cipher) + "-esn";
      options.initiator = policy_of("a.example", ike, esp);
      options.responder = policy_of("b.example", ike, esp);
      Pair pair(std::move(options));
      expect_established(pair, 2);
      expect_same_children(pair);
      EXPECT_TRUE(pair.heard<ChildEstablished>()->esn);
    }
}

TEST(Session, EstablishesWithTheDraftsFirstNumbers) {
  PairOptions options = pair_with("x25519-ke1_mlkem1024-ke2_mlkem768");
  options.initiator.numbering = options.responder.numbering = MlKemNumbering::kDraft00;
  Pair pair(std::move(options));
  expect_established(pair, 3);
}

TEST(Session, FragmentsAsThePolicySays) {
  struct Case {
    FragmentationPolicy initiator, responder;
    bool fragments;
  };
  using enum FragmentationPolicy;
  for (const Case& each :
       {Case{kOn, kOn, true}, Case{kOff, kOn, false}, Case{kOn, kOff, false}, Case{kOff, kOff, false},
        Case{kForce, kOn, true}, Case{kOn, kForce, true}, Case{kForce, kForce, true}}) {
    PairOptions options = pair_with("x25519-ke1_mlkem1024");
    options.initiator.fragmentation = each.initiator;
    options.responder.fragmentation = each.responder;
    Pair pair(std::move(options));
    size_t fragments = 0;
    pair.tap = [&](Pair::Carried& carried) {
      fragments += carried.octets[kFirstPayloadOffset] == uint8_t(PayloadType::kSkf);
      return true;
    };
    expect_established(pair, 2);
    EXPECT_EQ(pair.session(0).report().peer_fragmentation, each.responder != kOff && each.initiator != kOff);
    EXPECT_EQ(pair.longest_datagram > kDefaultDatagramBytes, !each.fragments);
    const bool forces = each.initiator == kForce || each.responder == kForce;
    const bool both = each.initiator == each.responder;
    const size_t wanted = !each.fragments ? 0 : !forces ? 4 : both ? 6 : 5;
    EXPECT_EQ(fragments, wanted);
    pair.close(0);
    ASSERT_TRUE(pair.run());
    EXPECT_EQ(fragments, wanted) << "an INFORMATIONAL in fragments";
  }
}

TEST(Session, LogsWhichFragmentItHas) {
  PairOptions options = pair_with("x25519-ke1_mlkem1024");
  options.initiator.log_events = true;
  Pair pair(std::move(options));
  expect_established(pair, 2);
  size_t fragments = 0;
  for (const Event& event : pair.events(0)) {
    const auto* record = std::get_if<LogRecord>(&event);
    if (!record || record->code != LogCode::kFragmentReceived) continue;
    EXPECT_EQ(record->value, 1u << 16 | 2u);
    ++fragments;
  }
  EXPECT_EQ(fragments, 1u);
}

TEST(Session, KeepsToSmallDatagrams) {
  for (const size_t bytes : {size_t(576), size_t(1000), size_t(1280), size_t(1500)}) {
    SCOPED_TRACE(bytes);
    PairOptions options = pair_with("x25519-ke1_mlkem1024-ke2_mlkem768");
    options.initiator.datagram_bytes = options.responder.datagram_bytes = bytes;
    options.link.mtu = bytes;
    Pair pair(std::move(options));
    expect_established(pair, 3);
    EXPECT_LE(pair.longest_datagram, bytes);
  }
}

TEST(Session, IsChildlessWhereBothWant) {
  PairOptions options = default_pair();
  options.initiator.first_child = FirstChild::kChildless;
  options.initiator.esp_proposals.clear();
  Pair pair(std::move(options));
  expect_established(pair, 2);
  EXPECT_EQ(pair.heard<ChildEstablished>(), nullptr);
  EXPECT_EQ(pair.responder_heard<ChildEstablished>(), nullptr);
}

TEST(Session, GivesUpWhereChildlessIsNotAnnounced) {
  PairOptions options = default_pair();
  options.initiator.first_child = FirstChild::kChildless;
  options.responder.allow_childless = false;
  Pair pair(options);
  pair.connect();
  pair.run_for(1'000);
  ASSERT_NE(pair.heard<Failed>(), nullptr);
  EXPECT_EQ(pair.heard<Failed>()->end.cause, EndCause::kNoChildless);

  options.initiator.first_child = FirstChild::kChildlessIfAnnounced;
  Pair with_child(options);
  expect_established(with_child, 2);
  expect_same_children(with_child);
}

TEST(Session, NarrowsTrafficSelectors) {
  PairOptions options = default_pair();
  options.initiator.local_selectors = {*subnet(unhex("0a010000"), 16)};
  options.initiator.remote_selectors = {any_address(IpVersion::kIpv4), any_address(IpVersion::kIpv6)};
  options.responder.local_selectors = {*subnet(unhex("c0a80000"), 24)};
  options.responder.remote_selectors = {*subnet(unhex("0a000000"), 8)};
  Pair pair(std::move(options));
  expect_established(pair, 2);
  expect_same_children(pair);
  const auto* child = pair.heard<ChildEstablished>();
  EXPECT_EQ(child->local, (std::vector{*subnet(unhex("0a010000"), 16)}));
  EXPECT_EQ(child->remote, (std::vector{*subnet(unhex("c0a80000"), 24)}));
}

TEST(Session, LivesWithoutAChildThatIsRefused) {
  for (const bool selectors : {false, true}) {
    PairOptions options = default_pair();
    if (selectors) {
      options.initiator.local_selectors = {*subnet(unhex("0a010000"), 16)};
      options.responder.remote_selectors = {*subnet(unhex("0b000000"), 8)};
    } else {
      options.responder.esp_proposals = *parse_proposals("aes128-sha256-noesn", ProtocolId::kEsp);
    }
    Pair pair(std::move(options));
    expect_established(pair, 2);
    const NotifyType expected = selectors ? NotifyType::kTsUnacceptable : NotifyType::kNoProposalChosen;
    ASSERT_NE(pair.heard<ChildFailed>(), nullptr);
    EXPECT_EQ(pair.heard<ChildFailed>()->notify, expected);
    ASSERT_NE(pair.responder_heard<ChildFailed>(), nullptr);
    EXPECT_EQ(pair.responder_heard<ChildFailed>()->notify, expected);
    EXPECT_EQ(pair.heard<ChildEstablished>(), nullptr);
  }
}

TEST(Session, MovesToEncapsulationBehindANat) {
  PairOptions options = default_pair();
  options.link.nat = true;
  Pair pair(std::move(options));
  std::map<bool, size_t> encapsulated;
  pair.tap = [&](Pair::Carried& carried) {
    ++encapsulated[carried.path.encapsulated];
    EXPECT_EQ(carried.path.encapsulated,
              (carried.to_responder ? carried.path.remote : carried.path.local).port == kEncapsulationPort);
    return true;
  };
  expect_established(pair, 2);
  const SessionReport report = pair.session(0).report();
  EXPECT_TRUE(report.local_nat);
  EXPECT_FALSE(report.remote_nat);
  EXPECT_EQ(encapsulated[false], 2u);
  EXPECT_GE(encapsulated[true], 4u);
  // What one side counts as sent the other has received.
  const auto theirs = pair.responder().report(pair.responder_events()[0].sa);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(report.octets_sent, theirs->octets_received);
  EXPECT_EQ(report.octets_received, theirs->octets_sent);
  EXPECT_EQ(report.datagrams_sent, theirs->datagrams_received);
  EXPECT_EQ(report.datagrams_received, theirs->datagrams_sent);
  // Keepalives go on while the SA lives.
  const uint64_t before = pair.datagrams;
  pair.run_for(100'000);
  EXPECT_EQ(pair.datagrams - before, 5u);
  pair.close(0);
  pair.run_for(60'000);
  ASSERT_NE(pair.responder_heard<Closed>(), nullptr);
}

TEST(Session, FindsNoNatWhereThereIsNone) {
  Pair pair(default_pair());
  expect_established(pair, 2);
  const SessionReport report = pair.session(0).report();
  EXPECT_FALSE(report.local_nat);
  EXPECT_FALSE(report.remote_nat);
  EXPECT_FALSE(report.path.encapsulated);
}

TEST(Session, EncapsulatesWhereEitherSideForcesIt) {
  for (const bool initiator : {false, true}) {
    PairOptions options = default_pair();
    (initiator ? options.initiator : options.responder).force_encapsulation = true;
    Pair pair(std::move(options));
    expect_established(pair, 2);
    EXPECT_TRUE(pair.session(0).report().path.encapsulated);
  }
}

}  // namespace
}  // namespace mlkem::test
