// SPDX-License-Identifier: Apache-2.0
// What `mlkem-ike` writes for other programs, a capture and Wireshark's key table, reads back; IP fragments come
// together in any order. tests/cli_decode_test.py has the formats that only others write.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>

#include "tools/mlkem-ike/capture/capture_reader.hpp"
#include "tools/mlkem-ike/capture/capture_writer.hpp"
#include "tools/mlkem-ike/capture/ip_packet.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/sa/decryption_table.hpp"

namespace mlkem::test {
namespace {

using namespace cli;
using Octets = ikev2::Octets;

std::vector<uint8_t> counting(size_t size) {
  std::vector<uint8_t> octets(size);
  std::iota(octets.begin(), octets.end(), uint8_t(1));
  return octets;
}

// RFC 1071: over data with its checksum in place it is all ones.
uint32_t ones_complement_sum(Octets octets, uint32_t sum = 0) {
  for (size_t i = 0; i < octets.size(); ++i) sum += uint32_t(octets[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::vector<CapturedPacket> read_all(const std::vector<uint8_t>& file) {
  std::istringstream in(std::string(file.begin(), file.end()));
  CaptureReader reader(in, "capture");
  std::vector<CapturedPacket> packets;
  for (CapturedPacket packet; reader.next(packet);) packets.push_back(packet);
  return packets;
}

TEST(CaptureWriter_Capture, ReadsBack) {
  CaptureWriter writer;
  const std::vector<uint8_t> odd = counting(301), even = counting(64);
  writer.add(500, 500, true, odd);
  for (unsigned i = 0; i < 999; ++i) writer.add(4500, 4500, false, even);
  writer.add(4500, 1024, true, odd);
  const auto packets = read_all(writer.octets());
  ASSERT_EQ(packets.size(), 1001u);

  IpReader reader;
  IpPacket packet = reader.read(packets[0]);
  ASSERT_EQ(packet.kind, PacketKind::kUdp);
  EXPECT_EQ(packet.source_port, 500);
  EXPECT_TRUE(std::ranges::equal(packet.payload, odd));
  const IpAddress initiator = packet.source, responder = packet.destination;
  EXPECT_NE(initiator, responder);

  packet = reader.read(packets[999]);
  EXPECT_EQ(packet.source, responder);
  EXPECT_EQ(packet.payload.size(), 4 + even.size());
  EXPECT_EQ(std::ranges::count(packet.payload.first(4), 0), 4);
  EXPECT_EQ(packets[999].time->nanoseconds, 999'000'000u);

  packet = reader.read(packets[1000]);
  EXPECT_EQ(packet.destination_port, 1024);
  EXPECT_TRUE(std::ranges::equal(packet.payload.subspan(4), odd));
  EXPECT_EQ(packets[1000].time->seconds, 1u);
  EXPECT_EQ(packets[1000].time->nanoseconds, 0u);
}

TEST(CaptureWriter_Checksums, AreRight) {
  CaptureWriter writer;
  std::mt19937 random(1);
  for (unsigned i = 0; i < 500; ++i) {
    std::vector<uint8_t> message(random() % 70);
    for (uint8_t& octet : message) octet = uint8_t(random() % 3 == 0 ? 0xff : random());
    writer.add(uint16_t(random()), uint16_t(random() % 2 == 0 ? 4500 : random()), random() % 2 == 0, message);
  }
  for (const CapturedPacket& packet : read_all(writer.octets())) {
    const Octets octets = packet.octets;
    EXPECT_EQ(ones_complement_sum(octets.first(20)), 0xffffu);
    const uint32_t protocol_and_length = uint32_t(17 + octets.size() - 20);
    EXPECT_EQ(ones_complement_sum(octets.subspan(12), protocol_and_length), 0xffffu);
    EXPECT_NE(octets[26] << 8 | octets[27], 0);
  }
}

// RFC 768: a checksum of zero is sent as all ones, for zero would stand for none.
TEST(CaptureWriter_Checksums, AreNeverZero) {
  CaptureWriter writer;
  writer.add(500, 500, true, std::vector<uint8_t>{0, 0});
  const Octets first = Octets(writer.octets()).last(4);
  const std::vector<uint8_t> complement(first.begin(), first.begin() + 2);
  writer.add(500, 500, true, complement);
  const Octets second = Octets(writer.octets()).last(4);
  EXPECT_EQ(second[0], 0xff);
  EXPECT_EQ(second[1], 0xff);
}

TEST(CaptureWriter_Length, IsThatOfADatagramAtMost) {
  CaptureWriter writer;
  EXPECT_THROW(writer.add(4500, 4500, true, counting(65535 - 20 - 8 - 3)), Failure);
  EXPECT_EQ(writer.octets().size(), 24u);
  writer.add(4500, 4500, true, counting(65535 - 20 - 8 - 4));
  EXPECT_EQ(IpReader().read(read_all(writer.octets()).front()).kind, PacketKind::kUdp);
}

TEST(DecryptionTable_Line, ReadsBack) {
  unsigned lines = 0;
  for (unsigned id = 0; id < 64; ++id)
    for (uint16_t bits : std::initializer_list<uint16_t>{0, 128, 192, 256})
      for (unsigned integrity : {0u, 2u, 12u, 13u, 14u}) {
        const ikev2::Encryption encryption{ikev2::EncrId(id), bits};
        const auto integ = ikev2::IntegId(integrity);
        if (!ikev2::is_valid(encryption) || ikev2::is_aead(encryption.id) != (integrity == 0)) continue;
        const SaKeys sa{{1, 2, 3, 4, 5, 6, 7, 8},
                        {9, 10, 11, 12, 13, 14, 15, 16},
                        {{},
                         {{ikev2::PrfId::kHmacSha256, encryption, integ},
                          counting(ikev2::key_bytes(encryption)),
                          std::vector<uint8_t>(ikev2::key_bytes(encryption), 0xab),
                          counting(ikev2::key_bytes(integ)),
                          std::vector<uint8_t>(ikev2::key_bytes(integ), 0xcd)}}};
        const std::string line = decryption_table_line(sa, 1);
        EXPECT_EQ(std::ranges::count(line, '\n'), 1);
        const std::vector<SaKeys> read = parse_decryption_table(line, "table");
        ASSERT_EQ(read.size(), 1u) << line;
        EXPECT_EQ(read[0].spi_i, sa.spi_i);
        EXPECT_EQ(read[0].spi_r, sa.spi_r);
        const MessageKeys &found = read[0].generations.at(0), &wanted = sa.generations[1];
        EXPECT_EQ(found.algorithms.encryption, encryption) << line;
        EXPECT_EQ(found.algorithms.integrity, integ) << line;
        EXPECT_EQ(found.sk_ei, wanted.sk_ei);
        EXPECT_EQ(found.sk_er, wanted.sk_er);
        EXPECT_EQ(found.sk_ai, wanted.sk_ai);
        EXPECT_EQ(found.sk_ar, wanted.sk_ar);
        EXPECT_THROW(decryption_table_line(sa, 2), Failure);
        ++lines;
      }
  // Seven AEADs; AES-CBC and AES-CTR in three key lengths with four integrity algorithms each.
  EXPECT_EQ(lines, 7u + 6u * 4u);
}

TEST(IpFragments_Pieces, ComeTogetherInAnyOrder) {
  std::mt19937 random(2);
  for (unsigned round = 0; round < 300; ++round) {
    IpFragments fragments;
    const std::vector<uint8_t> datagram = counting(1 + random() % 3000);
    std::vector<IpFragments::Piece> pieces;
    for (size_t at = 0; at < datagram.size();) {
      const size_t size = std::min<size_t>(8 * (1 + random() % 60), datagram.size() - at);
      pieces.push_back({17, at, at + size < datagram.size(), Octets(datagram).subspan(at, size)});
      at += size;
    }
    std::shuffle(pieces.begin(), pieces.end(), random);
    const IpFragments::Key key{{}, {}, round};
    for (size_t i = 0; i < pieces.size(); ++i) {
      std::string fault;
      const auto whole = fragments.add(key, pieces[i], fault);
      EXPECT_EQ(fault, "");
      ASSERT_EQ(whole.has_value(), i + 1 == pieces.size());
      if (whole) {
        EXPECT_EQ(whole->octets, datagram);
      }
    }
    EXPECT_EQ(fragments.incomplete(), 0u);
  }
}

// Whatever comes, a datagram is whole only if its pieces cover it exactly.
TEST(IpFragments_Hostile, NeverGiveWhatOverlapsOrLacksAPart) {
  std::mt19937 random(3);
  const std::vector<uint8_t> octets = counting(512);
  unsigned completed = 0, refused = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    IpFragments fragments;
    std::array<unsigned, 8> covered{};
    for (unsigned i = 0; i < 12; ++i) {
      const size_t at = random() % 8, size = 1 + random() % 3;
      const bool more = random() % 4 != 0;
      std::string fault;
      const auto whole =
          fragments.add({}, {17, 8 * at, more, Octets(octets).subspan(8 * at, 8 * size)}, fault);
      refused += !fault.empty();
      if (!fault.empty()) break;
      for (size_t j = at; j < std::min<size_t>(at + size, covered.size()); ++j) covered[j] = 1;
      if (!whole) continue;
      ++completed;
      ASSERT_EQ(whole->octets.size() % 8, 0u);
      for (size_t j = 0; j < std::min(covered.size(), whole->octets.size() / 8); ++j)
        EXPECT_EQ(covered[j], 1u);
      EXPECT_TRUE(std::equal(whole->octets.begin(), whole->octets.end(), octets.begin()));
      break;
    }
  }
  EXPECT_GT(completed, 20u);
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace mlkem::test
