// SPDX-License-Identifier: Apache-2.0
// Classic pcap in big-endian order, whatever the machine (draft-ietf-opsawg-pcap).
#include "tools/mlkem-ike/capture/capture_writer.hpp"

#include <array>

#include "ikev2/wire.hpp"
#include "tools/mlkem-ike/capture/ike_in_udp.hpp"
#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kUdpHeaderBytes = 8, kIpHeaderBytes = 20, kMaxIpBytes = 65535;
constexpr uint8_t kUdp = 17;
constexpr std::array<uint8_t, 4> kInitiatorAddress = {192, 0, 2, 1}, kResponderAddress = {192, 0, 2, 2};

void put_16(std::vector<uint8_t>& out, size_t value) {
  out.resize(out.size() + 2);
  ikev2::store_16(&out[out.size() - 2], uint16_t(value));
}
void put_32(std::vector<uint8_t>& out, size_t value) {
  out.resize(out.size() + 4);
  ikev2::store_32(&out[out.size() - 4], uint32_t(value));
}
void put(std::vector<uint8_t>& out, ikev2::Octets octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

// RFC 1071, with `sum` of what is covered in front of `octets`.
uint16_t checksum(ikev2::Octets octets, uint32_t sum) {
  for (size_t i = 0; i < octets.size(); ++i) sum += i % 2 == 0 ? uint32_t(octets[i]) << 8 : octets[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return uint16_t(~sum);
}

}  // namespace

CaptureWriter::CaptureWriter() {
  put_32(octets_, 0xa1b2c3d4);  // microseconds
  put_16(octets_, 2);           // version 2.4
  put_16(octets_, 4);
  put_32(octets_, 0);  // time zone and accuracy, always zero
  put_32(octets_, 0);
  put_32(octets_, kMaxIpBytes);  // snapshot length
  put_32(octets_, 101);          // LINKTYPE_RAW
}

void CaptureWriter::add(uint16_t source_port, uint16_t destination_port, bool from_initiator,
                        ikev2::Octets message) {
  const bool marker = source_port == kNatPort || destination_port == kNatPort;
  const size_t udp_bytes = kUdpHeaderBytes + (marker ? kMarkerBytes : 0) + message.size();
  const size_t ip_bytes = kIpHeaderBytes + udp_bytes;
  if (ip_bytes > kMaxIpBytes)
    throw Failure("a message of " + std::to_string(message.size()) + " octets does not fit a datagram");
  put_32(octets_, packets_ / 1000);
  put_32(octets_, packets_ % 1000 * 1000);
  put_32(octets_, ip_bytes);
  put_32(octets_, ip_bytes);

  const size_t ip = octets_.size();
  octets_.push_back(0x45);  // version 4, a header of five words
  octets_.push_back(0);
  put_16(octets_, ip_bytes);
  put_16(octets_, ++packets_ & 0xffff);
  put_16(octets_, 0);
  octets_.push_back(64);
  octets_.push_back(kUdp);
  put_16(octets_, 0);
  put(octets_, from_initiator ? kInitiatorAddress : kResponderAddress);
  put(octets_, from_initiator ? kResponderAddress : kInitiatorAddress);
  ikev2::store_16(&octets_[ip + 10], checksum(ikev2::Octets(octets_).subspan(ip), 0));

  const size_t udp = octets_.size();
  put_16(octets_, source_port);
  put_16(octets_, destination_port);
  put_16(octets_, udp_bytes);
  put_16(octets_, 0);
  if (marker) put_32(octets_, 0);
  put(octets_, message);
  // RFC 768: the addresses, which stand right before the UDP header, count too; 0 would stand for no checksum.
  const uint16_t sum = checksum(ikev2::Octets(octets_).subspan(ip + 12), uint32_t(kUdp + udp_bytes));
  ikev2::store_16(&octets_[udp + 6], sum == 0 ? 0xffff : sum);
}

}  // namespace mlkem::cli
