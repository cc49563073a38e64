// SPDX-License-Identifier: Apache-2.0
// Proposals: strongSwan's notation, the wire, and the way between them.
#include <algorithm>
#include <random>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

constexpr uint16_t kAesBits[] = {128, 192, 256};

Proposal parsed(std::string_view text, ProtocolId protocol) {
  const auto proposals = parse_proposals(text, protocol);
  if (!proposals || proposals->size() != 1) {
    ADD_FAILURE() << text << ": " << (proposals ? "several" : proposals.error().message);
    return {};
  }
  return proposals->front();
}

Bytes sa_body(std::span<const Proposal> proposals, Octets spi = {},
              MlKemNumbering numbering = MlKemNumbering::kRegistry,
              KeyExchangeTypes types = KeyExchangeTypes::kInclude) {
  Bytes buffer(65536);
  PayloadWriter writer(buffer);
  EXPECT_TRUE(write_proposals(writer, proposals, spi, numbering, types));
  const Result<size_t> size = writer.finish();
  EXPECT_TRUE(size);
  return Bytes(buffer.begin() + kPayloadHeaderBytes, buffer.begin() + long(*size));
}

TEST(Notation, CanonicalFormsStay) {
  for (const char* text :
       {"aes256gcm16-prfsha384-x25519-ke1_mlkem768", "aes256gcm16-prfsha384-x25519", "aes256-sha256-x25519",
        "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_mlkem1024-ke3_ecp256",
        "aes256gcm16-prfsha384-mlkem768", "chacha20poly1305-prfsha256-x25519-ke1_mlkem768",
        "aes256-sha256-prfsha512-ecp384",
        "aes128-aes256-sha256-sha512-x25519-ecp256-ke1_mlkem512-ke1_mlkem768-ke1_none-ke7_x448",
        "aes192ctr-sha1-modp2048", "aes128ccm16-prfsha1-modp3072-modp4096-ecp521"})
    EXPECT_EQ(to_string(parsed(text, ProtocolId::kIke)), text);
  for (const char* text :
       {"aes256gcm16", "aes256gcm16-esn", "aes256gcm16-noesn-esn", "aes256-sha256-modp2048",
        "aes256gcm16-x25519-none", "aes128gcm16-x25519-ke1_mlkem768-ke1_none"})
    EXPECT_EQ(to_string(parsed(text, ProtocolId::kEsp)), text);
}

TEST(Notation, IsReadAsStrongswanDoes) {
  const struct {
    ProtocolId protocol;
    const char *text, *canonical;
  } rows[] = {
      {ProtocolId::kIke, "aes-sha-curve25519", "aes128-sha1-x25519"},
      {ProtocolId::kIke, "aes256gcm-prfsha256-x25519", "aes256gcm16-prfsha256-x25519"},
      {ProtocolId::kIke, "aes128ccm128-prfsha256-curve448", "aes128ccm16-prfsha256-x448"},
      {ProtocolId::kIke, "x25519-prfsha384-aes256gcm128", "aes256gcm16-prfsha384-x25519"},
      // The PRF comes from the integrity algorithm, which an AEAD then drops.
      {ProtocolId::kIke, "aes256gcm16-sha384-x25519", "aes256gcm16-prfsha384-x25519"},
      {ProtocolId::kIke, "aes256-sha256-prfsha256-x25519", "aes256-sha256-x25519"},
      {ProtocolId::kIke, "aes256-sha256-x25519-none", "aes256-sha256-x25519"},
      {ProtocolId::kIke, "aes256-aes256-sha256-x25519-x25519", "aes256-sha256-x25519"},
      {ProtocolId::kIke, " \taes256-sha256-x25519\r\n", "aes256-sha256-x25519"},
      {ProtocolId::kIke, "aes256-sha256-x25519-ke2_modpnone", "aes256-sha256-x25519-ke2_none"},
      {ProtocolId::kEsp, "aes256gcm16-noesn", "aes256gcm16"},
      {ProtocolId::kEsp, "aes256gcm16-sha256-prfsha256", "aes256gcm16"},
      {ProtocolId::kEsp, "aes256-sha256-prfsha512", "aes256-sha256"},
  };
  for (const auto& row : rows) EXPECT_EQ(to_string(parsed(row.text, row.protocol)), row.canonical);

  const Proposal implied = parsed("aes256-sha256-sha512-x25519", ProtocolId::kIke);
  EXPECT_EQ(std::count(implied.transforms.begin(), implied.transforms.end(),
                       (Transform{TransformType::kPrf, uint16_t(PrfId::kHmacSha512)})),
            1);
  const Proposal esp = parsed("aes256gcm16", ProtocolId::kEsp);
  EXPECT_TRUE(esp.has(TransformType::kEsn));
}

