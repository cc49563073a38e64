// SPDX-License-Identifier: Apache-2.0
// The C interface to crypto, secrets and key exchanges: handles around the C++ objects, arguments checked, errors as
// codes.
#include "ikev2/capi.hpp"

using namespace mlkem::ikev2;
using namespace mlkem::ikev2::capi;

struct mlkem_ike_exchange {
  KeyExchangeInitiator initiator;
};

const char* mlkem_ike_strerror(int code) {
  switch (code) {
    case MLKEM_IKE_OK:
      return "success";
    case MLKEM_IKE_ERR_ARGUMENT:
      return "invalid argument or order of calls";
    case MLKEM_IKE_ERR_PEER:
      return "the peer's value is invalid";
    case MLKEM_IKE_ERR_CRYPTO:
      return "the crypto library, the random source or memory failed";
    case MLKEM_IKE_ERR_BUFFER:
      return "the output buffer is too small";
    default:
      return "unknown error code";
  }
}

int mlkem_ike_crypto_new(mlkem_ike_crypto** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  Result<std::unique_ptr<Crypto>> crypto = openssl_crypto();
  if (!crypto) return code_of(crypto.error());
  return make(out, std::move(*crypto));
}

void mlkem_ike_crypto_free(mlkem_ike_crypto* crypto) {
  delete crypto;
}

int mlkem_ike_secret_new(const uint8_t* octets, size_t len, mlkem_ike_secret** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  if (!octets || len == 0 || len > KeSecret::capacity()) return MLKEM_IKE_ERR_ARGUMENT;
  KeSecret secret;
  if (!secret.assign(Octets(octets, len))) return MLKEM_IKE_ERR_ARGUMENT;
  return make(out, std::move(secret));
}

void mlkem_ike_secret_free(mlkem_ike_secret* secret) {
  delete secret;
}

int mlkem_ike_exchange_start(mlkem_ike_crypto* crypto, uint16_t method, mlkem_ike_exchange** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  const std::optional<KeMethod> known = ke_method(method);
  if (!crypto || !known) return MLKEM_IKE_ERR_ARGUMENT;
  Result<KeyExchangeInitiator> initiator = KeyExchangeInitiator::start(*known, *crypto->crypto);
  if (!initiator) return code_of(initiator.error());
  return make(out, std::move(*initiator));
}

int mlkem_ike_exchange_value(const mlkem_ike_exchange* exchange, const uint8_t** value, size_t* value_len) {
  if (!exchange || !value || !value_len) return MLKEM_IKE_ERR_ARGUMENT;
  const Octets octets = exchange->initiator.public_value();
  *value = octets.data();
  *value_len = octets.size();
  return MLKEM_IKE_OK;
}

int mlkem_ike_exchange_finish(mlkem_ike_exchange** exchange, const uint8_t* peer_value, size_t peer_len,
                              mlkem_ike_secret** out) {
  if (out) *out = nullptr;
  if (!exchange || !*exchange) return MLKEM_IKE_ERR_ARGUMENT;
  const std::unique_ptr<mlkem_ike_exchange> consumed(std::exchange(*exchange, nullptr));
  if (!out || !is_valid(peer_value, peer_len)) return MLKEM_IKE_ERR_ARGUMENT;
  Result<KeSecret> secret = std::move(consumed->initiator).finish(Octets(peer_value, peer_len));
  if (!secret) return code_of(secret.error());
  return make(out, std::move(*secret));
}

void mlkem_ike_exchange_free(mlkem_ike_exchange* exchange) {
  delete exchange;
}

int mlkem_ike_respond(mlkem_ike_crypto* crypto, uint16_t method, const uint8_t* peer_value, size_t peer_len,
                      uint8_t* value, size_t* value_len, mlkem_ike_secret** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  const std::optional<KeMethod> known = ke_method(method);
  if (!crypto || !known || !value_len || !is_valid(peer_value, peer_len) || !is_valid(value, *value_len))
    return MLKEM_IKE_ERR_ARGUMENT;
  const size_t needed = sizes(*known).responder_value;
  if (*value_len < needed) {
    *value_len = needed;
    return MLKEM_IKE_ERR_BUFFER;
  }
  Result<ResponderShare> share = respond(*known, Octets(peer_value, peer_len), *crypto->crypto);
  if (!share) return code_of(share.error());
  const Octets octets = share->public_value();
  if (const int code = make(out, std::move(*share).secret()); code != MLKEM_IKE_OK) return code;
  return copy_out(octets, value, value_len);
}
