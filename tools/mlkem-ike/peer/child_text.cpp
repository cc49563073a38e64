// SPDX-License-Identifier: Apache-2.0
// iproute2's notation: names of algorithms are those of Linux's crypto interface; key and salt stand together.
#include "tools/mlkem-ike/peer/child_text.hpp"

#include <vector>

#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"

namespace mlkem::cli {
namespace {

using ikev2::EncrId;
using ikev2::IntegId;

constexpr size_t kIcvBits = 128;

std::string spi_text(uint32_t spi) {
  const uint8_t octets[] = {uint8_t(spi >> 24), uint8_t(spi >> 16), uint8_t(spi >> 8), uint8_t(spi)};
  return "0x" + hex(octets);
}

const char* linux_name(EncrId id) {
  switch (id) {
    case EncrId::kAesCbc:
      return "cbc(aes)";
    case EncrId::kAesCtr:
      return "rfc3686(ctr(aes))";
    case EncrId::kAesCcm16:
      return "rfc4309(ccm(aes))";
    case EncrId::kAesGcm16:
      return "rfc4106(gcm(aes))";
    case EncrId::kChacha20Poly1305:
      return "rfc7539esp(chacha20,poly1305)";
  }
  return "unknown";
}

const char* linux_name(IntegId id) {
  return id == IntegId::kHmacSha1_96      ? "hmac(sha1)"
         : id == IntegId::kHmacSha256_128 ? "hmac(sha256)"
         : id == IntegId::kHmacSha384_192 ? "hmac(sha384)"
                                          : "hmac(sha512)";
}

// One direction of the SA.
struct Direction {
  const ikev2::Address &source, &destination;
  uint32_t spi;
  ikev2::Octets encryption_key, integrity_key;
};

std::string ends(const Direction& direction) {
  return "src " + address_text(direction.source.ip()) + " dst " + address_text(direction.destination.ip());
}

// Ties policies to states. The own SPI is unique on this host, so that SAs of other peers stay apart.
std::string request_id(const ikev2::ChildEstablished& child) {
  return " reqid " + std::to_string(child.spi_in);
}

std::string state_command(const Direction& direction, const ikev2::ChildEstablished& child) {
  std::string text = "ip xfrm state add " + ends(direction) + " proto esp spi " + spi_text(direction.spi) +
                     " mode tunnel" + request_id(child) + " replay-window 32";
  if (child.esn) text += " flag esn";
  const std::string cipher =
      std::string(linux_name(child.encryption.id)) + "' 0x" + hex(direction.encryption_key);
  if (child.integrity == IntegId::kNone)
    text += " aead '" + cipher + ' ' + std::to_string(kIcvBits);
  else
    text += " enc '" + cipher + " auth-trunc '" + linux_name(child.integrity) + "' 0x" +
            hex(direction.integrity_key) + ' ' + std::to_string(8 * ikev2::icv_bytes(child.integrity));
  if (child.path.encapsulated)
    text += " encap espinudp " + std::to_string(direction.source.port) + ' ' +
            std::to_string(direction.destination.port) +
            (direction.source.version == ikev2::IpVersion::kIpv4 ? " 0.0.0.0" : " ::");
  return text + '\n';
}

std::string traffic(const ikev2::Selector& selector) {
  if (selector.ip_protocol == 0) return {};
  return " proto " + std::to_string(selector.ip_protocol);
}
// iproute2 takes one port, or all, and only of protocols that have ports.
bool has_all_ports(const ikev2::Selector& selector) {
  return selector.first_port == 0 && selector.last_port == 65535;
}
bool can_be_expressed(const ikev2::Selector& selector, uint8_t protocol) {
  constexpr uint8_t kTcp = 6, kUdp = 17, kDccp = 33, kSctp = 132;
  if (has_all_ports(selector)) return true;
  return selector.first_port == selector.last_port &&
         (protocol == kTcp || protocol == kUdp || protocol == kDccp || protocol == kSctp);
}
std::string port(const char* field, const ikev2::Selector& selector) {
  if (has_all_ports(selector)) return {};
  return std::string(" ") + field + ' ' + std::to_string(selector.first_port);
}

std::string policy_commands(const Direction& direction, const ikev2::Selector& from,
                            const ikev2::Selector& to, const char* name, const std::string& request) {
  std::string text;
  if (from.version != to.version) return text;
  const ikev2::Selector& narrower = from.ip_protocol != 0 ? from : to;
  if (!can_be_expressed(from, narrower.ip_protocol) || !can_be_expressed(to, narrower.ip_protocol))
    return std::string("# no policy for dir ") + name + ", ip xfrm can't express it: " + selector_text(from) +
           " === " + selector_text(to) + '\n';
  for (const std::string& source : prefixes_of(from))
    for (const std::string& destination : prefixes_of(to))
      text += "ip xfrm policy add src " + source + " dst " + destination + traffic(narrower) +
              port("sport", from) + port("dport", to) + " dir " + name + " tmpl " + ends(direction) +
              " proto esp mode tunnel" + request + '\n';
  return text;
}

}  // namespace

std::string xfrm_commands(const ikev2::ChildEstablished& child) {
  const ikev2::ChildKeys& keys = child.keys;
  const Direction of_i{child.initiator ? child.path.local : child.path.remote,
                       child.initiator ? child.path.remote : child.path.local,
                       child.initiator ? child.spi_out : child.spi_in, keys.encryption_i.expose(),
                       keys.integrity_i.expose()};
  const Direction of_r{of_i.destination, of_i.source, child.initiator ? child.spi_in : child.spi_out,
                       keys.encryption_r.expose(), keys.integrity_r.expose()};
  const Direction& out = child.initiator ? of_i : of_r;
  const Direction& in = child.initiator ? of_r : of_i;
  std::string text = state_command(out, child) + state_command(in, child);
  for (const ikev2::Selector& local : child.local)
    for (const ikev2::Selector& remote : child.remote) {
      text += policy_commands(out, local, remote, "out", request_id(child));
      // What arrives is for this host, or goes on through it.
      text += policy_commands(in, remote, local, "in", request_id(child));
      text += policy_commands(in, remote, local, "fwd", request_id(child));
    }
  return text;
}

}  // namespace mlkem::cli
