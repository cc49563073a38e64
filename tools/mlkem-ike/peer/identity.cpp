// SPDX-License-Identifier: Apache-2.0
// The type of an identity follows from its form, unless it is named.
#include "tools/mlkem-ike/peer/identity.hpp"

#include <string_view>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/net/endpoint.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Identity;
using ikev2::IdType;

struct TypeName {
  std::string_view prefix;
  IdType type;
};
constexpr TypeName kTypeNames[] = {
    {"ipv4:", IdType::kIpv4Address},    {"ipv6:", IdType::kIpv6Address}, {"fqdn:", IdType::kFqdn},
    {"email:", IdType::kRfc822Address}, {"keyid:", IdType::kKeyId},      {"asn1dn:", IdType::kDerAsn1Dn},
};

// An ID payload of this length still leaves room for the rest of IKE_AUTH in a few fragments.
constexpr size_t kMaxIdentityBytes = 1024;

[[noreturn]] void refuse(const std::string& text, const char* reason) {
  throw Failure("identity '" + printable(octets_of(text)) + "': " + reason);
}

Bytes bytes_of(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

Bytes hex_or_text(const std::string& whole, std::string_view text) {
  if (!text.starts_with("0x")) return bytes_of(text);
  std::string fault;
  Bytes octets = from_hex(text.substr(2), fault);
  if (!fault.empty()) refuse(whole, fault.c_str());
  return octets;
}

Identity named(const std::string& whole, IdType type, std::string_view text) {
  if (type == IdType::kIpv4Address || type == IdType::kIpv6Address) {
    const Endpoint address = parse_address(std::string(text));
    if (address.address_bytes != (type == IdType::kIpv4Address ? 4 : 16)) refuse(whole, "no such address");
    return {type, Bytes(address.address().begin(), address.address().end())};
  }
  const bool binary = type == IdType::kKeyId || type == IdType::kDerAsn1Dn;
  return {type, binary ? hex_or_text(whole, text) : bytes_of(text)};
}

Identity guessed(const std::string& text) {
  if (const Endpoint address = parse_address(text); address.address_bytes != 0)
    return {address.is_ipv6() ? IdType::kIpv6Address : IdType::kIpv4Address,
            Bytes(address.address().begin(), address.address().end())};
  if (text.starts_with("@#")) return {IdType::kKeyId, hex_or_text(text, std::string("0x").append(text, 2))};
  if (text.starts_with('@')) return {IdType::kFqdn, bytes_of(std::string_view(text).substr(1))};
  return {text.find('@') != text.npos ? IdType::kRfc822Address : IdType::kFqdn, bytes_of(text)};
}

}  // namespace

Identity parse_identity(const std::string& text) {
  Identity identity;
  const TypeName* name = nullptr;
  for (const TypeName& candidate : kTypeNames)
    if (text.starts_with(candidate.prefix)) name = &candidate;
  identity =
      name ? named(text, name->type, std::string_view(text).substr(name->prefix.size())) : guessed(text);
  if (identity.data.empty()) refuse(text, "empty");
  if (identity.data.size() > kMaxIdentityBytes) refuse(text.substr(0, 64), "too long");
  return identity;
}

std::string identity_text(const ikev2::IdPayload& identity) {
  const bool plain = is_printable(identity.data) && !identity.data.empty();
  const std::string text = plain ? printable(identity.data) : std::string();
  switch (identity.type) {
    case IdType::kIpv4Address:
    case IdType::kIpv6Address:
      if (identity.data.size() == (identity.type == IdType::kIpv4Address ? 4u : 16u))
        return address_text(identity.data);
      break;
    case IdType::kFqdn:
    case IdType::kRfc822Address:
      // What would read back as something else gets its type in front.
      if (plain && text.find(':') == text.npos && guessed(text) == Identity{identity.type, bytes_of(text)})
        return text;
      if (plain) return (identity.type == IdType::kFqdn ? "fqdn:" : "email:") + text;
      break;
    case IdType::kKeyId:
      return "keyid:" + (plain && !text.starts_with("0x") ? text : "0x" + hex(identity.data));
    case IdType::kDerAsn1Dn:
      return "asn1dn:0x" + hex(identity.data);
    default:
      break;
  }
  return "type " + std::to_string(unsigned(identity.type)) + ":0x" + hex(identity.data);
}

std::string identity_text(const ikev2::Identity& identity) {
  return identity_text(ikev2::IdPayload{identity.type, identity.data});
}

}  // namespace mlkem::cli
