// SPDX-License-Identifier: Apache-2.0
// The responder's IKE_AUTH with a shared key (RFC 7296 sections 1.2, 2.9 and 2.15, RFC 6023).
#include <array>
#include <optional>
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/wire.hpp"
#include "mlkem-ike/ikev2/auth.hpp"

namespace mlkem::ikev2 {
namespace {

Error not_authentic(const char* message) {
  return peer_fault(NotifyType::kAuthenticationFailed, message);
}

}  // namespace

void Engine::on_auth_request(const Incoming& in) {
  const Result<void> accepted = accept_auth_request(in);
  if (accepted) return;
  send_refusal(in, accepted.error());
  end_with(accepted.error(), in);
}

Result<void> Engine::accept_auth_request(const Incoming& in) {
  const Result<Octets> id_body = in.payloads.only(PayloadType::kIdi);
  if (!id_body) return id_body.error();
  const Result<IdPayload> id = read_id_body(*id_body);
  if (!id) return id.error();
  if (in.payloads.count(PayloadType::kAuth) != 1)
    return not_authentic("the peer wants another method than AUTH");
  const Result<AuthPayload> auth = read_auth_body(in.payloads.find(PayloadType::kAuth)->body);
  if (!auth) return auth.error();
  if (auth->method != uint8_t(AuthMethod::kSharedKey))
    return not_authentic("the peer authenticates with another method");
  if (policy().peer_identity) {
    const Identity peer{id->type, {id->data.begin(), id->data.end()}};
    if (*policy().peer_identity != peer)
      return not_authentic("the peer has another identity than the expected one");
  }
  const SharedKey* key = shared_key(*id);
  if (!key) return not_authentic("no key is shared with this peer");
  handshake_->auth_message_id = in.header.message_id;
  const Result<PrfSecret> expected = auth_of(true, *id_body, key->expose());
  if (!expected) return expected.error();
  if (!expected->equals(auth->data)) return not_authentic("the peer's AUTH is wrong");
  const bool wants_child = in.payloads.find(PayloadType::kSa) != nullptr;
  if (!wants_child && !policy().allow_childless)
    return peer_fault(NotifyType::kInvalidSyntax, "IKE_AUTH without a Child SA, which the policy wants");

  const std::vector<uint8_t> own_id = own_id_body();
  const Result<PrfSecret> own_auth = auth_of(false, own_id, key->expose());
  if (!own_auth) return own_auth.error();
  PayloadWriter out = chain();
  out.add(PayloadType::kIdr, own_id);
  out.add_auth({uint8_t(AuthMethod::kSharedKey), own_auth->expose()});
  initial_contact_ = in.payloads.find_notify(NotifyType::kInitialContact).has_value();
  std::optional<Result<ChildEstablished>> child;
  if (wants_child) child.emplace(answer_child(in.payloads, out));
  if (child && !*child) {
    // The IKE SA lives without it (RFC 7296, section 1.2).
    const Error& error = child->error();
    if (error.kind != ErrorKind::kPeer) return error;
    out.add_notify({ProtocolId::kNone, error.notify, {}, {}});
  }
  // There is no SA before the peer can learn of it.
  if (Result<void> sent = send_response(ExchangeType::kIkeAuth, out, in.path); !sent) return sent;
  establish(*id);
  emit(Established{peer_, sa_.spi_i, sa_.spi_r, report_.path});
  if (!child) return {};
  if (*child)
    add_child(**std::move(child));
  else
    emit(ChildFailed{child->error().notify});
  return {};
}

// Nothing is written before all of it is agreed upon.
Result<ChildEstablished> Engine::answer_child(const PayloadList& payloads, PayloadWriter& out) {
  const Result<Octets> sa_body = payloads.only(PayloadType::kSa);
  if (!sa_body) return sa_body.error();
  const Result<SaPayload> sa = read_sa_body(*sa_body);
  if (!sa) return sa.error();
  const Result<Octets> tsi_body = payloads.only(PayloadType::kTsi);
  if (!tsi_body) return tsi_body.error();
  const Result<Octets> tsr_body = payloads.only(PayloadType::kTsr);
  if (!tsr_body) return tsr_body.error();
  const Result<TsPayload> tsi = read_ts_body(*tsi_body);
  if (!tsi) return tsi.error();
  const Result<TsPayload> tsr = read_ts_body(*tsr_body);
  if (!tsr) return tsr.error();
  NegotiationTerms terms;
  terms.place = NegotiationPlace::kIkeAuth;
  terms.proposals = policy().esp_proposals;
  const Result<Agreement> agreement = choose_proposal(*sa, terms);
  if (!agreement) return agreement.error();
  std::vector<Selector> remote = narrow(read_selectors(*tsi), policy().remote_selectors);
  std::vector<Selector> local = narrow(read_selectors(*tsr), policy().local_selectors);
  if (remote.empty() || local.empty())
    return peer_fault(NotifyType::kTsUnacceptable, "no traffic that both sides want protected");
  const Result<uint32_t> spi = new_child_spi();
  if (!spi) return spi.error();
  std::array<uint8_t, 4> octets;
  store_32(octets.data(), *spi);
  if (const Result<void> added = write_answer(out, *agreement, octets); !added) return added.error();
  out.add_ts(PayloadType::kTsi, selector_views(remote));
  out.add_ts(PayloadType::kTsr, selector_views(local));
  return make_child(*agreement, *spi, std::move(local), std::move(remote));
}

}  // namespace mlkem::ikev2
