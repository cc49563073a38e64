// SPDX-License-Identifier: Apache-2.0
// Who a side is, how it proves that, and what traffic it wants: ID, AUTH and TS payloads.
#include <algorithm>

#include "tools/mlkem-ike/decode/describe.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;
using nlohmann::ordered_json;

std::string id_type_text(ikev2::IdType type) {
  switch (type) {
    case ikev2::IdType::kIpv4Address:
      return "IPv4 address";
    case ikev2::IdType::kFqdn:
      return "FQDN";
    case ikev2::IdType::kRfc822Address:
      return "mail address";
    case ikev2::IdType::kIpv6Address:
      return "IPv6 address";
    case ikev2::IdType::kDerAsn1Dn:
      return "distinguished name";
    case ikev2::IdType::kDerAsn1Gn:
      return "general name";
    case ikev2::IdType::kKeyId:
      return "key id";
  }
  return "ID type " + std::to_string(unsigned(type));
}

std::string id_value_text(const ikev2::IdPayload& id) {
  switch (id.type) {
    case ikev2::IdType::kIpv4Address:
    case ikev2::IdType::kIpv6Address:
      return address_text(id.data);
    case ikev2::IdType::kFqdn:
    case ikev2::IdType::kRfc822Address:
      return printable(id.data);
    default:
      return is_printable(id.data) ? printable(id.data) : hex(id.data, kShownOctets);
  }
}

// RFC 7296, section 3.8, and IANA's registry of authentication methods.
std::string auth_method_text(unsigned method) {
  switch (method) {
    case 1:
      return "RSA signature";
    case 2:
      return "shared key";
    case 3:
      return "DSS signature";
    case 9:
      return "ECDSA P-256";
    case 10:
      return "ECDSA P-384";
    case 11:
      return "ECDSA P-521";
    case 12:
      return "secure password";
    case 13:
      return "NULL";
    case 14:
      return "digital signature";
    default:
      return "method " + std::to_string(method);
  }
}

std::string algorithm_text(ikev2::SignatureAlgorithm algorithm) {
  if (algorithm.scheme == ikev2::SignatureScheme::kEd25519) return "Ed25519";
  const std::string hash = "SHA2-" + std::to_string(8 * ikev2::output_bytes(algorithm.hash));
  switch (algorithm.scheme) {
    case ikev2::SignatureScheme::kRsaPkcs1:
      return "RSA PKCS#1 v1.5 with " + hash;
    case ikev2::SignatureScheme::kRsaPss:
      return "RSA-PSS with " + hash + ", salt " + octets_text(algorithm.salt_bytes);
    default:
      return "ECDSA with " + hash;
  }
}

// RFC 7427, section 3: the length of the AlgorithmIdentifier, that, the signature.
void add_algorithm(Octets data, Description& out) {
  if (data.empty() || data[0] >= data.size()) {
    out.fault = "the AlgorithmIdentifier goes beyond the payload";
    return;
  }
  const Octets der = data.subspan(1, data[0]);
  const auto algorithm = ikev2::read_algorithm_identifier(der);
  out.add("algorithm_identifier", hex(der));
  if (algorithm)
    out.add("algorithm", algorithm_text(*algorithm), algorithm_text(*algorithm));
  else
    out.text += ", unknown algorithm " + hex(der, kShownOctets);
}

std::string ip_protocol_text(unsigned protocol) {
  switch (protocol) {
    case 0:
      return "any protocol";
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 47:
      return "gre";
    case 58:
      return "ipv6-icmp";
    case 132:
      return "sctp";
    default:
      return "protocol " + std::to_string(protocol);
  }
}

// RFC 7296, section 3.13.1; ICMP keeps type and code where others have ports.
std::string ports_text(const ikev2::TrafficSelector& selector) {
  constexpr unsigned kIcmp = 1, kIcmp6 = 58;
  const unsigned first = selector.first_port, last = selector.last_port;
  if (first == 0 && last == 0xffff) return "any port";
  if (first == 0xffff && last == 0) return "opaque ports";
  if (selector.ip_protocol == kIcmp || selector.ip_protocol == kIcmp6)
    return "type and code " + std::to_string(first >> 8) + '/' + std::to_string(first & 255) + " to " +
           std::to_string(last >> 8) + '/' + std::to_string(last & 255);
  return first == last ? "port " + std::to_string(first)
                       : "ports " + std::to_string(first) + " to " + std::to_string(last);
}

std::string selector_text(const ikev2::TrafficSelector& selector) {
  if (selector.first_address.empty())
    return "type " + std::to_string(unsigned(selector.type)) + ' ' + hex(selector.unknown, kShownOctets);
  std::string text = address_text(selector.first_address);
  if (!std::ranges::equal(selector.first_address, selector.last_address))
    text += " to " + address_text(selector.last_address);
  return text + ", " + ip_protocol_text(selector.ip_protocol) + ", " + ports_text(selector);
}

ordered_json selector_json(const ikev2::TrafficSelector& selector) {
  if (selector.first_address.empty())
    return {{"type", unsigned(selector.type)}, {"hex", hex(selector.unknown)}};
  return {{"type", unsigned(selector.type)},
          {"first_address", address_text(selector.first_address)},
          {"last_address", address_text(selector.last_address)},
          {"ip_protocol", selector.ip_protocol},
          {"first_port", selector.first_port},
          {"last_port", selector.last_port}};
}

}  // namespace

void describe_id(Octets body, Description& out) {
  const auto id = ikev2::read_id_body(body);
  if (!id) {
    out.fault = id.error().message;
    return;
  }
  out.add("id_type", unsigned(id->type));
  out.add("id_type_name", id_type_text(id->type), id_type_text(id->type));
  out.add("value", id_value_text(*id), id_value_text(*id));
  out.add("hex", hex(id->data));
}

void describe_auth(Octets body, Description& out) {
  const auto auth = ikev2::read_auth_body(body);
  if (!auth) {
    out.fault = auth.error().message;
    return;
  }
  out.add("method", auth->method);
  out.add("method_name", auth_method_text(auth->method), auth_method_text(auth->method));
  if (auth->method == unsigned(ikev2::AuthMethod::kDigitalSignature)) add_algorithm(auth->data, out);
  out.add("octets", auth->data.size(), octets_text(auth->data.size()));
}

void describe_ts(Octets body, Description& out) {
  const auto ts = ikev2::read_ts_body(body);
  if (!ts) {
    out.fault = ts.error().message;
    return;
  }
  ordered_json selectors = ordered_json::array();
  for (const ikev2::TrafficSelector& selector : *ts) {
    out.lines.push_back(selector_text(selector));
    selectors.push_back(selector_json(selector));
  }
  const std::string count = std::to_string(out.lines.size()) + " selectors";
  out.add("selectors", std::move(selectors), out.lines.size() == 1 ? out.lines.front() : count);
  if (out.lines.size() == 1) out.lines.clear();
}

}  // namespace mlkem::cli
