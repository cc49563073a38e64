// SPDX-License-Identifier: Apache-2.0
// The traffic that a Child SA carries (RFC 7296, sections 2.9 and 3.13.1) as a policy holds it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/fragment.hpp"
#include "mlkem-ike/ikev2/payload.hpp"
#include "mlkem-ike/ikev2/result.hpp"

namespace mlkem::ikev2 {

// A range of addresses of one IP version, of one IP protocol or all, and of ports.
struct Selector {
  IpVersion version = IpVersion::kIpv4;
  uint8_t ip_protocol = 0;  // 0: any
  uint16_t first_port = 0, last_port = 0xffff;
  std::array<uint8_t, 16> first{},
      last{};  // an IPv4 address is in the first four octets, the others are zero

  friend bool operator==(const Selector&, const Selector&) = default;
};

// 0.0.0.0 to 255.255.255.255, :: to ffff:...:ffff; any protocol and port.
MLKEM_API Selector any_address(IpVersion version) noexcept;
// The addresses that begin with the first prefix_bits bits of `address`, of 4 or 16 octets. Errors: misuse
// for another length or too many bits.
MLKEM_API Result<Selector> subnet(Octets address, unsigned prefix_bits) noexcept;

// The selectors of a TSi or TSr that this library knows; empty ranges, OPAQUE ports among
// them, and other types are left out.
MLKEM_API std::vector<Selector> read_selectors(const TsPayload& payload);
// What `offered` and `allowed` have in common, in the order of `offered`; nothing in `allowed` allows all. The
// first 255: a payload counts them in one octet.
MLKEM_API std::vector<Selector> narrow(std::span<const Selector> offered, std::span<const Selector> allowed);
// True if every one of `narrowed` lies within one of `offered`.
MLKEM_API bool lie_within(std::span<const Selector> narrowed, std::span<const Selector> offered) noexcept;
// The same as views for PayloadWriter::add_ts; `selectors` must outlive them.
MLKEM_API std::vector<TrafficSelector> selector_views(std::span<const Selector> selectors);

}  // namespace mlkem::ikev2
