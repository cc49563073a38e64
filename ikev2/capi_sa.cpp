// SPDX-License-Identifier: Apache-2.0
// The C interface to IKE SAs and Child SAs: key schedule, IntAuth, AUTH with a pre-shared key, rekeying.
#include <algorithm>

#include "ikev2/capi.hpp"

using namespace mlkem::ikev2;
using namespace mlkem::ikev2::capi;

struct mlkem_ike_sa {
  Crypto& crypto;
  SaAlgorithms algorithms;
  Spi spi_i, spi_r;
  uint8_t ni[kMaxNonceBytes], nr[kMaxNonceBytes];
  uint16_t ni_bytes, nr_bytes;
  std::unique_ptr<Prf> prf;
  IkeKeys keys;
  IntAuth int_auth[2];  // by role

  IkeSaInputs inputs() const noexcept {
    return {algorithms, Octets(ni, ni_bytes), Octets(nr, nr_bytes), spi_i, spi_r};
  }
  const IntAuth& of(mlkem_ike_role role) const noexcept { return int_auth[role]; }
};

struct mlkem_ike_child {
  ChildKeys keys;
};

namespace {

constexpr size_t kMostSecrets = 8;

bool is_nonce(const uint8_t* data, size_t bytes) noexcept {
  return data != nullptr && bytes >= kMinNonceBytes && bytes <= kMaxNonceBytes;
}

bool is_role(mlkem_ike_role role) noexcept {
  return role == MLKEM_IKE_INITIATOR || role == MLKEM_IKE_RESPONDER;
}

mlkem_ike_octets view(Octets octets) noexcept {
  return {octets.data(), octets.size()};
}

bool algorithms_of(uint16_t encr, uint16_t key_bits, uint16_t integ, Encryption& out_encryption,
                   IntegId& out_integrity) noexcept {
  out_encryption = {EncrId(encr), key_bits};
  out_integrity = IntegId(integ);
  return mlkem::ikev2::is_valid(out_encryption) && name(out_integrity) != "unknown" &&
         is_aead(out_encryption.id) == (out_integrity == IntegId::kNone);
}

// SK(0) ... SK(count - 1) as the parts of one octet string.
class Secrets {
 public:
  Secrets(const mlkem_ike_secret* const* secrets, size_t count) noexcept : count_(count) {
    valid_ = count <= kMostSecrets && (secrets != nullptr || count == 0);
    for (size_t i = 0; valid_ && i < count; ++i) {
      valid_ = secrets[i] != nullptr;
      if (valid_) parts_[i] = secrets[i]->octets.expose();
    }
  }
  bool valid() const noexcept { return valid_; }
  Parts parts() const noexcept { return Parts(parts_, count_); }

 private:
  bool valid_;
  size_t count_;
  Octets parts_[kMostSecrets];
};

// An IKE SA without keys yet.
Result<std::unique_ptr<mlkem_ike_sa>> make_sa(Crypto& crypto,
                                              const mlkem_ike_sa_parameters& parameters) noexcept {
  SaAlgorithms algorithms{PrfId(parameters.prf), {}, {}};
  if (name(algorithms.prf) == "unknown" ||
      !algorithms_of(parameters.encr, parameters.key_bits, parameters.integ, algorithms.encryption,
                     algorithms.integrity))
    return misuse("unknown algorithms, or ones that do not fit together");
  if (!is_nonce(parameters.ni, parameters.ni_len) || !is_nonce(parameters.nr, parameters.nr_len))
    return misuse("a nonce has 16 to 256 octets");
  Result<std::unique_ptr<Prf>> prf = crypto.make_prf(algorithms.prf);
  if (!prf) return prf.error();
  std::unique_ptr<mlkem_ike_sa> sa(new (std::nothrow) mlkem_ike_sa{crypto,
                                                                   algorithms,
                                                                   {},
                                                                   {},
                                                                   {},
                                                                   {},
                                                                   uint16_t(parameters.ni_len),
                                                                   uint16_t(parameters.nr_len),
                                                                   std::move(*prf),
                                                                   {},
                                                                   {}});
  if (!sa) return crypto_failure("out of memory");
  std::copy_n(parameters.spi_i, sa->spi_i.size(), sa->spi_i.begin());
  std::copy_n(parameters.spi_r, sa->spi_r.size(), sa->spi_r.begin());
  std::memcpy(sa->ni, parameters.ni, parameters.ni_len);
  std::memcpy(sa->nr, parameters.nr, parameters.nr_len);
  return sa;
}

// The keys that `derive` gives become those of *sa, which becomes *out.
template <class Derive>
int finish_sa(std::unique_ptr<mlkem_ike_sa> sa, Derive derive, mlkem_ike_sa** out) noexcept {
  Result<IkeKeys> keys = derive(*sa);
  if (!keys) return code_of(keys.error());
  sa->keys = std::move(*keys);
  *out = sa.release();
  return MLKEM_IKE_OK;
}

// AUTH of one side with a pre-shared key.
struct PskAuthInput {
  const uint8_t* psk;
  size_t psk_len;
  const uint8_t* real_message;
  size_t real_message_len;
  const uint8_t* id_body;
  size_t id_body_len;
  uint32_t auth_message_id;
};

Result<PrfSecret> psk_auth(mlkem_ike_sa& sa, mlkem_ike_role sender, const PskAuthInput& input) noexcept {
  if (!is_role(sender) || input.psk == nullptr || input.psk_len == 0 || input.real_message == nullptr ||
      input.real_message_len == 0 || input.id_body == nullptr || input.id_body_len < 4)
    return misuse("the key, the message or the identity is missing");
  const Result<IntAuthSuffix> suffix =
      int_auth_suffix(sa.of(MLKEM_IKE_INITIATOR), sa.of(MLKEM_IKE_RESPONDER), input.auth_message_id);
  if (!suffix) return suffix.error();
  const Result<PrfSecret> pad = shared_key_pad(*sa.prf, Octets(input.psk, input.psk_len));
  if (!pad) return pad.error();
  const bool initiator = sender == MLKEM_IKE_INITIATOR;
  const IkeSaInputs inputs = sa.inputs();
  return shared_key_auth(
      *sa.prf, pad->expose(),
      {Octets(input.real_message, input.real_message_len), initiator ? inputs.nr : inputs.ni,
       (initiator ? sa.keys.sk_pi : sa.keys.sk_pr).expose(), Octets(input.id_body, input.id_body_len),
       suffix->expose()});
}

}  // namespace