TEST(Notation, ListsOfProposals) {
  const auto two =
      parse_proposals("aes256gcm16-prfsha384-x25519-ke1_mlkem768, aes256-sha256-ecp384", ProtocolId::kIke);
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ(to_string(two->back()), "aes256-sha256-ecp384");
}

TEST(Notation, FaultsAreNamed) {
  const struct {
    ProtocolId protocol;
    std::string_view text, keyword;
    size_t position;
    const char* message;
  } rows[] = {
      {ProtocolId::kIke, "aes256gcm16-prfsha384-x25520", "x25520", 22, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519, 3des-sha1-x25519", "3des", 22, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-ke0_mlkem768", "ke0_mlkem768", 21, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-ke8_mlkem768", "ke8_mlkem768", 21, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-ke1_", "ke1_", 21, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-ke1_sha256", "ke1_sha256", 21, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-esn", "esn", 21, "unknown keyword"},
      {ProtocolId::kIke, "aes256--x25519", "", 7, "unknown keyword"},
      {ProtocolId::kIke, "aes256-sha256-x25519-", "", 21, "unknown keyword"},
      {ProtocolId::kIke, "AES256-sha256-x25519", "AES256", 0, "unknown keyword"},
      {ProtocolId::kIke, "", "", 0, "a proposal is empty"},
      {ProtocolId::kIke, "aes256-sha256-x25519,", "", 21, "a proposal is empty"},
      {ProtocolId::kIke, " , aes256-sha256-x25519", "", 1, "a proposal is empty"},
      {ProtocolId::kIke, "sha256-x25519", "", 0, "the proposal lacks an encryption algorithm"},
      {ProtocolId::kIke, "aes256-x25519", "", 0, "a cipher that is no AEAD needs an integrity algorithm"},
      {ProtocolId::kIke, "aes256gcm16-x25519", "", 0, "the proposal lacks a PRF"},
      {ProtocolId::kIke, "aes256-sha256", "", 0, "the proposal lacks a key exchange method"},
      {ProtocolId::kIke, "aes256-sha256-none", "", 0, "the proposal lacks a key exchange method"},
      {ProtocolId::kIke, "aes256gcm16-aes256-sha256-x25519", "", 0,
       "AEAD and other ciphers can't share a proposal"},
      {ProtocolId::kEsp, "aes256gcm16, x25519", "", 13, "the proposal lacks an encryption algorithm"},
      {ProtocolId::kEsp, "aes256gcm16-ke1_mlkem768", "", 0, "additional key exchanges need a first one"},
      {ProtocolId::kEsp, "aes256gcm16-none-ke1_mlkem768", "", 0, "additional key exchanges need a first one"},
      {ProtocolId::kAh, "sha256", "", 0, "a proposal is for IKE or for ESP"},
  };
  for (const auto& row : rows) {
    NotationFault fault;
    const auto proposals = parse_proposals(row.text, row.protocol, &fault);
    expect_error(proposals, ErrorKind::kMisuse);
    if (proposals) continue;
    EXPECT_STREQ(proposals.error().message, row.message) << row.text;
    EXPECT_EQ(fault.position, row.position) << row.text;
    EXPECT_EQ(row.text.substr(fault.position, fault.length), row.keyword) << row.text;
    expect_error(parse_proposals(row.text, row.protocol), ErrorKind::kMisuse);
  }
}

TEST(Proposal, IsValidatedByItself) {
  const Proposal good = parsed("aes256-sha256-x25519", ProtocolId::kIke);
  EXPECT_TRUE(validate(good));
  const Transform wrong[] = {
      {TransformType::kEsn, 0},        {TransformType::kEncr, 12, 256}, {TransformType::kEncr, 12, 64},
      {TransformType::kEncr, 3, 0},    {TransformType::kPrf, 1},        {TransformType::kPrf, 5, 256},
      {TransformType::kInteg, 0},      {TransformType::kInteg, 99},     {TransformType::kKe, kKeNone},
      {TransformType::kKe, 2},         {TransformType::kAddke1, 99},    {TransformType(13), 31},
      {TransformType::kEncr, 20, 256}, {TransformType::kKe, 31}};
  for (const Transform& transform : wrong) {
    Proposal bad = good;
    bad.transforms.push_back(transform);
    expect_error(validate(bad), ErrorKind::kMisuse);
  }
  Proposal esp = parsed("aes256gcm16", ProtocolId::kEsp);
  esp.transforms.push_back({TransformType::kPrf, 5});
  expect_error(validate(esp), ErrorKind::kMisuse);
  esp = parsed("aes256gcm16", ProtocolId::kEsp);
  esp.transforms.pop_back();
  expect_error(validate(esp), ErrorKind::kMisuse);
  Proposal aead = parsed("aes256gcm16-prfsha256-x25519", ProtocolId::kIke);
  aead.transforms.push_back({TransformType::kInteg, 12});
  expect_error(validate(aead), ErrorKind::kMisuse);
}

