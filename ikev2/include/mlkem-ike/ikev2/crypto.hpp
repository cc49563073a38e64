// SPDX-License-Identifier: Apache-2.0
// What the IKEv2 layer needs of a crypto library besides ML-KEM. A gateway brings its own by deriving from
// these classes, or takes openssl_crypto().
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"
#include "mlkem-ike/ikev2/signature.hpp"
#include "mlkem-ike/mlkem.hpp"

namespace mlkem::ikev2 {

using KeSecret = SecretBytes<kMaxKeSecretBytes>;
using PrfSecret = SecretBytes<kMaxPrfBytes>;  // a PRF's output, or a key of that length

// A pseudorandom function whose key is set once and used many times. One object serves any number of SAs, one
// after another, and one thread at a time. It holds a key, which goes with it or with the next set_key.
class MLKEM_API Prf {
 public:
  virtual ~Prf() = default;

  virtual PrfId id() const noexcept = 0;
  // Any length from one octet on (RFC 2104). Errors: crypto.
  virtual Result<void> set_key(Octets key) noexcept = 0;
  // out, of output_bytes(id()) octets, := prf(key, the concatenation of parts). Errors: crypto; misuse
  // without a key or with an `out` of another length. `out` may be one of the parts.
  virtual Result<void> compute(Parts parts, std::span<uint8_t> out) noexcept = 0;
};

// prf(key, the concatenation of parts), by set_key and compute. Errors: as there.
MLKEM_API Result<PrfSecret> compute_prf(Prf& prf, Octets key, Parts parts) noexcept;

// What one direction does with a MessageCipher.
enum class CipherUse : uint8_t { kSeal, kOpen };

// Authenticated encryption of messages: an AEAD, or a cipher with a MAC over what it has encrypted. One
// object serves any number of SAs and directions, one after another, and one thread at a time. It holds keys,
// which go with it or with the next set_keys.
class MLKEM_API MessageCipher {
 public:
  virtual ~MessageCipher() = default;

  virtual Encryption encryption() const noexcept = 0;
  virtual IntegId integrity() const noexcept = 0;  // kNone of an AEAD
  // sk_e is key, then salt, of key_bytes(encryption()) octets; sk_a, of key_bytes(integrity()) octets, is the
  // MAC's. Called before every message: an implementation keeps what it has set up if use and keys are those
  // of the last call. Errors: crypto; misuse for keys of another length.
  virtual Result<void> set_keys(CipherUse use, Octets sk_e, Octets sk_a) noexcept = 0;
  // Encrypts text in place. The ICV, of the length that numbers.hpp says, covers associated | ciphertext of
  // an AEAD (which binds the IV through its nonce), associated | iv | ciphertext otherwise. Errors: crypto;
  // misuse without keys to seal or for other lengths.
  virtual Result<void> seal(Octets iv, Octets associated, std::span<uint8_t> text,
                            std::span<uint8_t> out_icv) noexcept = 0;
  // The reverse. The ICV is compared in constant time, and before a cipher with a MAC decrypts. Errors: the
  // peer's fault, notify kNone, for a wrong ICV; crypto; misuse. After an error text holds nothing of the
  // plaintext.
  virtual Result<void> open(Octets iv, Octets associated, std::span<uint8_t> text, Octets icv) noexcept = 0;
};

// The private half of a classical key exchange (X25519, X448, ECP, MODP); it wipes itself.
class MLKEM_API ClassicalKey {
 public:
  virtual ~ClassicalKey() = default;

  // The own public value as it stands in a KE payload, of the method's length.
  virtual Octets public_value() const noexcept = 0;
  // The secret shared with the peer whose value, of the method's length, this is; the secret has the method's
  // length. Errors: the peer's fault, INVALID_SYNTAX, for a value that the method forbids (a point that is
  // not on the curve, y outside of 1 < y < p - 1; X25519 and X448 may leave an all-zero result to the
  // caller); crypto.
  virtual Result<void> derive(Octets peer_value, KeSecret& out_secret) noexcept = 0;
};

// The private half of a key for AUTH by signature; it wipes itself. Several threads may sign with it at once.
class MLKEM_API SigningKey {
 public:
  virtual ~SigningKey() = default;

