// SPDX-License-Identifier: Apache-2.0
// IntAuth (RFC 9242, section 3.3.2).
#include "mlkem-ike/ikev2/int_auth.hpp"

#include <cstring>

#include "ikev2/clear_chain.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kVersion2 = 0x20;
constexpr size_t kSkHeaderBytes = 4;

}  // namespace

Result<void> IntAuth::add(Prf& prf, Octets sk_p, Parts message) noexcept {
  std::array<Octets, 1 + kMaxIntAuthParts> parts;
  if (message.size() > kMaxIntAuthParts) return misuse("too many parts in the message");
  parts[0] = value_.expose();
  for (size_t i = 0; i < message.size(); ++i) parts[1 + i] = message[i];

  Result<PrfSecret> next = compute_prf(prf, sk_p, Parts(parts.data(), 1 + message.size()));
  if (!next) return next.error();
  value_ = *std::move(next);
  ++messages_;
  return {};
}

Result<void> IntAuth::add(Prf& prf, Octets sk_p, const PlainMessage& message) noexcept {
  const std::optional<size_t> next_field = last_next_payload(message.clear);
  if (!next_field) return misuse("no IKE header, or malformed payloads behind it");
  if (message.inner.size() > kMaxInnerBytes) return misuse("the inner payloads are too long");
  std::array<uint8_t, kIkeHeaderBytes> header;
  std::memcpy(header.data(), message.clear.data(), header.size());
  const size_t length = message.clear.size() + kSkHeaderBytes + message.inner.size();
  store_32(&header[kLengthOffset], uint32_t(length));
  std::array<uint8_t, kSkHeaderBytes> sk{uint8_t(message.first_payload), message.flags};
  store_16(&sk[2], uint16_t(kSkHeaderBytes + message.inner.size()));

  // Behind payloads in the clear, the field that leads to SK or SKF stands in the last of them.
  const uint8_t next = uint8_t(PayloadType::kSk);
  const Octets clear_payloads = message.clear.subspan(kIkeHeaderBytes);
  if (clear_payloads.empty()) {
    header[kNextPayloadOffset] = next;
    const Octets parts[] = {header, sk, message.inner};
    return add(prf, sk_p, parts);
  }
  const size_t split = *next_field - kIkeHeaderBytes;
  const Octets parts[] = {
      header,       clear_payloads.first(split), Octets(&next, 1), clear_payloads.subspan(split + 1), sk,
      message.inner};
  return add(prf, sk_p, parts);
}

Result<std::array<uint8_t, kIntAuthHeaderBytes>> int_auth_header(const IntAuthHeader& header,
                                                                 size_t inner_bytes) noexcept {
  static_assert(kIntAuthHeaderBytes == kIkeHeaderBytes + kSkHeaderBytes);
  if (inner_bytes > UINT16_MAX - kSkHeaderBytes) return misuse("the inner payloads are too long");
  std::array<uint8_t, kIntAuthHeaderBytes> out{};
  std::memcpy(&out[0], header.spi_i.data(), header.spi_i.size());
  std::memcpy(&out[8], header.spi_r.data(), header.spi_r.size());
  out[16] = uint8_t(PayloadType::kSk);
  out[17] = kVersion2;
  out[18] = uint8_t(ExchangeType::kIkeIntermediate);
  out[19] = header.flags;
  store_32(&out[20], header.message_id);
  store_32(&out[24], uint32_t(kIntAuthHeaderBytes + inner_bytes));
  out[28] = uint8_t(header.first_payload);
  store_16(&out[30], uint16_t(kSkHeaderBytes + inner_bytes));
  return out;
}

Result<IntAuthSuffix> int_auth_suffix(const IntAuth& initiator, const IntAuth& responder,
                                      uint32_t auth_message_id) noexcept {
  if (initiator.messages() != responder.messages())
    return misuse("an IKE_INTERMEDIATE exchange has only one of its messages");
  IntAuthSuffix suffix;
  if (initiator.messages() == 0) return suffix;
  const Octets i = initiator.value(), r = responder.value();
  if (i.size() != r.size()) return misuse("the two sides used different PRFs");
  (void)suffix.resize(i.size() + r.size() + 4);
  uint8_t* out = suffix.expose_mutable().data();
  std::memcpy(out, i.data(), i.size());
  std::memcpy(out + i.size(), r.data(), r.size());
  store_32(out + i.size() + r.size(), auth_message_id);
  return suffix;
}

}  // namespace mlkem::ikev2