// The SA payload of the recording mlkem768, bit for bit.
TEST(Proposal, IsWrittenAsRecorded) {
  const std::vector<Proposal> one = {parsed("aes256gcm16-prfsha384-x25519-ke1_mlkem768", ProtocolId::kIke)};
  EXPECT_EQ(hex(sa_body(one)),
            "0000002c01010004"
            "0300000c01000014800e0100"
            "0300000802000006"
            "030000080400001f"
            "0000000806000024");
  EXPECT_EQ(hex(sa_body(one, unhex("0102030405060708"))).substr(0, 32), "00000034010108040102030405060708");
}

TEST(Proposal, KeyExchangesAreLeftOutInIkeAuth) {
  const std::vector<Proposal> one = {parsed("aes256gcm16-x25519-ke1_mlkem768", ProtocolId::kEsp)};
  EXPECT_EQ(hex(sa_body(one, unhex("c0000001"), MlKemNumbering::kRegistry, KeyExchangeTypes::kLeaveOut)),
            "0000002001030402c0000001"
            "0300000c01000014800e0100"
            "0000000805000000");
}

TEST(Proposal, EarlyNumberingIsExplicit) {
  const std::vector<Proposal> one = {parsed("aes256gcm16-prfsha384-x25519-ke1_mlkem768", ProtocolId::kIke)};
  const Bytes body = sa_body(one, {}, MlKemNumbering::kDraft00);
  EXPECT_EQ(body.back(), 35);
  const ProposalView view = *read_sa_body(body)->begin();
  EXPECT_EQ(to_string(view, MlKemNumbering::kDraft00), "aes256gcm16-prfsha384-x25519-ke1_mlkem768");
  EXPECT_EQ(to_string(view), "aes256gcm16-prfsha384-x25519-ke1_mlkem512");
  EXPECT_EQ(*read_proposal(view, MlKemNumbering::kDraft00), one[0]);

  const std::vector<Proposal> small = {parsed("aes256gcm16-prfsha384-mlkem512", ProtocolId::kIke)};
  Bytes buffer(256);
  PayloadWriter writer(buffer);
  expect_error(write_proposals(writer, small, {}, MlKemNumbering::kDraft00), ErrorKind::kMisuse);
  expect_error(write_proposals(writer, {}, {}), ErrorKind::kMisuse);
}

TEST(Proposal, UnknownPartsArePrintedAndRefused) {
  const Bytes body = unhex(
      "0000004001010005"
      "0300000c01000014800e0100"
      "0300000802000001"
      "0300000c03000005800e0080"
      "0300000c4d00000280010001"
      "0000000c0400001f800e0010");
  const ProposalView view = *read_sa_body(body)->begin();
  EXPECT_EQ(to_string(view), "aes256gcm16-2.1-3.5/128-77.2?-4.31/16");
  expect_peer_fault(read_proposal(view), NotifyType::kNoProposalChosen);
  Bytes other = unhex(
      "0000001401070001"
      "0000000c01000014800e0100");
  expect_peer_fault(read_proposal(*read_sa_body(other)->begin()), NotifyType::kNoProposalChosen);
}

