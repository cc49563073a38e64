// SPDX-License-Identifier: Apache-2.0
// Messages and chains of payloads: recorded ones decoded and rebuilt, bounds and lengths, mutations.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "tests/ikev2_message_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using Json = nlohmann::json;

struct Counts {
  unsigned files = 0, messages = 0, clear = 0, inner = 0;
};

void check_recording(const std::filesystem::path& file, Counts& counts) {
  SCOPED_TRACE(display_name(file));
  std::string reason;
  const auto text = read_vector_file(file, &reason);
  ASSERT_TRUE(text) << reason;
  ++counts.files;
  const Json json = Json::parse(*text);
  for (const Json& entry : json.at("messages")) {
    SCOPED_TRACE(entry.at("what").get<std::string>());
    const Bytes octets = unhex(entry.at("hex").get<std::string>());
    const Result<Message> parsed = read_message(octets);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(parsed->payloads.check_bodies());
    EXPECT_EQ(rebuilt(*parsed), hex(octets));
    ++counts.messages;
    counts.clear += !parsed->payloads.find(PayloadType::kSk) && !parsed->payloads.find(PayloadType::kSkf);
  }
  // P of IntAuth is the inside of SK, and A's last octets are SK's header.
  for (const Json& entry : json.at("intauth")) {
    const Bytes a = unhex(entry.at("A").get<std::string>()), p = unhex(entry.at("P").get<std::string>());
    EXPECT_EQ(rebuilt(PayloadType(a.at(a.size() - kPayloadHeaderBytes)), p), hex(p));
    ++counts.inner;
  }
}

std::vector<std::filesystem::path> own_recordings() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(MLKEM_TEST_RECORDINGS))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  return files;
}

TEST(Message, OwnRecordingsAreRebuilt) {
  Counts counts;
  for (const auto& file : own_recordings()) check_recording(file, counts);
  EXPECT_EQ(counts.files, 16u);
  EXPECT_GE(counts.clear, 32u);
  std::printf("%u messages rebuilt, %u of them in the clear, and %u plaintexts of SK\n", counts.messages,
              counts.clear, counts.inner);
}

TEST(Message, GivenRecordingsAreRebuilt) {
  const auto files = vector_files({"kat.json"});
  if (files.empty()) GTEST_SKIP() << no_vectors_reason("kat.json of recorded exchanges");
  Counts counts;
  for (const auto& file : files) check_recording(file, counts);
  std::printf("%u messages of %u recordings rebuilt, %u of them in the clear, and %u plaintexts of SK\n",
              counts.messages, counts.files, counts.clear, counts.inner);
}

TEST(IkeHeader, IsReadAsWritten) {
  IkeHeader header = kHeader;
  header.first_payload = PayloadType(99);
  header.exchange = ExchangeType(200);
  header.flags = 0xff;
  header.length = kIkeHeaderBytes;
  std::array<uint8_t, kIkeHeaderBytes> octets;
  write_ike_header(octets, header);
  EXPECT_EQ(hex(octets),
            "0102030405060708090000000000000063"
            "20c8ff010203040000001c");
  const Result<IkeHeader> read = read_ike_header(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first_payload, PayloadType(99));
  EXPECT_EQ(read->exchange, ExchangeType(200));
  EXPECT_EQ(read->flags, 0xff);
  EXPECT_EQ(read->message_id, 0x01020304u);
  EXPECT_TRUE(read->from_initiator());
  EXPECT_TRUE(read->is_response());
  EXPECT_EQ(read->spi_i, header.spi_i);
  EXPECT_EQ(read->spi_r, header.spi_r);
}

TEST(IkeHeader, FieldsAreReadUnchecked) {
  std::array<uint8_t, kIkeHeaderBytes> octets, again;
  std::iota(octets.begin(), octets.end(), uint8_t(1));
  EXPECT_FALSE(read_ike_header(octets));
  const IkeHeader header = read_ike_header_fields(octets);
  EXPECT_EQ(header.message_id, 0x15161718u);
  write_ike_header(again, header);
  EXPECT_EQ(again, octets);
}

