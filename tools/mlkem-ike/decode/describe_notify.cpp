// SPDX-License-Identifier: Apache-2.0
// Notify payloads (RFC 7296, section 3.10) with what their data says.
#include "ikev2/wire.hpp"
#include "tools/mlkem-ike/decode/describe.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::NotifyType;
using ikev2::Octets;
using nlohmann::ordered_json;

uint64_t read_number(Octets octets) {
  uint64_t value = 0;
  for (const uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

std::string hash_text(unsigned hash) {
  switch (hash) {
    case 1:
      return "SHA1";
    case unsigned(ikev2::SignatureHash::kSha256):
      return "SHA2-256";
    case unsigned(ikev2::SignatureHash::kSha384):
      return "SHA2-384";
    case unsigned(ikev2::SignatureHash::kSha512):
      return "SHA2-512";
    case unsigned(ikev2::SignatureHash::kIdentity):
      return "Identity";
    default:
      return "hash " + std::to_string(hash);
  }
}

void add_hashes(Octets data, Description& out) {
  ordered_json list = ordered_json::array();
  std::string text;
  for (size_t at = 0; at + 2 <= data.size(); at += 2) {
    list.push_back(hash_text(unsigned(ikev2::load_16(&data[at]))));
    if (at != 0) text += ' ';
    text += hash_text(unsigned(ikev2::load_16(&data[at])));
  }
  out.add("hashes", std::move(list), text);
}

// False if the data is not what this type's should be: then it is shown in hex like that of any other.
bool add_known_data(NotifyType type, Octets data, Description& out) {
  switch (type) {
    case NotifyType::kUnsupportedCriticalPayload:
      if (data.size() != 1) return false;
      out.add("payload_type", data[0], payload_text(ikev2::PayloadType(data[0])));
      return true;
    case NotifyType::kInvalidKePayload:
      if (data.size() != 2) return false;
      out.add("method", unsigned(ikev2::load_16(&data[0])),
              "wants " + ke_method_text(ikev2::load_16(&data[0])));
      return true;
    case NotifyType::kInvalidMessageId:
    case NotifyType::kSetWindowSize:
    case NotifyType::kAuthLifetime:
      if (data.size() != 4) return false;
      out.add("value", read_number(data),
              std::to_string(read_number(data)) + (type == NotifyType::kAuthLifetime ? " s" : ""));
      return true;
    case NotifyType::kSignatureHashAlgorithms:
      if (data.size() % 2 != 0) return false;
      add_hashes(data, out);
      return true;
    case NotifyType::kAdditionalIp4Address:
    case NotifyType::kAdditionalIp6Address:
      if (data.size() != (type == NotifyType::kAdditionalIp4Address ? 4 : 16)) return false;
      out.add("address", address_text(data), address_text(data));
      return true;
    case NotifyType::kAdditionalKeyExchange:
      out.add("link", hex(data), "link " + hex(data, kShownOctets));
      return true;
    default:
      return false;
  }
}

}  // namespace

void describe_notify(Octets body, const ikev2::IkeHeader& header, Description& out) {
  const auto notify = ikev2::read_notify_body(body);
  if (!notify) {
    out.fault = notify.error().message;
    return;
  }
  const std::string number = std::to_string(unsigned(notify->type));
  const std::string_view known = ikev2::name(notify->type);
  const bool error = ikev2::is_error(notify->type);
  const std::string name = known != "unknown" ? std::string(known) : (error ? "error " : "status ") + number;
  out.add("notify", unsigned(notify->type), (error && known != "unknown" ? "error " : "") + name);
  out.add("name", name);
  if (notify->protocol != ikev2::ProtocolId::kNone)
    out.add("protocol", unsigned(notify->protocol), protocol_text(notify->protocol));
  if (!notify->spi.empty()) out.add("spi", hex(notify->spi), "SPI " + hex(notify->spi));
  const Octets data = notify->data;
  if (!data.empty() || notify->type == NotifyType::kAdditionalKeyExchange) {
    out.add("data", hex(data));
    if (!add_known_data(notify->type, data, out))
      out.text += ", " + octets_text(data.size()) + ' ' + hex(data, kShownOctets);
  }
  if (error) out.finding = out.text;
  if (notify->type == NotifyType::kCookie && header.is_response()) out.finding = "COOKIE asked for";
}

}  // namespace mlkem::cli
