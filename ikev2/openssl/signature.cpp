// SPDX-License-Identifier: Apache-2.0
// Keys of AUTH by signature (RFC 7427) through OpenSSL's EVP_PKEY: RSA (RFC 8017), ECDSA and Ed25519 (RFC
// 8032).
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <climits>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>

#include "ikev2/openssl/openssl.hpp"
#include "mlkem-ike/ikev2/secret_buffer.hpp"

namespace mlkem::ikev2::openssl {
namespace {

using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using DigestCtxPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;

constexpr uint8_t kDerSequence = 0x30;

const char* digest_name(SignatureHash hash) {
  switch (hash) {
    case SignatureHash::kSha256:
      return "SHA2-256";
    case SignatureHash::kSha384:
      return "SHA2-384";
    case SignatureHash::kSha512:
      return "SHA2-512";
    case SignatureHash::kIdentity:
      return nullptr;
  }
  return nullptr;
}

// Nothing for keys that AUTH does not take, RSA of another size among them.
std::optional<SignatureKeyType> type_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return SignatureKeyType::kEd25519;
  if (EVP_PKEY_is_a(key, "RSA")) {
    const int bits = EVP_PKEY_get_bits(key);
    return bits >= int(kMinRsaBits) && bits <= int(kMaxRsaBits) ? std::optional(SignatureKeyType::kRsa)
                                                                : std::nullopt;
  }
  char group[32];
  if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, sizeof group, nullptr))
    return std::nullopt;
  const std::string_view name(group);
  if (name == "prime256v1") return SignatureKeyType::kEcdsaP256;
  if (name == "secp384r1") return SignatureKeyType::kEcdsaP384;
  if (name == "secp521r1") return SignatureKeyType::kEcdsaP521;
  return std::nullopt;
}

bool set_padding(EVP_PKEY_CTX* parameters, SignatureAlgorithm algorithm) {
  if (algorithm.scheme == SignatureScheme::kRsaPkcs1)
    return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING) > 0;
  if (algorithm.scheme != SignatureScheme::kRsaPss) return true;
  // MGF1 takes the signature's hash unless it is told otherwise.
  return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, algorithm.salt_bytes) > 0;
}