TEST(IkeHeader, VersionAndLengthAreChecked) {
  const Bytes whole = message([](PayloadWriter& out) { out.add_nonce(Bytes(32)); });
  ASSERT_TRUE(read_message(whole));
  for (size_t size = 0; size < whole.size(); ++size)
    expect_peer_fault(read_message(Octets(whole).first(size)), NotifyType::kInvalidSyntax);
  for (const int off : {-1, 1}) {
    Bytes other = whole;
    other[27] = uint8_t(other[27] + off);
    expect_peer_fault(read_message(other), NotifyType::kInvalidSyntax);
    expect_peer_fault(read_ike_header(other), NotifyType::kInvalidSyntax);
  }
  Bytes longer = whole;
  longer.push_back(0);
  expect_peer_fault(read_message(longer), NotifyType::kInvalidSyntax);
  const struct {
    uint8_t version;
    NotifyType notify;
  } versions[] = {{0x10, NotifyType::kInvalidSyntax},
                  {0x00, NotifyType::kInvalidSyntax},
                  {0x1f, NotifyType::kInvalidSyntax},
                  {0x30, NotifyType::kInvalidMajorVersion},
                  {0xff, NotifyType::kInvalidMajorVersion}};
  for (const auto& row : versions) {
    Bytes other = whole;
    other[17] = row.version;
    expect_peer_fault(read_message(other), row.notify);
  }
  Bytes minor = whole;
  minor[17] = 0x25;
  EXPECT_TRUE(read_message(minor));
}

TEST(PayloadChain, EmptyOnesAndTrailingOctets) {
  EXPECT_TRUE(read_payloads(PayloadType::kNone, {})->empty());
  expect_peer_fault(read_payloads(PayloadType::kNone, unhex("00")), NotifyType::kInvalidSyntax);
  expect_peer_fault(read_payloads(PayloadType::kNonce, {}), NotifyType::kInvalidSyntax);
  expect_peer_fault(read_payloads(PayloadType::kVendorId, unhex("0000000400")), NotifyType::kInvalidSyntax);
  expect_peer_fault(read_payloads(PayloadType::kVendorId, unhex("2b000004")), NotifyType::kInvalidSyntax);
  EXPECT_EQ(read_payloads(PayloadType::kVendorId, unhex("2b00000400000004"))->size(), 2u);
}

TEST(PayloadChain, UnknownPayloads) {
  // V, an unknown one, V.
  Bytes octets = unhex(
      "6300000500"
      "2b000006aabb"
      "0000000500");
  const Result<PayloadList> skipped = read_payloads(PayloadType::kVendorId, octets);
  ASSERT_TRUE(skipped);
  ASSERT_EQ(skipped->size(), 3u);
  EXPECT_EQ((*skipped)[1].type, PayloadType(0x63));
  EXPECT_EQ(hex((*skipped)[1].body), "aabb");
  EXPECT_EQ(rebuilt(PayloadType::kVendorId, octets), hex(octets));

  octets[6] = 0x80;
  const Result<PayloadList> refused = read_payloads(PayloadType::kVendorId, octets);
  expect_peer_fault(refused, NotifyType::kUnsupportedCriticalPayload);
  EXPECT_EQ(refused.error().notify_data, 0x63);
  octets[6] = 0;
  octets[1] = 0x80;  // the critical bit on a known payload means nothing
  EXPECT_TRUE(read_payloads(PayloadType::kVendorId, octets));
  EXPECT_EQ(rebuilt(PayloadType::kVendorId, octets), hex(octets));
}

TEST(PayloadChain, EveryUnknownCriticalTypeIsNamed) {
  for (unsigned type = 1; type < 256; ++type) {
    const Bytes octets = unhex("00800004");
    const Result<PayloadList> list = read_payloads(PayloadType(type), octets);
    const bool known = (type >= 33 && type <= 48) || type == 53;
    EXPECT_EQ(is_known(PayloadType(type)), known) << type;
    if (known) continue;
    expect_peer_fault(list, NotifyType::kUnsupportedCriticalPayload);
    EXPECT_EQ(list.error().notify_data, type);
  }
}

TEST(PayloadChain, EncryptedPayloadIsLast) {
  const auto sealed = [](PayloadType type, bool more) {
    Bytes octets = message([&](PayloadWriter& out) {
      out.add_notify({ProtocolId::kNone, NotifyType::kCookie, {}, unhex("01")});
      out.add(type, Bytes(40));
      if (more) out.add_nonce(Bytes(16));
    });
    return octets;
  };
  for (const PayloadType type : {PayloadType::kSk, PayloadType::kSkf}) {
    Bytes octets = sealed(type, false);
    const size_t sk = octets.size() - 44;
    octets[sk] = uint8_t(PayloadType::kIdi);
    const Result<Message> parsed = read_message(octets);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->payloads[1].next, PayloadType::kIdi);
    EXPECT_EQ(rebuilt(*parsed), hex(octets));
    expect_peer_fault(read_message(sealed(type, true)), NotifyType::kInvalidSyntax);
    expect_peer_fault(read_payloads(type, unhex("00000008000000ff")), NotifyType::kInvalidSyntax);
  }
}

