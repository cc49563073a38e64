// SPDX-License-Identifier: Apache-2.0
// The initiator's IKE_SA_INIT (RFC 7296 sections 1.2 and 2.6, RFC 9242, RFC 9370): request, COOKIE and
// INVALID_KE_PAYLOAD, response. Nothing in a response is authenticated, so a bad one ends nothing at once.
#include <algorithm>
#include <new>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/session/notifies.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr size_t kMaxCookieBytes = 64;  // RFC 7296, section 2.6
// How often a peer may send the initiator back: cookies with a rotating secret need two, methods one.
constexpr unsigned kMaxCookieRounds = 5, kMaxMethodChanges = 3;

bool offers(std::span<const Proposal> proposals, KeMethod method) {
  const Transform wanted{TransformType::kKe, uint16_t(method)};
  return std::any_of(proposals.begin(), proposals.end(), [&](const Proposal& proposal) {
    return std::find(proposal.transforms.begin(), proposal.transforms.end(), wanted) !=
           proposal.transforms.end();
  });
}

std::optional<KeMethod> first_method(std::span<const Proposal> proposals) {
  for (const Proposal& proposal : proposals)
    for (const Transform& transform : proposal.transforms)
      if (transform.type == TransformType::kKe) return KeMethod(transform.id);
  return std::nullopt;
}

}  // namespace

Result<void> Engine::start_key_exchange(KeMethod method) {
  Result<KeyExchangeInitiator> exchange = KeyExchangeInitiator::start(method, crypto());
  if (!exchange) return exchange.error();
  handshake_->exchange.emplace(*std::move(exchange));
  return {};
}

Result<void> Engine::start(uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  const auto method = first_method(surroundings_.profile.offered_ike_proposals());
  if (!method) return misuse("every proposal needs a path that carries a large IKE_SA_INIT");
  const RandomSource random = crypto().random();
  if (!random.fill(random.argument, handshake_->own_nonce))
    return crypto_failure("no randomness for a nonce");
  if (Result<void> started = start_key_exchange(*method); !started) return started;
  return send_init_request();
}

// Every request of one attempt is built from the same nonce, SPI and proposals, so that only what the peer
// asked for differs.
Result<void> Engine::send_init_request() {
  const auto proposals = surroundings_.profile.offered_ike_proposals();
  IkeHeader header = sa_.request_header(ExchangeType::kIkeSaInit);
  header.spi_r = {};
  header.message_id = 0;
  PayloadWriter out(surroundings_.scratch, header);
  if (!handshake_->cookie.empty())
    out.add_notify({ProtocolId::kNone, NotifyType::kCookie, {}, handshake_->cookie});
  if (Result<void> added = write_proposals(out, proposals, {}, policy().numbering); !added) return added;
  const auto number = code_point(handshake_->exchange->method(), policy().numbering);
  if (!number) return misuse("a key exchange method that the numbering lacks");
  out.add_ke({*number, handshake_->exchange->public_value()});
  out.add_nonce(handshake_->own_nonce);
  add_nat_detection(out, header.spi_r);
  if (policy().fragmentation != FragmentationPolicy::kOff)
    out.add_notify({ProtocolId::kNone, NotifyType::kIkev2FragmentationSupported, {}, {}});
  if (offers_additional_key_exchange(proposals))
    out.add_notify({ProtocolId::kNone, NotifyType::kIntermediateExchangeSupported, {}, {}});
  const Result<size_t> size = out.finish();
  if (!size) return size.error();
  handshake_->own_init.assign(surroundings_.scratch.begin(),
                              surroundings_.scratch.begin() + ptrdiff_t(*size));
  const Timing& timing = policy().timing;
  sa_.request.reset(new (std::nothrow) Request{
      ExchangeType::kIkeSaInit, 0, {}, 1, timing.retransmit_first_ms, now_ms_ + timing.retransmit_first_ms});
  if (!sa_.request) return crypto_failure("no memory for a request");
  set_state(EngineState::kInitSent);
  log(LogCode::kRequestSent, ExchangeType::kIkeSaInit, uint32_t(*size));
  transmit_clear(handshake_->own_init, report_.path);
  return {};
}

// Whether the message asks for a cookie, or for the same one again.
bool Engine::take_cookie(const Incoming& in) {
  const auto notify = in.payloads.find_notify(NotifyType::kCookie);
  if (!notify || in.payloads.find(PayloadType::kSa)) return false;
  const Octets cookie = notify->data;
  const bool usable = !cookie.empty() && cookie.size() <= kMaxCookieBytes;
  const bool known =
      std::equal(cookie.begin(), cookie.end(), handshake_->cookie.begin(), handshake_->cookie.end());
  if (!usable || known || handshake_->cookie_rounds == kMaxCookieRounds) {
    log(LogCode::kIgnored, ExchangeType::kIkeSaInit, uint32_t(notify->type), "a cookie that is of no use");
    return true;
  }
  handshake_->cookie.assign(cookie.begin(), cookie.end());
  log(LogCode::kCookie, ExchangeType::kIkeSaInit, ++handshake_->cookie_rounds);
  ++report_.round_trips;
  if (const Result<void> sent = send_init_request(); !sent) end_with(sent.error(), in);
  return true;
}

