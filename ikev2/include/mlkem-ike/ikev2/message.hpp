// SPDX-License-Identifier: Apache-2.0
// Whole messages: the IKE header, chains of payloads, in the clear or inside SK (RFC 7296, sections 3.1 to
// 3.2). Reading allocates nothing and gives views; writing goes into a buffer of the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/payload.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/sa_payload.hpp"

namespace mlkem::ikev2 {

inline constexpr size_t kIkeHeaderBytes = 28;
inline constexpr uint8_t kIkeVersion = 0x20;
inline constexpr uint8_t kFlagInitiator = 0x08;  // the sender is the original initiator of this IKE SA
inline constexpr uint8_t kFlagResponse = 0x20;

struct IkeHeader {
  Spi spi_i, spi_r;
  PayloadType first_payload = PayloadType::kNone;  // any octet, known or not; set by PayloadWriter
  uint8_t version = kIkeVersion;
  ExchangeType exchange;  // any octet, known or not
  uint8_t flags;          // as they stand, reserved bits included
  uint32_t message_id;
  uint32_t length = 0;  // of the whole message; set by PayloadWriter

  [[nodiscard]] bool from_initiator() const noexcept { return (flags & kFlagInitiator) != 0; }
  [[nodiscard]] bool is_response() const noexcept { return (flags & kFlagResponse) != 0; }
};

// The header's fields as they stand; nothing is checked.
MLKEM_API IkeHeader read_ike_header_fields(std::span<const uint8_t, kIkeHeaderBytes> octets) noexcept;
// The header of a message without non-ESP marker. Errors: the peer's fault: INVALID_SYNTAX, if it is cut
// short or its length is not the message's; INVALID_MAJOR_VERSION for a major version above 2 (a lower one is
// INVALID_SYNTAX).
MLKEM_API Result<IkeHeader> read_ike_header(Octets message) noexcept;
// Writes `header` as it is, length and first payload included.
MLKEM_API void write_ike_header(std::span<uint8_t, kIkeHeaderBytes> out, const IkeHeader& header) noexcept;

// True for the payload types that this library reads, SK and SKF among them; the critical bit is for others.
MLKEM_API bool is_known(PayloadType type) noexcept;

struct Payload {
  PayloadType type;  // any octet, known or not
  PayloadType next;  // as it stands; in SK and SKF the type of the first payload inside
  bool critical;
  Octets body;  // what follows the generic header
};

inline constexpr size_t kMaxPayloads = 64;

struct Message;

// The payloads of one chain, in their order, the unknown ones among them. Views: the octets must outlive it.
class MLKEM_API PayloadList {
 public:
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const Payload& operator[](size_t index) const noexcept { return payloads_[index]; }
  [[nodiscard]] const Payload* begin() const noexcept { return payloads_.data(); }
  [[nodiscard]] const Payload* end() const noexcept { return payloads_.data() + size_; }

  // How many there are of a type, and the first of them, or null.
  [[nodiscard]] size_t count(PayloadType type) const noexcept;
  [[nodiscard]] const Payload* find(PayloadType type) const noexcept;
  // The body of the one payload of this type. Errors: the peer's fault, INVALID_SYNTAX, if there is none or
  // more than one.
  Result<Octets> only(PayloadType type) const noexcept;
  // The first notify of this type; nothing if there is none. Malformed notifies are passed over: see
  // check_bodies().
  [[nodiscard]] std::optional<NotifyPayload> find_notify(NotifyType type) const noexcept;
  // Reads every body of a known type. Errors: the first one's.
  Result<void> check_bodies() const noexcept;

 private:
  enum class Place : uint8_t { kMessage, kInsideSk };
  static Result<PayloadList> read(PayloadType first, Octets octets, Place place) noexcept;
  friend MLKEM_API Result<PayloadList> read_payloads(PayloadType first, Octets octets) noexcept;
  friend MLKEM_API Result<Message> read_message(Octets message) noexcept;

