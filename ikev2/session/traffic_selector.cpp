// SPDX-License-Identifier: Apache-2.0
// Traffic selectors (RFC 7296, section 2.9): reading, narrowing, comparing.
#include "mlkem-ike/ikev2/traffic_selector.hpp"

#include <algorithm>
#include <optional>

namespace mlkem::ikev2 {
namespace {

size_t address_bytes(IpVersion version) {
  return version == IpVersion::kIpv4 ? 4 : 16;
}

// Ranges of ports and of an ICMP type and code are compared alike. "Opaque" (65535 to 0, RFC 7296 section
// 3.13.1) is an empty range here, so it is neither offered nor taken.
bool is_empty(const Selector& selector) {
  return selector.first > selector.last || selector.first_port > selector.last_port;
}

std::optional<Selector> common(const Selector& a, const Selector& b) {
  if (a.version != b.version) return std::nullopt;
  if (a.ip_protocol != 0 && b.ip_protocol != 0 && a.ip_protocol != b.ip_protocol) return std::nullopt;
  Selector both;
  both.version = a.version;
  both.ip_protocol = a.ip_protocol != 0 ? a.ip_protocol : b.ip_protocol;
  both.first_port = std::max(a.first_port, b.first_port);
  both.last_port = std::min(a.last_port, b.last_port);
  both.first = std::max(a.first, b.first);
  both.last = std::min(a.last, b.last);
  return is_empty(both) ? std::nullopt : std::optional(both);
}

}  // namespace

Selector any_address(IpVersion version) noexcept {
  Selector selector;
  selector.version = version;
  std::fill_n(selector.last.begin(), address_bytes(version), uint8_t(0xff));
  return selector;
}

Result<Selector> subnet(Octets address, unsigned prefix_bits) noexcept {
  if (address.size() != 4 && address.size() != 16) return misuse("an address has four or sixteen octets");
  if (prefix_bits > 8 * address.size()) return misuse("the prefix is longer than the address");
  Selector selector;
  selector.version = address.size() == 4 ? IpVersion::kIpv4 : IpVersion::kIpv6;
  for (size_t i = 0; i < address.size(); ++i) {
    const unsigned fixed = prefix_bits > 8 * i ? std::min(8u, prefix_bits - unsigned(8 * i)) : 0;
    const auto mask = uint8_t(0xff00u >> fixed);
    selector.first[i] = address[i] & mask;
    selector.last[i] = uint8_t(selector.first[i] | uint8_t(~mask));
  }
  return selector;
}

std::vector<Selector> read_selectors(const TsPayload& payload) {
  std::vector<Selector> selectors;
  for (const TrafficSelector& view : payload) {
    Selector selector;
    if (view.type == TsType::kIpv4Range)
      selector.version = IpVersion::kIpv4;
    else if (view.type == TsType::kIpv6Range)
      selector.version = IpVersion::kIpv6;
    else
      continue;
    selector.ip_protocol = view.ip_protocol;
    selector.first_port = view.first_port;
    selector.last_port = view.last_port;
    std::copy(view.first_address.begin(), view.first_address.end(), selector.first.begin());
    std::copy(view.last_address.begin(), view.last_address.end(), selector.last.begin());
    if (!is_empty(selector)) selectors.push_back(selector);
  }
  return selectors;
}

std::vector<Selector> narrow(std::span<const Selector> offered, std::span<const Selector> allowed) {
  if (allowed.empty()) return {offered.begin(), offered.end()};
  std::vector<Selector> narrowed;
  for (const Selector& offer : offered)
    for (const Selector& allowance : allowed) {
      const std::optional<Selector> both = common(offer, allowance);
      if (both && std::find(narrowed.begin(), narrowed.end(), *both) == narrowed.end())
        narrowed.push_back(*both);
      // TSi and TSr count their selectors in one octet.
      if (narrowed.size() == UINT8_MAX) return narrowed;
    }
  return narrowed;
}

bool lie_within(std::span<const Selector> narrowed, std::span<const Selector> offered) noexcept {
  return std::all_of(narrowed.begin(), narrowed.end(), [offered](const Selector& inner) {
    return std::any_of(offered.begin(), offered.end(),
                       [&inner](const Selector& outer) { return common(inner, outer) == inner; });
  });
}

std::vector<TrafficSelector> selector_views(std::span<const Selector> selectors) {
  std::vector<TrafficSelector> views;
  views.reserve(selectors.size());
  for (const Selector& selector : selectors) {
    TrafficSelector view;
    view.type = selector.version == IpVersion::kIpv4 ? TsType::kIpv4Range : TsType::kIpv6Range;
    view.ip_protocol = selector.ip_protocol;
    view.first_port = selector.first_port;
    view.last_port = selector.last_port;
    view.first_address = Octets(selector.first).first(address_bytes(selector.version));
    view.last_address = Octets(selector.last).first(address_bytes(selector.version));
    views.push_back(view);
  }
  return views;
}

}  // namespace mlkem::ikev2
