// SPDX-License-Identifier: Apache-2.0
// IKE_INTERMEDIATE with one additional key exchange each (RFC 9242, RFC 9370 section 2.2.2), in both roles.
#include <utility>

#include "ikev2/session/engine.hpp"
#include "ikev2/session/notifies.hpp"

namespace mlkem::ikev2 {

// The initiator's next request: a key exchange that is missing, or IKE_AUTH.
Result<void> Engine::next_exchange() {
  if (handshake_->additional_done == report_.agreement->additional().size()) {
    handshake_->exchange.reset();
    return send_auth_request();
  }
  const KeMethod method = next_method();
  if (Result<void> started = start_key_exchange(method); !started) return started;
  const auto number = code_point(method, policy().numbering);
  if (!number) return misuse("a key exchange method that the numbering lacks");
  PayloadWriter out = chain();
  out.add_ke({*number, handshake_->exchange->public_value()});
  set_state(EngineState::kIntermediateSent);
  return send_request(ExchangeType::kIkeIntermediate, out);
}

// The data of the one KE payload, of the method whose turn it is; and the message enters IntAuth.
Result<Octets> Engine::intermediate_value(const Incoming& in) const {
  const Result<Prf*> prf = surroundings_.workspace.prf(sa_.algorithms.prf);
  if (!prf) return prf.error();
  const bool from_initiator = !sa_.is_initiator();
  const auto& keys = handshake_->keys;
  if (Result<void> added = (from_initiator ? handshake_->int_auth_i : handshake_->int_auth_r)
                               .add(**prf, (from_initiator ? keys.sk_pi : keys.sk_pr).expose(), in.plain);
      !added)
    return added.error();
  const Result<Octets> body = in.payloads.only(PayloadType::kKe);
  if (!body) return body.error();
  const Result<KePayload> ke = read_ke_body(*body);
  if (!ke) return ke.error();
  if (ke_method(ke->method, policy().numbering) != next_method())
    return peer_fault(NotifyType::kInvalidSyntax, "another key exchange method than was agreed upon");
  return ke->data;
}

// A bad answer ends the attempt without a word: there are no keys that the responder would accept
// (draft-ietf-ipsecme-ikev2-mlkem).
void Engine::on_intermediate_response(const Incoming& in) {
  if (const auto refusal = first_error(in.payloads))
    return end({EndCause::kPeerNotify, *refusal, in.protection, in.header.exchange,
                "the peer refuses an additional key exchange"});
  const Result<Octets> value = intermediate_value(in);
  if (!value) return end_with(value.error(), in);
  const KeMethod method = next_method();
  const Result<KeSecret> secret = std::move(*handshake_->exchange).finish(*value);
  if (!secret) return end_with(secret.error(), in);
  Result<void> done = use_secret(method, secret->expose());
  ++handshake_->additional_done;
  if (done) done = next_exchange();
  if (!done) end_with(done.error(), in);
}

void Engine::on_intermediate_request(const Incoming& in) {
  const Result<Octets> value = intermediate_value(in);
  const Result<void> done = value ? compute_share(next_method(), *value, EngineState::kIntermediateJob)
                                  : Result<void>(value.error());
  if (done) return;
  send_refusal(in, done.error());
  end_with(done.error(), in);
}

// The response is still protected by the keys of the generation before.
Result<void> Engine::finish_intermediate_request(ResponderShare share) {
  const KeMethod method = next_method();
  const auto number = code_point(method, policy().numbering);
  if (!number) return misuse("a key exchange method that the numbering lacks");
  PayloadWriter out = chain();
  out.add_ke({*number, share.public_value()});
  if (Result<void> sent = send_response(ExchangeType::kIkeIntermediate, out, report_.path); !sent)
    return sent;
  const KeSecret secret = std::move(share).secret();
  if (Result<void> used = use_secret(method, secret.expose()); !used) return used;
  ++handshake_->additional_done;
  set_state(handshake_->additional_done == report_.agreement->additional().size()
                ? EngineState::kAwaitAuth
                : EngineState::kAwaitIntermediate);
  return {};
}

}  // namespace mlkem::ikev2
