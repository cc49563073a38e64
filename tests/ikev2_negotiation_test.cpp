// SPDX-License-Identifier: Apache-2.0
// Negotiation, rule by rule: the responder's choice.
#include "tests/ikev2_negotiation_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

std::string negotiate(std::string_view own_text, std::string_view offer_text,
                      NegotiationPlace place = NegotiationPlace::kIkeSaInit, bool require_ml_kem = false,
                      bool intermediate = true) {
  const auto own = proposals(own_text, place), offer = proposals(offer_text, place);
  const Sa sa(offer, spi_for(place));
  return describe(choose_proposal(sa.view(), terms(own, place, require_ml_kem, intermediate)));
}

TEST(Negotiation, OwnOrderDecides) {
  EXPECT_EQ(
      negotiate("aes256gcm16-prfsha384-x25519-ke1_mlkem768", "aes256gcm16-prfsha384-x25519-ke1_mlkem768"),
      "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  EXPECT_EQ(negotiate("aes256gcm16-aes128gcm16-prfsha512-prfsha256-ecp384-x25519",
                      "aes128gcm16-aes256gcm16-prfsha256-prfsha512-x25519-ecp384"),
            "1:aes256gcm16-prfsha512-ecp384");
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519-ke1_mlkem768,aes256gcm16-prfsha384-x25519",
                      "aes256gcm16-prfsha384-x25519,aes256gcm16-prfsha384-x25519-ke1_mlkem768"),
            "2:aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  EXPECT_EQ(negotiate("aes256-sha256-sha512-x25519", "aes256-sha512-sha256-prfsha512-prfsha256-x25519"),
            "1:aes256-sha256-x25519");
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-ecp384"), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519", "aes256-sha256-x25519"), "NO_PROPOSAL_CHOSEN");
}

TEST(Negotiation, AgreementHasEverything) {
  const auto own = proposals("aes256-sha384-prfsha512-x25519-ke2_mlkem768-ke2_none-ke7_mlkem1024");
  const auto offer = proposals("aes256-sha384-prfsha512-x25519-ke2_mlkem768-ke2_none-ke7_mlkem1024");
  const Sa sa(offer, kIkeSpi);
  const auto agreement = choose_proposal(sa.view(), terms(own, NegotiationPlace::kIkeRekey));
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->encryption, (Encryption{EncrId::kAesCbc, 256}));
  EXPECT_EQ(agreement->prf, PrfId::kHmacSha512);
  EXPECT_EQ(agreement->integrity, IntegId::kHmacSha384_192);
  EXPECT_EQ(agreement->key_exchange, KeMethod::kX25519);
  ASSERT_EQ(agreement->additional().size(), 2u);
  EXPECT_EQ(agreement->additional()[0], KeMethod::kMlKem768);
  EXPECT_EQ(agreement->additional()[1], KeMethod::kMlKem1024);
  EXPECT_TRUE(agreement->has_ml_kem());
  EXPECT_EQ(hex(agreement->peer_spi()), hex(kIkeSpi));
  EXPECT_EQ(agreement->algorithms().prf, PrfId::kHmacSha512);
}

TEST(Negotiation, NoneSkipsAnAdditionalKeyExchange) {
  const char* const mandatory = "aes256gcm16-prfsha384-x25519-ke1_mlkem768";
  const char* const optional = "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none";
  const char* const without = "aes256gcm16-prfsha384-x25519";
  const char* const with = "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768";
  EXPECT_EQ(negotiate(without, mandatory), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate(without, optional), "1:aes256gcm16-prfsha384-x25519-ke1_none");
  EXPECT_EQ(negotiate(optional, mandatory), with);
  EXPECT_EQ(negotiate(optional, optional), with);
  EXPECT_EQ(negotiate(optional, without), "1:aes256gcm16-prfsha384-x25519");
  EXPECT_EQ(negotiate(mandatory, without), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate(mandatory, optional), with);
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519-ke1_none-ke1_mlkem768", optional),
            "1:aes256gcm16-prfsha384-x25519-ke1_none");
}