// The same for INVALID_KE_PAYLOAD (RFC 7296, section 1.2): another method, if it was offered.
bool Engine::take_other_method(const Incoming& in) {
  const auto notify = in.payloads.find_notify(NotifyType::kInvalidKePayload);
  if (!notify || in.payloads.find(PayloadType::kSa)) return false;
  std::optional<KeMethod> method;
  if (notify->data.size() == 2) method = ke_method(load_16(notify->data.data()), policy().numbering);
  if (!method || !offers(surroundings_.profile.offered_ike_proposals(), *method) ||
      *method == handshake_->exchange->method() || handshake_->method_changes == kMaxMethodChanges) {
    log(LogCode::kIgnored, ExchangeType::kIkeSaInit, uint32_t(notify->type), "a method that is of no use");
    const char* why = handshake_->method_changes == kMaxMethodChanges
                          ? "the peer wants one key exchange method after the other"
                          : "the peer wants a key exchange method that was not offered";
    if (!method || *method != handshake_->exchange->method())
      note_unprotected_error({EndCause::kPeerNotify, notify->type, {}, ExchangeType::kIkeSaInit, why});
    return true;
  }
  ++handshake_->method_changes;
  ++report_.round_trips;
  Result<void> sent = start_key_exchange(*method);
  if (sent) sent = send_init_request();
  if (!sent) end_with(sent.error(), in);
  return true;
}

void Engine::note_unprotected_error(End end) {
  if (!handshake_->unprotected_error)
    deadline_ms_ = std::min(deadline_ms_, now_ms_ + policy().timing.unprotected_error_ms);
  handshake_->unprotected_error = end;
  log(LogCode::kIgnored, end.exchange, uint32_t(end.notify), end.message);
}

void Engine::on_init_response(const Incoming& in) {
  if (in.header.from_initiator() || in.header.message_id != 0)
    return log(LogCode::kIgnored, in.header.exchange, 0, "not an IKE_SA_INIT response");
  read_notifies(in);
  if (take_cookie(in) || take_other_method(in)) return;
  if (const auto refusal = first_error(in.payloads))
    return note_unprotected_error(
        {EndCause::kPeerNotify, *refusal, {}, in.header.exchange, "the peer refuses, in the clear"});
  if (const Result<void> accepted = accept_init_response(in); !accepted) {
    const Error& error = accepted.error();
    // Once the own key is used up, or keys are there, there is nothing to wait for.
    if (error.kind != ErrorKind::kPeer || handshake_->exchange->public_value().empty())
      return end_with(error, in);
    return note_unprotected_error(
        {EndCause::kPeerFault, error.notify, {}, in.header.exchange, error.message});
  }
}

Result<void> Engine::accept_init_response(const Incoming& in) {
  if (Result<void> readable = in.payloads.check_bodies(); !readable) return readable;
  if (in.header.spi_r == Spi{}) return peer_fault(NotifyType::kInvalidSyntax, "a response without SPI");
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

  NegotiationTerms terms;
  terms.proposals = surroundings_.profile.offered_ike_proposals();
  terms.require_ml_kem = policy().require_ml_kem;
  terms.numbering = policy().numbering;
  const auto has = [&](NotifyType type) { return in.payloads.find_notify(type).has_value(); };
  terms.peer_has_intermediate = has(NotifyType::kIntermediateExchangeSupported);
  const Result<Agreement> agreement = check_answer(*sa, terms);
  if (!agreement) return agreement.error();
  const KeMethod method = handshake_->exchange->method();
  if (agreement->key_exchange != method || ke_method(ke->method, policy().numbering) != method)
    return peer_fault(NotifyType::kInvalidSyntax, "the peer answers another key exchange method");
  if (ke->data.size() != sizes(method).responder_value)
    return peer_fault(NotifyType::kInvalidSyntax, "key exchange data has the wrong length");
  if (2 * nonce->size() < output_bytes(agreement->prf))
    return peer_fault(NotifyType::kInvalidSyntax, "the nonce is too short for the PRF");

  const Result<KeSecret> secret = handshake_->exchange->finish_unless_faulty(ke->data);
  if (!secret) return secret.error();
  report_.agreement = *agreement;
  report_.peer_fragmentation = has(NotifyType::kIkev2FragmentationSupported);
  sa_.has_fragmentation = report_.peer_fragmentation && policy().fragmentation != FragmentationPolicy::kOff;
  report_.peer_childless = has(NotifyType::kChildlessIkev2Supported);
  report_.peer_intermediate = terms.peer_has_intermediate;
  sa_.spi_r = in.header.spi_r;
  sa_.algorithms = agreement->algorithms();
  handshake_->peer_init.assign(in.message.begin(), in.message.end());
  handshake_->peer_nonce_offset = size_t(nonce->data() - in.message.data());
  handshake_->peer_nonce_bytes = nonce->size();
  handshake_->unprotected_error.reset();
  sa_.request.reset();
  sa_.count_init();
  ++report_.round_trips;
  heard_ms_ = now_ms_;
  deadline_ms_ = handshake_->started_ms + policy().timing.establish_ms;
  detect_nat(in.payloads, in.header.spi_r, in.path);
  emit(Negotiated{*agreement});
  if (Result<void> used = use_secret(method, secret->expose()); !used) return used;
  return next_exchange();
}

}  // namespace mlkem::ikev2
