// SPDX-License-Identifier: Apache-2.0
// Opens every message of a recording, decodes it, and rebuilds it from its decoded form octet by octet; finds the
// messages that a derivation belongs to.
#include <algorithm>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/replay/checks.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kMaxMessageBytes = 65536 + ikev2::kIkeHeaderBytes;

MessageKeys keys_of(const IkeEntry& entry, const std::array<Bytes, kIkeKeyNames.size()>& keys) {
  return {{entry.prf, entry.encryption, entry.integrity}, keys[kSkEi], keys[kSkEr], keys[kSkAi], keys[kSkAr]};
}

bool is_init(const RecordedMessage& message, bool response) {
  return message.read.header && message.read.header->exchange == ikev2::ExchangeType::kIkeSaInit &&
         message.read.header->is_response() == response;
}

// The payloads written anew from their decoded form; nothing if a body does not decode.
std::optional<Bytes> rebuilt(const ikev2::PayloadList& payloads, const ikev2::IkeHeader* header) {
  Bytes out(kMaxMessageBytes);
  ikev2::PayloadWriter writer = header ? ikev2::PayloadWriter(out, *header) : ikev2::PayloadWriter(out);
  if (!ikev2::rebuild(payloads, writer)) return std::nullopt;
  const auto size = writer.finish();
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

// The datagram sealed again, with the IV and padding that it had, around `inner`.
std::optional<Bytes> sealed_again(const RecordedMessage& message, Octets clear, Octets inner,
                                  ikev2::Crypto& crypto) {
  const ReadMessage& read = message.read;
  const MessageKeys& keys = read.sa->generations[read.generation];
  const auto protection = protection_of(keys, read.header->from_initiator());
  auto cipher = crypto.make_message_cipher(keys.algorithms.encryption, keys.algorithms.integrity);
  if (!protection || !cipher) return std::nullopt;
  ikev2::PlainMessage plain = read.part.plain();
  plain.clear = clear;
  plain.inner = inner;
  std::optional<ikev2::FragmentPosition> position;
  if (read.encrypted->type == ikev2::PayloadType::kSkf)
    position = {read.encrypted->fragment, read.encrypted->fragments};
  Bytes out(message.octets.size());
  const auto size = ikev2::seal_recorded(*protection, **cipher, plain, read.part.details(), position, out);
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

// Why nothing protects a message in the clear.
std::string reason_uncovered(const ReadMessage& read) {
  std::string reason = "no ICV, and no AUTH covers it";
  for (const ikev2::Payload& payload : read.clear) {
    if (payload.type != ikev2::PayloadType::kNotify) continue;
    const auto notify = ikev2::read_notify_body(payload.body);
    if (notify && (ikev2::is_error(notify->type) || notify->type == ikev2::NotifyType::kCookie))
      return reason + ": " + std::string(ikev2::name(notify->type));
  }
  return reason;
}

}  // namespace

Octets RecordedMessage::nonce() const {
  for (const ikev2::PayloadList* payloads : {&read.clear, &read.inner})
    if (const auto nonce = payloads->only(ikev2::PayloadType::kNonce)) return *nonce;
  return {};
}

Side RecordedMessage::sender() const {
  return read.header->from_initiator() ? Side::kInitiator : Side::kResponder;
}

void RecordingCheck::read_messages() {
  std::vector<SaKeys> keys;
  for (size_t i = 0; i < recording_.ike.size(); ++i) {
    const IkeEntry& entry = recording_.ike[i];
    std::vector<size_t>& entries = entries_of_[{entry.spi_i, entry.spi_r}];
    keys.push_back({entry.spi_i, entry.spi_r, {keys_of(entry, entry.keys)}});
    entries.push_back(i);
    // A wrong octet in a recorded key was reported there; the message may be right all the same.
    if (entry.keys == recomputed_[i].keys) continue;
    keys.back().generations.push_back(keys_of(entry, recomputed_[i].keys));
    entries.push_back(i);
  }
  reader_ = std::make_unique<MessageReader>(crypto_, std::move(keys));
  messages_.reserve(recording_.messages.size());
  for (const Bytes& octets : recording_.messages) messages_.push_back({octets, reader_->read(octets)});

  std::map<ikev2::Spi, std::vector<RecordedMessage*>> requests;
  for (RecordedMessage& message : messages_) {
    if (is_init(message, false)) requests[message.read.header->spi_i].push_back(&message);
    if (!is_init(message, true)) continue;
    const ikev2::Spi &spi_i = message.read.header->spi_i, &spi_r = message.read.header->spi_r;
    // COOKIE and INVALID_KE_PAYLOAD come with a zero SPIr: the request after them is the one that counts.
    if (spi_r != ikev2::Spi{} && requests.contains(spi_i))
      inits_.try_emplace({spi_i, spi_r}, InitMessages{requests[spi_i], &message});
  }
}

InitMessages RecordingCheck::init_messages(const ikev2::Spi& spi_i, const ikev2::Spi& spi_r) const {
  const auto found = inits_.find({spi_i, spi_r});
  return found == inits_.end() ? InitMessages() : found->second;
}

const InitMessages& RecordingCheck::init_messages_near(size_t index) {
  if (index < recording_.ike.size())
    if (const auto found = inits_.find({recording_.ike[index].spi_i, recording_.ike[index].spi_r});
        found != inits_.end())
      return found->second;
  if (init_of_any_) return *init_of_any_;
  init_of_any_.emplace();
  for (const IkeEntry& ike : recording_.ike)
    if (!init_of_any_->response) *init_of_any_ = init_messages(ike.spi_i, ike.spi_r);
  // One of an SA's SPIs may be the wrong byte; the other one still tells which exchange it was.
  for (const auto& [spis, init] : inits_)
    if (!init_of_any_->response && concerns_an_sa(*init.response->read.header)) *init_of_any_ = init;
  return *init_of_any_;
}

bool RecordingCheck::concerns_an_sa(const ikev2::IkeHeader& header) const {
  return std::any_of(recording_.ike.begin(), recording_.ike.end(), [&](const IkeEntry& ike) {
    return ike.spi_i == header.spi_i || ike.spi_r == header.spi_r;
  });
}

void RecordingCheck::check_init_nonces(const IkeEntry& entry) {
  if (messages_.empty()) return;
  const InitMessages init = init_messages(entry.spi_i, entry.spi_r);
  link("spii and spir are those of an answered IKE_SA_INIT", init.response != nullptr);
  if (!init.response) return;
  link("ni is that of the IKE_SA_INIT request", std::ranges::equal(init.requests.back()->nonce(), entry.ni));
  link("nr is that of the IKE_SA_INIT response", std::ranges::equal(init.response->nonce(), entry.nr));
}

void RecordingCheck::check_message(RecordedMessage& message) {
  const ReadMessage& read = message.read;
  switch (read.state) {
    case MessageState::kMalformed:
      ++message_counts_.closed;
      verdict("decoded", false, read.error);
      return;
    case MessageState::kWrongIcv:
      ++message_counts_.closed;
      verdict("icv", false, read.error);
      return;
    case MessageState::kNoKeys: {
      ++message_counts_.closed;
      // One SPI that is known means that the other one is wrong.
      if (concerns_an_sa(*read.header))
        verdict("icv", false, "one of its SPIs is no SA's");
      else
        not_checked("icv", "the recording has no keys for its SPIs");
      return;
    }
    case MessageState::kClear: {
      // Once there are keys every message is protected (RFC 7296, section 1.2).
      if (read.header->exchange != ikev2::ExchangeType::kIkeSaInit && concerns_an_sa(*read.header)) {
        ++message_counts_.closed;
        verdict("icv", false, "it is not encrypted, though its SA has keys");
        return;
      }
      const auto bodies = read.clear.check_bodies();
      verdict("decoded", bool(bodies), bodies ? "" : bodies.error().message);
      const auto again = rebuilt(read.clear, &*read.header);
      verdict("rebuilt", again && std::ranges::equal(*again, message.octets),
              again ? "" : "it does not decode");
      check_coverage(message);
      return;
    }
    default:
      message.covered = true;
      ++(read.encrypted->type == ikev2::PayloadType::kSk ? message_counts_.whole : message_counts_.fragments);
      verdict("icv", true);
      check_opened(message);
  }
}

void RecordingCheck::check_opened(const RecordedMessage& message) {
  const ReadMessage& read = message.read;
  const auto outer = rebuilt(read.clear, &*read.header);
  const Octets clear = outer ? Octets(*outer).first(read.encrypted->offset) : Octets();
  Octets inner = read.part.inner();
  std::optional<Bytes> inner_again;
  if (read.state == MessageState::kOpened) {
    const auto bodies = read.inner.check_bodies();
    verdict("decoded", bool(bodies), bodies ? "" : bodies.error().message);
    inner_again = rebuilt(read.inner, nullptr);
    // This datagram's share of the message: all of it, or the last part.
    const Octets all = inner_again ? Octets(*inner_again) : Octets();
    if (all.size() == read.message().inner().size() && !read.reassembled) inner = all;
  }
  const auto again = sealed_again(message, clear, inner, crypto_);
  verdict("rebuilt",
          outer && again && std::ranges::equal(*again, message.octets) &&
              (read.state != MessageState::kOpened ||
               (inner_again && std::ranges::equal(*inner_again, read.message().inner()))),
          outer ? "" : "it does not decode");
  if (read.state != MessageState::kOpened) {
    link("the rest of its message is recorded",
         std::any_of(messages_.begin(), messages_.end(), [&](const RecordedMessage& other) {
           return other.read.reassembled && other.read.sa == read.sa &&
                  other.read.header->flags == read.header->flags &&
                  other.read.header->message_id == read.header->message_id;
         }));
    return;
  }

  const std::vector<size_t>& entries = entries_of_.at({read.header->spi_i, read.header->spi_r});
  const IkeEntry& opened_by = recording_.ike[entries[read.generation]];
  // IKE_INTERMEDIATE n is protected by the generation before it, all else by the newest.
  unsigned expected = recording_.ike[entries.back()].generation;
  if (read.header->exchange == ikev2::ExchangeType::kIkeIntermediate && read.header->message_id > 0)
    expected = std::min(expected, unsigned(read.header->message_id) - 1);
  link("generation " + std::to_string(expected) + " protects it", opened_by.generation == expected);
  if (read.header->exchange == ikev2::ExchangeType::kIkeIntermediate) check_message_int_auth(message);
  if (read.header->exchange == ikev2::ExchangeType::kIkeAuth) check_sent_auth(message);
}

// IntAuth as it follows from the message, against what the recording says that it was.
void RecordingCheck::check_message_int_auth(const RecordedMessage& message) {
  const ReadMessage& read = message.read;
  const Side side = message.sender();
  const size_t index = entries_of_.at({read.header->spi_i, read.header->spi_r})[read.generation];
  const size_t key = side == Side::kInitiator ? kSkPi : kSkPr;
  auto& [recorded, recomputed] = message_int_auth_[{read.sa, side}];
  // A retransmission counts once.
  if (read.header->message_id <= std::max(recorded.messages(), recomputed.messages())) return;
  ikev2::Prf& keyed = prf(recording_.ike[index].prf);
  const auto first = recorded.add(keyed, recording_.ike[index].keys[key], read.message().plain());
  const auto second = recomputed.add(keyed, recomputed_[index].keys[key], read.message().plain());
  bool found = false, any = false;
  for (size_t i = 0; i < recording_.int_auth.size(); ++i) {
    const IntAuthEntry& entry = recording_.int_auth[i];
    if (entry.who != side || entry.n != std::max(recorded.messages(), recomputed.messages())) continue;
    any = true;
    for (const Octets known : {Octets(entry.out), Octets(int_auth_recomputed_[i])})
      if ((first && std::ranges::equal(known, recorded.value())) ||
          (second && std::ranges::equal(known, recomputed.value())))
        found = int_auth_sent_[i] = true;
  }
  if (any)
    verdict("intauth", found, found ? "" : "no intauth entry has this value");
  else
    not_checked("intauth", "the recording has no intauth entry for it");
}

void RecordingCheck::check_coverage(const RecordedMessage& message) {
  ++(message.covered ? message_counts_.clear_covered : message_counts_.clear_uncovered);
  if (message.covered) return;
  checks_.push_back({false, entry_, "message", Outcome::kNotCovered, reason_uncovered(message.read)});
}

void RecordingCheck::check_recorded_nonces(const Bytes& ni, const Bytes& nr) {
  if (messages_.empty()) return;
  const auto is_recorded = [&](Octets nonce) {
    return std::any_of(messages_.begin(), messages_.end(), [&](const RecordedMessage& message) {
      return std::ranges::equal(message.nonce(), nonce);
    });
  };
  link("ni is a message's nonce", is_recorded(ni));
  link("nr is a message's nonce", is_recorded(nr));
}

}  // namespace mlkem::cli