int mlkem_ike_sa_new(mlkem_ike_crypto* crypto, const mlkem_ike_sa_parameters* parameters,
                     const mlkem_ike_secret* secret, mlkem_ike_sa** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  if (!crypto || !parameters || !secret) return MLKEM_IKE_ERR_ARGUMENT;
  Result<std::unique_ptr<mlkem_ike_sa>> sa = make_sa(*crypto->crypto, *parameters);
  if (!sa) return code_of(sa.error());
  return finish_sa(
      std::move(*sa),
      [&](mlkem_ike_sa& self) { return initial_keys(*self.prf, self.inputs(), secret->octets.expose()); },
      out);
}

void mlkem_ike_sa_free(mlkem_ike_sa* sa) {
  delete sa;
}

int mlkem_ike_sa_chain(mlkem_ike_sa* sa, const mlkem_ike_secret* secret) {
  if (!sa || !secret) return MLKEM_IKE_ERR_ARGUMENT;
  for (const IntAuth& int_auth : sa->int_auth)
    if (int_auth.messages() != sa->keys.generation + 1u) return MLKEM_IKE_ERR_ARGUMENT;
  Result<IkeKeys> keys = next_generation(*sa->prf, sa->inputs(), sa->keys, secret->octets.expose());
  if (!keys) return code_of(keys.error());
  sa->keys = std::move(*keys);
  return MLKEM_IKE_OK;
}

int mlkem_ike_sa_keys(const mlkem_ike_sa* sa, mlkem_ike_keys* out) {
  if (!sa || !out) return MLKEM_IKE_ERR_ARGUMENT;
  const IkeKeys& keys = sa->keys;
  *out = {view(keys.sk_d.expose()),  view(keys.sk_ai.expose()),
          view(keys.sk_ar.expose()), view(keys.sk_ei.expose()),
          view(keys.sk_er.expose()), view(keys.sk_pi.expose()),
          view(keys.sk_pr.expose()), keys.generation};
  return MLKEM_IKE_OK;
}

int mlkem_ike_sa_int_auth(mlkem_ike_sa* sa, mlkem_ike_role sender, const uint8_t* a, size_t a_len,
                          const uint8_t* p, size_t p_len) {
  if (!sa || !is_role(sender) || !a || a_len == 0 || !is_valid(p, p_len)) return MLKEM_IKE_ERR_ARGUMENT;
  IntAuth& int_auth = sa->int_auth[sender];
  if (int_auth.messages() > sa->keys.generation) return MLKEM_IKE_ERR_ARGUMENT;
  const PrfSecret& sk_p = sender == MLKEM_IKE_INITIATOR ? sa->keys.sk_pi : sa->keys.sk_pr;
  const Octets message[] = {Octets(a, a_len), Octets(p, p_len)};
  const Result<void> added = int_auth.add(*sa->prf, sk_p.expose(), message);
  return added ? MLKEM_IKE_OK : code_of(added.error());
}

