// SPDX-License-Identifier: Apache-2.0
// The responder's IKE_SA_INIT (RFC 7296 section 1.2, RFC 9242, RFC 9370). A request that is refused leaves
// nothing behind.
#include <algorithm>
#include <array>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

// FNV-1a, 64 bits: tells a late duplicate from another request of the same initiator, who alone could make
// two requests alike.
uint64_t hash_of(Octets message) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint8_t octet : message) hash = (hash ^ octet) * 0x100000001b3;
  return hash;
}

}  // namespace

bool Engine::is_init_request(Octets message) const noexcept {
  if (sa_.is_initiator()) return false;
  if (!handshake_) return hash_of(message) == init_hash_;
  return std::equal(message.begin(), message.end(), handshake_->peer_init.begin(),
                    handshake_->peer_init.end());
}

void Engine::repeat_init(const Path& path, size_t octets, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  report_.octets_received += octets;
  ++report_.datagrams_received;
  // Whoever has sent more has the response already.
  const bool due = handshake_ && !handshake_->own_init.empty() && handshake_->additional_done == 0;
  if (!due) return log(LogCode::kIgnored, ExchangeType::kIkeSaInit, 0, "a late IKE_SA_INIT request");
  log(LogCode::kResponseRepeated, ExchangeType::kIkeSaInit, 0);
  transmit_clear(handshake_->own_init, path);
}

void Engine::refuse_init(const Path& path, Error error) {
  if (error.kind == ErrorKind::kPeer && error.notify != NotifyType::kNone) {
    IkeHeader header = sa_.response_header(ExchangeType::kIkeSaInit);
    header.spi_r = {};
    header.message_id = 0;
    PayloadWriter out(surroundings_.scratch, header);
    std::array<uint8_t, 2> data{error.notify_data, 0};
    size_t data_bytes = error.notify == NotifyType::kUnsupportedCriticalPayload ? 1 : 0;
    if (error.notify == NotifyType::kInvalidKePayload && report_.agreement) {
      const auto wanted = code_point(*report_.agreement->key_exchange, policy().numbering);
      store_16(data.data(), wanted.value_or(0));
      data_bytes = data.size();
    }
    out.add_notify({ProtocolId::kNone, error.notify, {}, Octets(data).first(data_bytes)});
    if (const Result<size_t> size = out.finish())
      transmit_clear(Octets(surroundings_.scratch).first(*size), path);
    log(LogCode::kRefused, ExchangeType::kIkeSaInit, uint32_t(error.notify), error.message);
  }
  End reason{EndCause::kPeerFault, error.notify, {}, ExchangeType::kIkeSaInit, error.message};
  if (error.kind != ErrorKind::kPeer)
    reason.cause = error.kind == ErrorKind::kCrypto ? EndCause::kCrypto : EndCause::kMisuse;
  end(reason);
}

void Engine::on_init_request(const Incoming& in) {
  if (const Result<void> accepted = accept_init_request(in); !accepted)
    refuse_init(in.path, accepted.error());
}

Result<void> Engine::accept_init_request(const Incoming& in) {
  sa_.spi_i = in.header.spi_i;
  if (Result<void> readable = in.payloads.check_bodies(); !readable) return readable;
  const Result<Octets> sa_body = in.payloads.only(PayloadType::kSa);
  if (!sa_body) return sa_body.error();
  const Result<Octets> ke_body = in.payloads.only(PayloadType::kKe);
  if (!ke_body) return ke_body.error();
  const Result<Octets> nonce = in.payloads.only(PayloadType::kNonce);
  if (!nonce) return nonce.error();
  const Result<KePayload> ke = read_ke_body(*ke_body);
  if (!ke) return ke.error();
  const Result<SaPayload> sa = read_sa_body(*sa_body);
  if (!sa) return sa.error();

  const auto has = [&](NotifyType type) { return in.payloads.find_notify(type).has_value(); };
  const auto sent_method = ke_method(ke->method, policy().numbering);
  NegotiationTerms terms;
  // A request with a large key has shown that the path carries it.
  const bool large = policy().path_carries_large_init || (sent_method && needs_known_path_mtu(*sent_method));
  terms.proposals =
      large ? std::span<const Proposal>(policy().ike_proposals) : surroundings_.profile.small_ike_proposals();
  terms.require_ml_kem = policy().require_ml_kem;
  terms.peer_has_intermediate = has(NotifyType::kIntermediateExchangeSupported);
  terms.numbering = policy().numbering;
  const Result<Agreement> agreement = choose_proposal(*sa, terms);
  if (!agreement) return agreement.error();
  report_.agreement = *agreement;
  if (sent_method != agreement->key_exchange)
    return peer_fault(NotifyType::kInvalidKePayload, "another key exchange method is wanted");
  if (2 * nonce->size() < output_bytes(agreement->prf))
    return peer_fault(NotifyType::kInvalidSyntax, "the nonce is too short for the PRF");

  report_.peer_fragmentation = has(NotifyType::kIkev2FragmentationSupported);
  sa_.has_fragmentation = report_.peer_fragmentation && policy().fragmentation != FragmentationPolicy::kOff;
  report_.peer_intermediate = terms.peer_has_intermediate;
  sa_.algorithms = agreement->algorithms();
  handshake_->peer_init.assign(in.message.begin(), in.message.end());
  handshake_->peer_nonce_offset = size_t(nonce->data() - in.message.data());
  handshake_->peer_nonce_bytes = nonce->size();
  init_hash_ = hash_of(in.message);
  detect_nat(in.payloads, Spi{}, in.path);
  return compute_share(*sent_method, ke->data, EngineState::kInitJob);
}

Result<void> Engine::finish_init_request(ResponderShare share) {
  const RandomSource random = crypto().random();
  if (!random.fill(random.argument, handshake_->own_nonce))
    return crypto_failure("no randomness for a nonce");
  const Agreement& agreement = *report_.agreement;
  IkeHeader header = sa_.response_header(ExchangeType::kIkeSaInit);
  header.message_id = 0;
  PayloadWriter out(surroundings_.scratch, header);
  if (Result<void> added = write_answer(out, agreement, {}, policy().numbering); !added) return added;
  const auto number = code_point(*agreement.key_exchange, policy().numbering);
  if (!number) return misuse("a key exchange method that the numbering lacks");
  out.add_ke({*number, share.public_value()});
  out.add_nonce(handshake_->own_nonce);
  add_nat_detection(out, sa_.spi_r);
  if (sa_.has_fragmentation)
    out.add_notify({ProtocolId::kNone, NotifyType::kIkev2FragmentationSupported, {}, {}});
  if (!agreement.additional().empty())
    out.add_notify({ProtocolId::kNone, NotifyType::kIntermediateExchangeSupported, {}, {}});
  if (policy().allow_childless)
    out.add_notify({ProtocolId::kNone, NotifyType::kChildlessIkev2Supported, {}, {}});
  const Result<size_t> size = out.finish();
  if (!size) return size.error();
  handshake_->own_init.assign(surroundings_.scratch.begin(),
                              surroundings_.scratch.begin() + ptrdiff_t(*size));

  emit(Negotiated{agreement});
  const KeSecret secret = std::move(share).secret();
  if (Result<void> used = use_secret(*agreement.key_exchange, secret.expose()); !used) return used;
  sa_.count_init();
  set_state(agreement.additional().empty() ? EngineState::kAwaitAuth : EngineState::kAwaitIntermediate);
  log(LogCode::kResponseSent, ExchangeType::kIkeSaInit, uint32_t(*size));
  transmit_clear(handshake_->own_init, report_.path);
  return {};
}

}  // namespace mlkem::ikev2
