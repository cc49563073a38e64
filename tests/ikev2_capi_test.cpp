// SPDX-License-Identifier: Apache-2.0
// The C interface of the IKEv2 layer: both roles against each other, against the C++ key schedule, and
// misuse.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.h"
#include "mlkem-ike/ikev2.hpp"

namespace mlkem::ikev2 {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes bytes_of(mlkem_ike_octets octets) {
  return Bytes(octets.data, octets.data + octets.len);
}
Bytes bytes_of(Octets octets) {
  return Bytes(octets.begin(), octets.end());
}

struct Freeing {
  void operator()(mlkem_ike_crypto* p) const { mlkem_ike_crypto_free(p); }
  void operator()(mlkem_ike_secret* p) const { mlkem_ike_secret_free(p); }
  void operator()(mlkem_ike_exchange* p) const { mlkem_ike_exchange_free(p); }
  void operator()(mlkem_ike_sa* p) const { mlkem_ike_sa_free(p); }
  void operator()(mlkem_ike_child* p) const { mlkem_ike_child_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Freeing>;

class IkeCApi : public testing::Test {
 protected:
  void SetUp() override {
    mlkem_ike_crypto* made = nullptr;
    ASSERT_EQ(mlkem_ike_crypto_new(&made), MLKEM_IKE_OK);
    crypto.reset(made);
  }

  Owned<mlkem_ike_secret> secret(uint8_t fill, size_t size = 32) {
    const Bytes octets(size, fill);
    mlkem_ike_secret* made = nullptr;
    EXPECT_EQ(mlkem_ike_secret_new(octets.data(), octets.size(), &made), MLKEM_IKE_OK);
    return Owned<mlkem_ike_secret>(made);
  }

  mlkem_ike_sa_parameters parameters() const {
    mlkem_ike_sa_parameters out{6, 20, 256, 0, ni.data(), ni.size(), nr.data(), nr.size(), {}, {}};
    for (uint8_t i = 0; i < 8; ++i) out.spi_i[i] = uint8_t(1 + i), out.spi_r[i] = uint8_t(101 + i);
    return out;
  }

  Owned<mlkem_ike_sa> sa(uint8_t fill = 7) {
    const mlkem_ike_sa_parameters given = parameters();
    mlkem_ike_sa* made = nullptr;
    EXPECT_EQ(mlkem_ike_sa_new(crypto.get(), &given, secret(fill).get(), &made), MLKEM_IKE_OK);
    return Owned<mlkem_ike_sa>(made);
  }

  static void add_int_auth(mlkem_ike_sa* to) {
    const Bytes a(32, 0xaa), p(1192, 0x55);
    EXPECT_EQ(mlkem_ike_sa_int_auth(to, MLKEM_IKE_INITIATOR, a.data(), a.size(), p.data(), p.size()),
              MLKEM_IKE_OK);
    EXPECT_EQ(mlkem_ike_sa_int_auth(to, MLKEM_IKE_RESPONDER, a.data(), a.size(), nullptr, 0), MLKEM_IKE_OK);
  }

  static Bytes auth(mlkem_ike_sa* by, mlkem_ike_role sender) {
    Bytes out(64);
    size_t len = out.size();
    EXPECT_EQ(mlkem_ike_sa_psk_auth(by, sender, psk.data(), psk.size(), message.data(), message.size(),
                                    id.data(), id.size(), 2, out.data(), &len),
              MLKEM_IKE_OK);
    out.resize(len);
    return out;
  }
  static int verify(mlkem_ike_sa* by, mlkem_ike_role sender, const Bytes& value) {
    return mlkem_ike_sa_psk_verify(by, sender, psk.data(), psk.size(), message.data(), message.size(),
                                   id.data(), id.size(), 2, value.data(), value.size());
  }

  Owned<mlkem_ike_crypto> crypto;
  const Bytes ni = Bytes(32, 0x11), nr = Bytes(48, 0x22);
  static inline const Bytes psk = {'k', 'e', 'y'}, message = Bytes(248, 0x33), id = {2, 0, 0, 0, 'a'};
};

TEST_F(IkeCApi, BothRolesAgreeForEveryMethod) {
  for (const uint16_t method : {MLKEM_IKE_MODP2048, MLKEM_IKE_MODP3072, MLKEM_IKE_MODP4096, MLKEM_IKE_ECP256,
                                MLKEM_IKE_ECP384, MLKEM_IKE_ECP521, MLKEM_IKE_X25519, MLKEM_IKE_X448,
                                MLKEM_IKE_MLKEM512, MLKEM_IKE_MLKEM768, MLKEM_IKE_MLKEM1024}) {
    SCOPED_TRACE(method);
    mlkem_ike_exchange* exchange = nullptr;
    ASSERT_EQ(mlkem_ike_exchange_start(crypto.get(), method, &exchange), MLKEM_IKE_OK);
    const uint8_t* value = nullptr;
    size_t value_len = 0;
    ASSERT_EQ(mlkem_ike_exchange_value(exchange, &value, &value_len), MLKEM_IKE_OK);

    Bytes answer(1568);
    size_t answer_len = 1;
    mlkem_ike_secret* responder = nullptr;
    ASSERT_EQ(
        mlkem_ike_respond(crypto.get(), method, value, value_len, answer.data(), &answer_len, &responder),
        MLKEM_IKE_ERR_BUFFER);
    EXPECT_EQ(responder, nullptr);
    EXPECT_EQ(answer_len, sizes(*ke_method(method)).responder_value);
    ASSERT_EQ(
        mlkem_ike_respond(crypto.get(), method, value, value_len, answer.data(), &answer_len, &responder),
        MLKEM_IKE_OK);
    const Owned<mlkem_ike_secret> responder_secret(responder);

    mlkem_ike_secret* initiator = nullptr;
    ASSERT_EQ(mlkem_ike_exchange_finish(&exchange, answer.data(), answer_len, &initiator), MLKEM_IKE_OK);
    EXPECT_EQ(exchange, nullptr);
    const Owned<mlkem_ike_secret> initiator_secret(initiator);
    EXPECT_EQ(mlkem_ike_exchange_finish(&exchange, answer.data(), answer_len, &initiator),
              MLKEM_IKE_ERR_ARGUMENT);

    const mlkem_ike_sa_parameters given = parameters();
    mlkem_ike_sa *i = nullptr, *r = nullptr;
    ASSERT_EQ(mlkem_ike_sa_new(crypto.get(), &given, initiator_secret.get(), &i), MLKEM_IKE_OK);
    ASSERT_EQ(mlkem_ike_sa_new(crypto.get(), &given, responder_secret.get(), &r), MLKEM_IKE_OK);
    const Owned<mlkem_ike_sa> i_sa(i), r_sa(r);
    mlkem_ike_keys i_keys, r_keys;
    ASSERT_EQ(mlkem_ike_sa_keys(i, &i_keys), MLKEM_IKE_OK);
    ASSERT_EQ(mlkem_ike_sa_keys(r, &r_keys), MLKEM_IKE_OK);
    EXPECT_EQ(bytes_of(i_keys.sk_d), bytes_of(r_keys.sk_d));
    EXPECT_EQ(i_keys.sk_ei.len, 36u);
    EXPECT_EQ(i_keys.sk_ai.len, 0u);
  }
}

TEST_F(IkeCApi, EverythingEqualsTheCppInterface) {
  Result<std::unique_ptr<Crypto>> cpp_crypto = openssl_crypto();
  ASSERT_TRUE(cpp_crypto);
  Result<std::unique_ptr<Prf>> prf = (*cpp_crypto)->make_prf(PrfId::kHmacSha384);
  ASSERT_TRUE(prf);
  const mlkem_ike_sa_parameters given = parameters();
  IkeSaInputs inputs{{PrfId::kHmacSha384, {EncrId::kAesGcm16, 256}, IntegId::kNone}, ni, nr, {}, {}};
  std::copy_n(given.spi_i, 8, inputs.spi_i.begin());
  std::copy_n(given.spi_r, 8, inputs.spi_r.begin());

  const Owned<mlkem_ike_sa> c = sa();
  Result<IkeKeys> keys = initial_keys(**prf, inputs, Bytes(32, 7));
  ASSERT_TRUE(keys);
  IntAuth int_auth[2];
  for (uint8_t generation = 0;; ++generation) {
    mlkem_ike_keys got;
    ASSERT_EQ(mlkem_ike_sa_keys(c.get(), &got), MLKEM_IKE_OK);
    EXPECT_EQ(got.generation, generation);
    EXPECT_EQ(bytes_of(got.sk_d), bytes_of(keys->sk_d.expose()));
    EXPECT_EQ(bytes_of(got.sk_ei), bytes_of(keys->sk_ei.expose()));
    EXPECT_EQ(bytes_of(got.sk_er), bytes_of(keys->sk_er.expose()));
    EXPECT_EQ(bytes_of(got.sk_pi), bytes_of(keys->sk_pi.expose()));
    EXPECT_EQ(bytes_of(got.sk_pr), bytes_of(keys->sk_pr.expose()));
    if (generation == kMaxAdditionalKeyExchanges) break;

    add_int_auth(c.get());
    const Bytes a(32, 0xaa), p(1192, 0x55);
    const Octets request[] = {a, p}, response[] = {a};
    ASSERT_TRUE(int_auth[0].add(**prf, keys->sk_pi.expose(), request));
    ASSERT_TRUE(int_auth[1].add(**prf, keys->sk_pr.expose(), response));
    const uint8_t fill = uint8_t(20 + generation);
    ASSERT_EQ(mlkem_ike_sa_chain(c.get(), secret(fill).get()), MLKEM_IKE_OK);
    keys = next_generation(**prf, inputs, *keys, Bytes(32, fill));
    ASSERT_TRUE(keys);
  }

  Bytes suffix(132);
  size_t suffix_len = suffix.size();
  ASSERT_EQ(mlkem_ike_sa_int_auth_suffix(c.get(), 2, suffix.data(), &suffix_len), MLKEM_IKE_OK);
  suffix.resize(suffix_len);
  const Result<IntAuthSuffix> expected_suffix = int_auth_suffix(int_auth[0], int_auth[1], 2);
  ASSERT_TRUE(expected_suffix);
  EXPECT_EQ(suffix, bytes_of(expected_suffix->expose()));
  const Result<PrfSecret> pad = shared_key_pad(**prf, psk);
  ASSERT_TRUE(pad);
  const Result<PrfSecret> expected_auth =
      shared_key_auth(**prf, pad->expose(), {message, ni, keys->sk_pr.expose(), id, suffix});
  ASSERT_TRUE(expected_auth);
  EXPECT_EQ(auth(c.get(), MLKEM_IKE_RESPONDER), bytes_of(expected_auth->expose()));

  const Owned<mlkem_ike_secret> first = secret(1), second = secret(2);
  const mlkem_ike_secret* const secrets[] = {first.get(), second.get()};
  const Bytes sk0(32, 1), sk1(32, 2);
  const Octets parts[] = {sk0, sk1};
  const mlkem_ike_child_parameters child_given{12, 256, 12, ni.data(), ni.size(), nr.data(), nr.size()};
  mlkem_ike_child* child = nullptr;
  ASSERT_EQ(mlkem_ike_sa_child(c.get(), &child_given, secrets, 2, &child), MLKEM_IKE_OK);
  const Owned<mlkem_ike_child> owned_child(child);
  mlkem_ike_child_keys child_keys_got;
  ASSERT_EQ(mlkem_ike_child_get(child, &child_keys_got), MLKEM_IKE_OK);
  const Result<ChildKeys> expected_child =
      child_keys(**prf, keys->sk_d.expose(), {EncrId::kAesCbc, 256}, IntegId::kHmacSha256_128, ni, nr, parts);
  ASSERT_TRUE(expected_child);
  EXPECT_EQ(bytes_of(child_keys_got.encryption_i), bytes_of(expected_child->encryption_i.expose()));
  EXPECT_EQ(bytes_of(child_keys_got.integrity_i), bytes_of(expected_child->integrity_i.expose()));
  EXPECT_EQ(bytes_of(child_keys_got.encryption_r), bytes_of(expected_child->encryption_r.expose()));
  EXPECT_EQ(bytes_of(child_keys_got.integrity_r), bytes_of(expected_child->integrity_r.expose()));

  // A rekey to another PRF shows which PRF expands.
  Result<std::unique_ptr<Prf>> new_prf = (*cpp_crypto)->make_prf(PrfId::kHmacSha256);
  ASSERT_TRUE(new_prf);
  mlkem_ike_sa_parameters new_given = given;
  new_given.prf = 5;
  inputs.algorithms.prf = PrfId::kHmacSha256;
  for (const int with_old : {0, 1}) {
    mlkem_ike_sa* rekeyed = nullptr;
    ASSERT_EQ(mlkem_ike_sa_rekey(c.get(), &new_given, secrets, 2, with_old, &rekeyed), MLKEM_IKE_OK);
    const Owned<mlkem_ike_sa> owned(rekeyed);
    mlkem_ike_keys got;
    ASSERT_EQ(mlkem_ike_sa_keys(rekeyed, &got), MLKEM_IKE_OK);
    const Result<IkeKeys> expected =
        rekeyed_keys(**prf, **new_prf, keys->sk_d.expose(), inputs, parts,
                     with_old ? RekeyExpansion::kOldPrf : RekeyExpansion::kNewPrf);
    ASSERT_TRUE(expected);
    EXPECT_EQ(bytes_of(got.sk_d), bytes_of(expected->sk_d.expose()));
    EXPECT_EQ(got.generation, 0u);
  }
}

TEST_F(IkeCApi, PskAuthIsVerifiedByTheOtherSideAlone) {
  const Owned<mlkem_ike_sa> i = sa(), r = sa();
  Bytes value = auth(i.get(), MLKEM_IKE_INITIATOR);
  EXPECT_EQ(verify(r.get(), MLKEM_IKE_INITIATOR, value), MLKEM_IKE_OK);
  EXPECT_EQ(verify(r.get(), MLKEM_IKE_RESPONDER, value), MLKEM_IKE_ERR_PEER);
  EXPECT_EQ(verify(sa(8).get(), MLKEM_IKE_INITIATOR, value), MLKEM_IKE_ERR_PEER);
  value[5] ^= 1;
  EXPECT_EQ(verify(r.get(), MLKEM_IKE_INITIATOR, value), MLKEM_IKE_ERR_PEER);
  value.pop_back();
  EXPECT_EQ(verify(r.get(), MLKEM_IKE_INITIATOR, value), MLKEM_IKE_ERR_PEER);
  EXPECT_EQ(verify(r.get(), MLKEM_IKE_INITIATOR, {}), MLKEM_IKE_ERR_PEER);
}

TEST_F(IkeCApi, IntAuthOfBothMessagesComesBeforeTheNextGeneration) {
  const Owned<mlkem_ike_sa> c = sa();
  const Bytes a(32, 1);
  EXPECT_EQ(mlkem_ike_sa_chain(c.get(), secret(1).get()), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_int_auth(c.get(), MLKEM_IKE_INITIATOR, a.data(), a.size(), nullptr, 0),
            MLKEM_IKE_OK);
  EXPECT_EQ(mlkem_ike_sa_chain(c.get(), secret(1).get()), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_int_auth(c.get(), MLKEM_IKE_INITIATOR, a.data(), a.size(), nullptr, 0),
            MLKEM_IKE_ERR_ARGUMENT);
  uint8_t out[132];
  size_t len = sizeof out;
  EXPECT_EQ(mlkem_ike_sa_int_auth_suffix(c.get(), 1, out, &len), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_int_auth(c.get(), MLKEM_IKE_RESPONDER, a.data(), a.size(), nullptr, 0),
            MLKEM_IKE_OK);
  EXPECT_EQ(mlkem_ike_sa_chain(c.get(), secret(1).get()), MLKEM_IKE_OK);
  len = 3;
  EXPECT_EQ(mlkem_ike_sa_int_auth_suffix(c.get(), 1, out, &len), MLKEM_IKE_ERR_BUFFER);
  EXPECT_EQ(len, 2u * 48 + 4);
}

TEST_F(IkeCApi, BadValuesOfThePeerAreThePeersFault) {
  for (const uint16_t method : {MLKEM_IKE_X25519, MLKEM_IKE_ECP256, MLKEM_IKE_MODP2048, MLKEM_IKE_MLKEM768}) {
    SCOPED_TRACE(method);
    const size_t right = sizes(*ke_method(method)).initiator_value;
    Bytes answer(1568);
    for (const size_t size : {size_t{0}, right - 1, right, right + 1}) {
      const Bytes value(size, method == MLKEM_IKE_MLKEM768 || method == MLKEM_IKE_MODP2048 ? 0xff : 0);
      size_t len = answer.size();
      mlkem_ike_secret* out = nullptr;
      EXPECT_EQ(
          mlkem_ike_respond(crypto.get(), method, value.data(), value.size(), answer.data(), &len, &out),
          MLKEM_IKE_ERR_PEER);
      EXPECT_EQ(out, nullptr);
    }
  }
}

TEST_F(IkeCApi, MisuseIsAnArgumentErrorAndNothingIsMade) {
  mlkem_ike_exchange* exchange = nullptr;
  mlkem_ike_secret* out_secret = nullptr;
  mlkem_ike_sa* out_sa = nullptr;
  mlkem_ike_child* out_child = nullptr;
  EXPECT_EQ(mlkem_ike_crypto_new(nullptr), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_exchange_start(nullptr, MLKEM_IKE_X25519, &exchange), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_exchange_start(crypto.get(), MLKEM_IKE_X25519, nullptr), MLKEM_IKE_ERR_ARGUMENT);
  for (const uint16_t method : std::initializer_list<uint16_t>{0, 1, 2, 30, 33, 34, 38, 65535})
    EXPECT_EQ(mlkem_ike_exchange_start(crypto.get(), method, &exchange), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(exchange, nullptr);
  EXPECT_EQ(mlkem_ike_exchange_finish(nullptr, nullptr, 0, &out_secret), MLKEM_IKE_ERR_ARGUMENT);
  const uint8_t octet = 1;
  EXPECT_EQ(mlkem_ike_secret_new(nullptr, 32, &out_secret), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_secret_new(&octet, 0, &out_secret), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_secret_new(Bytes(513).data(), 513, &out_secret), MLKEM_IKE_ERR_ARGUMENT);

  const Owned<mlkem_ike_secret> good = secret(1);
  const auto refuses = [&](auto change) {
    mlkem_ike_sa_parameters given = parameters();
    change(given);
    out_sa = nullptr;
    EXPECT_EQ(mlkem_ike_sa_new(crypto.get(), &given, good.get(), &out_sa), MLKEM_IKE_ERR_ARGUMENT);
    EXPECT_EQ(out_sa, nullptr);
  };
  refuses([](auto& p) { p.prf = 1; });
  refuses([](auto& p) { p.encr = 19; });
  refuses([](auto& p) { p.key_bits = 0; });
  refuses([](auto& p) { p.key_bits = 257; });
  refuses([](auto& p) { p.integ = 12; });
  refuses([](auto& p) { p.encr = 12; });
  refuses([](auto& p) { p.ni = nullptr; });
  refuses([](auto& p) { p.ni_len = 15; });
  refuses([](auto& p) { p.nr_len = 257; });

  const Owned<mlkem_ike_sa> c = sa();
  const mlkem_ike_sa_parameters given = parameters();
  const mlkem_ike_secret* secrets[9];
  for (const auto*& each : secrets) each = good.get();
  EXPECT_EQ(mlkem_ike_sa_rekey(c.get(), &given, secrets, 0, 0, &out_sa), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_rekey(c.get(), &given, secrets, 9, 0, &out_sa), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_rekey(c.get(), &given, nullptr, 1, 0, &out_sa), MLKEM_IKE_ERR_ARGUMENT);
  secrets[1] = nullptr;
  EXPECT_EQ(mlkem_ike_sa_rekey(c.get(), &given, secrets, 2, 0, &out_sa), MLKEM_IKE_ERR_ARGUMENT);
  const mlkem_ike_child_parameters child_given{20, 256, 0, ni.data(), ni.size(), nr.data(), nr.size()};
  EXPECT_EQ(mlkem_ike_sa_child(c.get(), &child_given, secrets, 2, &out_child), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_child(c.get(), nullptr, nullptr, 0, &out_child), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(mlkem_ike_sa_child(c.get(), &child_given, nullptr, 0, nullptr), MLKEM_IKE_ERR_ARGUMENT);
  EXPECT_EQ(out_sa, nullptr);
  EXPECT_EQ(out_child, nullptr);

  mlkem_ike_crypto_free(nullptr);
  mlkem_ike_secret_free(nullptr);
  mlkem_ike_exchange_free(nullptr);
  mlkem_ike_sa_free(nullptr);
  mlkem_ike_child_free(nullptr);
}

TEST(IkeCApiTexts, EveryCodeHasItsOwn) {
  std::vector<std::string> texts;
  for (int code = MLKEM_IKE_ERR_BUFFER; code <= MLKEM_IKE_OK; ++code)
    texts.emplace_back(mlkem_ike_strerror(code));
  texts.emplace_back(mlkem_ike_strerror(1));
  for (size_t i = 0; i < texts.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(texts[i], texts[j]);
}

}  // namespace
}  // namespace mlkem::ikev2
