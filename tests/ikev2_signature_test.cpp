// SPDX-License-Identifier: Apache-2.0
// AUTH by signature (RFC 7427): round trips and damage with keys of every kind, signatures that others make, and
// keys that are refused.
#include "mlkem-ike/ikev2/signature.hpp"

#include <nlohmann/json.hpp>

#include "tests/ikev2_signature_keys.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using enum SignatureHash;
using enum SignatureKeyType;

constexpr NotifyType kFailed = NotifyType::kAuthenticationFailed;

struct KindOfKey {
  const char* name;
  SignatureKeyType type;
  SignatureAlgorithm chosen;
  TestKey key, other;
};

const std::vector<KindOfKey>& kinds() {
  static const std::vector<KindOfKey> made = {
      {"RSA", kRsa, rsa_pss(kSha256), TestKey::rsa(2048), TestKey::rsa(2048)},
      {"P-256", kEcdsaP256, {SignatureScheme::kEcdsa, kSha256}, TestKey::ec("P-256"), TestKey::ec("P-256")},
      {"P-384", kEcdsaP384, {SignatureScheme::kEcdsa, kSha384}, TestKey::ec("P-384"), TestKey::ec("P-384")},
      {"P-521", kEcdsaP521, {SignatureScheme::kEcdsa, kSha512}, TestKey::ec("P-521"), TestKey::ec("P-521")},
      {"Ed25519",
       SignatureKeyType::kEd25519,
       {SignatureScheme::kEd25519, kIdentity},
       TestKey::of_type("ED25519"),
       TestKey::of_type("ED25519")},
  };
  return made;
}
const TestKey& rsa_key() {
  return kinds()[0].key;
}

