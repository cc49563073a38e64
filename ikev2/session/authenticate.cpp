// SPDX-License-Identifier: Apache-2.0
// IKE_AUTH with a shared key (RFC 7296 sections 1.2 and 2.15, RFC 6023): what both roles compute, and the
// initiator's side.
#include <algorithm>
#include <array>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/session/notifies.hpp"
#include "ikev2/wire.hpp"
#include "mlkem-ike/ikev2/auth.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr uint32_t kFirstFreeSpi = 256;  // RFC 4303, section 2.1

}  // namespace

Result<PrfSecret> Engine::auth_of(bool initiators, Octets id_body, Octets key) {
  const Result<Prf*> prf = surroundings_.workspace.prf(sa_.algorithms.prf);
  if (!prf) return prf.error();
  const Result<IntAuthSuffix> suffix =
      int_auth_suffix(handshake_->int_auth_i, handshake_->int_auth_r, handshake_->auth_message_id);
  if (!suffix) return suffix.error();
  const bool own = initiators == sa_.is_initiator();
  const SignedOctets octets{own ? handshake_->own_init : handshake_->peer_init,
                            own ? handshake_->peer_nonce() : Octets(handshake_->own_nonce),
                            (initiators ? handshake_->keys.sk_pi : handshake_->keys.sk_pr).expose(), id_body,
                            suffix->expose()};
  const Result<PrfSecret> pad = shared_key_pad(**prf, key);
  if (!pad) return pad.error();
  return shared_key_auth(**prf, pad->expose(), octets);
}

std::vector<uint8_t> Engine::own_id_body() const {
  std::vector<uint8_t> body(4 + policy().identity.data.size());
  body[0] = uint8_t(policy().identity.type);
  std::copy(policy().identity.data.begin(), policy().identity.data.end(), body.begin() + 4);
  return body;
}

const SharedKey* Engine::shared_key(const IdPayload& peer) const {
  const SharedKey* key = policy().shared_keys->find({policy().identity.type, policy().identity.data}, peer);
  return key && !key->empty() ? key : nullptr;
}

Result<uint32_t> Engine::new_child_spi() {
  const RandomSource random = crypto().random();
  for (;;) {
    std::array<uint8_t, 4> octets;
    if (!random.fill(random.argument, octets)) return crypto_failure("no randomness for an SPI");
    if (const uint32_t spi = load_32(octets.data()); spi >= kFirstFreeSpi) return spi;
  }
}

std::vector<Selector> Engine::offered_selectors(const std::vector<Selector>& configured) const {
  return configured.empty() ? std::vector<Selector>{any_address(report_.path.remote.version)} : configured;
}

Result<ChildEstablished> Engine::make_child(const Agreement& agreement, uint32_t spi_in,
                                            std::vector<Selector> local, std::vector<Selector> remote) {
  const Result<Prf*> prf = surroundings_.workspace.prf(sa_.algorithms.prf);
  if (!prf) return prf.error();
  const IkeSaInputs inputs = key_inputs();
  Result<ChildKeys> keys = child_keys(**prf, handshake_->keys.sk_d.expose(), agreement.encryption,
                                      agreement.integrity, inputs.ni, inputs.nr);
  if (!keys) return keys.error();
  const uint32_t spi_out = load_32(agreement.peer_spi().data());
  return ChildEstablished{spi_in,
                          spi_out,
                          agreement.encryption,
                          agreement.integrity,
                          agreement.esn,
                          *std::move(keys),
                          sa_.is_initiator(),
                          std::move(local),
                          std::move(remote),
                          report_.path};
}

void Engine::add_child(ChildEstablished child) {
  children_.push_back({child.spi_in, child.spi_out});
  emit(std::move(child));
}

// The peer is who it says: what only the handshake needed goes.
void Engine::establish(const IdPayload& peer) {
  peer_ = {peer.type, {peer.data.begin(), peer.data.end()}};
  sk_d_ = std::move(handshake_->keys.sk_d);
  handshake_.reset();
  established_ = true;
  set_state(EngineState::kEstablished);
}

Result<void> Engine::send_auth_request() {
  const Policy& mine = policy();
  const IdPayload expected = mine.peer_identity
                                 ? IdPayload{mine.peer_identity->type, mine.peer_identity->data}
                                 : IdPayload{IdType::kKeyId, {}};
  const SharedKey* key = shared_key(expected);
  if (!key) return misuse("no key is shared with this peer");
  const std::vector<uint8_t> id = own_id_body();
  handshake_->auth_message_id = sa_.next_request_id();
  const Result<PrfSecret> auth = auth_of(true, id, key->expose());
  if (!auth) return auth.error();
  const bool childless = mine.first_child != FirstChild::kWanted && report_.peer_childless;
  if (mine.first_child == FirstChild::kChildless && !childless) {
    end({EndCause::kNoChildless,
         NotifyType::kNone,
         {},
         ExchangeType::kIkeAuth,
         "the peer did not announce childless IKE SAs"});
    return {};
  }
  PayloadWriter out = chain();
  out.add(PayloadType::kIdi, id);
  if (mine.initial_contact) out.add_notify({ProtocolId::kNone, NotifyType::kInitialContact, {}, {}});
  if (mine.peer_identity) out.add_id(PayloadType::kIdr, expected);
  out.add_auth({uint8_t(AuthMethod::kSharedKey), auth->expose()});
  if (!childless) {
    if (mine.esp_proposals.empty()) return misuse("no ESP proposal, and the peer wants a Child SA");
    const Result<uint32_t> spi = new_child_spi();
    if (!spi) return spi.error();
    handshake_->child_spi = *spi;
    std::array<uint8_t, 4> octets;
    store_32(octets.data(), *spi);
    if (Result<void> added = write_proposals(out, mine.esp_proposals, octets, MlKemNumbering::kRegistry,
                                             KeyExchangeTypes::kLeaveOut);
        !added)
      return added;
    const auto local = offered_selectors(mine.local_selectors);
    const auto remote = offered_selectors(mine.remote_selectors);
    out.add_ts(PayloadType::kTsi, selector_views(local));
    out.add_ts(PayloadType::kTsr, selector_views(remote));
  }
  set_state(EngineState::kAuthSent);
  return send_request(ExchangeType::kIkeAuth, out);
}