TEST(Transform, KeyLengthIsRequiredOrForbidden) {
  const auto known = [](TransformType type, uint16_t id, uint16_t bits) {
    return known_transform({type, id, {}, bits, false}).has_value();
  };
  for (const uint16_t id : {uint16_t(12), uint16_t(13), uint16_t(16), uint16_t(20)}) {
    EXPECT_FALSE(known(TransformType::kEncr, id, 0));
    EXPECT_FALSE(known(TransformType::kEncr, id, 160));
    for (const uint16_t bits : kAesBits) EXPECT_TRUE(known(TransformType::kEncr, id, bits));
  }
  EXPECT_TRUE(known(TransformType::kEncr, 28, 0));
  EXPECT_FALSE(known(TransformType::kEncr, 28, 256));
  EXPECT_TRUE(known(TransformType::kPrf, 5, 0));
  EXPECT_FALSE(known(TransformType::kPrf, 5, 256));
  EXPECT_TRUE(known(TransformType::kInteg, 12, 0));
  EXPECT_FALSE(known(TransformType::kInteg, 12, 256));
  EXPECT_TRUE(known(TransformType::kKe, 36, 0));
  EXPECT_FALSE(known(TransformType::kKe, 36, 256));
  EXPECT_TRUE(known(TransformType::kEsn, 1, 0));
  EXPECT_FALSE(known(TransformType::kEsn, 2, 0));
  EXPECT_FALSE(known_transform({TransformType::kKe, 36, {}, 0, true}));
}

class RandomProposals {
 public:
  Proposal make(ProtocolId protocol) {
    Proposal proposal{protocol, {}};
    const bool ike = protocol == ProtocolId::kIke, aead = flip();
    std::vector<Transform> ciphers;
    for (const uint16_t bits : kAesBits)
      for (const EncrId id : {EncrId::kAesCbc, EncrId::kAesCtr, EncrId::kAesCcm16, EncrId::kAesGcm16})
        if (is_aead(id) == aead) ciphers.push_back({TransformType::kEncr, uint16_t(id), bits});
    if (aead) ciphers.push_back({TransformType::kEncr, uint16_t(EncrId::kChacha20Poly1305)});
    add(proposal, ciphers, 1);
    if (!aead) add(proposal, all(TransformType::kInteg, {2, 12, 13, 14}), 1);
    if (ike) add(proposal, all(TransformType::kPrf, {2, 5, 6, 7}), 1);
    const bool exchanges = ike || flip();
    if (exchanges) add(proposal, methods(TransformType::kKe, false), 1);
    if (exchanges && !ike && flip()) proposal.transforms.push_back({TransformType::kKe, kKeNone});
    for (unsigned i = 1; exchanges && i <= kMaxAdditionalKeyExchanges; ++i)
      if (random_() % 4 == 0) add(proposal, methods(additional_key_exchange(i), true), 1);
    if (!ike) add(proposal, all(TransformType::kEsn, {0, 1}), 1);
    return proposal;
  }

 private:
  bool flip() { return random_() % 2 == 0; }
  static std::vector<Transform> all(TransformType type, std::initializer_list<uint16_t> ids) {
    std::vector<Transform> made;
    for (const uint16_t id : ids) made.push_back({type, id});
    return made;
  }
  static std::vector<Transform> methods(TransformType type, bool none) {
    std::vector<Transform> made;
    for (const KeMethod method : kAllMethods) made.push_back({type, uint16_t(method)});
    if (none) made.push_back({type, kKeNone});
    return made;
  }
  void add(Proposal& proposal, std::vector<Transform> from, size_t at_least) {
    std::shuffle(from.begin(), from.end(), random_);
    const size_t count = at_least + random_() % from.size();
    proposal.transforms.insert(proposal.transforms.end(), from.begin(), from.begin() + long(count));
  }

  std::mt19937_64 random_{9370};
};

TEST(Proposal, RoundTripsThroughTextAndWire) {
  RandomProposals random;
  for (int round = 0; round < 3000; ++round) {
    const ProtocolId protocol = round % 2 ? ProtocolId::kIke : ProtocolId::kEsp;
    std::vector<Proposal> proposals;
    for (int i = 0; i <= round % 3; ++i) proposals.push_back(random.make(protocol));
    std::string text;
    for (const Proposal& proposal : proposals) {
      ASSERT_TRUE(validate(proposal)) << validate(proposal).error().message;
      text += (text.empty() ? "" : ",") + to_string(proposal);
    }
    const auto reread = parse_proposals(text, protocol);
    ASSERT_TRUE(reread) << text;
    std::string again;
    for (const Proposal& proposal : *reread) again += (again.empty() ? "" : ",") + to_string(proposal);
    ASSERT_EQ(again, text);

    const Bytes body = sa_body(proposals);
    const Result<SaPayload> sa = read_sa_body(body);
    ASSERT_TRUE(sa);
    ASSERT_EQ(sa->size(), proposals.size());
    size_t index = 0;
    for (const ProposalView& view : *sa) {
      ASSERT_EQ(*read_proposal(view), proposals[index]);
      ASSERT_EQ(view.number, ++index);
    }
  }
}

}  // namespace
}  // namespace mlkem::test