class SignatureAuth : public ::testing::Test {
 protected:
  SignedOctets octets() const { return {message_, nonce_, sk_p_, id_, int_auth_}; }
  // The octets that a signature covers, as RFC 7296 section 2.15 puts them together.
  Bytes signed_octets() const {
    const Octets id(id_);
    const auto maced_id = compute_prf(*prf_, sk_p_, Parts(&id, 1));
    Bytes all = message_;
    for (const Octets part : {Octets(nonce_), maced_id->expose(), Octets(int_auth_)})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  Bytes sign(const SigningKey& key, SignatureAlgorithm algorithm) {
    Bytes auth(kMaxSignatureAuthBytes);
    const auto size = signature_auth(*prf_, key, algorithm, octets(), auth);
    EXPECT_TRUE(size) << size.error().message;
    auth.resize(size ? *size : 0);
    return auth;
  }
  Result<void> verify(const VerifyingKey& key, const Bytes& auth,
                      SignatureHashes announced = kAllSignatureHashes) {
    return verify_signature_auth(*prf_, key, announced, octets(), auth);
  }
  static Bytes auth_data(const Bytes& identifier, const Bytes& signature) {
    Bytes auth(1, uint8_t(identifier.size()));
    auth.insert(auth.end(), identifier.begin(), identifier.end());
    auth.insert(auth.end(), signature.begin(), signature.end());
    return auth;
  }
  std::unique_ptr<SigningKey> signing_key(const Bytes& octets) {
    auto key = crypto_->make_signing_key(octets);
    EXPECT_TRUE(key) << key.error().message;
    return key ? *std::move(key) : nullptr;
  }
  std::unique_ptr<VerifyingKey> verifying_key(const Bytes& octets) {
    auto key = crypto_->make_verifying_key(octets);
    EXPECT_TRUE(key) << key.error().message;
    return key ? *std::move(key) : nullptr;
  }

  std::unique_ptr<Crypto> crypto_ = new_crypto();
  std::unique_ptr<Prf> prf_ = *crypto_->make_prf(PrfId::kHmacSha384);
  Bytes message_ = Bytes(248, 0x11), nonce_ = Bytes(32, 0x22), sk_p_ = Bytes(48, 0x33), id_ = Bytes(13, 0x44),
        int_auth_ = Bytes(100, 0x55);
};

TEST_F(SignatureAuth, VerifiesWhatItSigned) {
  for (const KindOfKey& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const auto chosen = choose_signature_algorithm(kind.type, kAllSignatureHashes);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(*chosen, kind.chosen);
    for (const Bytes& form : {kind.key.pkcs8_pem(), kind.key.pkcs8_der(), kind.key.traditional_pem()}) {
      if (form.empty() && kind.type == SignatureKeyType::kEd25519) continue;
      const auto key = signing_key(form);
      ASSERT_TRUE(key);
      EXPECT_EQ(key->type(), kind.type);
      const Bytes auth = sign(*key, *chosen);
      const auto from_certificate = crypto_->certificate_key(kind.key.certificate());
      ASSERT_TRUE(from_certificate) << from_certificate.error().message;
      EXPECT_EQ((*from_certificate)->type(), kind.type);
      EXPECT_TRUE(verify(**from_certificate, auth));
      EXPECT_TRUE(verify(*verifying_key(kind.key.public_der()), auth));
      EXPECT_TRUE(verify(*verifying_key(kind.key.public_pem()), auth));
    }
  }
}

TEST_F(SignatureAuth, WorksWithoutIntAuth) {
  int_auth_.clear();
  for (const KindOfKey& kind : kinds())
    EXPECT_TRUE(
        verify(*verifying_key(kind.key.public_der()), sign(*signing_key(kind.key.pkcs8_der()), kind.chosen)))
        << kind.name;
}

TEST_F(SignatureAuth, RefusesEveryFlippedOctetAndLength) {
  for (const KindOfKey& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const auto key = verifying_key(kind.key.public_der());
    const Bytes auth = sign(*signing_key(kind.key.pkcs8_der()), kind.chosen);
    ASSERT_TRUE(verify(*key, auth));
    for (size_t i = 0; i < auth.size(); ++i)
      for (const uint8_t flip : Bytes{0x01, 0x80, 0xff}) {
        Bytes damaged = auth;
        damaged[i] ^= flip;
        expect_peer_fault(verify(*key, damaged), kFailed);
      }
    for (size_t size = 0; size < auth.size(); ++size)
      expect_peer_fault(verify(*key, Bytes(auth.begin(), auth.begin() + long(size))), kFailed);
    Bytes longer = auth;
    longer.push_back(0);
    expect_peer_fault(verify(*key, longer), kFailed);
    expect_peer_fault(verify(*verifying_key(kind.other.public_der()), auth), kFailed);
  }
}

TEST_F(SignatureAuth, CoversEverySignedOctet) {
  const KindOfKey& kind = kinds()[1];
  const auto key = verifying_key(kind.key.public_der());
  const Bytes auth = sign(*signing_key(kind.key.pkcs8_der()), kind.chosen);
  for (Bytes* part : {&message_, &nonce_, &sk_p_, &id_, &int_auth_})
    for (uint8_t& octet : *part) {
      octet ^= 0x10;
      expect_peer_fault(verify(*key, auth), kFailed);
      octet ^= 0x10;
    }
  EXPECT_TRUE(verify(*key, auth));
}

TEST_F(SignatureAuth, TakesAnAlgorithmOnlyWithItsKey) {
  for (const KindOfKey& signer : kinds()) {
    const Bytes auth = sign(*signing_key(signer.key.pkcs8_der()), signer.chosen);
    for (const KindOfKey& verifier : kinds()) {
      if (verifier.type == signer.type) continue;
      SCOPED_TRACE(std::string(signer.name) + " with " + verifier.name);
      const auto key = verifying_key(verifier.key.public_der());
      expect_peer_fault(verify(*key, auth), kFailed);
      const auto own = signing_key(verifier.key.pkcs8_der());
      Bytes out(kMaxSignatureAuthBytes);
      if (fits(verifier.type, signer.chosen)) continue;
      expect_error(signature_auth(*prf_, *own, signer.chosen, octets(), out), ErrorKind::kMisuse);
      expect_error(own->sign(signer.chosen, {}, out), ErrorKind::kMisuse);
      expect_error(key->verify(signer.chosen, {}, auth), ErrorKind::kMisuse);
    }
  }
}

TEST_F(SignatureAuth, RefusesAHashThatWasNotAnnounced) {
  for (const KindOfKey& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const Bytes auth = sign(*signing_key(kind.key.pkcs8_der()), kind.chosen);
    const auto key = verifying_key(kind.key.public_der());
    SignatureHashes others;
    for (const SignatureHash hash : {kSha256, kSha384, kSha512, kIdentity})
      if (hash != kind.chosen.hash) others.add(hash);
    expect_peer_fault(verify(*key, auth, others), kFailed);
    EXPECT_TRUE(verify(*key, auth, {kind.chosen.hash}));
  }
}

TEST_F(SignatureAuth, NeedsAnAlgorithmThatItCanName) {
  Bytes out(kMaxSignatureAuthBytes);
  const SignatureAlgorithm other_salt{SignatureScheme::kRsaPss, kSha256, 20};
  expect_error(signature_auth(*prf_, *signing_key(rsa_key().pkcs8_der()), other_salt, octets(), out),
               ErrorKind::kMisuse);
}

TEST_F(SignatureAuth, NeedsRoomAndAKeyForThePrf) {
  const auto key = signing_key(kinds()[1].key.pkcs8_der());
  Bytes out(kMaxSignatureAuthBytes);
  expect_error(signature_auth(*prf_, *key, kinds()[1].chosen, octets(), std::span(out).first(out.size() - 1)),
               ErrorKind::kMisuse);
  expect_error(key->sign(kinds()[1].chosen, {}, std::span(out).first(kMaxSignatureBytes - 1)),
               ErrorKind::kMisuse);
  sk_p_.clear();
  expect_error(signature_auth(*prf_, *key, kinds()[1].chosen, octets(), out), ErrorKind::kMisuse);
}

// RSA PKCS#1 v1.5 is what strongSwan sends by default: it is verified, and never made.
TEST_F(SignatureAuth, VerifiesPkcs1AndNeverMakesIt) {
  const auto key = verifying_key(rsa_key().public_der());
  const auto own = signing_key(rsa_key().pkcs8_der());
  const struct {
    SignatureHash hash;
    const EVP_MD* evp;
  } cases[] = {{kSha256, EVP_sha256()}, {kSha384, EVP_sha384()}, {kSha512, EVP_sha512()}};
  for (const auto& [hash, evp] : cases) {
    const SignatureAlgorithm algorithm{SignatureScheme::kRsaPkcs1, hash};
    const Bytes auth = auth_data(copy(algorithm_identifier(algorithm)),
                                 rsa_key().sign(evp, signed_octets(), RSA_PKCS1_PADDING));
    EXPECT_TRUE(verify(*key, auth));
    for (size_t i = 0; i < auth.size(); ++i) {
      Bytes damaged = auth;
      damaged[i] ^= 0x04;
      expect_peer_fault(verify(*key, damaged), kFailed);
    }
    Bytes out(kMaxSignatureAuthBytes);
    expect_error(signature_auth(*prf_, *own, algorithm, octets(), out), ErrorKind::kMisuse);
  }
}

TEST_F(SignatureAuth, VerifiesPssWithTheSaltThatItStates) {
  const auto key = verifying_key(rsa_key().public_der());
  Bytes identifier = copy(algorithm_identifier(rsa_pss(kSha256)));
  const size_t salt_at = 66;
  ASSERT_EQ(identifier[salt_at], 32);
  for (const uint8_t salt_bytes : Bytes{0, 20, 64}) {
    const Bytes signature = rsa_key().sign(EVP_sha256(), signed_octets(), RSA_PKCS1_PSS_PADDING, salt_bytes);
    expect_peer_fault(verify(*key, auth_data(copy(algorithm_identifier(rsa_pss(kSha256))), signature)),
                      kFailed);
    identifier[salt_at] = salt_bytes;
    EXPECT_TRUE(verify(*key, auth_data(identifier, signature))) << unsigned(salt_bytes);
  }
}

TEST_F(SignatureAuth, RefusesShaOneThatIsSignedWell) {
  const Bytes rsa = auth_data(unhex("300d06092a864886f70d0101050500"),
                              rsa_key().sign(EVP_sha1(), signed_octets(), RSA_PKCS1_PADDING));
  expect_peer_fault(verify(*verifying_key(rsa_key().public_der()), rsa), kFailed);
  const Bytes ecdsa =
      auth_data(unhex("300906072a8648ce3d0401"), kinds()[1].key.sign(EVP_sha1(), signed_octets()));
  expect_peer_fault(verify(*verifying_key(kinds()[1].key.public_der()), ecdsa), kFailed);
}

TEST_F(SignatureAuth, RefusesAHashThatIsShorterThanTheCurve) {
  const KindOfKey& kind = kinds()[2];
  const auto auth = [&](SignatureHash hash, const EVP_MD* evp) {
    return auth_data(copy(algorithm_identifier({SignatureScheme::kEcdsa, hash})),
                     kind.key.sign(evp, signed_octets()));
  };
  const auto key = verifying_key(kind.key.public_der());
  expect_peer_fault(verify(*key, auth(kSha256, EVP_sha256())), kFailed);
  EXPECT_TRUE(verify(*key, auth(kSha512, EVP_sha512())));
}

TEST_F(SignatureAuth, RefusesOtherKeys) {
  const struct {
    const char* name;
    TestKey key;
  } foreign[] = {{"RSA-1024", TestKey::rsa(1024)},
                 {"RSA-2040", TestKey::rsa(2040)},
                 {"RSA for PSS", TestKey::rsa_for_pss()},
                 {"secp256k1", TestKey::ec("secp256k1")},
                 {"brainpool", TestKey::ec("brainpoolP256r1")},
                 {"P-224", TestKey::ec("P-224")},
                 {"Ed448", TestKey::of_type("ED448")},
                 {"X25519", TestKey::of_type("X25519")}};
  for (const auto& [name, key] : foreign) {
    SCOPED_TRACE(name);
    ASSERT_FALSE(key.pkcs8_der().empty());
    expect_error(crypto_->make_signing_key(key.pkcs8_der()), ErrorKind::kMisuse);
    expect_error(crypto_->make_signing_key(key.pkcs8_pem()), ErrorKind::kMisuse);
    expect_error(crypto_->make_verifying_key(key.public_der()), ErrorKind::kMisuse);
    expect_peer_fault(crypto_->certificate_key(key.certificate()), kFailed);
  }
}

TEST_F(SignatureAuth, RefusesWhatIsNotTheKeyAskedFor) {
  for (const KindOfKey& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const TestKey& key = kind.key;
    ASSERT_FALSE(key.pkcs8_pem("passphrase").empty());
    Bytes longer = key.pkcs8_der(), longer_public = key.public_der(), longer_certificate = key.certificate();
    for (Bytes* octets : {&longer, &longer_public, &longer_certificate}) octets->push_back(0);
    for (const Bytes& octets : {Bytes(), Bytes(1, 0x30), Bytes(100, 0x30), key.public_der(), key.public_pem(),
                                key.certificate(), key.pkcs8_pem("passphrase"), longer})
      expect_error(crypto_->make_signing_key(octets), ErrorKind::kMisuse);
    for (const Bytes& octets : {Bytes(), Bytes(1, 0x30), Bytes(100, 0x30), key.pkcs8_der(), key.pkcs8_pem(),
                                key.certificate(), longer_public})
      expect_error(crypto_->make_verifying_key(octets), ErrorKind::kMisuse);
    for (const Bytes& octets :
         {Bytes(), Bytes(1, 0x30), Bytes(100, 0x30), key.pkcs8_der(), key.public_der(), longer_certificate})
      expect_peer_fault(crypto_->certificate_key(octets), kFailed);
    const Bytes certificate = key.certificate();
    for (size_t size = 0; size < certificate.size(); ++size)
      expect_peer_fault(
          crypto_->certificate_key(Bytes(certificate.begin(), certificate.begin() + long(size))), kFailed);
  }
  EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue is left as it was";
}

// A gateway that has shared keys alone need not know of signatures.
TEST(SharedKeyCrypto, HasNoSignatures) {
  class SharedKeyCrypto final : public Crypto {
   public:
    Result<std::unique_ptr<Prf>> make_prf(PrfId) noexcept override { return crypto_failure("none"); }
    Result<std::unique_ptr<ClassicalKey>> generate_key(KeMethod) noexcept override {
      return crypto_failure("none");
    }
    Result<std::unique_ptr<MessageCipher>> make_message_cipher(Encryption, IntegId) noexcept override {
      return crypto_failure("none");
    }
    RandomSource random() noexcept override { return system_random(); }
  } crypto;
  expect_error(crypto.make_signing_key(rsa_key().pkcs8_der()), ErrorKind::kCrypto);
  expect_error(crypto.make_verifying_key(rsa_key().public_der()), ErrorKind::kCrypto);
  expect_error(crypto.certificate_key(rsa_key().certificate()), ErrorKind::kCrypto);
}

// Both AUTHs of the recording with certificates, and our own over the same octets with its keys.
TEST(RecordedSignature, VerifiesAndIsMadeAgain) {
  using Json = nlohmann::json;
  const std::filesystem::path captures = MLKEM_TEST_RECORDINGS;
  std::string reason;
  const auto text = read_vector_file(captures / "cert_ecdsa.json", &reason);
  ASSERT_TRUE(text) << reason;
  const Json recording = Json::parse(*text);
  const auto field = [](const Json& from, const char* name) {
    return unhex(from.at(name).get<std::string>());
  };
  const auto crypto = new_crypto();
  const auto prf = *crypto->make_prf(PrfId(recording.at("ike").at(0).at("prf").get<uint16_t>()));
  ASSERT_EQ(recording.at("auth").size(), 2u);
  for (const Json& entry : recording.at("auth")) {
    const bool initiator = entry.at("who") == "i";
    SCOPED_TRACE(initiator ? "initiator" : "responder");
    EXPECT_EQ(entry.at("method").get<unsigned>(), unsigned(AuthMethod::kDigitalSignature));
    const Bytes message = field(recording.at("messages").at(initiator ? 0 : 1), "hex"),
                nonce = field(recording.at("ike").at(0), initiator ? "nr" : "ni"),
                sk_p = field(entry, "sk_p"), id = field(entry, "id"), int_auth = field(entry, "intauth"),
                auth = field(entry, "auth");
    const SignedOctets octets{message, nonce, sk_p, id, int_auth};
    const auto certificate = crypto->certificate_key(field(entry, "cert"));
    ASSERT_TRUE(certificate) << certificate.error().message;
    EXPECT_EQ((*certificate)->type(), kEcdsaP384);
    const auto verify = [&](const Bytes& data) {
      return verify_signature_auth(*prf, **certificate, kAllSignatureHashes, octets, data);
    };
    EXPECT_TRUE(verify(auth));
    for (size_t i = 0; i < auth.size(); ++i) {
      Bytes damaged = auth;
      damaged[i] ^= 0x01;
      expect_peer_fault(verify(damaged), kFailed);
    }

    const auto pem = read_vector_file(
        captures.parent_path() / "cert_ecdsa" / (initiator ? "a-ecdsa.key" : "b-ecdsa.key"), &reason);
    ASSERT_TRUE(pem) << reason;
    const auto key = crypto->make_signing_key(view(*pem));
    ASSERT_TRUE(key) << key.error().message;
    Bytes own(kMaxSignatureAuthBytes);
    const auto algorithm = choose_signature_algorithm((*key)->type(), kAllSignatureHashes);
    ASSERT_TRUE(algorithm);
    const auto size = signature_auth(*prf, **key, *algorithm, octets, own);
    ASSERT_TRUE(size) << size.error().message;
    own.resize(*size);
    EXPECT_TRUE(verify(own));
    EXPECT_EQ(hex(Octets(own).first(1 + own[0])), hex(Octets(auth).first(1 + auth[0])));
  }
}

}  // namespace
}  // namespace mlkem::test
