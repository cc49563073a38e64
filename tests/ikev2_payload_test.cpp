// SPDX-License-Identifier: Apache-2.0
// The KE payload codec, and KE data of any kind thrown at a responder.
#include <random>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

Bytes ke_payload(uint16_t method, Octets data, PayloadType next = PayloadType::kNone) {
  Bytes out(kKePayloadHeaderBytes + data.size());
  const Result<size_t> written = write_ke_payload(out, next, method, data);
  EXPECT_TRUE(written);
  EXPECT_EQ(*written, out.size());
  return out;
}

TEST(KePayload, RoundTrips) {
  const Bytes data = unhex("00112233445566");
  const Bytes payload = ke_payload(36, data, PayloadType::kNonce);
  EXPECT_EQ(hex(payload), "2800000f0024000000112233445566");
  const Result<KePayload> read = read_ke_payload(payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->method, 36);
  EXPECT_EQ(copy(read->data), data);
}

TEST(KePayload, ReservedBitsAreIgnored) {
  const Bytes payload = unhex("28ff000a0024ffffabcd");
  const Result<KePayload> read = read_ke_payload(payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->method, 36);
  EXPECT_EQ(hex(read->data), "abcd");
  EXPECT_TRUE(read_payload(payload)->critical);
  EXPECT_FALSE(read_payload(unhex("287f000a0024ffffabcd"))->critical);
}

TEST(KePayload, LengthsMustFit) {
  for (const char* wrong :
       {"", "28", "280000", "28000003", "28000000", "2800000900240000", "2800000700240000", "28000007002400",
        "28000004", "2800000800240000ff", "280000060024"})
    expect_peer_fault(read_ke_payload(unhex(wrong)), NotifyType::kInvalidSyntax);
  for (const char* wrong :
       {"", "2800", "2800000300240000", "2800000000240000", "2800000900240000", "2800ffff00240000"})
    expect_peer_fault(read_payload(unhex(wrong)), NotifyType::kInvalidSyntax);
  EXPECT_TRUE(read_ke_payload(unhex("2800000800240000")));
}

TEST(KePayload, ChainIsReadPieceByPiece) {
  Bytes chain = ke_payload(31, Bytes(32, 0x11), PayloadType::kNonce);
  chain.insert(chain.end(), {0, 0, 0, 6, 0xaa, 0xbb});
  const Result<PayloadView> first = read_payload(chain);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->next, PayloadType::kNonce);
  EXPECT_EQ(read_ke_body(first->body)->method, 31);
  const Result<PayloadView> second = read_payload(first->rest);
  ASSERT_TRUE(second);
  EXPECT_EQ(hex(second->body), "aabb");
  EXPECT_TRUE(second->rest.empty());
}

TEST(KePayload, WriterChecksRoom) {
  Bytes out(kKePayloadHeaderBytes + 3);
  expect_error(write_ke_payload(out, PayloadType::kNone, 36, Bytes(4)), ErrorKind::kMisuse);
  out.resize(70000);
  expect_error(write_ke_payload(out, PayloadType::kNone, 36, Bytes(65528)), ErrorKind::kMisuse);
  EXPECT_TRUE(write_ke_payload(out, PayloadType::kNone, 36, Bytes(65527)));
}

TEST(KePayload, MlKemLengthsAreTheDrafts) {
  const auto crypto = new_crypto();
  const struct {
    KeMethod method;
    size_t from_initiator, from_responder;
  } expected[] = {
      {KeMethod::kMlKem512, 808, 776}, {KeMethod::kMlKem768, 1192, 1096}, {KeMethod::kMlKem1024, 1576, 1576}};
  for (const auto& row : expected) {
    auto initiator = KeyExchangeInitiator::start(row.method, *crypto);
    ASSERT_TRUE(initiator);
    const uint16_t number = *code_point(row.method);
    EXPECT_EQ(ke_payload(number, initiator->public_value()).size(), row.from_initiator);
    const auto share = respond(row.method, initiator->public_value(), *crypto);
    ASSERT_TRUE(share);
    EXPECT_EQ(ke_payload(number, share->public_value()).size(), row.from_responder);
    EXPECT_EQ(share->secret().size(), 32u);
  }
}

TEST(KePayload, RandomOctetsNeverCrash) {
  const auto crypto = new_crypto();
  std::mt19937_64 random(9370);
  unsigned answered = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes octets(random() % 2000);
    for (uint8_t& octet : octets) octet = uint8_t(random());
    if (round % 2 == 0 && octets.size() >= kKePayloadHeaderBytes) {
      // Half of them get a payload header that fits and a method that exists, and every third the right
      // length.
      const KeMethod method = kAllMethods[random() % std::size(kAllMethods)];
      if (round % 3 == 0) octets.resize(kKePayloadHeaderBytes + sizes(method).initiator_value);
      const bool costly = sizes(method).secret > 66;
      if (costly && round % 64 != 0) continue;
      octets[2] = uint8_t(octets.size() >> 8);
      octets[3] = uint8_t(octets.size());
      octets[4] = 0;
      octets[5] = uint8_t(*code_point(method));
    }
    const Result<KePayload> payload = read_ke_payload(octets);
    if (!payload) {
      expect_peer_fault(payload, NotifyType::kInvalidSyntax);
      continue;
    }
    const std::optional<KeMethod> method = ke_method(payload->method);
    if (!method) continue;
    const Result<ResponderShare> share = respond(*method, payload->data, *crypto);
    if (share) {
      ++answered;
    } else {
      ++refused;
      expect_peer_fault(share, NotifyType::kInvalidSyntax);
    }
  }
  EXPECT_GT(answered, 100u);  // X25519 and X448 take any octets of the right length
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace mlkem::test