// An error of this side's is told to the responder, which takes the SA for established (RFC 7296, section
// 2.21.2).
void Engine::on_auth_response(const Incoming& in) {
  const Result<void> accepted = accept_auth_response(in);
  if (accepted || ended_) return;
  const Error error = accepted.error();
  if (error.kind == ErrorKind::kPeer && error.notify != NotifyType::kNone) {
    PayloadWriter out = chain();
    out.add_notify({ProtocolId::kNone, error.notify, {}, {}});
    if (send_request(ExchangeType::kInformational, out)) {
      emit(Failed{{error.notify == NotifyType::kAuthenticationFailed ? EndCause::kAuthentication
                                                                     : EndCause::kPeerFault,
                   error.notify, in.protection, in.header.exchange, error.message}});
      ended_ = true;
      return set_state(EngineState::kClosing);
    }
  }
  end_with(error, in);
}

Result<void> Engine::accept_auth_response(const Incoming& in) {
  const Payload* auth_payload = in.payloads.find(PayloadType::kAuth);
  const std::optional<NotifyType> refusal = first_error(in.payloads);
  if (!auth_payload && refusal) {
    end({EndCause::kPeerNotify, *refusal, in.protection, in.header.exchange, "the peer refuses IKE_AUTH"});
    return {};
  }
  const Result<Octets> id_body = in.payloads.only(PayloadType::kIdr);
  if (!id_body) return id_body.error();
  const Result<Octets> auth_body = in.payloads.only(PayloadType::kAuth);
  if (!auth_body) return auth_body.error();
  const Result<IdPayload> id = read_id_body(*id_body);
  if (!id) return id.error();
  const Result<AuthPayload> auth = read_auth_body(*auth_body);
  if (!auth) return auth.error();
  const Identity peer{id->type, {id->data.begin(), id->data.end()}};
  if (auth->method != uint8_t(AuthMethod::kSharedKey))
    return peer_fault(NotifyType::kAuthenticationFailed, "the peer authenticates with another method");
  if (policy().peer_identity && *policy().peer_identity != peer)
    return peer_fault(NotifyType::kAuthenticationFailed,
                      "the peer has another identity than the expected one");
  const SharedKey* key = shared_key(*id);
  if (!key) return peer_fault(NotifyType::kAuthenticationFailed, "no key is shared with this peer");
  const Result<PrfSecret> expected = auth_of(false, *id_body, key->expose());
  if (!expected) return expected.error();
  if (!expected->equals(auth->data))
    return peer_fault(NotifyType::kAuthenticationFailed, "the peer's AUTH is wrong");

  emit(Established{peer, sa_.spi_i, sa_.spi_r, report_.path});
  if (handshake_->child_spi) {
    if (in.payloads.find(PayloadType::kSa)) {
      if (const Result<void> child = accept_child_answer(in.payloads); !child) {
        // The responder has installed what this side can't take: only a new IKE SA clears that.
        establish(*id);
        emit(ChildFailed{child.error().notify});
        close(now_ms_);
        return {};
      }
    } else {
      emit(ChildFailed{refusal.value_or(NotifyType::kNoProposalChosen)});
    }
  }
  establish(*id);
  return {};
}

Result<void> Engine::accept_child_answer(const PayloadList& payloads) {
  const Result<Octets> sa_body = payloads.only(PayloadType::kSa);
  if (!sa_body) return sa_body.error();
  const Result<SaPayload> sa = read_sa_body(*sa_body);
  if (!sa) return sa.error();
  NegotiationTerms terms;
  terms.place = NegotiationPlace::kIkeAuth;
  terms.proposals = policy().esp_proposals;
  const Result<Agreement> agreement = check_answer(*sa, terms);
  if (!agreement) return agreement.error();
  const Result<Octets> tsi_body = payloads.only(PayloadType::kTsi);
  if (!tsi_body) return tsi_body.error();
  const Result<Octets> tsr_body = payloads.only(PayloadType::kTsr);
  if (!tsr_body) return tsr_body.error();
  const Result<TsPayload> tsi = read_ts_body(*tsi_body);
  if (!tsi) return tsi.error();
  const Result<TsPayload> tsr = read_ts_body(*tsr_body);
  if (!tsr) return tsr.error();
  std::vector<Selector> local = read_selectors(*tsi), remote = read_selectors(*tsr);
  if (local.empty() || remote.empty() || !lie_within(local, offered_selectors(policy().local_selectors)) ||
      !lie_within(remote, offered_selectors(policy().remote_selectors)))
    return peer_fault(NotifyType::kTsUnacceptable, "the peer's traffic selectors go beyond the offer");
  Result<ChildEstablished> child =
      make_child(*agreement, handshake_->child_spi, std::move(local), std::move(remote));
  if (!child) return child.error();
  add_child(*std::move(child));
  return {};
}

}  // namespace mlkem::ikev2
