// SPDX-License-Identifier: Apache-2.0
// PayloadWriter: chains of payloads with their lengths filled in (RFC 7296, sections 3.1 to 3.14).
#include <cstring>

#include "ikev2/wire.hpp"
#include "mlkem-ike/ikev2/message.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint8_t kCriticalBit = 0x80;
constexpr uint8_t kMoreProposals = 2, kMoreTransforms = 3;
constexpr size_t kNextPayloadOffset = 16, kLengthOffset = 24;  // in the IKE header
constexpr uint16_t kKeyLengthAttribute = 0x800e;

}  // namespace

PayloadWriter::PayloadWriter(std::span<uint8_t> out) noexcept : out_(out) {}

PayloadWriter::PayloadWriter(std::span<uint8_t> out, const IkeHeader& header) noexcept
    : out_(out), has_header_(true), next_field_(kNextPayloadOffset) {
  if (out.size() < kIkeHeaderBytes) {
    failed_ = true;
    return;
  }
  IkeHeader empty = header;
  empty.first_payload = PayloadType::kNone;
  write_ike_header(out.first<kIkeHeaderBytes>(), empty);
  size_ = kIkeHeaderBytes;
}

void PayloadWriter::put_8(uint8_t value) noexcept {
  put(Octets(&value, 1));
}

void PayloadWriter::put_16(uint16_t value) noexcept {
  uint8_t octets[2];
  store_16(octets, value);
  put(octets);
}

void PayloadWriter::put(Octets octets) noexcept {
  if (failed_ || octets.size() > out_.size() - size_) {
    failed_ = true;
    return;
  }
  if (!octets.empty()) std::memcpy(&out_[size_], octets.data(), octets.size());
  size_ += octets.size();
}

void PayloadWriter::patch_8(size_t at, size_t value) noexcept {
  if (value > UINT8_MAX) failed_ = true;
  if (!failed_) out_[at] = uint8_t(value);
}

void PayloadWriter::patch_16(size_t at, size_t value) noexcept {
  if (value > UINT16_MAX) failed_ = true;
  if (!failed_) store_16(&out_[at], uint16_t(value));
}

void PayloadWriter::begin(PayloadType type) noexcept {
  if (next_field_ != kNowhere) patch_8(next_field_, size_t(type));
  if (first_ == PayloadType::kNone) first_ = type;
  payload_ = next_field_ = size_;
  put_8(uint8_t(PayloadType::kNone));
  put_8(0);
  put_16(0);
}

void PayloadWriter::end() noexcept {
  patch_16(payload_ + 2, size_ - payload_);
}

void PayloadWriter::add(PayloadType type, Octets body) noexcept {
  begin(type);
  put(body);
  end();
}

void PayloadWriter::begin_sa() noexcept {
  begin(PayloadType::kSa);
  proposal_ = kNowhere;
}

void PayloadWriter::begin_proposal(uint8_t number, ProtocolId protocol, Octets spi) noexcept {
  if (proposal_ != kNowhere) {
    end_proposal();
    patch_8(proposal_, kMoreProposals);
  }
  proposal_ = size_;
  transform_ = kNowhere;
  transforms_ = 0;
  put_16(0);
  put_16(0);
  put_8(number);
  put_8(uint8_t(protocol));
  if (spi.size() > UINT8_MAX) failed_ = true;
  put_8(uint8_t(spi.size()));
  put_8(0);
  put(spi);
}

void PayloadWriter::add_transform(TransformType type, uint16_t id, uint16_t key_bits) noexcept {
  uint8_t attribute[kKeyLengthAttributeBytes];
  store_16(attribute, kKeyLengthAttribute);
  store_16(attribute + 2, key_bits);
  add_transform(type, id, key_bits == 0 ? Octets() : Octets(attribute));
}

void PayloadWriter::add_transform(TransformType type, uint16_t id, Octets attributes) noexcept {
  if (transform_ != kNowhere) patch_8(transform_, kMoreTransforms);
  transform_ = size_;
  ++transforms_;
  put_16(0);
  put_16(0);
  put_8(uint8_t(type));
  put_8(0);
  put_16(id);
  put(attributes);
  patch_16(transform_ + 2, size_ - transform_);
}

void PayloadWriter::end_proposal() noexcept {
  patch_16(proposal_ + 2, size_ - proposal_);
  patch_8(proposal_ + 7, transforms_);
}

void PayloadWriter::end_sa() noexcept {
  if (proposal_ != kNowhere) end_proposal();
  end();
}

void PayloadWriter::add_sa(const SaPayload& sa) noexcept {
  begin_sa();
  for (const ProposalView& proposal : sa) {
    begin_proposal(proposal.number, proposal.protocol, proposal.spi);
    for (const TransformView& transform : proposal.transforms)
      add_transform(transform.type, transform.id, transform.attributes);
  }
  end_sa();
}

void PayloadWriter::add_ke(const KePayload& ke) noexcept {
  begin(PayloadType::kKe);
  put_16(ke.method);
  put_16(0);
  put(ke.data);
  end();
}

void PayloadWriter::add_nonce(Octets nonce) noexcept {
  add(PayloadType::kNonce, nonce);
}

void PayloadWriter::add_notify(const NotifyPayload& notify) noexcept {
  begin(PayloadType::kNotify);
  put_8(uint8_t(notify.protocol));
  if (notify.spi.size() > UINT8_MAX) failed_ = true;
  put_8(uint8_t(notify.spi.size()));
  put_16(uint16_t(notify.type));
  put(notify.spi);
  put(notify.data);
  end();
}

