// SPDX-License-Identifier: Apache-2.0
// openssl_crypto(): keeps what OpenSSL is slow to look up, the fetched HMAC and one key generator for each
// method.
#include <array>
#include <new>

#include "ikev2/openssl/openssl.hpp"

namespace mlkem::ikev2 {
namespace {

class OpensslCrypto final : public Crypto {
 public:
  OpensslCrypto(openssl::MacPtr hmac, RandomSource random) : hmac_(std::move(hmac)), random_(random) {}

  Result<std::unique_ptr<Prf>> make_prf(PrfId prf) noexcept override {
    return openssl::make_hmac(hmac_.get(), prf);
  }

  Result<std::unique_ptr<ClassicalKey>> generate_key(KeMethod method) noexcept override {
    if (size_t(method) >= generators_.size()) return crypto_failure("not a classical key exchange method");
    openssl::PkeyCtxPtr& generator = generators_[size_t(method)];
    if (!generator) generator = openssl::make_generator(method);
    if (!generator) return crypto_failure("OpenSSL lacks the key exchange method");
    return openssl::generate(generator.get(), method);
  }

  Result<std::unique_ptr<MessageCipher>> make_message_cipher(Encryption encryption,
                                                             IntegId integrity) noexcept override {
    if (!is_aead(encryption.id)) return openssl::make_encrypt_then_mac(hmac_.get(), encryption, integrity);
    if (integrity != IntegId::kNone) return crypto_failure("an AEAD goes without an integrity algorithm");
    return openssl::make_aead(encryption);
  }

  Result<void> sha1(Parts parts, std::span<uint8_t, kSha1Bytes> out) noexcept override {
    const openssl::ErrorQueueGuard guard;
    if (!sha1_) sha1_.reset(EVP_MD_fetch(nullptr, "SHA1", nullptr));
    if (!digest_) digest_.reset(EVP_MD_CTX_new());
    if (!sha1_ || !digest_ || !EVP_DigestInit_ex(digest_.get(), sha1_.get(), nullptr))
      return crypto_failure("OpenSSL lacks SHA-1");
    for (Octets part : parts)
      if (!EVP_DigestUpdate(digest_.get(), part.data(), part.size())) return crypto_failure("SHA-1 failed");
    if (!EVP_DigestFinal_ex(digest_.get(), out.data(), nullptr)) return crypto_failure("SHA-1 failed");
    return {};
  }

  Result<std::unique_ptr<SigningKey>> make_signing_key(Octets key) noexcept override {
    return openssl::make_signing_key(key);
  }
  Result<std::unique_ptr<VerifyingKey>> make_verifying_key(Octets key) noexcept override {
    return openssl::make_verifying_key(key);
  }
  Result<std::unique_ptr<VerifyingKey>> certificate_key(Octets certificate) noexcept override {
    return openssl::certificate_key(certificate);
  }

  RandomSource random() noexcept override { return random_; }

 private:
  openssl::MacPtr hmac_;
  openssl::MdPtr sha1_;
  openssl::MdCtxPtr digest_;
  RandomSource random_;
  std::array<openssl::PkeyCtxPtr, size_t(KeMethod::kX448) + 1> generators_;
};

}  // namespace

Result<std::unique_ptr<Crypto>> openssl_crypto(RandomSource random) noexcept {
  const openssl::ErrorQueueGuard guard;
  openssl::MacPtr hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!hmac) return crypto_failure("OpenSSL lacks HMAC");
  std::unique_ptr<Crypto> made(new (std::nothrow) OpensslCrypto(std::move(hmac), random));
  if (!made) return crypto_failure("no memory for OpenSSL's algorithms");
  return made;
}

}  // namespace mlkem::ikev2
