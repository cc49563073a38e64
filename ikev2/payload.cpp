// SPDX-License-Identifier: Apache-2.0
// Codec of the generic payload header and the KE payload (RFC 7296, sections 3.2 and 3.4).
#include "mlkem-ike/ikev2/payload.hpp"

#include <cstring>

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kCriticalBit = 0x80;
constexpr size_t kKeFixedBytes = kKePayloadHeaderBytes - kPayloadHeaderBytes;

}  // namespace

Result<PayloadView> read_payload(Octets octets) noexcept {
  if (octets.size() < kPayloadHeaderBytes)
    return peer_fault(NotifyType::kInvalidSyntax, "payload header is cut short");
  const size_t length = load_16(octets.data() + 2);
  if (length < kPayloadHeaderBytes || length > octets.size())
    return peer_fault(NotifyType::kInvalidSyntax, "payload length does not fit");
  return PayloadView{PayloadType(octets[0]), (octets[1] & kCriticalBit) != 0,
                     octets.subspan(kPayloadHeaderBytes, length - kPayloadHeaderBytes),
                     octets.subspan(length)};
}

Result<KePayload> read_ke_body(Octets body) noexcept {
  if (body.size() < kKeFixedBytes) return peer_fault(NotifyType::kInvalidSyntax, "KE payload is cut short");
  return KePayload{load_16(body.data()), body.subspan(kKeFixedBytes)};
}

Result<KePayload> read_ke_payload(Octets octets) noexcept {
  const Result<PayloadView> payload = read_payload(octets);
  if (!payload) return payload.error();
  if (!payload->rest.empty()) return peer_fault(NotifyType::kInvalidSyntax, "octets after the KE payload");
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

}  // namespace mlkem::ikev2
