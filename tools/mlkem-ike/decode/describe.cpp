// SPDX-License-Identifier: Apache-2.0
// Payloads by type (RFC 7296, sections 3.4 to 3.16); the longer ones are in describe_*.cpp.
#include "tools/mlkem-ike/decode/describe.hpp"

#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;
using ikev2::PayloadType;

std::string number_text(const char* what, unsigned number) {
  return std::string(what) + ' ' + std::to_string(number);
}

void describe_nonce(Octets body, Description& out) {
  out.add("octets", body.size(), octets_text(body.size()));
  const auto nonce = ikev2::read_nonce_body(body);
  if (!nonce) out.fault = nonce.error().message;
}

std::string cert_encoding_text(ikev2::CertEncoding encoding) {
  switch (encoding) {
    case ikev2::CertEncoding::kX509Signature:
      return "X.509 certificate";
    case ikev2::CertEncoding::kCrl:
      return "CRL";
    case ikev2::CertEncoding::kHashAndUrlX509:
      return "hash and URL of an X.509 certificate";
    case ikev2::CertEncoding::kHashAndUrlBundle:
      return "hash and URL of an X.509 bundle";
    case ikev2::CertEncoding::kOcsp:
      return "OCSP";
    case ikev2::CertEncoding::kRawPublicKey:
      return "raw public key";
  }
  return number_text("encoding", unsigned(encoding));
}

void describe_cert(PayloadType type, Octets body, Description& out) {
  const auto cert = ikev2::read_cert_body(body);
  if (!cert) {
    out.fault = cert.error().message;
    return;
  }
  out.add("encoding", unsigned(cert->encoding));
  out.add("encoding_name", cert_encoding_text(cert->encoding), cert_encoding_text(cert->encoding));
  out.add("octets", cert->data.size(), octets_text(cert->data.size()));
  constexpr size_t kHashBytes = 20;  // SHA-1 of a trust anchor's key (RFC 7296, section 3.7)
  if (type != PayloadType::kCertreq || cert->encoding != ikev2::CertEncoding::kX509Signature ||
      cert->data.size() % kHashBytes != 0)
    return;
  const size_t count = cert->data.size() / kHashBytes;
  out.add("trust_anchors", count, std::to_string(count) + (count == 1 ? " trust anchor" : " trust anchors"));
}

void describe_delete(Octets body, Description& out) {
  const auto deleted = ikev2::read_delete_body(body);
  if (!deleted) {
    out.fault = deleted.error().message;
    return;
  }
  out.add("protocol", unsigned(deleted->protocol), protocol_text(deleted->protocol));
  nlohmann::ordered_json spis = nlohmann::ordered_json::array();
  std::string text;
  for (size_t i = 0; i < deleted->count(); ++i) {
    spis.push_back(hex(deleted->spi(i)));
    text += (i == 0 ? "SPI " : " ") + hex(deleted->spi(i));
  }
  out.add("spis", std::move(spis), deleted->count() == 0 ? "this SA" : text);
}

void describe_vendor_id(Octets body, Description& out) {
  out.add("hex", hex(body));
  if (!body.empty() && is_printable(body))
    out.add("text", printable(body, body.size()), '"' + printable(body, kShownOctets) + '"');
  else
    out.text = hex(body, kShownOctets);
}

// RFC 7296, section 3.15. What the attributes say is left out: nothing here reads them.
void describe_cp(Octets body, Description& out) {
  constexpr const char* kTypes[] = {"", "CFG_REQUEST", "CFG_REPLY", "CFG_SET", "CFG_ACK"};
  if (body.size() < 4) {
    out.fault = "the CP payload is cut short";
    return;
  }
  const unsigned type = body[0];
  out.add("cfg_type", type, type >= 1 && type <= 4 ? kTypes[type] : number_text("type", type));
  out.add("octets", body.size() - 4, octets_text(body.size() - 4));
}

// RFC 3748, section 4. Its data is left out: some methods carry passwords.
void describe_eap(Octets body, Description& out) {
  constexpr const char* kCodes[] = {"", "Request", "Response", "Success", "Failure"};
  constexpr unsigned kResponse = 2, kFailure = 4;
  if (body.size() < 4) {
    out.fault = "the EAP payload is cut short";
    return;
  }
  const unsigned code = body[0];
  out.add("code", code, code >= 1 && code <= 4 ? kCodes[code] : number_text("code", code));
  if (code <= kResponse && body.size() > 4) out.add("eap_type", body[4], number_text("type", body[4]));
  out.add("octets", body.size(), octets_text(body.size()));
  if (code == kFailure) out.finding = "EAP Failure";
}

void describe_body(const ikev2::Payload& payload, const ikev2::IkeHeader& header, Description& out) {
  switch (payload.type) {
    case PayloadType::kSa:
      return describe_sa(payload.body, header, out);
    case PayloadType::kKe:
      return describe_ke(payload.body, header, out);
    case PayloadType::kIdi:
    case PayloadType::kIdr:
      return describe_id(payload.body, out);
    case PayloadType::kCert:
    case PayloadType::kCertreq:
      return describe_cert(payload.type, payload.body, out);
    case PayloadType::kAuth:
      return describe_auth(payload.body, out);
    case PayloadType::kNonce:
      return describe_nonce(payload.body, out);
    case PayloadType::kNotify:
      return describe_notify(payload.body, header, out);
    case PayloadType::kDelete:
      return describe_delete(payload.body, out);
    case PayloadType::kVendorId:
      return describe_vendor_id(payload.body, out);
    case PayloadType::kTsi:
    case PayloadType::kTsr:
      return describe_ts(payload.body, out);
    case PayloadType::kCp:
      return describe_cp(payload.body, out);
    case PayloadType::kEap:
      return describe_eap(payload.body, out);
    default:
      out.add("octets", payload.body.size(), octets_text(payload.body.size()));
  }
}

}  // namespace

void Description::add(const char* key, nlohmann::ordered_json value, const std::string& words) {
  facts[key] = std::move(value);
  if (!words.empty()) text += (text.empty() ? "" : ", ") + words;
}

Description describe(const ikev2::Payload& payload, const ikev2::IkeHeader& header) {
  Description out;
  out.add("payload", payload_text(payload.type));
  out.add("type", unsigned(payload.type));
  if (payload.critical) out.add("critical", true, "critical");
  describe_body(payload, header, out);
  if (!out.fault.empty()) {
    out.add("malformed", out.fault, "malformed: " + out.fault);
    out.finding = payload_text(payload.type) + " malformed: " + out.fault;
  }
  return out;
}

std::string ke_method_text(uint16_t code_point) {
  const auto method = ikev2::ke_method(code_point);
  if (!method) return number_text(code_point == ikev2::kKeNone ? "none" : "method", code_point);
  return std::string(ikev2::name(*method)) + " (" + std::to_string(code_point) + ')';
}

std::string protocol_text(ikev2::ProtocolId protocol) {
  switch (protocol) {
    case ikev2::ProtocolId::kNone:
      return "no protocol";
    case ikev2::ProtocolId::kIke:
      return "IKE";
    case ikev2::ProtocolId::kAh:
      return "AH";
    case ikev2::ProtocolId::kEsp:
      return "ESP";
  }
  return number_text("protocol", unsigned(protocol));
}

std::string payload_text(ikev2::PayloadType type) {
  const std::string_view name = ikev2::name(type);
  return name == "unknown" ? number_text("payload", unsigned(type)) : std::string(name);
}

}  // namespace mlkem::cli
