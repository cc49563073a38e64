// SPDX-License-Identifier: Apache-2.0
// The crypto interfaces: the OpenSSL ones as contracts say, and what the layer does when a gateway's own ones
// fail.
#include <openssl/err.h>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

TEST(SecretBytes, HoldsWhatFits) {
  SecretBytes<4> secret;
  EXPECT_TRUE(secret.empty());
  EXPECT_TRUE(secret.assign(unhex("01020304")));
  EXPECT_TRUE(secret.equals(unhex("01020304")));
  EXPECT_FALSE(secret.equals(unhex("01020305")));
  EXPECT_FALSE(secret.equals(unhex("010203")));
  EXPECT_FALSE(secret.equals(unhex("0102030405")));
  EXPECT_FALSE(secret.assign(unhex("0102030405")));
  EXPECT_TRUE(secret.empty());
  EXPECT_TRUE(secret.resize(3));
  EXPECT_EQ(hex(secret.expose()), "000000");
  EXPECT_FALSE(secret.resize(5));
}

TEST(SecretBytes, MovesAndWipes) {
  using Small = SecretBytes<32>;
  alignas(Small) unsigned char storage[sizeof(Small)];
  const Bytes value(32, 0xa5);
  const auto holds_secret = [&storage] {
    size_t found = 0;
    for (const volatile unsigned char& octet : storage) found += octet == 0xa5;
    return found >= 4;
  };
  Small* secret = new (storage) Small;
  ASSERT_TRUE(secret->assign(value));
  EXPECT_TRUE(holds_secret());
  Small moved(std::move(*secret));
  EXPECT_FALSE(holds_secret());
  EXPECT_TRUE(secret->empty());
  *secret = std::move(moved);
  EXPECT_TRUE(holds_secret());
  ASSERT_TRUE(secret->resize(1));
  EXPECT_FALSE(holds_secret());
  ASSERT_TRUE(secret->assign(value));
  secret->~Small();
  EXPECT_FALSE(holds_secret());
}

TEST(Prf, IsHmacOfThePartsTogether) {
  const auto crypto = new_crypto();
  // RFC 4231, case 2.
  const auto prf = *crypto->make_prf(PrfId::kHmacSha256);
  const Octets parts[] = {view("what do ya want "), {}, view("for nothing?")};
  const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  for (int round = 0; round < 3; ++round) {
    const auto out = compute_prf(*prf, view("Jefe"), parts);
    ASSERT_TRUE(out);
    EXPECT_EQ(hex(out->expose()), expected);
  }
  // The key stays from one call to the next.
  Bytes out(32);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(prf->compute(parts, out));
    EXPECT_EQ(hex(out), expected);
  }
}

TEST(Prf, OutputMayBeAPart) {
  const auto crypto = new_crypto();
  for (PrfId id : kAllPrfs) {
    const auto prf = *crypto->make_prf(id);
    EXPECT_EQ(prf->id(), id);
    ASSERT_TRUE(prf->set_key(view("key")));
    Bytes in_place(output_bytes(id), 7), apart(output_bytes(id));
    const Bytes input = in_place;
    const Octets part[] = {input}, own_part[] = {in_place};
    ASSERT_TRUE(prf->compute(part, apart));
    ASSERT_TRUE(prf->compute(own_part, in_place));
    EXPECT_EQ(hex(in_place), hex(apart));
  }
}

TEST(Prf, MisuseIsAnError) {
  const auto crypto = new_crypto();
  const auto prf = *crypto->make_prf(PrfId::kHmacSha384);
  Bytes out(48);
  expect_error(prf->compute({}, out), ErrorKind::kMisuse);
  expect_error(prf->set_key({}), ErrorKind::kMisuse);
  ASSERT_TRUE(prf->set_key(view("k")));
  expect_error(prf->set_key({}), ErrorKind::kMisuse);
  expect_error(prf->compute({}, out), ErrorKind::kMisuse);
  ASSERT_TRUE(prf->set_key(view("k")));
  out.resize(47);
  expect_error(prf->compute({}, out), ErrorKind::kMisuse);
  expect_error(crypto->make_prf(PrfId(4)), ErrorKind::kCrypto);
}

TEST(Openssl, APeersBadValueLeavesNoErrorBehind) {
  const auto crypto = new_crypto();
  ERR_clear_error();
  expect_peer_fault(respond(KeMethod::kEcp256, Bytes(64, 1), *crypto), NotifyType::kInvalidSyntax);
  expect_peer_fault(respond(KeMethod::kX25519, Bytes(32), *crypto), NotifyType::kInvalidSyntax);
  expect_peer_fault(respond(KeMethod::kModp2048, Bytes(256), *crypto), NotifyType::kInvalidSyntax);
  EXPECT_EQ(ERR_peek_error(), 0u);
  expect_error(crypto->generate_key(KeMethod::kMlKem768), ErrorKind::kCrypto);
}

