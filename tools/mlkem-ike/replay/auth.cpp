// SPDX-License-Identifier: Apache-2.0
// Recomputes IntAuth and AUTH of a recording (RFC 9242 section 3.3.2, RFC 7296 section 2.15) and finds the
// messages that they cover.
#include <algorithm>
#include <utility>

#include "ikev2/wire.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/replay/checks.hpp"

namespace mlkem::cli {
namespace {

// Which ends IntAuth (RFC 9242, section 3.3.2).
constexpr size_t kMessageIdBytes = 4;

// The PRF whose output has this length: SK_p is as long.
std::optional<ikev2::PrfId> prf_of_length(size_t bytes) {
  for (const auto id : {ikev2::PrfId::kHmacSha1, ikev2::PrfId::kHmacSha256, ikev2::PrfId::kHmacSha384,
                        ikev2::PrfId::kHmacSha512})
    if (ikev2::output_bytes(id) == bytes) return id;
  return std::nullopt;
}

}  // namespace

void RecordingCheck::check_int_auth(const IntAuthEntry& entry) {
  const IkeKeyIndex key = entry.who == Side::kInitiator ? kSkPi : kSkPr;
  const size_t generation = generation_with(key, entry.sk_p);
  const bool known = generation < recording_.ike.size();
  Chain& chain = int_auth_[size_t(entry.who)];
  const Chain before = entry.n == 1 ? Chain() : std::exchange(chain, {});

  const auto id = known ? std::optional(recording_.ike[generation].prf) : prf_of_length(entry.sk_p.size());
  Bytes recomputed;
  if (id) {
    // The value before is a result and an input: the recorded one counts, unless it is the one that is wrong.
    for (const Bytes& previous : {before.recomputed, before.recorded}) {
      Bytes out(ikev2::output_bytes(*id));
      const Octets parts[] = {previous, entry.a, entry.p};
      ikev2::Prf& keyed = prf(*id);
      if (!keyed.set_key(entry.sk_p) || !keyed.compute(parts, out)) break;
      if (recomputed != entry.out) recomputed = std::move(out);
    }
  }
  value("out", entry.out, recomputed, id ? "" : "no PRF has keys of the length of sk_p");
  int_auth_recomputed_.push_back(recomputed);
  link("n counts the exchanges", entry.n == before.n + 1);
  link("sk_p is that of generation " + std::to_string(entry.n - 1),
       known && recording_.ike[generation].generation + 1 == entry.n);

  if (entry.a.size() == ikev2::kIntAuthHeaderBytes) check_int_auth_header(entry);
  chain = {entry.n, entry.out, recomputed};
}

// Without payloads in the clear, A follows from its own fields and the length of P.
void RecordingCheck::check_int_auth_header(const IntAuthEntry& entry) {
  Bytes message = entry.a;
  message.insert(message.end(), entry.p.begin(), entry.p.end());
  const auto header = ikev2::read_ike_header(message);
  const auto expected =
      header ? ikev2::int_auth_header({header->spi_i, header->spi_r, header->flags, header->message_id,
                                       ikev2::PayloadType(entry.a[ikev2::kIkeHeaderBytes])},
                                      entry.p.size())
             : header.error();
  link("A is the header that belongs to P", expected && std::ranges::equal(entry.a, *expected) &&
                                                header->is_response() == (entry.who == Side::kResponder));
  link("A has the SPIs of an SA",
       header && std::any_of(recording_.ike.begin(), recording_.ike.end(), [&](const IkeEntry& ike) {
         return ike.spi_i == header->spi_i && ike.spi_r == header->spi_r;
       }));
}

void RecordingCheck::check_auth(const AuthEntry& entry) {
  const bool initiator = entry.who == Side::kInitiator;
  const size_t generation = generation_with(initiator ? kSkPi : kSkPr, entry.sk_p);
  const bool known = generation < recording_.ike.size();
  const std::string name = entry.psk ? "auth" : "signature";
  if (recording_.messages.empty()) {
    not_checked(name, "the recording has no messages");
    return check_auth_links(entry, generation);
  }
  const InitMessages& init = init_messages_near(generation);
  const auto id = known ? std::optional(recording_.ike[generation].prf) : prf_of_length(entry.sk_p.size());
  if (!init.response || !id) {
    value(name, entry.auth, {},
          id ? "no IKE_SA_INIT exchange of this SA is recorded" : "no PRF has keys of the length of sk_p");
    return check_auth_links(entry, generation);
  }
  const RecordedMessage& peers = *(initiator ? init.response : init.requests.back());
  const auto octets_with = [&](const RecordedMessage& own) {
    return ikev2::SignedOctets{own.octets, peers.nonce(), entry.sk_p, entry.id, entry.int_auth};
  };
  RecordedMessage* own = initiator ? init.requests.back() : init.response;
  if (initiator && init.requests.size() > 1)
    for (RecordedMessage* request : init.requests)
      if (auth_covers(entry, octets_with(*request), prf(*id))) own = request;
  const ikev2::SignedOctets octets = octets_with(*own);
  bool right;
  if (entry.psk) {
    const auto pad = ikev2::shared_key_pad(prf(*id), octets_of(*entry.psk));
    auto auth = pad ? ikev2::shared_key_auth(prf(*id), pad->expose(), octets) : pad.error();
    right = value(name, entry.auth, auth ? Bytes(auth->expose().begin(), auth->expose().end()) : Bytes(),
                  auth ? "" : auth.error().message);
  } else {
    if (entry.octets) check_signed_octets(entry, octets, prf(*id));
    right = check_signature(entry, octets, prf(*id));
  }
  for (RecordedMessage& message : messages_)  // its retransmissions, too
    message.covered = message.covered || (right && std::ranges::equal(message.octets, own->octets));
  check_auth_links(entry, generation);
}

bool RecordingCheck::auth_covers(const AuthEntry& entry, const ikev2::SignedOctets& octets,
                                 ikev2::Prf& keyed) {
  if (entry.psk) {
    const auto pad = ikev2::shared_key_pad(keyed, octets_of(*entry.psk));
    const auto auth = pad ? ikev2::shared_key_auth(keyed, pad->expose(), octets) : pad.error();
    return auth && auth->equals(entry.auth);
  }
  const auto key = crypto_.certificate_key(entry.certificate.value_or(Bytes()));
  return key && ikev2::verify_signature_auth(keyed, **key, ikev2::kAllSignatureHashes, octets, entry.auth);
}

bool RecordingCheck::check_signature(const AuthEntry& entry, const ikev2::SignedOctets& octets,
                                     ikev2::Prf& keyed) {
  if (!entry.certificate) {
    not_checked("signature", "the recording has no certificate for it");
    return false;
  }
  const auto key = crypto_.certificate_key(*entry.certificate);
  const auto verified =
      key ? ikev2::verify_signature_auth(keyed, **key, ikev2::kAllSignatureHashes, octets, entry.auth)
          : key.error();
  return verdict("signature", bool(verified), verified ? "" : verified.error().message);
}

void RecordingCheck::check_signed_octets(const AuthEntry& entry, const ikev2::SignedOctets& octets,
                                         ikev2::Prf& keyed) {
  Bytes maced_id(ikev2::output_bytes(keyed.id()));
  const Octets parts[] = {octets.id_body};
  if (!keyed.set_key(octets.sk_p) || !keyed.compute(parts, maced_id)) maced_id.clear();
  Bytes recomputed;
  for (const Octets part : {octets.real_message, octets.peer_nonce, Octets(maced_id), octets.int_auth})
    recomputed.insert(recomputed.end(), part.begin(), part.end());
  value("octets", *entry.octets, recomputed);
}

void RecordingCheck::check_auth_message(const AuthEntry& entry) {
  if (messages_.empty()) return;
  const auto id_type = entry.who == Side::kInitiator ? ikev2::PayloadType::kIdi : ikev2::PayloadType::kIdr;
  const auto holds = [&](const RecordedMessage& message) {
    const ReadMessage& read = message.read;
    if (read.state != MessageState::kOpened || message.sender() != entry.who) return false;
    const auto body = read.inner.only(ikev2::PayloadType::kAuth), id = read.inner.only(id_type);
    const auto auth = body ? ikev2::read_auth_body(*body) : body.error();
    return auth && id && auth->method == entry.method && std::ranges::equal(auth->data, entry.auth) &&
           std::ranges::equal(*id, entry.id);
  };
  const auto message = std::find_if(messages_.begin(), messages_.end(), holds);
  link("method, id and auth are those of a message", message != messages_.end());
  if (message == messages_.end() || !entry.certificate) return;
  const ikev2::Payload* sent = message->read.inner.find(ikev2::PayloadType::kCert);
  const auto certificate = sent ? ikev2::read_cert_body(sent->body) : ikev2::misuse("none was sent");
  link("cert is that of a message", certificate && std::ranges::equal(certificate->data, *entry.certificate));
}

// AUTH in a message against the entries of its sender.
void RecordingCheck::check_sent_auth(const RecordedMessage& message) {
  const auto body = message.read.inner.only(ikev2::PayloadType::kAuth);
  const auto sent = body ? ikev2::read_auth_body(*body) : body.error();
  if (!sent) return;
  bool any = false, found = false;
  for (const AuthEntry& entry : recording_.auth) {
    any = any || entry.who == message.sender();
    found = found || (entry.who == message.sender() && std::ranges::equal(entry.auth, sent->data));
  }
  if (any)
    link("an auth entry holds what a message sent", found);
  else
    not_checked("auth", "the recording has no auth entry for it");
}

void RecordingCheck::check_auth_links(const AuthEntry& entry, size_t generation) {
  check_auth_message(entry);
  link("sk_p is an SA's newest", generation < recording_.ike.size() && is_newest(generation));
  Bytes newest;
  bool matches = false;
  for (const auto part : {&Chain::recorded, &Chain::recomputed}) {
    newest = int_auth_[0].*part;
    newest.insert(newest.end(), (int_auth_[1].*part).begin(), (int_auth_[1].*part).end());
    const size_t id_at = newest.size();
    matches = matches || (entry.int_auth.size() == (id_at == 0 ? 0 : id_at + kMessageIdBytes) &&
                          std::equal(newest.begin(), newest.end(), entry.int_auth.begin()));
  }
  link("intauth is the newest IntAuth of i, then of r", matches && int_auth_[0].n == int_auth_[1].n);
  if (entry.int_auth.size() < kMessageIdBytes) return;
  const auto first = std::find_if(messages_.begin(), messages_.end(), [](const RecordedMessage& message) {
    return message.read.header && message.read.header->exchange == ikev2::ExchangeType::kIkeAuth &&
           !message.read.header->is_response();
  });
  const uint32_t message_id = first != messages_.end() ? first->read.header->message_id : int_auth_[0].n + 1;
  std::array<uint8_t, kMessageIdBytes> last;
  ikev2::store_32(last.data(), message_id);
  link("intauth ends with the message id of IKE_AUTH",
       std::ranges::equal(Octets(entry.int_auth).last(kMessageIdBytes), last));
}

}  // namespace mlkem::cli
