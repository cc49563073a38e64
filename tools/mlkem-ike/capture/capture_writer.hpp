// SPDX-License-Identifier: Apache-2.0
// Writes IKE messages as a capture that Wireshark and `mlkem-ike decode` read: classic pcap, raw IPv4, UDP with
// the non-ESP marker on port 4500 (RFC 3948, section 2.2).
#pragma once

#include <cstdint>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace mlkem::cli {

class CaptureWriter {
 public:
  CaptureWriter();

  // Adds one datagram, a millisecond after the one before; the first is at the epoch. The initiator is 192.0.2.1,
  // the responder 192.0.2.2 (RFC 5737). Throws Failure for a message that no UDP datagram holds.
  void add(uint16_t source_port, uint16_t destination_port, bool from_initiator, ikev2::Octets message);

  // The file so far.
  const std::vector<uint8_t>& octets() const { return octets_; }

 private:
  std::vector<uint8_t> octets_;
  uint32_t packets_ = 0;
};

}  // namespace mlkem::cli
