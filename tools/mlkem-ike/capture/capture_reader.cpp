// SPDX-License-Identifier: Apache-2.0
// Files come from anywhere: every length is checked before it is used, and nothing is kept but the packet at hand.
#include "tools/mlkem-ike/capture/capture_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {
namespace {

// tcpdump's largest snapshot length; a longer packet is a damaged length field.
constexpr uint32_t kMaxPacketBytes = 262144;
// A block with a packet, and options that a capturing program may add.
constexpr uint32_t kMaxBlockBytes = kMaxPacketBytes + 65536 + 64;
constexpr size_t kMaxInterfaces = 65536;

constexpr uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d;
constexpr uint32_t kSection = 0x0a0d0d0a, kSectionOrder = 0x1a2b3c4d;
constexpr uint32_t kInterface = 1, kObsoletePacket = 2, kSimplePacket = 3, kEnhancedPacket = 6;
constexpr uint16_t kOptionEnd = 0, kOptionResolution = 9, kOptionOffset = 14;

uint32_t read_big_endian(std::span<const uint8_t> octets) {
  uint32_t value = 0;
  for (const uint8_t octet : octets) value = value << 8 | octet;
  return value;
}
uint32_t read_little_endian(std::span<const uint8_t> octets) {
  uint32_t value = 0;
  for (size_t i = octets.size(); i-- > 0;) value = value << 8 | octets[i];
  return value;
}

}  // namespace

CaptureReader::CaptureReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {
  std::array<uint8_t, 4> magic;
  if (!read(magic)) fail("empty");
  if (read_big_endian(magic) == kSection) {
    is_pcapng_ = true;
    begin_section();
    return;
  }
  for (const bool big_endian : {true, false}) {
    const uint32_t value = big_endian ? read_big_endian(magic) : read_little_endian(magic);
    if (value != kMicroseconds && value != kNanoseconds) continue;
    big_endian_ = big_endian;
    fractions_per_second_ = value == kMicroseconds ? 1'000'000 : 1'000'000'000;
    // Version, time zone, accuracy, snapshot length, link type with bits about a frame check sequence above it.
    std::array<uint8_t, 20> rest;
    read_all(rest);
    if (number(rest, 0, 2) != 2) fail("pcap of another version than 2");
    interfaces_.push_back({uint16_t(number(rest, 16, 4)), 0});
    return;
  }
  fail(magic[0] == 0x1f && magic[1] == 0x8b ? "compressed: unpack it first" : "neither pcap nor pcapng");
}

bool CaptureReader::next(CapturedPacket& out) {
  return is_pcapng_ ? next_block(out) : next_record(out);
}

void CaptureReader::fail(const std::string& reason) const {
  throw Failure(name_ + ": at octet " + std::to_string(position_) + ": " + reason);
}

bool CaptureReader::read(std::span<uint8_t> out) {
  in_.read(reinterpret_cast<char*>(out.data()), std::streamsize(out.size()));
  const auto count = size_t(in_.gcount());
  position_ += count;
  if (count == out.size()) return true;
  if (in_.bad()) fail("can't be read");
  if (count != 0) fail("cut short");
  return false;
}

void CaptureReader::read_all(std::span<uint8_t> out) {
  if (!out.empty() && !read(out)) fail("cut short");
}

void CaptureReader::skip(uint64_t octets) {
  std::array<uint8_t, 4096> ignored;
  while (octets > 0) {
    const size_t part = size_t(std::min<uint64_t>(octets, ignored.size()));
    read_all(std::span(ignored).first(part));
    octets -= part;
  }
}

uint32_t CaptureReader::number(std::span<const uint8_t> octets, size_t at, size_t size) const {
  const std::span<const uint8_t> field = octets.subspan(at, size);
  return big_endian_ ? read_big_endian(field) : read_little_endian(field);
}