TEST(Negotiation, MlKemIsRequired) {
  const char* const both = "aes256gcm16-prfsha384-x25519-ke1_none-ke1_mlkem768,aes256gcm16-prfsha384-x25519";
  const auto place = NegotiationPlace::kIkeSaInit;
  EXPECT_EQ(negotiate(both, "aes256gcm16-prfsha384-x25519", place, true), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate(both, "aes256gcm16-prfsha384-x25519", place, false), "1:aes256gcm16-prfsha384-x25519");
  // The own order prefers NONE, the requirement overrules it.
  EXPECT_EQ(negotiate(both, "aes256gcm16-prfsha384-x25519-ke1_none-ke1_mlkem768", place, true),
            "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519-mlkem512", "aes256gcm16-prfsha384-x25519-mlkem512", place,
                      true),
            "1:aes256gcm16-prfsha384-mlkem512");
  EXPECT_EQ(negotiate("aes256gcm16-x25519", "aes256gcm16-x25519", NegotiationPlace::kChildSa, true),
            "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate("aes256gcm16", "aes256gcm16", NegotiationPlace::kIkeAuth, true), "1:aes256gcm16");
}

TEST(Negotiation, AdditionalKeyExchangesNeedTheNotify) {
  const char* const both = "aes256gcm16-prfsha384-x25519-ke1_mlkem768,aes256gcm16-prfsha384-x25519";
  const auto place = NegotiationPlace::kIkeSaInit;
  EXPECT_EQ(negotiate(both, both, place, false, false), "2:aes256gcm16-prfsha384-x25519");
  EXPECT_EQ(negotiate(both, both, place, true, false), "NO_PROPOSAL_CHOSEN");
  // Even where NONE would do: the type itself is what an unaware peer could not have meant.
  EXPECT_EQ(
      negotiate("aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519-ke1_none", place, false, false),
      "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate(both, both, NegotiationPlace::kIkeRekey, true, false),
            "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768");
}

TEST(Negotiation, MethodsCompete) {
  EXPECT_EQ(negotiate("aes256gcm16-prfsha384-x25519-ke1_x25519", "aes256gcm16-prfsha384-x25519-ke1_x25519"),
            "NO_PROPOSAL_CHOSEN");
  // KE would take x25519 first, but then ADDKE2 had nothing.
  const char* const text = "aes256gcm16-prfsha384-x25519-ecp256-ke1_mlkem768-ke1_x25519-ke2_x25519";
  EXPECT_EQ(negotiate(text, text), "1:aes256gcm16-prfsha384-ecp256-ke1_mlkem768-ke2_x25519");
}

