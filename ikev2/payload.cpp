// SPDX-License-Identifier: Apache-2.0
// Readers of the generic payload header and of payload bodies, and the writer of a KE payload (RFC 7296,
// sections 3.2 and 3.4 to 3.13).
#include "mlkem-ike/ikev2/payload.hpp"

#include <cstring>

#include "ikev2/wire.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kCriticalBit = 0x80;
constexpr size_t kIdReservedBytes = 3, kAuthReservedBytes = 3, kTsReservedBytes = 3;
constexpr size_t kSelectorHeaderBytes = 4;  // type, protocol, length

Error malformed(const char* message) {
  return peer_fault(NotifyType::kInvalidSyntax, message);
}

// The length of an address; 0 for a selector of an unknown type.
size_t address_bytes(TsType type) {
  return type == TsType::kIpv4Range ? 4 : type == TsType::kIpv6Range ? 16 : 0;
}

}  // namespace

Result<PayloadView> read_payload(Octets octets) noexcept {
  if (octets.size() < kPayloadHeaderBytes) return malformed("payload header is cut short");
  const size_t length = load_16(octets.data() + 2);
  if (length < kPayloadHeaderBytes || length > octets.size()) return malformed("payload length does not fit");
  return PayloadView{PayloadType(octets[0]), (octets[1] & kCriticalBit) != 0,
                     octets.subspan(kPayloadHeaderBytes, length - kPayloadHeaderBytes),
                     octets.subspan(length)};
}

Result<KePayload> read_ke_body(Octets body) noexcept {
  Reader reader(body);
  const uint16_t method = reader.take_16();
  reader.take_16();
  if (!reader.complete()) return malformed("KE payload is cut short");
  return KePayload{method, reader.take_rest()};
}

Result<KePayload> read_ke_payload(Octets octets) noexcept {
  const Result<PayloadView> payload = read_payload(octets);
  if (!payload) return payload.error();
  if (!payload->rest.empty()) return malformed("octets after the KE payload");
  return read_ke_body(payload->body);
}

Result<size_t> write_ke_payload(std::span<uint8_t> out, PayloadType next, uint16_t method,
                                Octets data) noexcept {
  if (data.size() > UINT16_MAX - kKePayloadHeaderBytes) return misuse("key exchange data is too long");
  const size_t length = kKePayloadHeaderBytes + data.size();
  if (out.size() < length) return misuse("no room for the KE payload");
  out[0] = uint8_t(next);
  out[1] = 0;
  store_16(&out[2], uint16_t(length));
  store_16(&out[4], method);
  store_16(&out[6], 0);
  if (!data.empty()) std::memcpy(&out[kKePayloadHeaderBytes], data.data(), data.size());
  return length;
}

Result<Octets> read_nonce_body(Octets body) noexcept {
  if (body.size() < kMinNonceBytes || body.size() > kMaxNonceBytes)
    return malformed("nonce is not 16 to 256 octets long");
  return body;
}

Result<NotifyPayload> read_notify_body(Octets body) noexcept {
  Reader reader(body);
  const auto protocol = ProtocolId(reader.take_8());
  const size_t spi_bytes = reader.take_8();
  const auto type = NotifyType(reader.take_16());
  const Octets spi = reader.take(spi_bytes);
  if (!reader.complete()) return malformed("notify is cut short");
  return NotifyPayload{protocol, type, spi, reader.take_rest()};
}

Result<IdPayload> read_id_body(Octets body) noexcept {
  Reader reader(body);
  const auto type = IdType(reader.take_8());
  reader.take(kIdReservedBytes);
  if (!reader.complete()) return malformed("identity is cut short");
  return IdPayload{type, reader.take_rest()};
}

Result<CertPayload> read_cert_body(Octets body) noexcept {
  Reader reader(body);
  const auto encoding = CertEncoding(reader.take_8());
  if (!reader.complete()) return malformed("certificate payload is cut short");
  return CertPayload{encoding, reader.take_rest()};
}

Result<AuthPayload> read_auth_body(Octets body) noexcept {
  Reader reader(body);
  const uint8_t method = reader.take_8();
  reader.take(kAuthReservedBytes);
  if (!reader.complete()) return malformed("AUTH payload is cut short");
  return AuthPayload{method, reader.take_rest()};
}

Result<DeletePayload> read_delete_body(Octets body) noexcept {
  Reader reader(body);
  const auto protocol = ProtocolId(reader.take_8());
  const uint8_t spi_bytes = reader.take_8();
  const size_t count = reader.take_16();
  const Octets spis = reader.take(count * spi_bytes);
  if (!reader.complete() || !reader.rest().empty() || (spi_bytes == 0 && count != 0))
    return malformed("delete payload's length does not fit");
  return DeletePayload{protocol, spi_bytes, spis};
}

TrafficSelector TsPayload::Iterator::operator*() const noexcept {
  TrafficSelector selector{TsType(rest_[0]), rest_[1], 0, 0, {}, {}, {}};
  const size_t length = load_16(&rest_[2]), address = address_bytes(selector.type);
  Reader reader(rest_.subspan(kSelectorHeaderBytes, length - kSelectorHeaderBytes));
  if (address == 0) {
    selector.unknown = reader.take_rest();
    return selector;
  }
  selector.first_port = reader.take_16();
  selector.last_port = reader.take_16();
  selector.first_address = reader.take(address);
  selector.last_address = reader.take(address);
  return selector;
}

TsPayload::Iterator& TsPayload::Iterator::operator++() noexcept {
  rest_ = rest_.subspan(load_16(&rest_[2]));
  return *this;
}

Result<TsPayload> read_ts_body(Octets body) noexcept {
  Reader reader(body);
  TsPayload payload;
  payload.count_ = reader.take_8();
  reader.take(kTsReservedBytes);
  payload.selectors_ = reader.rest();
  for (unsigned i = 0; i < payload.count_; ++i) {
    const Octets selector = reader.rest();
    const auto type = TsType(reader.take_8());
    reader.take_8();
    const size_t length = reader.take_16(), address = address_bytes(type);
    if (!reader.complete() || length < kSelectorHeaderBytes || length > selector.size())
      return malformed("traffic selector's length does not fit");
    if (address != 0 && length != kSelectorHeaderBytes + 2 * sizeof(uint16_t) + 2 * address)
      return malformed("traffic selector has the wrong length for its type");
    reader.take(length - kSelectorHeaderBytes);
  }
  if (!reader.complete() || !reader.rest().empty() || payload.count_ == 0)
    return malformed("traffic selectors do not fill their payload");
  return payload;
}

}  // namespace mlkem::ikev2
