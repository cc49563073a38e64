// SPDX-License-Identifier: Apache-2.0
// What the suites of negotiation share: proposals out of text, SA payloads that stay, terms, results as text.
#pragma once

#include <functional>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {

inline constexpr uint16_t kA = uint16_t(ikev2::KeMethod::kX25519), kB = uint16_t(ikev2::KeMethod::kMlKem768),
                          kNone = ikev2::kKeNone;
inline const Bytes kEspSpi = unhex("c0000001"), kIkeSpi = unhex("0102030405060708");

inline bool is_esp(ikev2::NegotiationPlace place) {
  return place == ikev2::NegotiationPlace::kIkeAuth || place == ikev2::NegotiationPlace::kChildSa;
}

inline std::vector<ikev2::Proposal> proposals(
    std::string_view text, ikev2::NegotiationPlace place = ikev2::NegotiationPlace::kIkeSaInit) {
  const auto parsed =
      ikev2::parse_proposals(text, is_esp(place) ? ikev2::ProtocolId::kEsp : ikev2::ProtocolId::kIke);
  if (!parsed) ADD_FAILURE() << text << ": " << parsed.error().message;
  return parsed ? *parsed : std::vector<ikev2::Proposal>();
}

// The body of an SA payload that stays where it is.
class Sa {
 public:
  explicit Sa(const std::function<void(ikev2::PayloadWriter&)>& fill) {
    Bytes buffer(65536);
    ikev2::PayloadWriter writer(buffer);
    fill(writer);
    const ikev2::Result<size_t> size = writer.finish();
    EXPECT_TRUE(size);
    body_.assign(buffer.begin() + ikev2::kPayloadHeaderBytes, buffer.begin() + long(*size));
  }
  Sa(std::span<const ikev2::Proposal> offer, ikev2::Octets spi)
      : Sa([&](ikev2::PayloadWriter& out) { EXPECT_TRUE(ikev2::write_proposals(out, offer, spi)); }) {}

  ikev2::SaPayload view() const { return *ikev2::read_sa_body(body_); }

 private:
  Bytes body_;
};

inline ikev2::Octets spi_for(ikev2::NegotiationPlace place) {
  if (place == ikev2::NegotiationPlace::kIkeSaInit) return {};
  return place == ikev2::NegotiationPlace::kIkeRekey ? ikev2::Octets(kIkeSpi) : ikev2::Octets(kEspSpi);
}

inline ikev2::NegotiationTerms terms(std::span<const ikev2::Proposal> own,
                                     ikev2::NegotiationPlace place = ikev2::NegotiationPlace::kIkeSaInit,
                                     bool require_ml_kem = false, bool intermediate = true) {
  return {place, own, require_ml_kem, intermediate, ikev2::MlKemNumbering::kRegistry};
}

// The transforms that most cases write: AES-256-GCM, and beside it PRF and key exchange.
inline void gcm(ikev2::PayloadWriter& out) {
  out.add_transform(ikev2::TransformType::kEncr, 20, uint16_t(256));
}
inline void prf_and_ke(ikev2::PayloadWriter& out) {
  out.add_transform(ikev2::TransformType::kPrf, 6);
  out.add_transform(ikev2::TransformType::kKe, 31);
}
inline void usual(ikev2::PayloadWriter& out) {
  gcm(out);
  prf_and_ke(out);
}

// What was agreed upon as text, with its number; or the notify.
inline std::string describe(const ikev2::Result<ikev2::Agreement>& agreement) {
  if (!agreement) return std::string(ikev2::name(agreement.error().notify));
  ikev2::Proposal proposal{agreement->protocol, {}};
  for (const ikev2::Transform& transform : agreement->transforms()) proposal.transforms.push_back(transform);
  return std::to_string(agreement->number) + ":" + ikev2::to_string(proposal);
}

}  // namespace mlkem::test