TEST(PayloadChain, NumberIsBounded) {
  const auto many = [](size_t count) {
    return chain([&](PayloadWriter& out) {
      for (size_t i = 0; i < count; ++i) out.add(PayloadType::kVendorId, {});
    });
  };
  EXPECT_EQ(read_payloads(PayloadType::kVendorId, many(kMaxPayloads))->size(), kMaxPayloads);
  expect_peer_fault(read_payloads(PayloadType::kVendorId, many(kMaxPayloads + 1)),
                    NotifyType::kInvalidSyntax);
}

TEST(PayloadChain, PayloadsAreFound) {
  PayloadType first;
  const Bytes octets = chain(
      [](PayloadWriter& out) {
        out.add_ke({31, Bytes(32, 1)});
        out.add(PayloadType::kNotify, unhex("00"));
        out.add_notify({ProtocolId::kNone, NotifyType::kCookie, {}, unhex("aa")});
        out.add_notify({ProtocolId::kNone, NotifyType::kCookie, {}, unhex("bb")});
        out.add_nonce(Bytes(16));
        out.add_nonce(Bytes(17));
      },
      &first);
  const Result<PayloadList> list = read_payloads(first, octets);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->count(PayloadType::kNotify), 3u);
  EXPECT_EQ(list->find(PayloadType::kNonce)->body.size(), 16u);
  EXPECT_EQ(list->find(PayloadType::kSa), nullptr);
  EXPECT_EQ(list->only(PayloadType::kKe)->size(), 36u);
  expect_peer_fault(list->only(PayloadType::kNonce), NotifyType::kInvalidSyntax);
  expect_peer_fault(list->only(PayloadType::kSa), NotifyType::kInvalidSyntax);
  EXPECT_EQ(hex(list->find_notify(NotifyType::kCookie)->data), "aa");
  EXPECT_FALSE(list->find_notify(NotifyType::kRekeySa));
  expect_peer_fault(list->check_bodies(), NotifyType::kInvalidSyntax);
}

// Whatever comes in, there is an error for the peer or a message whose canonical form is stable.
void survive(Octets octets) {
  const Result<Message> parsed = read_message(octets);
  if (!parsed) {
    ASSERT_EQ(parsed.error().kind, ErrorKind::kPeer);
    return;
  }
  Bytes buffer(65536);
  PayloadWriter writer(buffer, parsed->header);
  const Result<void> again = rebuild(parsed->payloads, writer);
  ASSERT_EQ(bool(again), bool(parsed->payloads.check_bodies()));
  if (!again) return;
  const Result<size_t> size = writer.finish();
  ASSERT_TRUE(size);
  ASSERT_EQ(*size, octets.size());
  const Octets canonical = Octets(buffer).first(*size);
  const Result<Message> reread = read_message(canonical);
  ASSERT_TRUE(reread) << reread.error().message;
  ASSERT_EQ(rebuilt(*reread), hex(canonical));
}

TEST(Message, MutationsNeverCrash) {
  std::mt19937_64 random(9242);
  unsigned originals = 0;
  for (const auto& file : own_recordings()) {
    std::string reason;
    const Json json = Json::parse(*read_vector_file(file, &reason));
    for (const Json& entry : json.at("messages")) {
      const Bytes original = unhex(entry.at("hex").get<std::string>());
      const Result<Message> parsed = read_message(original);
      ASSERT_TRUE(parsed);
      if (parsed->payloads.find(PayloadType::kSk) || parsed->payloads.find(PayloadType::kSkf)) continue;
      ++originals;
      for (size_t size = 0; size < original.size(); ++size) {
        Bytes cut(original.begin(), original.begin() + long(size));
        survive(cut);
        // And with a header that knows of the cut.
        if (size < kIkeHeaderBytes) continue;
        for (size_t i = 0; i < 4; ++i) cut[24 + i] = uint8_t(size >> (24 - 8 * i));
        survive(cut);
      }
      for (int round = 0; round < 2000; ++round) {
        Bytes mutated = original;
        for (uint64_t flips = 1 + random() % 3; flips > 0; --flips)
          mutated[17 + random() % (mutated.size() - 17)] = uint8_t(random() % 3 ? random() % 64 : random());
        survive(mutated);
      }
    }
  }
  EXPECT_GE(originals, 32u);
}

}  // namespace
}  // namespace mlkem::test
