// SPDX-License-Identifier: Apache-2.0
// Recomputes IntAuth and AUTH of a recording (RFC 9242 section 3.3.2, RFC 7296 section 2.15) and finds the
// messages that they cover.
#include <algorithm>
#include <utility>

#include "command.hpp"
#include "replay_checks.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;

// The IKE header (RFC 7296, section 3.1).
constexpr size_t kHeaderBytes = 28;
constexpr size_t kFirstPayloadAt = 16, kExchangeAt = 18, kFlagsAt = 19, kMessageIdAt = 20;
constexpr uint8_t kResponseFlag = 0x20;

bool is_message(Octets message, ikev2::ExchangeType exchange, bool response) {
  return message.size() >= kHeaderBytes && message[kExchangeAt] == uint8_t(exchange) &&
         bool(message[kFlagsAt] & kResponseFlag) == response;
}

bool has_spis(Octets message, const ikev2::Spi& spi_i, const ikev2::Spi& spi_r) {
  return std::equal(spi_i.begin(), spi_i.end(), message.begin()) &&
         std::equal(spi_r.begin(), spi_r.end(), message.begin() + 8);
}

uint32_t number_at(Octets octets, size_t at) {
  return uint32_t(octets[at]) << 24 | uint32_t(octets[at + 1]) << 16 | uint32_t(octets[at + 2]) << 8 |
         octets[at + 3];
}

// The nonce payload's data; empty if the message is malformed or has none.
Octets nonce_of(Octets message) {
  if (message.size() < kHeaderBytes) return {};
  auto type = ikev2::PayloadType(message[kFirstPayloadAt]);
  Octets rest = message.subspan(kHeaderBytes);
  while (type != ikev2::PayloadType::kNone) {
    const auto payload = ikev2::read_payload(rest);
    if (!payload) return {};
    if (type == ikev2::PayloadType::kNonce) return payload->body;
    type = payload->next;
    rest = payload->rest;
  }
  return {};
}

bool equal(Octets a, Octets b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// The PRF whose output has this length: SK_p is as long.
std::optional<ikev2::PrfId> prf_of_length(size_t bytes) {
  for (const auto id : {ikev2::PrfId::kHmacSha1, ikev2::PrfId::kHmacSha256, ikev2::PrfId::kHmacSha384,
                        ikev2::PrfId::kHmacSha512})
    if (ikev2::output_bytes(id) == bytes) return id;
  return std::nullopt;
}

}  // namespace

InitMessages RecordingCheck::init_messages(const ikev2::Spi& spi_i, const ikev2::Spi& spi_r) const {
  InitMessages found;
  for (const Bytes& message : recording_.messages) {
    if (is_message(message, ikev2::ExchangeType::kIkeSaInit, false) && has_spis(message, spi_i, {})) {
      found.request = message;
    } else if (is_message(message, ikev2::ExchangeType::kIkeSaInit, true) &&
               has_spis(message, spi_i, spi_r)) {
      // COOKIE and INVALID_KE_PAYLOAD come with a zero SPIr: the request before this one is the one that
      // counts.
      found.response = message;
      return found;
    }
  }
  return {};
}

InitMessages RecordingCheck::init_messages_near(size_t index) const {
  InitMessages found;
  if (index < recording_.ike.size())
    found = init_messages(recording_.ike[index].spi_i, recording_.ike[index].spi_r);
  for (const IkeEntry& ike : recording_.ike) {
    if (!found.response.empty()) break;
    found = init_messages(ike.spi_i, ike.spi_r);
  }
  // One of an SA's SPIs may be the wrong byte; the other one still tells which exchange it was.
  for (const Bytes& message : recording_.messages) {
    if (!found.response.empty()) break;
    if (!is_message(message, ikev2::ExchangeType::kIkeSaInit, true)) continue;
    ikev2::Spi spi_i, spi_r;
    std::copy_n(message.begin(), 8, spi_i.begin());
    std::copy_n(message.begin() + 8, 8, spi_r.begin());
    if (spi_r != ikev2::Spi{} &&
        std::any_of(recording_.ike.begin(), recording_.ike.end(),
                    [&](const IkeEntry& ike) { return ike.spi_i == spi_i || ike.spi_r == spi_r; }))
      found = init_messages(spi_i, spi_r);
  }
  return found;
}

