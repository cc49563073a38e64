// SPDX-License-Identifier: Apache-2.0
// The IKEv2 layer's own code branches on no secret: comparisons, the key schedule and the shared key AUTH,
// with OpenSSL's HMAC beneath them.
#include <memory>

#include "mlkem-ike/ikev2.hpp"
#include "tests/ct/ct_cases.hpp"

namespace mlkem::test {
namespace {

using namespace mlkem::ikev2;
using Bytes = std::vector<uint8_t>;

class CtIkev2 : public CtTest {};

Bytes secret_bytes(size_t size, uint8_t octet) {
  Bytes secret(size, octet);
  ct::mark_secret(secret.data(), size);
  return secret;
}

TEST_F(CtIkev2, SecretsAreComparedInConstantTime) {
  const Bytes octets = secret_bytes(32, 7);
  SecretBytes<64> same, different;
  EXPECT_TRUE(same.assign(octets) && different.assign(octets));
  different.expose_mutable()[31] ^= 1;
  bool equal = false, unequal = true;
  EXPECT_EQ(leaks_of([&] {
              equal = same.equals(octets);
              unequal = different == same;
            }),
            0u);
  EXPECT_TRUE(is_secret(&equal, 1) && is_secret(&unequal, 1));
  ct::declassify(&equal, 1);
  ct::declassify(&unequal, 1);
  EXPECT_TRUE(equal && !unequal);
}

TEST_F(CtIkev2, SharedSecretsAreComparedInConstantTime) {
  SharedSecret a, b;
  ct::mark_secret(a.expose().data(), kSharedSecretBytes);
  bool equal = false;
  EXPECT_EQ(leaks_of([&] { equal = a == b; }), 0u);
  EXPECT_TRUE(is_secret(&equal, 1));
  ct::declassify(&equal, 1);
  EXPECT_TRUE(equal);
}

class CtPrf : public CtTest, public testing::WithParamInterface<PrfId> {
 protected:
  void SetUp() override {
    CtTest::SetUp();
    if (IsSkipped()) return;
    auto made = openssl_crypto();
    ASSERT_TRUE(made);
    crypto_ = std::move(*made);
    auto prf = crypto_->make_prf(GetParam());
    ASSERT_TRUE(prf);
    prf_ = std::move(*prf);
  }

  std::unique_ptr<Crypto> crypto_;
  std::unique_ptr<Prf> prf_;
};
INSTANTIATE_TEST_SUITE_P(All, CtPrf,
                         testing::Values(PrfId::kHmacSha1, PrfId::kHmacSha256, PrfId::kHmacSha384,
                                         PrfId::kHmacSha512),
                         [](const auto& shown) { return "Prf" + std::to_string(int(shown.param)); });

TEST_P(CtPrf, KeyScheduleIsConstantTime) {
  const Bytes ni(32, 1), nr(32, 2), first = secret_bytes(32, 3), second = secret_bytes(32, 4);
  const IkeSaInputs inputs{{GetParam(), {EncrId::kAesGcm16, 256}, IntegId::kNone}, ni, nr, {1}, {2}};
  EXPECT_EQ(leaks_of([&] {
              const auto initial = initial_keys(*prf_, inputs, first);
              ASSERT_TRUE(initial);
              const auto next = next_generation(*prf_, inputs, *initial, second);
              ASSERT_TRUE(next);
              const auto child = child_keys(*prf_, next->sk_d.expose(), inputs.algorithms.encryption,
                                            IntegId::kNone, ni, nr);
              ASSERT_TRUE(child);
              EXPECT_TRUE(is_secret(child->encryption_i.expose().data(), child->encryption_i.size()));
            }),
            0u);
}

TEST_P(CtPrf, SharedKeyAuthIsCheckedInConstantTime) {
  const Bytes psk = secret_bytes(20, 5), sk_p = secret_bytes(32, 6), message(100, 7), nonce(32, 8);
  const Bytes id(8, 9), int_auth(64, 10);
  const SignedOctets octets{message, nonce, sk_p, id, int_auth};
  const Bytes received(output_bytes(GetParam()), 11);
  bool equal = true;
  EXPECT_EQ(leaks_of([&] {
              const auto pad = shared_key_pad(*prf_, psk);
              ASSERT_TRUE(pad);
              const auto auth = shared_key_auth(*prf_, pad->expose(), octets);
              ASSERT_TRUE(auth);
              equal = auth->equals(received);
            }),
            0u);
  EXPECT_TRUE(is_secret(&equal, 1));
  ct::declassify(&equal, 1);
  EXPECT_FALSE(equal);
}

}  // namespace
}  // namespace mlkem::test