  virtual SignatureKeyType type() const noexcept = 0;
  // Signs the concatenation of parts and returns the length of the signature. Errors: crypto; misuse for an
  // algorithm that does not fit the key, for RSA PKCS#1 v1.5, or for an `out` of less than
  // kMaxSignatureBytes.
  virtual Result<size_t> sign(SignatureAlgorithm algorithm, Parts parts,
                              std::span<uint8_t> out) const noexcept = 0;
};

// A public key that AUTH by signature is verified with. Several threads may use it at once.
class MLKEM_API VerifyingKey {
 public:
  virtual ~VerifyingKey() = default;

  virtual SignatureKeyType type() const noexcept = 0;
  // Errors: the peer's fault, AUTHENTICATION_FAILED, for a signature that is not this key's over the
  // concatenation of parts; crypto; misuse for an algorithm that does not fit the key.
  virtual Result<void> verify(SignatureAlgorithm algorithm, Parts parts, Octets signature) const noexcept = 0;
};

inline constexpr size_t kSha1Bytes = 20;

// Where a session gets its crypto. One object serves any number of sessions, and one thread at a time, so
// that it can keep what is costly to set up; it must outlive what it made.
class MLKEM_API Crypto {
 public:
  virtual ~Crypto() = default;

  // Errors: crypto, also for an algorithm that it does not have.
  virtual Result<std::unique_ptr<Prf>> make_prf(PrfId prf) noexcept = 0;
  // A fresh key for a method that is not ML-KEM. Errors: as make_prf.
  virtual Result<std::unique_ptr<ClassicalKey>> generate_key(KeMethod method) noexcept = 0;
  // integrity is kNone exactly for an AEAD. Errors: as make_prf.
  virtual Result<std::unique_ptr<MessageCipher>> make_message_cipher(Encryption encryption,
                                                                     IntegId integrity) noexcept = 0;
  // SHA-1 of the concatenation of parts, which NAT detection is made of (RFC 7296, section 2.23). Who leaves it
  // out has sessions without NAT detection. Errors: crypto.
  virtual Result<void> sha1(Parts /*parts*/, std::span<uint8_t, kSha1Bytes> /*out*/) noexcept {
    return crypto_failure("this crypto has no SHA-1");
  }
  // The next three are for AUTH by signature: a gateway that has shared keys alone leaves them out.
  // An own key in DER or PEM, not encrypted: PKCS#8, or the older forms of RSA and EC keys. Errors: misuse
  // for anything else, and for a key that is of no SignatureKeyType; crypto.
  virtual Result<std::unique_ptr<SigningKey>> make_signing_key(Octets /*key*/) noexcept {
    return crypto_failure(kNoSignatures);
  }
  // A peer's key that was configured: SubjectPublicKeyInfo in DER or PEM. Errors: as make_signing_key.
  virtual Result<std::unique_ptr<VerifyingKey>> make_verifying_key(Octets /*key*/) noexcept {
    return crypto_failure(kNoSignatures);
  }
  // The key in an X.509 certificate in DER, as it stands in a CERT payload. Whether the certificate deserves
  // trust, is valid and names the peer is for the caller to find out. Errors: the peer's fault,
  // AUTHENTICATION_FAILED, for octets that are no certificate and a key that is of no SignatureKeyType;
  // crypto.
  virtual Result<std::unique_ptr<VerifyingKey>> certificate_key(Octets /*certificate*/) noexcept {
    return crypto_failure(kNoSignatures);
  }
  // Where ML-KEM and the IVs of AES-CBC get their randomness from.
  virtual RandomSource random() noexcept = 0;

 private:
  static constexpr const char* kNoSignatures = "this crypto makes no signatures";
};

// OpenSSL 3.0 or newer, its default library context. `random` is what random() returns: classical keys come
// from OpenSSL's own generator. Errors: crypto, if OpenSSL lacks HMAC.
MLKEM_API Result<std::unique_ptr<Crypto>> openssl_crypto(RandomSource random = system_random()) noexcept;

}  // namespace mlkem::ikev2