  std::array<Payload, kMaxPayloads> payloads_{};
  size_t size_ = 0;
};

// The chain inside SK, in plaintext: it fills `octets` exactly and begins with a payload of type `first`.
// Bodies are not read. Errors: the peer's fault: INVALID_SYNTAX for lengths that do not fit, octets behind
// the last payload, more than kMaxPayloads, or another SK or SKF; UNSUPPORTED_CRITICAL_PAYLOAD, with the type
// in notify_data.
MLKEM_API Result<PayloadList> read_payloads(PayloadType first, Octets octets) noexcept;

struct Message {
  IkeHeader header;
  PayloadList payloads;
};
// The header and the chain behind it, which SK or SKF ends, if it is there. Errors: as above, and those of
// read_ike_header().
MLKEM_API Result<Message> read_message(Octets message) noexcept;

// Writes a message, or a chain of payloads alone (the inner payloads of SK), into a buffer; next-payload
// fields and lengths are filled in as the chain grows, reserved bits are zero. A failure (no room, a body of
// more than 65,531 octets, a field that does not fit) stays until finish() reports it.
class MLKEM_API PayloadWriter {
 public:
  // A chain alone.
  explicit PayloadWriter(std::span<uint8_t> out) noexcept;
  // A message in the clear, header first.
  PayloadWriter(std::span<uint8_t> out, const IkeHeader& header) noexcept;

  void add(PayloadType type, Octets body) noexcept;  // V, CP, EAP, unknown ones; any body
  void add_sa(const SaPayload& sa) noexcept;         // as it was read, unknown parts included
  void add_ke(const KePayload& ke) noexcept;
  void add_nonce(Octets nonce) noexcept;
  void add_notify(const NotifyPayload& notify) noexcept;
  void add_id(PayloadType type, const IdPayload& id) noexcept;        // IDi or IDr
  void add_cert(PayloadType type, const CertPayload& cert) noexcept;  // CERT or CERTREQ
  void add_auth(const AuthPayload& auth) noexcept;
  void add_delete(const DeletePayload& deleted) noexcept;
  void add_ts(PayloadType type, std::span<const TrafficSelector> selectors) noexcept;  // TSi or TSr
  void add_ts(PayloadType type, const TsPayload& selectors) noexcept;

  // An SA payload from parts: begin_sa, for every proposal begin_proposal and its add_transforms, end_sa.
  void begin_sa() noexcept;
  void begin_proposal(uint8_t number, ProtocolId protocol, Octets spi) noexcept;
  // key_bits 0: without a Key Length attribute.
  void add_transform(TransformType type, uint16_t id, uint16_t key_bits = 0) noexcept;
  void add_transform(TransformType type, uint16_t id, Octets attributes) noexcept;
  void end_sa() noexcept;

  // The type of the first payload, kNone for an empty chain: SK's next payload field.
  [[nodiscard]] PayloadType first_payload() const noexcept { return first_; }
  // How much is written: all of it, IKE header included. Errors: misuse, see above.
  Result<size_t> finish() noexcept;

 private:
  void begin(PayloadType type) noexcept;
  void end() noexcept;
  void end_proposal() noexcept;
  void begin_ts(PayloadType type) noexcept;
  void end_ts() noexcept;
  void put_ts(const TrafficSelector& selector) noexcept;
  void put_8(uint8_t value) noexcept;
  void put_16(uint16_t value) noexcept;
  void put(Octets octets) noexcept;
  void patch_8(size_t at, size_t value) noexcept;
  void patch_16(size_t at, size_t value) noexcept;
  Result<void> add_again(const Payload& payload) noexcept;

  friend MLKEM_API Result<void> rebuild(const PayloadList& parsed, PayloadWriter& out) noexcept;

  std::span<uint8_t> out_;
  size_t size_ = 0;
  bool failed_ = false;
  bool has_header_ = false;
  PayloadType first_ = PayloadType::kNone;
  size_t next_field_ = kNowhere;  // where the type of the payload that comes next belongs
  size_t payload_ = kNowhere, proposal_ = kNowhere, transform_ = kNowhere;  // where the open ones begin
  unsigned transforms_ = 0, selectors_ = 0;

  static constexpr size_t kNowhere = SIZE_MAX;
};

// Decodes every payload and writes it anew from its decoded form; SK, SKF, V, CP, EAP and unknown ones are
// copied. For what a peer sent with reserved bits zero the result is the same octets. Errors: the peer's
// fault for a body that does not decode.
MLKEM_API Result<void> rebuild(const PayloadList& parsed, PayloadWriter& out) noexcept;

}  // namespace mlkem::ikev2