void PayloadWriter::add_id(PayloadType type, const IdPayload& id) noexcept {
  begin(type);
  put_8(uint8_t(id.type));
  put_8(0);
  put_16(0);
  put(id.data);
  end();
}

void PayloadWriter::add_cert(PayloadType type, const CertPayload& cert) noexcept {
  begin(type);
  put_8(uint8_t(cert.encoding));
  put(cert.data);
  end();
}

void PayloadWriter::add_auth(const AuthPayload& auth) noexcept {
  begin(PayloadType::kAuth);
  put_8(auth.method);
  put_8(0);
  put_16(0);
  put(auth.data);
  end();
}

void PayloadWriter::add_delete(const DeletePayload& deleted) noexcept {
  begin(PayloadType::kDelete);
  put_8(uint8_t(deleted.protocol));
  put_8(deleted.spi_bytes);
  if (deleted.count() * deleted.spi_bytes != deleted.spis.size() || deleted.count() > UINT16_MAX)
    failed_ = true;
  put_16(uint16_t(deleted.count()));
  put(deleted.spis);
  end();
}

void PayloadWriter::begin_ts(PayloadType type) noexcept {
  begin(type);
  put_16(0);
  put_16(0);
  selectors_ = 0;
}

void PayloadWriter::put_ts(const TrafficSelector& selector) noexcept {
  const size_t start = size_;
  ++selectors_;
  put_8(uint8_t(selector.type));
  put_8(selector.ip_protocol);
  put_16(0);
  const size_t address = selector.type == TsType::kIpv4Range   ? 4
                         : selector.type == TsType::kIpv6Range ? 16
                                                               : 0;
  if (selector.first_address.size() != address || selector.last_address.size() != address) failed_ = true;
  if (address != 0) {
    put_16(selector.first_port);
    put_16(selector.last_port);
    put(selector.first_address);
    put(selector.last_address);
  } else {
    put(selector.unknown);
  }
  patch_16(start + 2, size_ - start);
}

void PayloadWriter::end_ts() noexcept {
  patch_8(payload_ + kPayloadHeaderBytes, selectors_);
  end();
}

void PayloadWriter::add_ts(PayloadType type, std::span<const TrafficSelector> selectors) noexcept {
  begin_ts(type);
  for (const TrafficSelector& selector : selectors) put_ts(selector);
  end_ts();
}

void PayloadWriter::add_ts(PayloadType type, const TsPayload& selectors) noexcept {
  begin_ts(type);
  for (const TrafficSelector& selector : selectors) put_ts(selector);
  end_ts();
}

Result<size_t> PayloadWriter::finish() noexcept {
  if (failed_) return misuse("payloads do not fit the buffer or their length fields");
  if (has_header_) store_32(&out_[kLengthOffset], uint32_t(size_));
  return size_;
}

Result<void> PayloadWriter::add_again(const Payload& payload) noexcept {
  const size_t start = size_;
  const Octets body = payload.body;
  switch (payload.type) {
    case PayloadType::kSa: {
      const Result<SaPayload> sa = read_sa_body(body);
      if (!sa) return sa.error();
      add_sa(*sa);
      break;
    }
    case PayloadType::kKe: {
      const Result<KePayload> ke = read_ke_body(body);
      if (!ke) return ke.error();
      add_ke(*ke);
      break;
    }
    case PayloadType::kIdi:
    case PayloadType::kIdr: {
      const Result<IdPayload> id = read_id_body(body);
      if (!id) return id.error();
      add_id(payload.type, *id);
      break;
    }
    case PayloadType::kCert:
    case PayloadType::kCertreq: {
      const Result<CertPayload> cert = read_cert_body(body);
      if (!cert) return cert.error();
      add_cert(payload.type, *cert);
      break;
    }
    case PayloadType::kAuth: {
      const Result<AuthPayload> auth = read_auth_body(body);
      if (!auth) return auth.error();
      add_auth(*auth);
      break;
    }
    case PayloadType::kNonce: {
      const Result<Octets> nonce = read_nonce_body(body);
      if (!nonce) return nonce.error();
      add_nonce(*nonce);
      break;
    }
    case PayloadType::kNotify: {
      const Result<NotifyPayload> notify = read_notify_body(body);
      if (!notify) return notify.error();
      add_notify(*notify);
      break;
    }
    case PayloadType::kDelete: {
      const Result<DeletePayload> deleted = read_delete_body(body);
      if (!deleted) return deleted.error();
      add_delete(*deleted);
      break;
    }
    case PayloadType::kTsi:
    case PayloadType::kTsr: {
      const Result<TsPayload> selectors = read_ts_body(body);
      if (!selectors) return selectors.error();
      add_ts(payload.type, *selectors);
      break;
    }
    default:
      add(payload.type, body);
      break;
  }
  if (payload.critical) patch_8(start + 1, kCriticalBit);
  if (payload.type == PayloadType::kSk || payload.type == PayloadType::kSkf)
    patch_8(start, size_t(payload.next));
  return {};
}

Result<void> rebuild(const PayloadList& parsed, PayloadWriter& out) noexcept {
  for (const Payload& payload : parsed)
    if (Result<void> added = out.add_again(payload); !added) return added;
  return {};
}

}  // namespace mlkem::ikev2