void RecordingCheck::check_init_nonces(const IkeEntry& entry) {
  if (recording_.messages.empty()) return;
  const InitMessages init = init_messages(entry.spi_i, entry.spi_r);
  link("spii and spir are those of an answered IKE_SA_INIT", !init.request.empty());
  if (init.request.empty()) return;
  link("ni is that of the IKE_SA_INIT request", equal(nonce_of(init.request), entry.ni));
  link("nr is that of the IKE_SA_INIT response", equal(nonce_of(init.response), entry.nr));
}

void RecordingCheck::check_int_auth(const IntAuthEntry& entry) {
  const KeyIndex key = entry.who == Side::kInitiator ? kSkPi : kSkPr;
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
  link("n counts the exchanges", entry.n == before.n + 1);
  link("sk_p is that of generation " + std::to_string(entry.n - 1),
       known && recording_.ike[generation].generation + 1 == entry.n);

  // Without payloads in the clear, A follows from the header and P.
  if (entry.a.size() == kHeaderBytes + ikev2::kPayloadHeaderBytes) {
    ikev2::IntAuthHeader header{};
    std::copy_n(entry.a.begin(), 8, header.spi_i.begin());
    std::copy_n(entry.a.begin() + 8, 8, header.spi_r.begin());
    header.flags = entry.a[kFlagsAt];
    header.message_id = number_at(entry.a, kMessageIdAt);
    header.first_payload = ikev2::PayloadType(entry.a[kHeaderBytes]);
    const auto expected = ikev2::int_auth_header(header, entry.p.size());
    link("A is the header that belongs to P",
         expected && equal(entry.a, *expected) &&
             bool(header.flags & kResponseFlag) == (entry.who == Side::kResponder));
    link("A has the SPIs of an SA",
         std::any_of(recording_.ike.begin(), recording_.ike.end(), [&](const auto& ike) {
           return ike.spi_i == header.spi_i && ike.spi_r == header.spi_r;
         }));
  }
  chain = {entry.n, entry.out, recomputed};
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
  const InitMessages init = init_messages_near(generation);
  const auto id = known ? std::optional(recording_.ike[generation].prf) : prf_of_length(entry.sk_p.size());
  if (init.request.empty() || !id) {
    value(name, entry.auth, {},
          id ? "no IKE_SA_INIT exchange of this SA is recorded" : "no PRF has keys of the length of sk_p");
    return check_auth_links(entry, generation);
  }
  const ikev2::SignedOctets octets{initiator ? init.request : init.response,
                                   nonce_of(initiator ? init.response : init.request), entry.sk_p, entry.id,
                                   entry.int_auth};
  if (entry.psk) {
    const Octets psk(reinterpret_cast<const uint8_t*>(entry.psk->data()), entry.psk->size());
    const auto pad = ikev2::shared_key_pad(prf(*id), psk);
    auto auth = pad ? ikev2::shared_key_auth(prf(*id), pad->expose(), octets) : pad.error();
    value(name, entry.auth, auth ? Bytes(auth->expose().begin(), auth->expose().end()) : Bytes(),
          auth ? "" : auth.error().message);
  } else {
    if (entry.octets) check_signed_octets(entry, octets, prf(*id));
    not_checked(name, "signatures are not checked yet");
  }
  check_auth_links(entry, generation);
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

void RecordingCheck::check_auth_links(const AuthEntry& entry, size_t generation) {
  link("sk_p is an SA's newest", generation < recording_.ike.size() && is_newest(generation));
  Bytes newest;
  bool matches = false;
  for (const auto part : {&Chain::recorded, &Chain::recomputed}) {
    newest = int_auth_[0].*part;
    newest.insert(newest.end(), (int_auth_[1].*part).begin(), (int_auth_[1].*part).end());
    const size_t id_at = newest.size();
    matches = matches || (entry.int_auth.size() == (id_at == 0 ? 0 : id_at + 4) &&
                          std::equal(newest.begin(), newest.end(), entry.int_auth.begin()));
  }
  link("intauth is the newest IntAuth of i, then of r", matches && int_auth_[0].n == int_auth_[1].n);
  if (entry.int_auth.size() < 4) return;
  const auto first = std::find_if(
      recording_.messages.begin(), recording_.messages.end(),
      [](const Bytes& message) { return is_message(message, ikev2::ExchangeType::kIkeAuth, false); });
  const uint32_t message_id =
      first != recording_.messages.end() ? number_at(*first, kMessageIdAt) : int_auth_[0].n + 1;
  link("intauth ends with the message id of IKE_AUTH",
       number_at(entry.int_auth, entry.int_auth.size() - 4) == message_id);
}

}  // namespace mlkem::cli
