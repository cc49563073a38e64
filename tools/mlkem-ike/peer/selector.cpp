// SPDX-License-Identifier: Apache-2.0
// Addresses of either family are handled as strings of bits, the first one the highest.
#include "tools/mlkem-ike/peer/selector.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/net/endpoint.hpp"

namespace mlkem::cli {
namespace {

using ikev2::IpVersion;
using ikev2::Selector;
using Address = std::array<uint8_t, 16>;

struct ProtocolName {
  std::string_view name;
  uint8_t number;
};
constexpr ProtocolName kProtocols[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmpv6", 58}, {"sctp", 132}};

[[noreturn]] void refuse(const std::string& text, const char* reason) {
  throw Failure("traffic selector '" + printable(octets_of(text)) + "': " + reason);
}

std::optional<unsigned> number_in(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

unsigned address_bits(const Selector& selector) {
  return selector.version == IpVersion::kIpv4 ? 32 : 128;
}
Octets octets_in(const Selector& selector, const Address& address) {
  return Octets(address).first(address_bits(selector) / 8);
}

// Sets the bits from `from` up to `end`.
void set_bits(Address& address, unsigned from, unsigned end) {
  for (unsigned place = from; place < end; ++place) address[place / 8] |= uint8_t(0x80 >> place % 8);
}

void parse_ports(const std::string& whole, std::string_view text, Selector& out) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view name = text.substr(0, slash);
  const auto* known = std::ranges::find(kProtocols, name, &ProtocolName::name);
  const auto number =
      known != std::end(kProtocols) ? std::optional<unsigned>(known->number) : number_in(name, 255);
  if (!number) refuse(whole, "no such IP protocol");
  out.ip_protocol = uint8_t(*number);
  if (slash == text.size()) return;
  const std::string_view ports = text.substr(slash + 1);
  const size_t dash = ports.find('-');
  const auto first = number_in(ports.substr(0, dash), 0xffff);
  const auto last = dash == ports.npos ? first : number_in(ports.substr(dash + 1), 0xffff);
  if (!first || !last || *first > *last) refuse(whole, "no such ports");
  out.first_port = uint16_t(*first);
  out.last_port = uint16_t(*last);
}

Endpoint address_in(const std::string& whole, std::string_view text) {
  const Endpoint address = parse_address(std::string(text));
  if (address.address_bytes == 0) refuse(whole, "no such address");
  return address;
}

Selector parse_selector(const std::string& text) {
  std::string_view rest = text;
  std::string_view ports;
  if (rest.ends_with(']')) {
    const size_t open = std::min(rest.find('['), rest.size() - 1);
    ports = rest.substr(open + 1, rest.size() - open - 2);
    rest = rest.substr(0, open);
  }
  const size_t slash = rest.find('/'), dash = rest.find('-');
  const Endpoint first = address_in(text, rest.substr(0, std::min(slash, dash)));
  Selector out = host_selector(first.address());
  if (dash != rest.npos) {
    const Endpoint last = address_in(text, rest.substr(dash + 1));
    if (first.address_bytes != last.address_bytes) refuse(text, "two address families");
    if (last.octets < first.octets) refuse(text, "the last address lies before the first");
    out.last = last.octets;
  } else if (slash != rest.npos) {
    const auto bits = number_in(rest.substr(slash + 1), address_bits(out));
    const auto prefix = bits ? ikev2::subnet(first.address(), *bits) : ikev2::misuse("");
    if (!prefix) refuse(text, "no such prefix length");
    out = *prefix;
  }
  if (text.ends_with(']')) parse_ports(text, ports, out);
  return out;
}

// The prefixes of the range that lie below one prefix, given by its first address and length.
void add_prefixes(const Selector& range, Address at, unsigned length, std::vector<std::string>& out) {
  Address end = at;
  set_bits(end, length, address_bits(range));
  if (end < range.first || range.last < at) return;
  if (range.first <= at && end <= range.last) {
    out.push_back(address_text(octets_in(range, at)) + '/' + std::to_string(length));
    return;
  }
  add_prefixes(range, at, length + 1, out);
  set_bits(at, length, length + 1);
  add_prefixes(range, at, length + 1, out);
}

}  // namespace

std::vector<Selector> parse_selectors(const std::string& text) {
  // One payload holds 255.
  constexpr size_t kMostSelectors = 255;
  std::vector<Selector> selectors;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) selectors.push_back(parse_selector(word));
  if (selectors.empty() || selectors.size() > kMostSelectors) refuse(text, "one to 255 selectors");
  return selectors;
}

Selector host_selector(Octets address) {
  Selector selector;
  selector.version = address.size() == 4 ? IpVersion::kIpv4 : IpVersion::kIpv6;
  std::ranges::copy(address, selector.first.begin());
  selector.last = selector.first;
  return selector;
}

std::string selector_text(const Selector& selector) {
  const auto prefixes = prefixes_of(selector);
  std::string text;
  if (selector.first == selector.last)
    text = address_text(octets_in(selector, selector.first));
  else if (prefixes.size() == 1)
    text = prefixes.front();
  else
    text = address_text(octets_in(selector, selector.first)) + '-' +
           address_text(octets_in(selector, selector.last));
  const bool all_ports = selector.first_port == 0 && selector.last_port == 0xffff;
  if (selector.ip_protocol == 0 && all_ports) return text;
  const auto* known = std::ranges::find(kProtocols, selector.ip_protocol, &ProtocolName::number);
  text += '[';
  text += known != std::end(kProtocols) ? std::string(known->name) : std::to_string(selector.ip_protocol);
  if (!all_ports) text += '/' + std::to_string(selector.first_port);
  if (!all_ports && selector.last_port != selector.first_port)
    text += '-' + std::to_string(selector.last_port);
  return text + ']';
}

std::string selectors_text(const std::vector<Selector>& selectors) {
  std::string text;
  for (const Selector& selector : selectors)
    text.append(text.empty() ? "" : ",").append(selector_text(selector));
  return text;
}

std::vector<std::string> prefixes_of(const Selector& selector) {
  std::vector<std::string> prefixes;
  add_prefixes(selector, {}, 0, prefixes);
  return prefixes;
}

}  // namespace mlkem::cli