// Parts in a row, for Ed25519: OpenSSL wants its message in one piece.
bool concatenate(Parts parts, SecretBuffer& out) {
  size_t size = 0;
  for (Octets part : parts) size += part.size();
  if (!out.allocate(size)) return false;
  uint8_t* to = out.expose_mutable().data();
  for (Octets part : parts) {
    if (!part.empty()) std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return true;
}

class SigningPkey final : public SigningKey {
 public:
  SigningPkey(SignatureKeyType type, PkeyPtr key) : type_(type), key_(std::move(key)) {}

  SignatureKeyType type() const noexcept override { return type_; }

  Result<size_t> sign(SignatureAlgorithm algorithm, Parts parts,
                      std::span<uint8_t> out) const noexcept override {
    const ErrorQueueGuard guard;
    if (!fits(type_, algorithm) || algorithm.scheme == SignatureScheme::kRsaPkcs1)
      return misuse("signature algorithm does not fit the key");
    if (out.size() < kMaxSignatureBytes) return misuse("no room for a signature");
    const DigestCtxPtr digest(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    if (!digest ||
        EVP_DigestSignInit_ex(digest.get(), &parameters, digest_name(algorithm.hash), nullptr, nullptr,
                              key_.get(), nullptr) <= 0 ||
        !set_padding(parameters, algorithm))
      return crypto_failure("signature does not start");
    size_t written = out.size();
    if (algorithm.scheme == SignatureScheme::kEd25519) {
      SecretBuffer message;
      if (!concatenate(parts, message)) return crypto_failure("no memory for what is to be signed");
      if (EVP_DigestSign(digest.get(), out.data(), &written, message.expose().data(), message.size()) <= 0)
        return crypto_failure("signature failed");
      return written;
    }
    for (Octets part : parts)
      if (EVP_DigestSignUpdate(digest.get(), part.data(), part.size()) <= 0)
        return crypto_failure("signature failed");
    if (EVP_DigestSignFinal(digest.get(), out.data(), &written) <= 0)
      return crypto_failure("signature failed");
    return written;
  }

 private:
  SignatureKeyType type_;
  PkeyPtr key_;
};

class VerifyingPkey final : public VerifyingKey {
 public:
  VerifyingPkey(SignatureKeyType type, PkeyPtr key) : type_(type), key_(std::move(key)) {}

  SignatureKeyType type() const noexcept override { return type_; }

  Result<void> verify(SignatureAlgorithm algorithm, Parts parts, Octets signature) const noexcept override {
    const ErrorQueueGuard guard;
    if (!fits(type_, algorithm)) return misuse("signature algorithm does not fit the key");
    const DigestCtxPtr digest(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    if (!digest ||
        EVP_DigestVerifyInit_ex(digest.get(), &parameters, digest_name(algorithm.hash), nullptr, nullptr,
                                key_.get(), nullptr) <= 0 ||
        !set_padding(parameters, algorithm))
      return crypto_failure("verification does not start");
    int verified = 0;
    if (algorithm.scheme == SignatureScheme::kEd25519) {
      SecretBuffer message;
      if (!concatenate(parts, message)) return crypto_failure("no memory for what was signed");
      verified = EVP_DigestVerify(digest.get(), signature.data(), signature.size(), message.expose().data(),
                                  message.size());
    } else {
      for (Octets part : parts)
        if (EVP_DigestVerifyUpdate(digest.get(), part.data(), part.size()) <= 0)
          return crypto_failure("verification failed");
      verified = EVP_DigestVerifyFinal(digest.get(), signature.data(), signature.size());
    }
    if (verified != 1) return peer_fault(NotifyType::kAuthenticationFailed, "signature is wrong");
    return {};
  }

 private:
  SignatureKeyType type_;
  PkeyPtr key_;
};

// Without it, OpenSSL would ask at the terminal for the passphrase of an encrypted key.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

// A key in PEM, or in DER of which nothing is left over; null for anything else.
template <class ReadDer, class ReadPem>
PkeyPtr read_key(Octets octets, ReadDer read_der, ReadPem read_pem) {
  if (octets.empty() || octets.size() > INT_MAX) return nullptr;
  if (octets[0] != kDerSequence) {
    const BioPtr bio(BIO_new_mem_buf(octets.data(), int(octets.size())));
    return bio ? PkeyPtr(read_pem(bio.get())) : nullptr;
  }
  const uint8_t* at = octets.data();
  PkeyPtr key(read_der(&at, long(octets.size())));
  return at == octets.data() + octets.size() ? std::move(key) : nullptr;
}

template <class Interface, class Key>
Result<std::unique_ptr<Interface>> wrap(PkeyPtr key, const Error& unsupported) {
  const auto type = key ? type_of(key.get()) : std::nullopt;
  if (!type) return unsupported;
  std::unique_ptr<Interface> made(new (std::nothrow) Key(*type, std::move(key)));
  if (!made) return crypto_failure("no memory for a key");
  return made;
}

}  // namespace

Result<std::unique_ptr<SigningKey>> make_signing_key(Octets octets) noexcept {
  const ErrorQueueGuard guard;
  PkeyPtr key = read_key(
      octets,
      [](const uint8_t** at, long size) {
        return d2i_AutoPrivateKey_ex(nullptr, at, size, nullptr, nullptr);
      },
      [](BIO* bio) {
        return PEM_read_bio_PrivateKey_ex(bio, nullptr, refuse_passphrase, nullptr, nullptr, nullptr);
      });
  return wrap<SigningKey, SigningPkey>(std::move(key), misuse("not a private key that can sign AUTH"));
}

Result<std::unique_ptr<VerifyingKey>> make_verifying_key(Octets octets) noexcept {
  const ErrorQueueGuard guard;
  PkeyPtr key = read_key(
      octets,
      [](const uint8_t** at, long size) { return d2i_PUBKEY_ex(nullptr, at, size, nullptr, nullptr); },
      [](BIO* bio) {
        return PEM_read_bio_PUBKEY_ex(bio, nullptr, refuse_passphrase, nullptr, nullptr, nullptr);
      });
  return wrap<VerifyingKey, VerifyingPkey>(std::move(key), misuse("not a public key that can verify AUTH"));
}

Result<std::unique_ptr<VerifyingKey>> certificate_key(Octets octets) noexcept {
  const ErrorQueueGuard guard;
  const Error unsupported =
      peer_fault(NotifyType::kAuthenticationFailed, "not a certificate with a key that can verify AUTH");
  if (octets.size() > LONG_MAX) return unsupported;
  const uint8_t* at = octets.data();
  const X509Ptr certificate(d2i_X509(nullptr, &at, long(octets.size())));
  if (!certificate || at != octets.data() + octets.size()) return unsupported;
  return wrap<VerifyingKey, VerifyingPkey>(PkeyPtr(X509_get_pubkey(certificate.get())), unsupported);
}

}  // namespace mlkem::ikev2::openssl
