// SPDX-License-Identifier: Apache-2.0
// Messages with an Encrypted payload (SK, RFC 7296 section 3.14; SKF, RFC 7383 section 2.5): finding it,
// building and opening it with the keys of one direction and one key generation.
//
// A cipher object is a workspace, as in keymat.hpp: these functions set its keys, and one object serves any
// number of SAs. Who sends or receives much on one SA gives that direction an object of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/message.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_buffer.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

// The inner payloads of one message: what the length field of an SK payload without encryption could say,
// which is how IntAuth sees every message.
inline constexpr size_t kMaxInnerBytes = 65535 - 4;

// What is protected, before or after encryption. The spans belong to whoever made it.
struct PlainMessage {
  // The IKE header and the payloads that stand in the clear before the Encrypted payload, if any. When a
  // message is built from it, the header's Length and the Next Payload that leads to SK or SKF are filled in,
  // whatever they were.
  Octets clear;
  PayloadType first_payload = PayloadType::kNone;  // the first of `inner`; kNone if there is none
  Octets inner;                                    // the payloads inside, with their generic headers
  uint8_t flags = 0;                               // second octet of the Encrypted payload: zero when sent
};

// An Encrypted payload found in a message, nothing checked yet but the lengths. The spans lie in the message.
struct EncryptedView {
  Octets message;
  PayloadType type;              // kSk or kSkf
  size_t offset;                 // of its generic header in the message
  PayloadType first_payload;     // its Next Payload
  uint8_t flags;                 // second octet of its generic header
  uint16_t fragment, fragments;  // number and total of SKF as they stand there; 0 of SK
  Octets body;                   // IV | ciphertext | ICV

  // Everything in front of the payload: the IKE header and payloads in the clear.
  [[nodiscard]] Octets clear() const noexcept { return message.first(offset); }
};
// Errors: the peer's fault, INVALID_SYNTAX, for lengths that do not fit, for octets behind the payload and
// for a message without one; nothing is known about the sender then, so an answer is seldom due.
MLKEM_API Result<EncryptedView> find_encrypted(Octets message) noexcept;

// How one Encrypted payload was encrypted. Kept for replaying recordings; nothing else may use it.
struct SealDetails {
  Octets iv, padding;  // padding without the pad length octet
};

class ProtectionKeys;

// A message whose Encrypted payload was authentic: it owns the plaintext and wipes it.
class MLKEM_API OpenedMessage {
 public:
  OpenedMessage() noexcept = default;

  // `clear` as received, of the first fragment if the message came in several. Valid as long as this object
  // is, also when it is moved.
  [[nodiscard]] PlainMessage plain() const noexcept;
  // Of a message or fragment that was opened alone; empty after reassembly.
  [[nodiscard]] SealDetails details() const noexcept;

  [[nodiscard]] PayloadType first_payload() const noexcept { return first_payload_; }
  [[nodiscard]] Octets inner() const noexcept { return plain().inner; }

 private:
  friend class Reassembly;
  friend MLKEM_API Result<OpenedMessage> open_encrypted(const ProtectionKeys& keys, MessageCipher& cipher,
                                                        const EncryptedView& encrypted) noexcept;

  SecretBuffer octets_;  // clear | [header of SK or SKF | IV |] inner | [padding | pad length]
  size_t clear_bytes_ = 0, inner_offset_ = 0, inner_bytes_ = 0;
  uint8_t iv_bytes_ = 0, padding_bytes_ = 0;  // the IV stands in front of `inner`
  PayloadType first_payload_ = PayloadType::kNone;
  uint8_t flags_ = 0;
};

// Where a fragment stands in its message.
struct FragmentPosition {
  uint16_t fragment, fragments;  // from 1 to fragments
};

// The keys that protect one direction under one key generation, and the lengths that go with them.
class MLKEM_API ProtectionKeys {
 public:
  // sk_e and sk_a as in IkeKeys; sk_a is empty with an AEAD. Errors: misuse for keys whose length does not
  // fit.
  static Result<ProtectionKeys> make(const SaAlgorithms& algorithms, Octets sk_e, Octets sk_a) noexcept;

