// SPDX-License-Identifier: Apache-2.0
// What encrypts messages, through OpenSSL's EVP_CIPHER: AES-GCM and AES-CCM (RFC 5282), ChaCha20-Poly1305
// (RFC 7634), AES-CBC (RFC 3602) and AES-CTR (RFC 5930) with an HMAC (RFC 2404, RFC 4868).
#include <openssl/core_names.h>

#include <array>
#include <cstring>
#include <new>

#include "ikev2/openssl/openssl.hpp"

namespace mlkem::ikev2::openssl {
namespace {

constexpr Error kWrongIcv = peer_fault(NotifyType::kNone, "the ICV is wrong");

const char* cipher_name(Encryption encryption) {
  constexpr EncrId kAes[] = {EncrId::kAesCbc, EncrId::kAesCtr, EncrId::kAesCcm16, EncrId::kAesGcm16};
  constexpr const char* kNames[][3] = {{"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
                                       {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"},
                                       {"AES-128-CCM", "AES-192-CCM", "AES-256-CCM"},
                                       {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"}};
  if (!is_valid(encryption)) return nullptr;
  for (size_t i = 0; i < std::size(kAes); ++i)
    if (encryption.id == kAes[i]) return kNames[i][(encryption.key_bits - 128u) / 64u];
  return "ChaCha20-Poly1305";
}

const char* hash_name(IntegId integrity) {
  switch (integrity) {
    case IntegId::kHmacSha1_96:
      return "SHA1";
    case IntegId::kHmacSha256_128:
      return "SHA2-256";
    case IntegId::kHmacSha384_192:
      return "SHA2-384";
    case IntegId::kHmacSha512_256:
      return "SHA2-512";
    case IntegId::kNone:
      break;
  }
  return nullptr;
}

// The keys in place, so that the costly part of set_keys is done once for a run of messages of one SA.
class HeldKeys {
 public:
  bool are(CipherUse use, Octets sk_e, Octets sk_a) const {
    return held_ && use == use_ && sk_e_.equals(sk_e) && sk_a_.equals(sk_a);
  }
  bool are_for(CipherUse use) const { return held_ && use == use_; }
  bool hold(CipherUse use, Octets sk_e, Octets sk_a) {
    use_ = use;
    held_ = sk_e_.assign(sk_e) && sk_a_.assign(sk_a);
    return held_;
  }
  void clear() {
    held_ = false;
    sk_e_.clear();
    sk_a_.clear();
  }
  // The end of SK_e: the salt of an AEAD, the nonce of AES-CTR.
  Octets salt(size_t salt_bytes) const { return sk_e_.expose().last(salt_bytes); }

 private:
  SecretBytes<kMaxEncryptionKeyBytes> sk_e_;
  PrfSecret sk_a_;
  CipherUse use_ = CipherUse::kSeal;
  bool held_ = false;
};

bool update(EVP_CIPHER_CTX* cipher, uint8_t* out, const uint8_t* in, size_t bytes) {
  int written = 0;
  return EVP_CipherUpdate(cipher, out, &written, in, int(bytes)) > 0;
}

bool finish(EVP_CIPHER_CTX* cipher) {
  std::array<uint8_t, EVP_MAX_BLOCK_LENGTH> nothing;
  int written = 0;
  return EVP_CipherFinal_ex(cipher, nothing.data(), &written) > 0 && written == 0;
}

class Aead final : public MessageCipher {
 public:
  Aead(Encryption encryption, CipherPtr cipher, CipherCtxPtr state)
      : encryption_(encryption), cipher_(std::move(cipher)), state_(std::move(state)) {}

  Encryption encryption() const noexcept override { return encryption_; }
  IntegId integrity() const noexcept override { return IntegId::kNone; }

  Result<void> set_keys(CipherUse use, Octets sk_e, Octets sk_a) noexcept override {
    const ErrorQueueGuard guard;
    if (sk_e.size() != key_bytes(encryption_) || !sk_a.empty()) return misuse("keys of another length");
    if (keys_.are(use, sk_e, sk_a)) return {};
    keys_.clear();
    const int encrypt = use == CipherUse::kSeal;
    const size_t salt = salt_bytes(encryption_.id);
    const int nonce_bytes = int(salt + iv_bytes(encryption_.id));
    // CCM wants both lengths before the key.
    if (EVP_CipherInit_ex2(state_.get(), cipher_.get(), nullptr, nullptr, encrypt, nullptr) <= 0 ||
        EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_SET_IVLEN, nonce_bytes, nullptr) <= 0 ||
        (is_ccm() && EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_SET_TAG, kIcvBytes, nullptr) <= 0) ||
        EVP_CipherInit_ex2(state_.get(), nullptr, sk_e.data(), nullptr, encrypt, nullptr) <= 0 ||
        !keys_.hold(use, sk_e, sk_a))
      return crypto_failure("the AEAD takes no key");
    return {};
  }

  Result<void> seal(Octets iv, Octets associated, std::span<uint8_t> text,
                    std::span<uint8_t> out_icv) noexcept override {
    const ErrorQueueGuard guard;
    if (Result<void> checked = check(CipherUse::kSeal, iv, associated, text, out_icv); !checked)
      return checked;
    if (!start(iv) || !process(associated, text) || !finish(state_.get()) ||
        EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_GET_TAG, kIcvBytes, out_icv.data()) <= 0)
      return crypto_failure("encryption failed");
    return {};
  }

  Result<void> open(Octets iv, Octets associated, std::span<uint8_t> text, Octets icv) noexcept override {
    const ErrorQueueGuard guard;
    if (Result<void> checked = check(CipherUse::kOpen, iv, associated, text, icv); !checked) return checked;
    std::array<uint8_t, kIcvBytes> expected;
    std::memcpy(expected.data(), icv.data(), icv.size());
    if (!start(iv) ||
        EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_SET_TAG, kIcvBytes, expected.data()) <= 0) {
      wipe(text.data(), text.size());
      return crypto_failure("decryption does not start");
    }
    // CCM compares when it decrypts and has nothing to finish; the others compare in the end.
    if (process(associated, text) && (is_ccm() || finish(state_.get()))) return {};
    wipe(text.data(), text.size());
    return kWrongIcv;
  }

 private:
  static constexpr size_t kIcvBytes = 16;

  bool is_ccm() const { return encryption_.id == EncrId::kAesCcm16; }

  Result<void> check(CipherUse use, Octets iv, Octets associated, Octets text, Octets icv) const {
    if (!keys_.are_for(use)) return misuse("a cipher without keys for this use");
    if (iv.size() != iv_bytes(encryption_.id) || icv.size() != kIcvBytes || text.empty() ||
        text.size() > INT32_MAX || associated.size() > INT32_MAX)
      return misuse("a length that the AEAD does not allow");
    return {};
  }

  bool start(Octets iv) {
    std::array<uint8_t, 12> nonce;
    const Octets salt = keys_.salt(salt_bytes(encryption_.id));
    std::memcpy(nonce.data(), salt.data(), salt.size());
    std::memcpy(nonce.data() + salt.size(), iv.data(), iv.size());
    return EVP_CipherInit_ex2(state_.get(), nullptr, nullptr, nonce.data(), -1, nullptr) > 0;
  }

  bool process(Octets associated, std::span<uint8_t> text) {
    return (!is_ccm() || update(state_.get(), nullptr, nullptr, text.size())) &&
           (associated.empty() || update(state_.get(), nullptr, associated.data(), associated.size())) &&
           update(state_.get(), text.data(), text.data(), text.size());
  }

  Encryption encryption_;
  CipherPtr cipher_;
  CipherCtxPtr state_;
  HeldKeys keys_;
};

class EncryptThenMac final : public MessageCipher {
 public:
  EncryptThenMac(Encryption encryption, IntegId integrity, CipherPtr cipher, CipherCtxPtr state,
                 MacCtxPtr mac)
      : encryption_(encryption),
        integrity_(integrity),
        cipher_(std::move(cipher)),
        state_(std::move(state)),
        mac_(std::move(mac)) {}

