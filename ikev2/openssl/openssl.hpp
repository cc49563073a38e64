// SPDX-License-Identifier: Apache-2.0
// What the OpenSSL implementations of crypto.hpp share: owning handles and a tidy error queue. OpenSSL 3.0's
// EVP interface only.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "mlkem-ike/ikev2/crypto.hpp"

namespace mlkem::ikev2::openssl {

template <auto kFree>
struct Free {
  template <class Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};
using MacPtr = std::unique_ptr<EVP_MAC, Free<EVP_MAC_free>>;
using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>>;
using MdPtr = std::unique_ptr<EVP_MD, Free<EVP_MD_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;

// Leaves the thread's error queue as it was: a peer's bad value must not show up in the application's next
// look.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() { ERR_set_mark(); }
  ~ErrorQueueGuard() { ERR_pop_to_mark(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

// HMAC with the hash of `prf`, from an algorithm that was fetched once.
Result<std::unique_ptr<Prf>> make_hmac(EVP_MAC* hmac, PrfId prf) noexcept;

// An AEAD, or a cipher with an HMAC over what it encrypted.
Result<std::unique_ptr<MessageCipher>> make_aead(Encryption encryption) noexcept;
Result<std::unique_ptr<MessageCipher>> make_encrypt_then_mac(EVP_MAC* hmac, Encryption encryption,
                                                             IntegId integrity) noexcept;

// Ready to generate keys of a classical method any number of times; null where OpenSSL lacks it.
PkeyCtxPtr make_generator(KeMethod method) noexcept;
Result<std::unique_ptr<ClassicalKey>> generate(EVP_PKEY_CTX* generator, KeMethod method) noexcept;

// Keys of AUTH by signature, as crypto.hpp says of the functions that they stand behind.
Result<std::unique_ptr<SigningKey>> make_signing_key(Octets octets) noexcept;
Result<std::unique_ptr<VerifyingKey>> make_verifying_key(Octets octets) noexcept;
Result<std::unique_ptr<VerifyingKey>> certificate_key(Octets certificate) noexcept;

}  // namespace mlkem::ikev2::openssl
