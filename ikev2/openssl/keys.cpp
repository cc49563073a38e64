// SPDX-License-Identifier: Apache-2.0
// X25519 and X448 (RFC 8031), ECP (RFC 5903) and MODP (RFC 3526) key exchange through OpenSSL's EVP_PKEY.
#include <openssl/core_names.h>
#include <openssl/dh.h>

#include <array>
#include <cstring>
#include <new>

#include "ikev2/openssl/openssl.hpp"

namespace mlkem::ikev2::openssl {
namespace {

struct Algorithm {
  const char* type;
  const char* group;  // null where the type says all
};

Algorithm algorithm_of(KeMethod method) {
  switch (method) {
    case KeMethod::kX25519:
      return {"X25519", nullptr};
    case KeMethod::kX448:
      return {"X448", nullptr};
    case KeMethod::kEcp256:
      return {"EC", "P-256"};
    case KeMethod::kEcp384:
      return {"EC", "P-384"};
    case KeMethod::kEcp521:
      return {"EC", "P-521"};
    case KeMethod::kModp2048:
      return {"DH", "modp_2048"};
    case KeMethod::kModp3072:
      return {"DH", "modp_3072"};
    case KeMethod::kModp4096:
      return {"DH", "modp_4096"};
    default:
      return {nullptr, nullptr};
  }
}

bool is_ecp(KeMethod method) {
  return method == KeMethod::kEcp256 || method == KeMethod::kEcp384 || method == KeMethod::kEcp521;
}

bool is_modp(KeMethod method) {
  return method == KeMethod::kModp2048 || method == KeMethod::kModp3072 || method == KeMethod::kModp4096;
}

// OpenSSL's encoding of a public value: IKEv2's, but for ECP with SEC 1's mark of an uncompressed point in
// front.
struct Encoded {
  static constexpr uint8_t kUncompressed = 0x04;

  std::array<uint8_t, 1 + kMaxKeSecretBytes> octets;
  size_t prefix, size;

  explicit Encoded(KeMethod method)
      : prefix(is_ecp(method) ? 1 : 0), size(prefix + sizes(method).initiator_value) {
    octets[0] = kUncompressed;
  }
  std::span<uint8_t> value() { return std::span(octets).subspan(prefix, size - prefix); }
  Octets value() const { return Octets(octets).subspan(prefix, size - prefix); }
};

class Key final : public ClassicalKey {
 public:
  Key(KeMethod method, PkeyPtr key, const Encoded& encoded)
      : method_(method), key_(std::move(key)), encoded_(encoded) {}

  Octets public_value() const noexcept override { return encoded_.value(); }

  Result<void> derive(Octets peer_value, KeSecret& out_secret) noexcept override {
    const ErrorQueueGuard guard;
    Encoded encoded(method_);
    if (peer_value.size() != encoded.value().size())
      return peer_fault(NotifyType::kInvalidSyntax, "public value has the wrong length");
    std::memcpy(encoded.value().data(), peer_value.data(), peer_value.size());

    PkeyPtr peer(EVP_PKEY_new());
    if (!peer || !EVP_PKEY_copy_parameters(peer.get(), key_.get()))
      return crypto_failure("no memory for the peer's public value");
    // Decoding tests that the point is on the curve and its coordinates are below p; 1 < y < p - 1 for MODP.
    // RFC 6989 asks for no more with these groups, so derive_set_peer is told to leave out its costly test of
    // the order.
    if (!EVP_PKEY_set1_encoded_public_key(peer.get(), encoded.octets.data(), encoded.size))
      return peer_fault(NotifyType::kInvalidSyntax, "public value is not in the group");
    PkeyCtxPtr derivation(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    if (!derivation || EVP_PKEY_derive_init(derivation.get()) <= 0 ||
        (is_modp(method_) && EVP_PKEY_CTX_set_dh_pad(derivation.get(), 1) <= 0) ||
        EVP_PKEY_derive_set_peer_ex(derivation.get(), peer.get(), 0) <= 0)
      return crypto_failure("key exchange does not start");

    if (!out_secret.resize(sizes(method_).secret)) return crypto_failure("shared secret is too long");
    size_t written = out_secret.size();
    const bool derived = EVP_PKEY_derive(derivation.get(), out_secret.expose_mutable().data(), &written) > 0;
    if (derived && written == out_secret.size()) return {};
    out_secret.clear();
    // X25519 and X448 fail on an all-zero result, the only way in which they depend on the peer's value.
    if (!derived && !is_ecp(method_) && !is_modp(method_))
      return peer_fault(NotifyType::kInvalidSyntax, "the peer's point is of low order");
    return crypto_failure("key exchange failed");
  }

 private:
  KeMethod method_;
  PkeyPtr key_;
  Encoded encoded_;
};

}  // namespace

PkeyCtxPtr make_generator(KeMethod method) noexcept {
  const ErrorQueueGuard guard;
  const Algorithm algorithm = algorithm_of(method);
  if (!algorithm.type) return nullptr;
  PkeyCtxPtr generator(EVP_PKEY_CTX_new_from_name(nullptr, algorithm.type, nullptr));
  if (!generator || EVP_PKEY_keygen_init(generator.get()) <= 0 ||
      (algorithm.group && EVP_PKEY_CTX_set_group_name(generator.get(), algorithm.group) <= 0))
    return nullptr;
  return generator;
}

Result<std::unique_ptr<ClassicalKey>> generate(EVP_PKEY_CTX* generator, KeMethod method) noexcept {
  const ErrorQueueGuard guard;
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_generate(generator, &raw) <= 0) return crypto_failure("key generation failed");
  PkeyPtr key(raw);
  Encoded encoded(method);
  size_t written = 0;
  if (!EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, encoded.octets.data(),
                                       encoded.octets.size(), &written) ||
      written != encoded.size)
    return crypto_failure("public value can't be had");
  std::unique_ptr<ClassicalKey> made(new (std::nothrow) Key(method, std::move(key), encoded));
  if (!made) return crypto_failure("no memory for a key");
  return made;
}

}  // namespace mlkem::ikev2::openssl