  Encryption encryption() const noexcept override { return encryption_; }
  IntegId integrity() const noexcept override { return integrity_; }

  Result<void> set_keys(CipherUse use, Octets sk_e, Octets sk_a) noexcept override {
    const ErrorQueueGuard guard;
    if (sk_e.size() != key_bytes(encryption_) || sk_a.size() != key_bytes(integrity_))
      return misuse("keys of another length");
    if (keys_.are(use, sk_e, sk_a)) return {};
    keys_.clear();
    if (EVP_CipherInit_ex2(state_.get(), cipher_.get(), sk_e.data(), nullptr, use == CipherUse::kSeal,
                           nullptr) <= 0 ||
        EVP_CIPHER_CTX_set_padding(state_.get(), 0) <= 0 ||
        !EVP_MAC_init(mac_.get(), sk_a.data(), sk_a.size(), nullptr) || !keys_.hold(use, sk_e, sk_a))
      return crypto_failure("the cipher or the MAC takes no key");
    return {};
  }

  Result<void> seal(Octets iv, Octets associated, std::span<uint8_t> text,
                    std::span<uint8_t> out_icv) noexcept override {
    const ErrorQueueGuard guard;
    if (Result<void> checked = check(CipherUse::kSeal, iv, text, out_icv); !checked) return checked;
    std::array<uint8_t, kMaxPrfBytes> icv;
    if (!process(iv, text) || !compute_icv(iv, associated, text, icv))
      return crypto_failure("encryption failed");
    std::memcpy(out_icv.data(), icv.data(), out_icv.size());
    return {};
  }

