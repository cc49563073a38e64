// SPDX-License-Identifier: Apache-2.0
// Reader of the IKE header and of payload chains (RFC 7296, sections 2.5, 3.1 and 3.2).
#include "mlkem-ike/ikev2/message.hpp"

#include <algorithm>

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kMajorVersion = kIkeVersion >> 4;

Error malformed(const char* message) {
  return peer_fault(NotifyType::kInvalidSyntax, message);
}

template <class T>
Result<void> only_error(const Result<T>& result) {
  return result ? Result<void>() : result.error();
}

Result<void> check_body(const Payload& payload) {
  switch (payload.type) {
    case PayloadType::kSa:
      return only_error(read_sa_body(payload.body));
    case PayloadType::kKe:
      return only_error(read_ke_body(payload.body));
    case PayloadType::kIdi:
    case PayloadType::kIdr:
      return only_error(read_id_body(payload.body));
    case PayloadType::kCert:
    case PayloadType::kCertreq:
      return only_error(read_cert_body(payload.body));
    case PayloadType::kAuth:
      return only_error(read_auth_body(payload.body));
    case PayloadType::kNonce:
      return only_error(read_nonce_body(payload.body));
    case PayloadType::kNotify:
      return only_error(read_notify_body(payload.body));
    case PayloadType::kDelete:
      return only_error(read_delete_body(payload.body));
    case PayloadType::kTsi:
    case PayloadType::kTsr:
      return only_error(read_ts_body(payload.body));
    default:
      return {};
  }
}

}  // namespace

IkeHeader read_ike_header_fields(std::span<const uint8_t, kIkeHeaderBytes> octets) noexcept {
  Reader reader(octets);
  IkeHeader header;
  for (Spi* spi : {&header.spi_i, &header.spi_r})
    std::copy_n(reader.take(sizeof(Spi)).begin(), sizeof(Spi), spi->begin());
  header.first_payload = PayloadType(reader.take_8());
  header.version = reader.take_8();
  header.exchange = ExchangeType(reader.take_8());
  header.flags = reader.take_8();
  header.message_id = reader.take_32();
  header.length = reader.take_32();
  return header;
}

Result<IkeHeader> read_ike_header(Octets message) noexcept {
  if (message.size() < kIkeHeaderBytes) return malformed("IKE header is cut short");
  const IkeHeader header = read_ike_header_fields(message.first<kIkeHeaderBytes>());
  const unsigned major = header.version >> 4;
  if (major > kMajorVersion) return peer_fault(NotifyType::kInvalidMajorVersion, "major version is above 2");
  if (major < kMajorVersion) return malformed("major version is below 2");
  if (header.length != message.size()) return malformed("length of the header is not the message's");
  return header;
}

void write_ike_header(std::span<uint8_t, kIkeHeaderBytes> out, const IkeHeader& header) noexcept {
  std::copy(header.spi_i.begin(), header.spi_i.end(), out.begin());
  std::copy(header.spi_r.begin(), header.spi_r.end(), out.subspan<sizeof(Spi)>().begin());
  out[16] = uint8_t(header.first_payload);
  out[17] = header.version;
  out[18] = uint8_t(header.exchange);
  out[19] = header.flags;
  store_32(&out[20], header.message_id);
  store_32(&out[24], header.length);
}

bool is_known(PayloadType type) noexcept {
  return (type >= PayloadType::kSa && type <= PayloadType::kEap) || type == PayloadType::kSkf;
}

size_t PayloadList::count(PayloadType type) const noexcept {
  return size_t(
      std::count_if(begin(), end(), [type](const Payload& payload) { return payload.type == type; }));
}

const Payload* PayloadList::find(PayloadType type) const noexcept {
  const Payload* found =
      std::find_if(begin(), end(), [type](const Payload& payload) { return payload.type == type; });
  return found == end() ? nullptr : found;
}

Result<Octets> PayloadList::only(PayloadType type) const noexcept {
  if (count(type) != 1) return malformed("a payload is missing or there twice");
  return find(type)->body;
}

std::optional<NotifyPayload> PayloadList::find_notify(NotifyType type) const noexcept {
  for (const Payload& payload : *this) {
    if (payload.type != PayloadType::kNotify) continue;
    const Result<NotifyPayload> notify = read_notify_body(payload.body);
    if (notify && notify->type == type) return *notify;
  }
  return std::nullopt;
}

Result<void> PayloadList::check_bodies() const noexcept {
  for (const Payload& payload : *this)
    if (Result<void> checked = check_body(payload); !checked) return checked;
  return {};
}

Result<PayloadList> PayloadList::read(PayloadType first, Octets octets, Place place) noexcept {
  PayloadList list;
  PayloadType type = first;
  for (Octets rest = octets; type != PayloadType::kNone || !rest.empty();) {
    if (type == PayloadType::kNone) return malformed("octets after the last payload");
    if (list.size_ == kMaxPayloads) return malformed("too many payloads");
    const Result<PayloadView> view = read_payload(rest);
    if (!view) return view.error();
    if (view->critical && !is_known(type)) {
      Error error = peer_fault(NotifyType::kUnsupportedCriticalPayload, "unknown critical payload");
      error.notify_data = uint8_t(type);
      return error;
    }
    list.payloads_[list.size_++] = {type, view->next, view->critical, view->body};
    if (type == PayloadType::kSk || type == PayloadType::kSkf) {
      if (place == Place::kInsideSk) return malformed("encrypted payload inside another one");
      if (!view->rest.empty()) return malformed("octets after the encrypted payload");
      break;
    }
    type = view->next;
    rest = view->rest;
  }
  return list;
}

Result<PayloadList> read_payloads(PayloadType first, Octets octets) noexcept {
  return PayloadList::read(first, octets, PayloadList::Place::kInsideSk);
}

Result<Message> read_message(Octets message) noexcept {
  const Result<IkeHeader> header = read_ike_header(message);
  if (!header) return header.error();
  const Result<PayloadList> payloads = PayloadList::read(
      header->first_payload, message.subspan(kIkeHeaderBytes), PayloadList::Place::kMessage);
  if (!payloads) return payloads.error();
  return Message{*header, *payloads};
}

}  // namespace mlkem::ikev2
