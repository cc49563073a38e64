// SPDX-License-Identifier: Apache-2.0
// Keys, certificates and signatures that OpenSSL makes for the suite of AUTH by signature, among them such as the
// library neither makes nor takes.
#pragma once

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {

// Every method returns octets, empty after a failure.
class TestKey {
 public:
  explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { EXPECT_NE(key, nullptr); }

  static TestKey rsa(size_t bits) { return TestKey(EVP_RSA_gen(unsigned(bits))); }
  static TestKey ec(const char* curve) { return TestKey(EVP_EC_gen(curve)); }
  static TestKey of_type(const char* type) { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, type)); }
  // A key whose SubjectPublicKeyInfo says that it is for RSASSA-PSS alone.
  static TestKey rsa_for_pss() {
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* generator = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
    EXPECT_TRUE(EVP_PKEY_keygen_init(generator) > 0 && EVP_PKEY_generate(generator, &key) > 0);
    EVP_PKEY_CTX_free(generator);
    return TestKey(key);
  }

  Bytes pkcs8_pem(const char* passphrase = nullptr) const {
    return text([&](BIO* bio) {
      return PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), passphrase ? EVP_aes_128_cbc() : nullptr,
                                           passphrase, passphrase ? int(std::strlen(passphrase)) : 0, nullptr,
                                           nullptr);
    });
  }
  Bytes pkcs8_der() const {
    return text([&](BIO* bio) {
      return i2d_PKCS8PrivateKey_bio(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  // "RSA PRIVATE KEY", "EC PRIVATE KEY"; nothing for Ed25519.
  Bytes traditional_pem() const {
    return text([&](BIO* bio) {
      return PEM_write_bio_PrivateKey_traditional(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  Bytes public_pem() const {
    return text([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  Bytes public_der() const {
    return text([&](BIO* bio) { return i2d_PUBKEY_bio(bio, key_.get()); });
  }

  // A certificate over this key, signed by a throw-away key of another kind.
  Bytes certificate() const {
    const TestKey issuer = ec("P-256");
    X509* made = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), 0);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key_.get());
    EXPECT_GT(X509_sign(made, issuer.key_.get(), EVP_sha256()), 0);
    Bytes der = text([&](BIO* bio) { return i2d_X509_bio(bio, made); });
    X509_free(made);
    return der;
  }

  // A signature with parameters of the caller's choice; padding and salt count for RSA alone.
  Bytes sign(const EVP_MD* hash, const Bytes& message, int padding = 0, int salt_bytes = 0) const {
    EVP_MD_CTX* digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    Bytes signature(ikev2::kMaxSignatureBytes);
    size_t size = signature.size();
    bool done = EVP_DigestSignInit(digest, &parameters, hash, nullptr, key_.get()) > 0;
    if (padding) done = done && EVP_PKEY_CTX_set_rsa_padding(parameters, padding) > 0;
    if (padding == RSA_PKCS1_PSS_PADDING)
      done = done && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt_bytes) > 0;
    done = done && EVP_DigestSign(digest, signature.data(), &size, message.data(), message.size()) > 0;
    EXPECT_TRUE(done);
    EVP_MD_CTX_free(digest);
    signature.resize(done ? size : 0);
    return signature;
  }

 private:
  template <class Write>
  static Bytes text(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    Bytes out;
    if (write(bio) > 0) {
      const uint8_t* data = nullptr;
      const long size = BIO_get_mem_data(bio, &data);
      out.assign(data, data + size);
    }
    BIO_free(bio);
    return out;
  }

  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace mlkem::test
