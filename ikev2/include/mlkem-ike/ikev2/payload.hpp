// SPDX-License-Identifier: Apache-2.0
// The bodies of payloads (RFC 7296, sections 3.4 to 3.14): read as views into the message, written by
// PayloadWriter. The SA payload has its own header, sa_payload.hpp; CP, EAP and vendor ids stay octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kPayloadHeaderBytes = 4;
inline constexpr size_t kKePayloadHeaderBytes = 8;  // generic header, method, reserved

// One payload of a chain. The spans point into what was read.
struct PayloadView {
  PayloadType next;  // the type of the payload in `rest`; any octet, known or not
  bool critical;
  Octets body;  // what follows the generic header
  Octets rest;  // what follows this payload
};

// The first payload of `octets`; reserved bits are ignored. Errors: the peer's fault, INVALID_SYNTAX, if the
// length does not fit.
MLKEM_API Result<PayloadView> read_payload(Octets octets) noexcept;

// Every read_*_body takes what follows the generic header, ignores reserved bits and returns views into it.
// Errors: the peer's fault, INVALID_SYNTAX, for a body that is cut short, whose lengths do not fit, or that
// goes on after its end.

struct KePayload {
  uint16_t method;  // as it stands on the wire: see ke_method()
  Octets data;      // of any length: the key exchange checks it
};

MLKEM_API Result<KePayload> read_ke_body(Octets body) noexcept;
// A KE payload that fills `octets` exactly, generic header included. Errors: INVALID_SYNTAX.
MLKEM_API Result<KePayload> read_ke_payload(Octets octets) noexcept;

// Writes a KE payload, reserved bits zero, the critical bit clear, and returns its length. `next` is the type
// of the payload that follows. Errors: misuse, if `out` is too short or the payload longer than 65,535
// octets.
MLKEM_API Result<size_t> write_ke_payload(std::span<uint8_t> out, PayloadType next, uint16_t method,
                                          Octets data) noexcept;

// The nonce data, 16 to 256 octets (RFC 7296, section 3.9).
inline constexpr size_t kMinNonceBytes = 16;
MLKEM_API Result<Octets> read_nonce_body(Octets body) noexcept;

// RFC 7296, section 3.10.
struct NotifyPayload {
  ProtocolId protocol = ProtocolId::kNone;
  NotifyType type;  // any number, known or not
  Octets spi;       // at most 255 octets
  Octets data;
};
MLKEM_API Result<NotifyPayload> read_notify_body(Octets body) noexcept;
// Types up to 16383 report errors.
constexpr bool is_error(NotifyType type) {
  return uint16_t(type) < 16384;
}

// RFC 7296, section 3.5.
enum class IdType : uint8_t {
  kIpv4Address = 1,
  kFqdn = 2,
  kRfc822Address = 3,
  kIpv6Address = 5,
  kDerAsn1Dn = 9,
  kDerAsn1Gn = 10,
  kKeyId = 11,
};
// IDi and IDr. AUTH covers the whole body, reserved octets included.
struct IdPayload {
  IdType type;
  Octets data;
};
MLKEM_API Result<IdPayload> read_id_body(Octets body) noexcept;

// CERT and CERTREQ (RFC 7296, sections 3.6 and 3.7).
enum class CertEncoding : uint8_t {
  kX509Signature = 4,
  kCrl = 7,
  kHashAndUrlX509 = 12,
  kHashAndUrlBundle = 13,
  kOcsp = 14,
  kRawPublicKey = 15,
};
struct CertPayload {
  CertEncoding encoding;
  Octets data;  // CERTREQ: SHA-1 hashes of the public keys of trust anchors
};
MLKEM_API Result<CertPayload> read_cert_body(Octets body) noexcept;

// RFC 7296, section 3.8.
struct AuthPayload {
  uint8_t method;  // AuthMethod, or any other octet
  Octets data;
};
MLKEM_API Result<AuthPayload> read_auth_body(Octets body) noexcept;

// RFC 7296, section 3.11.
struct DeletePayload {
  ProtocolId protocol;
  uint8_t spi_bytes;  // 0 for the IKE SA
  Octets spis;        // a multiple of spi_bytes

  [[nodiscard]] size_t count() const noexcept { return spi_bytes == 0 ? 0 : spis.size() / spi_bytes; }
  [[nodiscard]] Octets spi(size_t index) const noexcept { return spis.subspan(index * spi_bytes, spi_bytes); }
};
MLKEM_API Result<DeletePayload> read_delete_body(Octets body) noexcept;

// RFC 7296, section 3.13.1.
enum class TsType : uint8_t { kIpv4Range = 7, kIpv6Range = 8 };
struct TrafficSelector {
  TsType type;  // any octet, known or not
  uint8_t ip_protocol = 0;
  uint16_t first_port = 0, last_port = 0xffff;
  Octets first_address, last_address;  // 4 or 16 octets, by type
  Octets unknown;                      // of another type: what follows the selector's length
};

// TSi and TSr: selectors that a loop reads off a body which read_ts_body has checked.
class MLKEM_API TsPayload {
 public:
  class Iterator {
   public:
    explicit Iterator(Octets rest) noexcept : rest_(rest) {}
    MLKEM_API TrafficSelector operator*() const noexcept;
    MLKEM_API Iterator& operator++() noexcept;
    bool operator==(const Iterator& other) const noexcept { return rest_.size() == other.rest_.size(); }

   private:
    Octets rest_;
  };

  TsPayload() noexcept = default;
  [[nodiscard]] size_t size() const noexcept { return count_; }
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(selectors_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator({}); }

 private:
  friend MLKEM_API Result<TsPayload> read_ts_body(Octets body) noexcept;

  Octets selectors_;
  uint8_t count_ = 0;
};
// At least one selector. A range may be empty (first behind last): who narrows decides.
MLKEM_API Result<TsPayload> read_ts_body(Octets body) noexcept;

}  // namespace mlkem::ikev2