bool CaptureReader::next_record(CapturedPacket& out) {
  std::array<uint8_t, 16> header;
  if (!read(header)) return false;
  const uint32_t captured = number(header, 8, 4);
  if (captured > kMaxPacketBytes) fail("a packet of " + std::to_string(captured) + " octets");
  const uint64_t fraction = number(header, 4, 4);
  out.time = Timestamp{number(header, 0, 4) + fraction / fractions_per_second_,
                       uint32_t(fraction % fractions_per_second_ * (1'000'000'000 / fractions_per_second_))};
  out.link_type = interfaces_[0].link_type;
  out.original_bytes = number(header, 12, 4);
  out.octets.resize(captured);
  read_all(out.octets);
  return true;
}

// What follows the type of a section header block.
void CaptureReader::begin_section() {
  std::array<uint8_t, 8> start;  // length, byte-order magic
  read_all(start);
  const std::span<const uint8_t> order = std::span(start).subspan(4);
  big_endian_ = read_big_endian(order) == kSectionOrder;
  if (!big_endian_ && read_little_endian(order) != kSectionOrder) fail("a section without byte order");
  const uint32_t length = number(start, 0, 4);
  // Type, length, order, version, section length, length.
  if (length < 28 || length % 4 != 0) fail("a section header of " + std::to_string(length) + " octets");
  std::array<uint8_t, 12> fixed;
  read_all(fixed);
  if (number(fixed, 0, 2) != 1) fail("pcapng of another version than 1");
  skip(length - 28);
  std::array<uint8_t, 4> trailer;
  read_all(trailer);
  if (number(trailer, 0, 4) != length) fail("two lengths of a block differ");
  interfaces_.clear();
}

bool CaptureReader::next_block(CapturedPacket& out) {
  for (;;) {
    std::array<uint8_t, 4> field;
    if (!read(field)) return false;
    if (read_big_endian(field) == kSection) {
      begin_section();
      continue;
    }
    const uint32_t type = number(field, 0, 4);
    read_all(field);
    const uint32_t length = number(field, 0, 4);
    if (length < 12 || length % 4 != 0) fail("a block of " + std::to_string(length) + " octets");
    const bool known =
        type == kInterface || type == kObsoletePacket || type == kSimplePacket || type == kEnhancedPacket;
    if (known) {
      if (length > kMaxBlockBytes) fail("a block of " + std::to_string(length) + " octets");
      block_.resize(length - 12);
      read_all(block_);
    } else {
      skip(length - 12);
    }
    read_all(field);
    if (number(field, 0, 4) != length) fail("two lengths of a block differ");
    if (!known) continue;
    if (type == kInterface) {
      add_interface(block_);
      continue;
    }
    take_packet(block_, type, out);
    return true;
  }
}

void CaptureReader::add_interface(std::span<const uint8_t> body) {
  if (body.size() < 8) fail("an interface block cut short");
  if (interfaces_.size() == kMaxInterfaces) fail("too many interfaces");
  Interface added{uint16_t(number(body, 0, 2)), number(body, 4, 4)};
  for (body = body.subspan(8); body.size() >= 4;) {
    const uint32_t code = number(body, 0, 2), length = number(body, 2, 2);
    body = body.subspan(4);
    if (code == kOptionEnd) break;
    if (length > body.size()) fail("an option that goes beyond its block");
    if (code == kOptionResolution && length == 1) added.resolution = body[0];
    if (code == kOptionOffset && length == 8) {
      const uint64_t low = number(body, big_endian_ ? 4 : 0, 4), high = number(body, big_endian_ ? 0 : 4, 4);
      added.offset_seconds = high << 32 | low;
    }
    body = body.subspan(std::min<size_t>((length + 3) / 4 * 4, body.size()));
  }
  interfaces_.push_back(added);
}

void CaptureReader::take_packet(std::span<const uint8_t> body, uint32_t type, CapturedPacket& out) const {
  const size_t header = type == kSimplePacket ? 4 : 20;
  if (body.size() < header) fail("a packet block cut short");
  const uint32_t interface = type == kSimplePacket ? 0 : number(body, 0, type == kObsoletePacket ? 2 : 4);
  if (interface >= interfaces_.size()) fail("a packet of an unknown interface");
  const Interface& on = interfaces_[interface];
  uint32_t captured;
  if (type == kSimplePacket) {
    out.original_bytes = number(body, 0, 4);
    captured = on.snapshot_bytes == 0 ? out.original_bytes : std::min(out.original_bytes, on.snapshot_bytes);
    out.time.reset();
  } else {
    out.time = time(on, uint64_t(number(body, 4, 4)) << 32 | number(body, 8, 4));
    captured = number(body, 12, 4);
    out.original_bytes = number(body, 16, 4);
  }
  body = body.subspan(header);
  if (captured > body.size()) fail("a packet that goes beyond its block");
  out.link_type = on.link_type;
  out.octets.assign(body.begin(), body.begin() + captured);
}

// Nothing for a resolution finer than 64 bits of ticks can count.
std::optional<Timestamp> CaptureReader::time(const Interface& on, uint64_t ticks) const {
  constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
  const bool binary = (on.resolution & 0x80) != 0;
  const unsigned exponent = on.resolution & 0x7f;
  if (exponent > (binary ? 63 : 19)) return std::nullopt;
  uint64_t per_second = 1;
  for (unsigned i = 0; i < exponent; ++i) per_second *= binary ? 2 : 10;
  const uint64_t rest = ticks % per_second;
  const uint64_t nanoseconds =
      kNanosecondsPerSecond % per_second == 0
          ? rest * (kNanosecondsPerSecond / per_second)
          : uint64_t(std::floor(double(rest) / double(per_second) * double(kNanosecondsPerSecond)));
  return Timestamp{on.offset_seconds + ticks / per_second,
                   uint32_t(std::min(nanoseconds, kNanosecondsPerSecond - 1))};
}

}  // namespace mlkem::cli