  Result<void> open(Octets iv, Octets associated, std::span<uint8_t> text, Octets icv) noexcept override {
    const ErrorQueueGuard guard;
    if (Result<void> checked = check(CipherUse::kOpen, iv, text, icv); !checked) return checked;
    std::array<uint8_t, kMaxPrfBytes> expected;
    if (!compute_icv(iv, associated, text, expected)) return crypto_failure("the MAC failed");
    if (!equal_constant_time(expected.data(), icv.data(), icv.size())) {
      // The right ICV of a forged message is what its forger lacks.
      wipe(expected.data(), expected.size());
      return kWrongIcv;
    }
    if (process(iv, text)) return {};
    wipe(text.data(), text.size());
    return crypto_failure("decryption failed");
  }

 private:
  static constexpr size_t kBlockBytes = 16;

  Result<void> check(CipherUse use, Octets iv, Octets text, Octets icv) const {
    if (!keys_.are_for(use)) return misuse("a cipher without keys for this use");
    if (iv.size() != iv_bytes(encryption_.id) || icv.size() != icv_bytes(integrity_) || text.empty() ||
        text.size() > INT32_MAX || (encryption_.id == EncrId::kAesCbc && text.size() % kBlockBytes != 0))
      return misuse("a length that the cipher does not allow");
    return {};
  }

  // Encrypts or decrypts, as the keys were set. AES-CTR starts with nonce | IV | 1 (RFC 3686, section 4).
  bool process(Octets iv, std::span<uint8_t> text) {
    std::array<uint8_t, kBlockBytes> start{};
    const Octets nonce = keys_.salt(salt_bytes(encryption_.id));
    if (!nonce.empty()) std::memcpy(start.data(), nonce.data(), nonce.size());
    std::memcpy(start.data() + nonce.size(), iv.data(), iv.size());
    if (encryption_.id == EncrId::kAesCtr) start.back() = 1;
    return EVP_CipherInit_ex2(state_.get(), nullptr, nullptr, start.data(), -1, nullptr) > 0 &&
           update(state_.get(), text.data(), text.data(), text.size()) && finish(state_.get());
  }

  bool compute_icv(Octets iv, Octets associated, Octets text, std::span<uint8_t, kMaxPrfBytes> out) {
    size_t written = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) &&
           EVP_MAC_update(mac_.get(), associated.data(), associated.size()) &&
           EVP_MAC_update(mac_.get(), iv.data(), iv.size()) &&
           EVP_MAC_update(mac_.get(), text.data(), text.size()) &&
           EVP_MAC_final(mac_.get(), out.data(), &written, out.size());
  }

  Encryption encryption_;
  IntegId integrity_;
  CipherPtr cipher_;
  CipherCtxPtr state_;
  MacCtxPtr mac_;
  HeldKeys keys_;
};

}  // namespace

Result<std::unique_ptr<MessageCipher>> make_aead(Encryption encryption) noexcept {
  const ErrorQueueGuard guard;
  const char* name = cipher_name(encryption);
  if (!name) return crypto_failure("unknown encryption algorithm or key length");
  CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherCtxPtr state(EVP_CIPHER_CTX_new());
  if (!cipher || !state) return crypto_failure("OpenSSL lacks the AEAD");
  std::unique_ptr<MessageCipher> made(new (std::nothrow)
                                          Aead(encryption, std::move(cipher), std::move(state)));
  if (!made) return crypto_failure("no memory for a cipher");
  return made;
}

Result<std::unique_ptr<MessageCipher>> make_encrypt_then_mac(EVP_MAC* hmac, Encryption encryption,
                                                             IntegId integrity) noexcept {
  const ErrorQueueGuard guard;
  const char *name = cipher_name(encryption), *hash = hash_name(integrity);
  if (!name || !hash) return crypto_failure("unknown encryption or integrity algorithm");
  CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherCtxPtr state(EVP_CIPHER_CTX_new());
  MacCtxPtr mac(EVP_MAC_CTX_new(hmac));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_end()};
  if (!cipher || !state || !mac || !EVP_MAC_CTX_set_params(mac.get(), parameters))
    return crypto_failure("OpenSSL lacks the cipher or the hash");
  std::unique_ptr<MessageCipher> made(new (std::nothrow) EncryptThenMac(
      encryption, integrity, std::move(cipher), std::move(state), std::move(mac)));
  if (!made) return crypto_failure("no memory for a cipher");
  return made;
}

}  // namespace mlkem::ikev2::openssl