  // Sets the keys of a cipher object. Errors: its own; misuse if it is made for other algorithms.
  Result<void> give_to(MessageCipher& cipher, CipherUse use) const noexcept;

  [[nodiscard]] EncrId cipher() const noexcept { return encryption_.id; }
  [[nodiscard]] size_t iv_bytes() const noexcept { return iv_bytes_; }
  [[nodiscard]] size_t icv_bytes() const noexcept { return icv_bytes_; }
  // The ciphertext is a multiple of this: 16 for AES-CBC, 1 otherwise.
  [[nodiscard]] size_t block_bytes() const noexcept { return block_bytes_; }

 private:
  ProtectionKeys() = default;

  EncryptionKey sk_e_;
  PrfSecret sk_a_;
  Encryption encryption_{};
  IntegId integrity_ = IntegId::kNone;
  uint8_t iv_bytes_ = 0, icv_bytes_ = 0, block_bytes_ = 1;
};

// Protects what one side sends under one key generation. It holds the key and the counter that IVs of AEADs
// and AES-CTR are made of; AES-CBC draws its IVs from `random`. One for each key: a second one would repeat
// IVs.
class MLKEM_API SendProtection {
 public:
  // Counting starts at first_iv.
  explicit SendProtection(ProtectionKeys keys, uint64_t first_iv = 0) noexcept
      : keys_(std::move(keys)), next_iv_(first_iv) {}

  // The length of the message, or of the fragment, for so many octets in the clear and inside.
  [[nodiscard]] size_t sealed_bytes(size_t clear_bytes, size_t inner_bytes,
                                    bool fragment = false) const noexcept;
  // The most octets inside that give at most message_bytes; nothing if not even an empty payload fits.
  [[nodiscard]] std::optional<size_t> max_inner_bytes(size_t clear_bytes, size_t message_bytes,
                                                      bool fragment = false) const noexcept;

  // Writes the message, of sealed_bytes octets, and returns its length. An IV that was used stays used after
  // an error, and `out` holds zeros then. `out` must not overlap the message. Errors: misuse for a message
  // that is too long or malformed, when the counter has run out, for an `out` that is too short; crypto.
  Result<size_t> seal(MessageCipher& cipher, RandomSource random, const PlainMessage& message,
                      std::span<uint8_t> out) noexcept;
  // The same as SKF. message.inner is this fragment's part; only fragment 1 has a first_payload and may have
  // payloads in the clear. seal_message() of fragment.hpp does this for whole messages.
  Result<size_t> seal_fragment(MessageCipher& cipher, RandomSource random, const PlainMessage& message,
                               FragmentPosition position, std::span<uint8_t> out) noexcept;

 private:
  Result<size_t> seal_any(MessageCipher& cipher, RandomSource random, const PlainMessage& message,
                          std::optional<FragmentPosition> position, std::span<uint8_t> out) noexcept;
  Result<void> next_iv(RandomSource random, std::span<uint8_t> out_iv) noexcept;

  ProtectionKeys keys_;
  uint64_t next_iv_;
  bool exhausted_ = false;
};

// Rebuilds a recorded message with the IV and the padding that it had, as an SKF if it has a position. For
// tests and replay only: to send the result would be to use an IV twice. Errors: as SendProtection::seal;
// misuse for an IV or a padding of a length that the cipher does not allow.
MLKEM_API Result<size_t> seal_recorded(const ProtectionKeys& keys, MessageCipher& cipher,
                                       const PlainMessage& message, const SealDetails& details,
                                       std::optional<FragmentPosition> position,
                                       std::span<uint8_t> out) noexcept;

// The plaintext of an SK payload, or of one SKF payload, whose ICV is right; any legal padding is accepted.
// Errors: the peer's fault, for lengths, ICV and padding, with the notify kNone, because no answer may be
// sent to what nobody authenticated; crypto, also without memory; misuse for another cipher.
MLKEM_API Result<OpenedMessage> open_encrypted(const ProtectionKeys& keys, MessageCipher& cipher,
                                               const EncryptedView& encrypted) noexcept;

}  // namespace mlkem::ikev2
