// SPDX-License-Identifier: Apache-2.0
// The bodies of payloads, the SA payload among them, and what PayloadWriter refuses.
#include "tests/ikev2_message_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

TEST(Payloads, EachIsReadAsWritten) {
  const Bytes spi = unhex("01020304"), data = unhex("a0a1a2"), low = unhex("0a000000"),
              high = unhex("0a0000ff"), low6(16, 0xfe), high6(16, 0xff);
  const TrafficSelector selectors[] = {{TsType::kIpv4Range, 6, 80, 443, low, high, {}},
                                       {TsType::kIpv6Range, 0, 0, 65535, low6, high6, {}},
                                       {TsType(9), 1, 0, 0, {}, {}, data}};
  PayloadType first;
  const Bytes octets = chain(
      [&](PayloadWriter& out) {
        out.add_id(PayloadType::kIdi, {IdType::kFqdn, data});
        out.add_cert(PayloadType::kCert, {CertEncoding::kX509Signature, data});
        out.add_cert(PayloadType::kCertreq, {CertEncoding::kX509Signature, {}});
        out.add_auth({2, data});
        out.add_delete({ProtocolId::kEsp, 4, unhex("0102030405060708")});
        out.add_delete({ProtocolId::kIke, 0, {}});
        out.add_ts(PayloadType::kTsi, selectors);
        out.add_notify({ProtocolId::kEsp, NotifyType::kRekeySa, spi, data});
        out.add(PayloadType::kCp, data);
        out.add(PayloadType::kEap, {});
      },
      &first);
  EXPECT_EQ(hex(octets),
            "2500000b02000000a0a1a2"
            "2600000804a0a1a2"
            "2700000504"
            "2a00000b02000000a0a1a2"
            "2a00001003040002"
            "0102030405060708"
            "2c00000801000000"
            "290000470300000007060010005001bb0a0000000a0000ff"
            "080000280000ffff"
            "fefefefefefefefefefefefefefefefe"
            "ffffffffffffffffffffffffffffffff"
            "09010007a0a1a2"
            "2f00000f0304400901020304a0a1a2"
            "30000007a0a1a2"
            "00000004");
  const Result<PayloadList> list = read_payloads(first, octets);
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->check_bodies());
  EXPECT_EQ(rebuilt(first, octets), hex(octets));

  const Result<IdPayload> id = read_id_body((*list)[0].body);
  EXPECT_EQ(id->type, IdType::kFqdn);
  EXPECT_EQ(hex(id->data), hex(data));
  EXPECT_EQ(read_cert_body((*list)[1].body)->encoding, CertEncoding::kX509Signature);
  EXPECT_EQ(hex(read_auth_body((*list)[3].body)->data), hex(data));
  const Result<DeletePayload> deleted = read_delete_body((*list)[4].body);
  ASSERT_EQ(deleted->count(), 2u);
  EXPECT_EQ(hex(deleted->spi(1)), "05060708");
  EXPECT_EQ(read_delete_body((*list)[5].body)->count(), 0u);
  const Result<TsPayload> ts = read_ts_body((*list)[6].body);
  ASSERT_EQ(ts->size(), 3u);
  auto selector = ts->begin();
  EXPECT_EQ((*selector).first_port, 80);
  EXPECT_EQ((*selector).last_port, 443);
  EXPECT_EQ((*selector).ip_protocol, 6);
  EXPECT_EQ(hex((*selector).last_address), hex(high));
  ++selector;
  EXPECT_EQ(hex((*selector).first_address), hex(low6));
  ++selector;
  EXPECT_EQ(hex((*selector).unknown), hex(data));
  EXPECT_TRUE(++selector == ts->end());
  const Result<NotifyPayload> notify = read_notify_body((*list)[7].body);
  EXPECT_EQ(notify->protocol, ProtocolId::kEsp);
  EXPECT_EQ(hex(notify->spi), hex(spi));
  EXPECT_EQ(hex(notify->data), hex(data));
}

