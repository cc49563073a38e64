// SPDX-License-Identifier: Apache-2.0
// The PRFs of IKEv2 (RFC 2104, RFC 4868) as HMACs of OpenSSL.
#include <openssl/core_names.h>

#include <new>

#include "ikev2/openssl/openssl.hpp"

namespace mlkem::ikev2::openssl {
namespace {

const char* hash_name(PrfId prf) {
  switch (prf) {
    case PrfId::kHmacSha1:
      return "SHA1";
    case PrfId::kHmacSha256:
      return "SHA2-256";
    case PrfId::kHmacSha384:
      return "SHA2-384";
    case PrfId::kHmacSha512:
      return "SHA2-512";
  }
  return nullptr;
}

class Hmac final : public Prf {
 public:
  Hmac(PrfId prf, MacCtxPtr mac) : id_(prf), output_bytes_(output_bytes(prf)), mac_(std::move(mac)) {}

  PrfId id() const noexcept override { return id_; }

  Result<void> set_key(Octets key) noexcept override {
    const ErrorQueueGuard guard;
    state_ = State::kNoKey;
    if (key.empty()) return misuse("the key of a PRF is empty");
    if (!EVP_MAC_init(mac_.get(), key.data(), key.size(), nullptr))
      return crypto_failure("HMAC takes no key");
    state_ = State::kFresh;
    return {};
  }

  Result<void> compute(Parts parts, std::span<uint8_t> out) noexcept override {
    const ErrorQueueGuard guard;
    if (state_ == State::kNoKey) return misuse("a PRF without a key");
    if (out.size() != output_bytes_) return misuse("output has not the length of the PRF's");
    // Without a key, init goes back to the keyed state; after set_key it is in that state already.
    if (state_ == State::kUsed && !EVP_MAC_init(mac_.get(), nullptr, 0, nullptr))
      return crypto_failure("HMAC does not start again");
    state_ = State::kUsed;
    for (Octets part : parts)
      if (!part.empty() && !EVP_MAC_update(mac_.get(), part.data(), part.size()))
        return crypto_failure("HMAC failed");
    size_t written = 0;
    if (!EVP_MAC_final(mac_.get(), out.data(), &written, out.size()) || written != out.size())
      return crypto_failure("HMAC failed");
    return {};
  }

 private:
  enum class State : uint8_t { kNoKey, kFresh, kUsed };

  PrfId id_;
  State state_ = State::kNoKey;
  size_t output_bytes_;
  MacCtxPtr mac_;
};

}  // namespace

Result<std::unique_ptr<Prf>> make_hmac(EVP_MAC* hmac, PrfId prf) noexcept {
  const ErrorQueueGuard guard;
  const char* hash = hash_name(prf);
  if (!hash) return crypto_failure("unknown PRF");
  MacCtxPtr mac(EVP_MAC_CTX_new(hmac));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_end()};
  if (!mac || !EVP_MAC_CTX_set_params(mac.get(), parameters))
    return crypto_failure("OpenSSL lacks the hash of the PRF");
  std::unique_ptr<Prf> made(new (std::nothrow) Hmac(prf, std::move(mac)));
  if (!made) return crypto_failure("no memory for a PRF");
  return made;
}

}  // namespace mlkem::ikev2::openssl
