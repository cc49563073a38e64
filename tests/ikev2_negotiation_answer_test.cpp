// SPDX-License-Identifier: Apache-2.0
// Negotiation, rule by rule: the initiator's check of the answer.
#include "tests/ikev2_negotiation_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

// The initiator's check of a written answer.
std::string answered(std::string_view offer_text, const std::function<void(PayloadWriter&)>& transforms,
                     NegotiationPlace place = NegotiationPlace::kIkeSaInit, bool require_ml_kem = false,
                     bool intermediate = true, uint8_t number = 1) {
  const auto offer = proposals(offer_text, place);
  const Sa sa([&](PayloadWriter& out) {
    out.begin_sa();
    out.begin_proposal(number, is_esp(place) ? ProtocolId::kEsp : ProtocolId::kIke, spi_for(place));
    transforms(out);
    out.end_sa();
  });
  return describe(check_answer(sa.view(), terms(offer, place, require_ml_kem, intermediate)));
}

TEST(Answer, IsASubsetOfTheOffer) {
  const char* const offer = "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none,aes256-sha256-x25519";
  const char* const refused = "NO_PROPOSAL_CHOSEN";
  const auto plus = [&](TransformType type, uint16_t id, uint16_t bits = 0) {
    return answered(offer, [=](PayloadWriter& out) {
      usual(out);
      out.add_transform(type, id, bits);
    });
  };
  EXPECT_EQ(answered(offer, usual), "1:aes256gcm16-prfsha384-x25519");
  EXPECT_EQ(plus(TransformType::kAddke1, kNone), "1:aes256gcm16-prfsha384-x25519-ke1_none");
  EXPECT_EQ(plus(TransformType::kAddke1, kB), "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  EXPECT_EQ(plus(TransformType::kInteg, 0), "1:aes256gcm16-3.0-prfsha384-x25519");
  EXPECT_EQ(plus(TransformType::kAddke1, 37), refused);
  EXPECT_EQ(plus(TransformType::kAddke1, 99), refused);
  EXPECT_EQ(plus(TransformType(7), kB), refused);
  EXPECT_EQ(plus(TransformType(7), kNone), refused);
  EXPECT_EQ(plus(TransformType::kEncr, 20, 256), refused);  // twice
  EXPECT_EQ(plus(TransformType::kKe, 31), refused);
  EXPECT_EQ(plus(TransformType::kInteg, 12), refused);
  EXPECT_EQ(plus(TransformType::kEsn, 0), refused);
  EXPECT_EQ(plus(TransformType(99), 1), refused);
  EXPECT_EQ(answered(offer, gcm), refused);
  EXPECT_EQ(answered(offer, prf_and_ke), refused);
  // The number decides which proposal it is a subset of.
  EXPECT_EQ(answered(offer, usual, NegotiationPlace::kIkeSaInit, false, true, 2), refused);
  EXPECT_EQ(answered(offer, usual, NegotiationPlace::kIkeSaInit, false, true, 3), refused);
  EXPECT_EQ(answered(offer, usual, NegotiationPlace::kIkeSaInit, false, true, 0), refused);
  EXPECT_EQ(answered(offer,
                     [](PayloadWriter& out) {
                       usual(out);
                       out.begin_proposal(2, ProtocolId::kIke, {});
                       usual(out);
                     }),
            refused);
  // Another key length, and the wrong SPI.
  EXPECT_EQ(answered("aes256gcm16-prfsha384-x25519",
                     [](PayloadWriter& out) {
                       out.add_transform(TransformType::kEncr, 20, uint16_t(128));
                       prf_and_ke(out);
                     }),
            refused);
  const auto one = proposals("aes256gcm16-prfsha384-x25519");
  const Sa with_spi(one, kIkeSpi);
  EXPECT_EQ(describe(check_answer(with_spi.view(), terms(one))), refused);
}

TEST(Answer, MethodsAndTheNotify) {
  const char* const offer =
      "aes256gcm16-prfsha384-x25519-mlkem768-ke1_mlkem768-ke1_x25519-ke2_mlkem768-ke2_none";
  const auto with = [&](uint16_t ke, uint16_t ke1, uint16_t ke2, bool require = false, bool notify = true) {
    return answered(
        offer,
        [=](PayloadWriter& out) {
          // Types out of order: the exchanges run in theirs all the same.
          out.add_transform(TransformType(7), ke2);
          out.add_transform(TransformType(6), ke1);
          gcm(out);
          out.add_transform(TransformType::kPrf, 6);
          out.add_transform(TransformType::kKe, ke);
        },
        NegotiationPlace::kIkeSaInit, require, notify);
  };
  EXPECT_EQ(with(kA, kB, kNone), "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_none");
  EXPECT_EQ(with(kA, kB, kNone, true), "1:aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_none");
  EXPECT_EQ(with(kA, kB, kB), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with(kB, kB, kNone), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with(kA, kA, kB), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(with(kA, kB, kNone, false, false), "NO_PROPOSAL_CHOSEN");
  const char* const mixed = "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none";
  EXPECT_EQ(answered(mixed, usual, NegotiationPlace::kIkeSaInit, false, false),
            "1:aes256gcm16-prfsha384-x25519");
  EXPECT_EQ(answered(mixed, usual, NegotiationPlace::kIkeSaInit, true), "NO_PROPOSAL_CHOSEN");
}

// A policy that validate() refuses: even then no IKE SA goes without a key exchange.
TEST(Answer, IkeSaHasAKeyExchange) {
  auto offer = proposals("aes256gcm16-prfsha384-x25519");
  offer[0].transforms.push_back({TransformType::kKe, kNone});
  for (const bool explicit_none : {false, true}) {
    const Sa sa([&](PayloadWriter& out) {
      out.begin_sa();
      out.begin_proposal(1, ProtocolId::kIke, {});
      gcm(out);
      out.add_transform(TransformType::kPrf, 6);
      if (explicit_none) out.add_transform(TransformType::kKe, kNone);
      out.end_sa();
    });
    EXPECT_EQ(describe(check_answer(sa.view(), terms(offer))), "NO_PROPOSAL_CHOSEN");
    EXPECT_EQ(describe(choose_proposal(sa.view(), terms(offer))), "NO_PROPOSAL_CHOSEN");
  }
}

TEST(Answer, ChildSas) {
  const auto esp = [](PayloadWriter& out) {
    gcm(out);
    out.add_transform(TransformType::kEsn, 0);
  };
  const auto esp_with_ke = [&](PayloadWriter& out) {
    esp(out);
    out.add_transform(TransformType::kKe, 31);
  };
  using enum NegotiationPlace;
  EXPECT_EQ(answered("aes256gcm16-x25519-ke1_mlkem768", esp, kIkeAuth, true), "1:aes256gcm16");
  EXPECT_EQ(answered("aes256gcm16", esp_with_ke, kIkeAuth), "1:aes256gcm16");
  EXPECT_EQ(answered("aes256gcm16-x25519", esp, kChildSa), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(answered("aes256gcm16-x25519-none", esp, kChildSa), "1:aes256gcm16");
  EXPECT_EQ(answered("aes256gcm16-x25519", esp_with_ke, kChildSa), "1:aes256gcm16-x25519");
  EXPECT_EQ(answered("aes256gcm16", gcm, kChildSa), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(answered(
                "aes256gcm16-x25519-none-ke1_mlkem768-ke1_none",
                [&](PayloadWriter& out) {
                  esp(out);
                  out.add_transform(TransformType::kAddke1, kB);
                },
                kChildSa),
            "NO_PROPOSAL_CHOSEN");
}

}  // namespace
}  // namespace mlkem::test