TEST(Payloads, MalformedBodiesAreRefused) {
  for (const char* wrong : {"", "00", "0000", "000000", "00010000", "00050000aabbccdd"})
    expect_peer_fault(read_notify_body(unhex(wrong)), NotifyType::kInvalidSyntax);
  for (const char* wrong : {"", "020000"}) {
    expect_peer_fault(read_id_body(unhex(wrong)), NotifyType::kInvalidSyntax);
    expect_peer_fault(read_auth_body(unhex(wrong)), NotifyType::kInvalidSyntax);
  }
  expect_peer_fault(read_cert_body({}), NotifyType::kInvalidSyntax);
  for (const char* wrong :
       {"", "010000", "03040001", "0304000101020304ff", "03040002aabbccdd", "01000001", "0300ffff"})
    expect_peer_fault(read_delete_body(unhex(wrong)), NotifyType::kInvalidSyntax);
  for (const char* wrong :
       {"", "01", "01000000", "00000000", "0100000007000010000000000a0000000a0000", "010000000700000f",
        "0200000007000010000000000a0000000a000001", "0100000007000010000000000a0000000a00000100",
        "0100000007000018000000000a0000000a0000010000000000000000", "0100000009000003", "0100000009000000",
        "010000000800001000000000000000000000000000"})
    expect_peer_fault(read_ts_body(unhex(wrong)), NotifyType::kInvalidSyntax);
  EXPECT_TRUE(read_ts_body(unhex("0100000007000010000000000a0000000a000001")));
}

TEST(Payloads, NonceLengths) {
  for (const size_t size : {0u, 15u, 257u, 300u})
    expect_peer_fault(read_nonce_body(Bytes(size)), NotifyType::kInvalidSyntax);
  for (const size_t size : {16u, 32u, 256u}) EXPECT_TRUE(read_nonce_body(Bytes(size)));
}

TEST(SaPayload, UnknownPartsAreKept) {
  // Two proposals: protocol 9 with a 3-octet SPI and no transform; IKE with type 77, a long attribute, a Key
  // Length twice, and one of zero.
  const Bytes body = unhex(
      "0200000b01090300aabbcc"
      "0000003402010003"
      "030000114d00abcd"
      "0001000501"
      "02030405"
      "0300001001000014"
      "800e0100"
      "800e0080"
      "0000000c01000014"
      "800e0000");
  Bytes fixed = body;
  fixed[11 + 3] = uint8_t(body.size() - 11);
  const Result<SaPayload> sa = read_sa_body(fixed);
  ASSERT_TRUE(sa) << sa.error().message;
  EXPECT_EQ(sa->size(), 2u);
  auto proposal = sa->begin();
  EXPECT_EQ((*proposal).protocol, ProtocolId(9));
  EXPECT_EQ(hex((*proposal).spi), "aabbcc");
  EXPECT_EQ((*proposal).transforms.size(), 0u);
  ++proposal;
  const ProposalView second = *proposal;
  auto transform = second.transforms.begin();
  EXPECT_EQ((*transform).type, TransformType(77));
  EXPECT_EQ((*transform).id, 0xabcd);
  EXPECT_TRUE((*transform).unknown_attributes);
  ++transform;
  EXPECT_TRUE((*transform).unknown_attributes);
  EXPECT_EQ((*transform).key_bits, 256);
  ++transform;
  EXPECT_TRUE((*transform).unknown_attributes);
  EXPECT_EQ((*transform).key_bits, 0);
  const Bytes octets = chain([&](PayloadWriter& out) { out.add_sa(*sa); });
  EXPECT_EQ(hex(Octets(octets).subspan(kPayloadHeaderBytes)), hex(fixed));
}

TEST(SaPayload, LengthsAndCountsMustFit) {
  const std::string good =
      "0000001401010001"
      "0000000c01000014800e0100";
  ASSERT_TRUE(read_sa_body(unhex(good)));
  for (const char* wrong :
       {"", "00000008010100", "0000000701010000", "0000000901010000",
        "02000014010100010000000c01000014800e0100",
        "01000014010100010000000c01000014800e0100",     // neither last nor more
        "00000014010100020000000c01000014800e0100",     // one transform fewer than said
        "00000014010100000000000c01000014800e0100",     // one more
        "00000014010100010300000c01000014800e0100",     // more transforms to come
        "00000014010100010000000d01000014800e0100",     // transform too long
        "00000014010100010000000701000014800e0100",     // too short
        "00000013010100010000000b01000014800e01",       // attribute cut short
        "00000014010100010000000c01000014000e0100",     // attribute longer than its transform
        "000000140101ff010000000c01000014800e0100",     // SPI too long
        "00000014010100010000000c01000014800e010000"})  // trailing octet
    expect_peer_fault(read_sa_body(unhex(wrong)), NotifyType::kInvalidSyntax);
}

