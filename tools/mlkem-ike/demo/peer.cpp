// SPDX-License-Identifier: Apache-2.0
// The demo's messages (RFC 7296 section 1.2, RFC 9242, RFC 9370).
#include "tools/mlkem-ike/demo/peer.hpp"

#include <string_view>

namespace mlkem::cli {
namespace {

using ikev2::PayloadType;

constexpr size_t kMaxMessageBytes = 8192;
constexpr std::string_view kSharedKey = "mlkem-ike demo shared key";
// What the Child SA is for; with its SPIs these stand in IKE_AUTH alone.
constexpr uint8_t kAnyIpv4First[4] = {0, 0, 0, 0}, kAnyIpv4Last[4] = {255, 255, 255, 255};
constexpr uint8_t kChildSpi[4] = {0xc0, 0xde, 0, 1};

ikev2::IdPayload identity(Side side) {
  return {ikev2::IdType::kFqdn, octets_of(side == Side::kInitiator ? "a.example" : "b.example")};
}

template <class Write>
Bytes written(ikev2::PayloadWriter writer, Bytes& buffer, Write write) {
  write(writer);
  buffer.resize(must(writer.finish(), "message"));
  return std::move(buffer);
}

template <class Write>
Bytes chain(Write write) {
  Bytes buffer(kMaxMessageBytes);
  return written(ikev2::PayloadWriter(buffer), buffer, write);
}

void add_flag(ikev2::PayloadWriter& out, ikev2::NotifyType type) {
  out.add_notify({ikev2::ProtocolId::kNone, type, {}, {}});
}

}  // namespace

Peer::Peer(Side side, ExchangeTerms& terms, ikev2::Crypto& crypto)
    : side_(side), terms_(terms), crypto_(crypto) {}

ikev2::IkeHeader Peer::header(ikev2::ExchangeType exchange, uint32_t message_id) const {
  ikev2::IkeHeader header;
  header.spi_i = terms_.spi_i;
  header.spi_r = terms_.spi_r;
  header.exchange = exchange;
  header.flags = side_ == Side::kInitiator ? ikev2::kFlagInitiator : ikev2::kFlagResponse;
  header.message_id = message_id;
  return header;
}

Bytes Peer::write_init(Octets ke_data) {
  const bool initiator = side_ == Side::kInitiator;
  ikev2::IkeHeader init = header(ikev2::ExchangeType::kIkeSaInit, 0);
  if (initiator) init.spi_r = {};
  Bytes buffer(kMaxMessageBytes);
  init_ = written(ikev2::PayloadWriter(buffer, init), buffer, [&](ikev2::PayloadWriter& out) {
    must(initiator ? ikev2::write_proposals(out, std::span(&terms_.proposal, 1), {})
                   : ikev2::write_answer(out, agreement_, {}),
         "SA payload");
    out.add_ke({*ikev2::code_point(terms_.methods[0]), ke_data});
    out.add_nonce(initiator ? terms_.ni : terms_.nr);
    add_flag(out, ikev2::NotifyType::kIkev2FragmentationSupported);
    if (terms_.methods.size() > 1) add_flag(out, ikev2::NotifyType::kIntermediateExchangeSupported);
  });
  return init_;
}

Bytes Peer::read_init(const Bytes& message) {
  peer_init_ = message;
  const auto parsed = must(ikev2::read_message(peer_init_), "IKE_SA_INIT");
  const auto sa = must(ikev2::read_sa_body(must(parsed.payloads.only(PayloadType::kSa), "SA")), "SA");
  ikev2::NegotiationTerms terms;
  terms.proposals = std::span(&terms_.proposal, 1);
  // The demo shows whatever was asked for.
  terms.require_ml_kem = false;
  terms.peer_has_intermediate =
      parsed.payloads.find_notify(ikev2::NotifyType::kIntermediateExchangeSupported).has_value();
  agreement_ = side_ == Side::kInitiator ? must(ikev2::check_answer(sa, terms), "answer")
                                         : must(ikev2::choose_proposal(sa, terms), "offer");
  prf_ = must(crypto_.make_prf(agreement_.prf), "PRF");
  for (auto* cipher : {&sealing_, &opening_})
    *cipher = must(crypto_.make_message_cipher(agreement_.encryption, agreement_.integrity), "cipher");
  const auto ke = must(ikev2::read_ke_body(must(parsed.payloads.only(PayloadType::kKe), "KE")), "KE");
  return Bytes(ke.data.begin(), ke.data.end());
}

Bytes Peer::ke_chain(ikev2::KeMethod method, Octets data) const {
  return chain([&](ikev2::PayloadWriter& out) { out.add_ke({*ikev2::code_point(method), data}); });
}

Bytes Peer::auth_chain(const ikev2::PrfSecret& auth) const {
  ikev2::Proposal child{ikev2::ProtocolId::kEsp, {}};
  child.transforms = {
      {ikev2::TransformType::kEncr, uint16_t(agreement_.encryption.id), agreement_.encryption.key_bits}};
  if (agreement_.integrity != ikev2::IntegId::kNone)
    child.transforms.push_back({ikev2::TransformType::kInteg, uint16_t(agreement_.integrity)});
  child.transforms.push_back({ikev2::TransformType::kEsn, uint16_t(ikev2::EsnId::kNo)});
  ikev2::TrafficSelector any;
  any.type = ikev2::TsType::kIpv4Range;
  any.first_address = kAnyIpv4First;
  any.last_address = kAnyIpv4Last;
  return chain([&](ikev2::PayloadWriter& out) {
    out.add_id(side_ == Side::kInitiator ? PayloadType::kIdi : PayloadType::kIdr, identity(side_));
    out.add_auth({uint8_t(ikev2::AuthMethod::kSharedKey), auth.expose()});
    must(ikev2::write_proposals(out, std::span(&child, 1), kChildSpi), "SA payload");
    out.add_ts(PayloadType::kTsi, std::span(&any, 1));
    out.add_ts(PayloadType::kTsr, std::span(&any, 1));
  });
}

void Peer::take_keys(ikev2::IkeKeys keys) {
  keys_ = std::move(keys);
  const bool initiator = side_ == Side::kInitiator;
  auto of_i =
      must(ikev2::ProtectionKeys::make(algorithms(), keys_.sk_ei.expose(), keys_.sk_ai.expose()), "keys");
  auto of_r =
      must(ikev2::ProtectionKeys::make(algorithms(), keys_.sk_er.expose(), keys_.sk_ar.expose()), "keys");
  send_.emplace(std::move(initiator ? of_i : of_r));
  receive_ = std::move(initiator ? of_r : of_i);
}

ikev2::SealedMessage Peer::seal(ikev2::ExchangeType exchange, uint32_t message_id, PayloadType first,
                                Octets inner) {
  std::array<uint8_t, ikev2::kIkeHeaderBytes> clear;
  ikev2::write_ike_header(clear, header(exchange, message_id));
  const ikev2::PlainMessage plain{clear, first, inner};
  cover(side_, exchange, plain);
  const size_t most =
      ikev2::message_bytes_of_datagram(ikev2::kDefaultDatagramBytes, ikev2::IpVersion::kIpv4, true);
  return must(ikev2::seal_message(*send_, *sealing_, crypto_.random(), plain, most), "message");
}

ikev2::OpenedMessage Peer::open(const ikev2::SealedMessage& sealed) {
  ikev2::OpenedMessage opened;
  ikev2::Reassembly fragments;
  for (size_t i = 0; i < sealed.count(); ++i) {
    const auto found = must(ikev2::find_encrypted(sealed.datagram(i)), "message");
    if (found.type == PayloadType::kSk)
      opened = must(ikev2::open_encrypted(*receive_, *opening_, found), "message");
    else if (must(fragments.add(*receive_, *opening_, found, 0), "fragment") ==
             ikev2::FragmentOutcome::kComplete)
      opened = must(fragments.take(), "fragments");
  }
  cover(side_ == Side::kInitiator ? Side::kResponder : Side::kInitiator,
        must(ikev2::read_ike_header(sealed.datagram(0)), "message").exchange, opened.plain());
  return opened;
}

void Peer::cover(Side sender, ikev2::ExchangeType exchange, const ikev2::PlainMessage& message) {
  if (exchange != ikev2::ExchangeType::kIkeIntermediate) return;
  const bool initiator = sender == Side::kInitiator;
  must((initiator ? int_auth_i_ : int_auth_r_)
           .add(*prf_, (initiator ? keys_.sk_pi : keys_.sk_pr).expose(), message),
       "IntAuth");
}

ikev2::PrfSecret Peer::auth_of(Side side, uint32_t message_id) {
  const bool initiator = side == Side::kInitiator;
  const auto suffix = must(ikev2::int_auth_suffix(int_auth_i_, int_auth_r_, message_id), "IntAuth");
  const Bytes id = chain([&](ikev2::PayloadWriter& out) { out.add_id(PayloadType::kIdi, identity(side)); });
  const ikev2::SignedOctets octets{side == side_ ? init_ : peer_init_, initiator ? terms_.nr : terms_.ni,
                                   (initiator ? keys_.sk_pi : keys_.sk_pr).expose(),
                                   Octets(id).subspan(ikev2::kPayloadHeaderBytes), suffix.expose()};
  const auto pad = must(ikev2::shared_key_pad(*prf_, octets_of(kSharedKey)), "AUTH");
  return must(ikev2::shared_key_auth(*prf_, pad.expose(), octets), "AUTH");
}

}  // namespace mlkem::cli