TEST(Negotiation, ChildSasOfIkeAuthIgnoreKeyExchanges) {
  const auto place = NegotiationPlace::kIkeAuth;
  EXPECT_EQ(negotiate("aes256gcm16-x25519-ke1_mlkem768", "aes256gcm16", place, true), "1:aes256gcm16");
  EXPECT_EQ(negotiate("aes256gcm16", "aes256gcm16-ecp256-ke1_mlkem768", place, true), "1:aes256gcm16");
  EXPECT_EQ(negotiate("aes256gcm16", "aes256gcm16-ecp256", NegotiationPlace::kChildSa), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate("aes256gcm16", "aes256gcm16-ecp256-none", NegotiationPlace::kChildSa),
            "1:aes256gcm16-none");
  EXPECT_EQ(negotiate("aes256gcm16-x25519-none", "aes256gcm16", NegotiationPlace::kChildSa), "1:aes256gcm16");
  EXPECT_EQ(negotiate("aes256gcm16-esn-noesn", "aes256gcm16-noesn-esn", place), "1:aes256gcm16-esn");
  EXPECT_EQ(negotiate("aes256gcm16-esn", "aes256gcm16", place), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(negotiate("aes256-sha512", "aes256-sha256-sha512", place), "1:aes256-sha512");
}

// One proposal off the wire against a policy that takes everything usual.
std::string raw(const std::function<void(PayloadWriter&)>& transforms,
                NegotiationPlace place = NegotiationPlace::kIkeSaInit, Octets spi = {},
                ProtocolId protocol = ProtocolId::kIke, uint8_t number = 1) {
  const auto own = is_esp(place) ? proposals("aes256gcm16-chacha20poly1305-x25519-none,aes256-sha256", place)
                                 : proposals(
                                       "aes256gcm16-chacha20poly1305-prfsha384-x25519-ke1_mlkem768-"
                                       "ke1_none,aes256-sha256-prfsha384-x25519",
                                       place);
  const Sa sa([&](PayloadWriter& out) {
    out.begin_sa();
    out.begin_proposal(number, protocol, spi);
    transforms(out);
    out.end_sa();
  });
  return describe(choose_proposal(sa.view(), terms(own, place)));
}

TEST(Negotiation, AeadAndIntegrity) {
  const char* const chosen = "1:aes256gcm16-prfsha384-x25519";
  EXPECT_EQ(raw(usual), chosen);
  const auto with_integ = [](std::initializer_list<uint16_t> ids) {
    return raw([ids](PayloadWriter& out) {
      usual(out);
      for (const uint16_t id : ids) out.add_transform(TransformType::kInteg, id);
    });
  };
  EXPECT_EQ(with_integ({0}), "1:aes256gcm16-3.0-prfsha384-x25519");
  EXPECT_EQ(with_integ({0, 0}), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with_integ({0, 12}), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with_integ({12}), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with_integ({77}), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(raw([](PayloadWriter& out) {
              usual(out);
              out.add_transform(TransformType::kEncr, 12, uint16_t(256));
              out.add_transform(TransformType::kInteg, 12);
            }),
            "NO_PROPOSAL_CHOSEN");
  // A cipher that is no AEAD, without integrity, and with none.
  for (const bool none : {false, true})
    EXPECT_EQ(raw([none](PayloadWriter& out) {
                out.add_transform(TransformType::kEncr, 12, uint16_t(256));
                prf_and_ke(out);
                if (none) out.add_transform(TransformType::kInteg, 0);
              }),
              "NO_PROPOSAL_CHOSEN");
}

TEST(Negotiation, UnknownThings) {
  const char* const chosen = "1:aes256gcm16-prfsha384-x25519";
  const auto with = [](TransformType type, uint16_t id, uint16_t bits) {
    return raw([=](PayloadWriter& out) {
      out.add_transform(type, id, bits);
      usual(out);
    });
  };
  // Transforms that are skipped.
  EXPECT_EQ(with(TransformType::kEncr, 99, 0), chosen);
  EXPECT_EQ(with(TransformType::kEncr, 20, 0), chosen);
  EXPECT_EQ(with(TransformType::kEncr, 28, 256), chosen);
  EXPECT_EQ(with(TransformType::kPrf, 99, 0), chosen);
  EXPECT_EQ(with(TransformType::kPrf, 6, 256), chosen);
  EXPECT_EQ(with(TransformType::kKe, 99, 0), chosen);
  EXPECT_EQ(with(TransformType::kKe, kNone, 0), chosen);
  EXPECT_EQ(with(TransformType::kEncr, 28, 0), chosen);
  // Proposals that are skipped.
  for (const unsigned type : {0u, 5u, 13u, 14u, 240u, 255u})
    EXPECT_EQ(with(TransformType(type), 0, 0), "NO_PROPOSAL_CHOSEN") << type;
  // An ADDKE of unknown methods alone is mandatory, with NONE it is not.
  EXPECT_EQ(with(TransformType::kAddke7, 99, 0), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(raw([](PayloadWriter& out) {
              usual(out);
              out.add_transform(TransformType::kAddke1, 99);
              out.add_transform(TransformType::kAddke1, kNone);
            }),
            "1:aes256gcm16-prfsha384-x25519-ke1_none");
  // An unknown attribute.
  EXPECT_EQ(raw([](PayloadWriter& out) {
              out.add_transform(TransformType::kEncr, 20, unhex("800e010080010002"));
              prf_and_ke(out);
            }),
            "NO_PROPOSAL_CHOSEN");
  // Types that are missing.
  EXPECT_EQ(raw(gcm), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(raw(prf_and_ke), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(raw([](PayloadWriter&) {}), "NO_PROPOSAL_CHOSEN");
}

TEST(Negotiation, ProtocolSpiAndNumber) {
  const auto esp = [](PayloadWriter& out) {
    gcm(out);
    out.add_transform(TransformType::kEsn, 0);
  };
  using enum NegotiationPlace;
  const char *const ike_chosen = "1:aes256gcm16-prfsha384-x25519", *const none = "NO_PROPOSAL_CHOSEN";
  EXPECT_EQ(raw(usual, kIkeSaInit, kIkeSpi), none);
  EXPECT_EQ(raw(usual, kIkeRekey, kIkeSpi), ike_chosen);
  for (const Bytes& spi : {Bytes(), Bytes(8), Bytes(4, 1), Bytes(9, 1)})
    EXPECT_EQ(raw(usual, kIkeRekey, spi), none);
  for (const NegotiationPlace place : {kIkeAuth, kChildSa}) {
    EXPECT_EQ(raw(esp, place, kEspSpi, ProtocolId::kEsp), "1:aes256gcm16");
    for (const Bytes& spi : {Bytes(), Bytes(4), Bytes(2, 1), Bytes(8, 1)})
      EXPECT_EQ(raw(esp, place, spi, ProtocolId::kEsp), none);
    EXPECT_EQ(raw(esp, place, kEspSpi, ProtocolId::kAh), none);
    EXPECT_EQ(raw(gcm, place, kEspSpi, ProtocolId::kEsp), none);  // no ESN
    EXPECT_EQ(raw(usual, place, kEspSpi, ProtocolId::kEsp), none);
  }
  EXPECT_EQ(raw(usual, kIkeSaInit, {}, ProtocolId::kEsp), none);
  EXPECT_EQ(raw(usual, kIkeSaInit, {}, ProtocolId::kIke, 2), "INVALID_SYNTAX");
  EXPECT_EQ(raw(usual, kIkeSaInit, {}, ProtocolId::kIke, 0), "INVALID_SYNTAX");
}

TEST(Negotiation, NumberingIsExplicit) {
  const auto own = proposals("aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  NegotiationTerms early = terms(own);
  early.numbering = MlKemNumbering::kDraft00;
  const Sa sa(
      [&](PayloadWriter& out) { EXPECT_TRUE(write_proposals(out, own, {}, MlKemNumbering::kDraft00)); });
  const auto agreement = choose_proposal(sa.view(), early);
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->additional()[0], KeMethod::kMlKem768);
  EXPECT_FALSE(choose_proposal(sa.view(), terms(own)));
  const Sa answer(
      [&](PayloadWriter& out) { EXPECT_TRUE(write_answer(out, *agreement, {}, MlKemNumbering::kDraft00)); });
  EXPECT_TRUE(check_answer(answer.view(), early));
  EXPECT_FALSE(check_answer(answer.view(), terms(own)));
}

TEST(Offer, Predicates) {
  EXPECT_TRUE(offers_additional_key_exchange(
      proposals("aes256gcm16-prfsha384-x25519,aes256gcm16-prfsha384-x25519-ke7_mlkem768")));
  EXPECT_FALSE(offers_additional_key_exchange(proposals("aes256gcm16-prfsha384-mlkem768")));
  EXPECT_FALSE(needs_known_path_mtu(KeMethod::kMlKem512));
  EXPECT_TRUE(needs_known_path_mtu(KeMethod::kMlKem768));
  EXPECT_TRUE(needs_known_path_mtu(KeMethod::kMlKem1024));
  EXPECT_FALSE(needs_known_path_mtu(KeMethod::kX25519));
}

}  // namespace
}  // namespace mlkem::test