TEST(SaPayload, NumbersAreBounded) {
  const auto body = [](size_t proposals, size_t transforms) {
    Bytes octets = chain([&](PayloadWriter& out) {
      out.begin_sa();
      for (size_t i = 0; i < proposals; ++i) {
        out.begin_proposal(uint8_t(i + 1), ProtocolId::kIke, {});
        for (size_t j = 0; j < transforms; ++j) out.add_transform(TransformType::kEncr, 20, uint16_t(256));
      }
      out.end_sa();
    });
    return Bytes(octets.begin() + kPayloadHeaderBytes, octets.end());
  };
  EXPECT_TRUE(read_sa_body(body(kMaxProposals, kMaxTransforms)));
  expect_peer_fault(read_sa_body(body(kMaxProposals + 1, 1)), NotifyType::kInvalidSyntax);
  expect_peer_fault(read_sa_body(body(1, kMaxTransforms + 1)), NotifyType::kInvalidSyntax);
}

TEST(PayloadWriter, RoomIsChecked) {
  const Bytes whole = message([](PayloadWriter& out) {
    out.add_ke({31, Bytes(32)});
    out.add_nonce(Bytes(16));
  });
  for (size_t room = 0; room <= whole.size(); ++room) {
    Bytes buffer(room + 8, 0xee);
    PayloadWriter writer(std::span<uint8_t>(buffer).first(room), kHeader);
    writer.add_ke({31, Bytes(32)});
    writer.add_nonce(Bytes(16));
    const Result<size_t> size = writer.finish();
    EXPECT_EQ(bool(size), room == whole.size());
    if (!size) expect_error(size, ErrorKind::kMisuse);
    EXPECT_EQ(Bytes(buffer.begin() + long(room), buffer.end()), Bytes(8, 0xee));
  }
}

TEST(PayloadWriter, FieldsMustFit) {
  const auto fails = [](auto fill) {
    Bytes buffer(200000);
    PayloadWriter writer(buffer);
    fill(writer);
    expect_error(writer.finish(), ErrorKind::kMisuse);
  };
  fails([](PayloadWriter& out) { out.add(PayloadType::kVendorId, Bytes(65532)); });
  fails([](PayloadWriter& out) { out.add_notify({ProtocolId::kIke, NotifyType::kCookie, Bytes(256), {}}); });
  fails([](PayloadWriter& out) { out.add_delete({ProtocolId::kEsp, 4, Bytes(5)}); });
  fails([](PayloadWriter& out) { out.add_delete({ProtocolId::kIke, 0, Bytes(1)}); });
  fails([](PayloadWriter& out) {
    out.begin_sa();
    out.begin_proposal(1, ProtocolId::kIke, Bytes(256));
    out.end_sa();
  });
  fails([](PayloadWriter& out) {
    out.begin_sa();
    out.begin_proposal(1, ProtocolId::kIke, {});
    for (int i = 0; i < 256; ++i) out.add_transform(TransformType::kKe, 31);
    out.end_sa();
  });
  const Bytes four(4), sixteen(16);
  for (const TrafficSelector& wrong : {TrafficSelector{TsType::kIpv4Range, 0, 0, 0, four, sixteen, {}},
                                       TrafficSelector{TsType::kIpv6Range, 0, 0, 0, four, four, {}}})
    fails([&](PayloadWriter& out) {
      out.add_ts(PayloadType::kTsi, std::span<const TrafficSelector>(&wrong, 1));
    });
  const std::vector<TrafficSelector> many(256, TrafficSelector{TsType::kIpv4Range, 0, 0, 0, four, four, {}});
  fails([&](PayloadWriter& out) { out.add_ts(PayloadType::kTsi, many); });
  Bytes buffer(65535 + 10);
  PayloadWriter writer(buffer);
  writer.add(PayloadType::kVendorId, Bytes(65531));
  EXPECT_EQ(*writer.finish(), 65535u);
}

}  // namespace
}  // namespace mlkem::test
