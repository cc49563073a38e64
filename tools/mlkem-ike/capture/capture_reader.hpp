// SPDX-License-Identifier: Apache-2.0
// Reads capture files packet by packet: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), either
// order of octets, also from a pipe. Memory is bounded by one packet.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlkem::cli {

struct Timestamp {
  uint64_t seconds;
  uint32_t nanoseconds;
};

struct CapturedPacket {
  std::optional<Timestamp> time;  // a simple packet block has none
  uint16_t link_type;             // LINKTYPE_*
  std::vector<uint8_t> octets;    // what was captured
  uint32_t original_bytes;        // what there was
};

class CaptureReader {
 public:
  // Reads the file's header. `in` must outlive this object; `name` stands in messages. Throws Failure for what is
  // neither pcap nor pcapng.
  CaptureReader(std::istream& in, std::string name);

  // The next packet; false at the end. Throws Failure where the file is damaged or cut short.
  bool next(CapturedPacket& out);

 private:
  struct Interface {
    uint16_t link_type;
    uint32_t snapshot_bytes;
    uint8_t resolution = 6;  // if_tsresol: a negative power of ten or, with the top bit, of two
    uint64_t offset_seconds = 0;
  };

  [[noreturn]] void fail(const std::string& reason) const;
  // Fills `out`; false if the file ends right here.
  bool read(std::span<uint8_t> out);
  void read_all(std::span<uint8_t> out);
  void skip(uint64_t octets);
  uint32_t number(std::span<const uint8_t> octets, size_t at, size_t size) const;

  void begin_section();
  bool next_record(CapturedPacket& out);
  bool next_block(CapturedPacket& out);
  void add_interface(std::span<const uint8_t> body);
  void take_packet(std::span<const uint8_t> body, uint32_t type, CapturedPacket& out) const;
  std::optional<Timestamp> time(const Interface& on, uint64_t ticks) const;

  std::istream& in_;
  std::string name_;
  uint64_t position_ = 0;
  bool is_pcapng_ = false, big_endian_ = false;
  uint32_t fractions_per_second_ = 1'000'000;  // pcap
  std::vector<Interface> interfaces_;          // pcap: one; pcapng: those of this section
  std::vector<uint8_t> block_;
};

}  // namespace mlkem::cli