int mlkem_ike_sa_int_auth_suffix(const mlkem_ike_sa* sa, uint32_t auth_message_id, uint8_t* out,
                                 size_t* out_len) {
  if (!sa || !out_len || !is_valid(out, *out_len)) return MLKEM_IKE_ERR_ARGUMENT;
  const Result<IntAuthSuffix> suffix =
      int_auth_suffix(sa->of(MLKEM_IKE_INITIATOR), sa->of(MLKEM_IKE_RESPONDER), auth_message_id);
  if (!suffix) return code_of(suffix.error());
  return copy_out(suffix->expose(), out, out_len);
}

int mlkem_ike_sa_psk_auth(mlkem_ike_sa* sa, mlkem_ike_role sender, const uint8_t* psk, size_t psk_len,
                          const uint8_t* real_message, size_t real_message_len, const uint8_t* id_body,
                          size_t id_body_len, uint32_t auth_message_id, uint8_t* out, size_t* out_len) {
  if (!sa || !out_len || !is_valid(out, *out_len)) return MLKEM_IKE_ERR_ARGUMENT;
  const Result<PrfSecret> auth = psk_auth(
      *sa, sender, {psk, psk_len, real_message, real_message_len, id_body, id_body_len, auth_message_id});
  if (!auth) return code_of(auth.error());
  return copy_out(auth->expose(), out, out_len);
}

int mlkem_ike_sa_psk_verify(mlkem_ike_sa* sa, mlkem_ike_role sender, const uint8_t* psk, size_t psk_len,
                            const uint8_t* real_message, size_t real_message_len, const uint8_t* id_body,
                            size_t id_body_len, uint32_t auth_message_id, const uint8_t* auth,
                            size_t auth_len) {
  if (!sa || !is_valid(auth, auth_len)) return MLKEM_IKE_ERR_ARGUMENT;
  const Result<PrfSecret> expected = psk_auth(
      *sa, sender, {psk, psk_len, real_message, real_message_len, id_body, id_body_len, auth_message_id});
  if (!expected) return code_of(expected.error());
  return expected->equals(Octets(auth, auth_len)) ? MLKEM_IKE_OK : MLKEM_IKE_ERR_PEER;
}

int mlkem_ike_sa_rekey(const mlkem_ike_sa* old, const mlkem_ike_sa_parameters* parameters,
                       const mlkem_ike_secret* const* secrets, size_t count, int expand_with_old_prf,
                       mlkem_ike_sa** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  const Secrets parts(secrets, count);
  if (!old || !parameters || count == 0 || !parts.valid()) return MLKEM_IKE_ERR_ARGUMENT;
  Result<std::unique_ptr<mlkem_ike_sa>> sa = make_sa(old->crypto, *parameters);
  if (!sa) return code_of(sa.error());
  return finish_sa(
      std::move(*sa),
      [&](mlkem_ike_sa& self) {
        return rekeyed_keys(*old->prf, *self.prf, old->keys.sk_d.expose(), self.inputs(), parts.parts(),
                            expand_with_old_prf ? RekeyExpansion::kOldPrf : RekeyExpansion::kNewPrf);
      },
      out);
}

int mlkem_ike_sa_child(mlkem_ike_sa* sa, const mlkem_ike_child_parameters* parameters,
                       const mlkem_ike_secret* const* secrets, size_t count, mlkem_ike_child** out) {
  if (!out) return MLKEM_IKE_ERR_ARGUMENT;
  *out = nullptr;
  const Secrets parts(secrets, count);
  Encryption encryption;
  IntegId integrity;
  if (!sa || !parameters || !parts.valid() ||
      !algorithms_of(parameters->encr, parameters->key_bits, parameters->integ, encryption, integrity) ||
      !is_nonce(parameters->ni, parameters->ni_len) || !is_nonce(parameters->nr, parameters->nr_len))
    return MLKEM_IKE_ERR_ARGUMENT;
  Result<ChildKeys> keys = child_keys(*sa->prf, sa->keys.sk_d.expose(), encryption, integrity,
                                      Octets(parameters->ni, parameters->ni_len),
                                      Octets(parameters->nr, parameters->nr_len), parts.parts());
  if (!keys) return code_of(keys.error());
  return make(out, std::move(*keys));
}

void mlkem_ike_child_free(mlkem_ike_child* child) {
  delete child;
}

int mlkem_ike_child_get(const mlkem_ike_child* child, mlkem_ike_child_keys* out) {
  if (!child || !out) return MLKEM_IKE_ERR_ARGUMENT;
  const ChildKeys& keys = child->keys;
  *out = {view(keys.encryption_i.expose()), view(keys.integrity_i.expose()), view(keys.encryption_r.expose()),
          view(keys.integrity_r.expose())};
  return MLKEM_IKE_OK;
}