// A gateway's own crypto, written against the public headers alone.
class OddKey final : public ClassicalKey {
 public:
  OddKey(size_t value_bytes, Bytes secret, Bytes* out_peer_value)
      : value_(value_bytes, 9), secret_(std::move(secret)), peer_value_(out_peer_value) {}
  Octets public_value() const noexcept override { return value_; }
  Result<void> derive(Octets peer_value, KeSecret& out_secret) noexcept override {
    *peer_value_ = copy(peer_value);
    if (!out_secret.assign(secret_)) return misuse("too long");
    return {};
  }

 private:
  Bytes value_, secret_;
  Bytes* peer_value_;
};

class OddCrypto final : public Crypto {
 public:
  Bytes secret, peer_value;
  size_t value_bytes = 32;

  Result<std::unique_ptr<Prf>> make_prf(PrfId) noexcept override { return crypto_failure("none"); }
  Result<std::unique_ptr<ClassicalKey>> generate_key(KeMethod) noexcept override {
    return std::unique_ptr<ClassicalKey>(new OddKey(value_bytes, secret, &peer_value));
  }
  Result<std::unique_ptr<MessageCipher>> make_message_cipher(Encryption, IntegId) noexcept override {
    return crypto_failure("none");
  }
  RandomSource random() noexcept override {
    return {[](void*, std::span<uint8_t>) { return false; }, nullptr};
  }
};

TEST(GatewayCrypto, TopBitOfX25519IsMaskedForIt) {
  OddCrypto crypto;
  crypto.secret = Bytes(32, 1);
  Bytes value(32, 0xff);
  ASSERT_TRUE(respond(KeMethod::kX25519, value, crypto));
  value.back() = 0x7f;
  EXPECT_EQ(crypto.peer_value, value);
  crypto.secret = Bytes(56, 1);
  crypto.value_bytes = 56;
  ASSERT_TRUE(respond(KeMethod::kX448, Bytes(56, 0xff), crypto));
  EXPECT_EQ(crypto.peer_value, Bytes(56, 0xff));
}

TEST(GatewayCrypto, AllZeroResultIsThePeersFault) {
  OddCrypto crypto;
  crypto.secret = Bytes(32);
  expect_peer_fault(respond(KeMethod::kX25519, Bytes(32, 9), crypto), NotifyType::kInvalidSyntax);
  crypto.secret.back() = 1;
  EXPECT_TRUE(respond(KeMethod::kX25519, Bytes(32, 9), crypto));
  crypto.secret = Bytes(56);
  crypto.value_bytes = 56;
  expect_peer_fault(respond(KeMethod::kX448, Bytes(56, 9), crypto), NotifyType::kInvalidSyntax);
}

TEST(GatewayCrypto, WrongLengthsOfItsOwnAreCaught) {
  OddCrypto crypto;
  crypto.secret = Bytes(31, 1);
  expect_error(respond(KeMethod::kX25519, Bytes(32, 9), crypto), ErrorKind::kCrypto);
  crypto.secret = Bytes(32, 1);
  EXPECT_TRUE(respond(KeMethod::kX25519, Bytes(32, 9), crypto));
  crypto.value_bytes = 31;
  expect_error(respond(KeMethod::kX25519, Bytes(32, 9), crypto), ErrorKind::kCrypto);
  expect_error(KeyExchangeInitiator::start(KeMethod::kX25519, crypto), ErrorKind::kCrypto);
}

TEST(GatewayCrypto, FailingRandomnessStopsMlKem) {
  OddCrypto failing;
  const auto crypto = new_crypto();
  for (KeMethod method : {KeMethod::kMlKem512, KeMethod::kMlKem768, KeMethod::kMlKem1024}) {
    expect_error(KeyExchangeInitiator::start(method, failing), ErrorKind::kCrypto);
    const auto initiator = KeyExchangeInitiator::start(method, *crypto);
    expect_error(respond(method, initiator->public_value(), failing), ErrorKind::kCrypto);
  }
}

TEST(GatewayCrypto, ItsRandomnessIsWhatMlKemUses) {
  const RandomSource counting{[](void* next, std::span<uint8_t> out) {
                                for (uint8_t& octet : out) octet = (*static_cast<uint8_t*>(next))++;
                                return true;
                              },
                              nullptr};
  std::string first, second;
  for (std::string* out : {&first, &second}) {
    uint8_t next = 1;
    const auto crypto = new_crypto({counting.fill, &next});
    const auto initiator = KeyExchangeInitiator::start(KeMethod::kMlKem768, *crypto);
    const auto share = respond(KeMethod::kMlKem768, initiator->public_value(), *crypto);
    EXPECT_EQ(next, 1 + 64 + 32) << "d, z and m, each drawn once";
    *out = hex(initiator->public_value()) + hex(share->public_value()) + hex(share->secret().expose());
  }
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace mlkem::test
