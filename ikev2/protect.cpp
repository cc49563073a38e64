// SPDX-License-Identifier: Apache-2.0
// SK and SKF payloads (RFC 7296 section 3.14, RFC 5282, RFC 5930, RFC 7383 section 2.5, RFC 7634).
#include "mlkem-ike/ikev2/protect.hpp"

#include <cstring>

#include "ikev2/clear_chain.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr size_t kSkfNumbersBytes = 4;
constexpr size_t kMaxIvBytes = 16;
constexpr size_t kMaxPaddingBytes = 255;

size_t header_bytes(bool fragment) {
  return kPayloadHeaderBytes + (fragment ? kSkfNumbersBytes : 0);
}

size_t padded(size_t bytes, size_t block_bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

Result<size_t> check_message(const PlainMessage& message, std::optional<FragmentPosition> position) {
  const std::optional<size_t> next_field = last_next_payload(message.clear);
  if (!next_field) return misuse("no IKE header, or malformed payloads behind it");
  if (message.inner.size() > kMaxInnerBytes) return misuse("the inner payloads are too long");
  if (!position) return *next_field;
  if (position->fragment == 0 || position->fragment > position->fragments) return misuse("no such fragment");
  if (position->fragment > 1 &&
      (message.first_payload != PayloadType::kNone || message.clear.size() != kIkeHeaderBytes))
    return misuse("only the first fragment has a first payload and payloads in the clear");
  return *next_field;
}

// Everything of a message but what comes of the cipher.
Result<size_t> seal_with(const ProtectionKeys& keys, MessageCipher& cipher, const PlainMessage& message,
                         const SealDetails& details, std::optional<FragmentPosition> position,
                         std::span<uint8_t> out) {
  const Result<size_t> next_field = check_message(message, position);
  if (!next_field) return next_field.error();
  const size_t clear_bytes = message.clear.size(), inner_bytes = message.inner.size();
  const size_t text_bytes = inner_bytes + details.padding.size() + 1;
  if (details.iv.size() != keys.iv_bytes() || details.padding.size() > kMaxPaddingBytes ||
      text_bytes % keys.block_bytes() != 0)
    return misuse("IV or padding has a length that the cipher does not allow");
  const size_t payload_bytes =
      header_bytes(position.has_value()) + details.iv.size() + text_bytes + keys.icv_bytes();
  if (payload_bytes > UINT16_MAX) return misuse("the Encrypted payload is too long");
  const size_t message_bytes = clear_bytes + payload_bytes;
  if (out.size() < message_bytes) return misuse("no room for the message");
  if (Result<void> given = keys.give_to(cipher, CipherUse::kSeal); !given) return given.error();

  std::memcpy(out.data(), message.clear.data(), clear_bytes);
  out[*next_field] = uint8_t(position ? PayloadType::kSkf : PayloadType::kSk);
  store_32(&out[kLengthOffset], uint32_t(message_bytes));
  uint8_t* at = &out[clear_bytes];
  at[0] = uint8_t(message.first_payload);
  at[1] = message.flags;
  store_16(at + 2, uint16_t(payload_bytes));
  if (position) {
    store_16(at + 4, position->fragment);
    store_16(at + 6, position->fragments);
  }
  at += header_bytes(position.has_value());
  const Octets associated(out.data(), size_t(at - out.data()));
  std::memcpy(at, details.iv.data(), details.iv.size());
  at += details.iv.size();
  const std::span<uint8_t> text(at, text_bytes);
  if (inner_bytes) std::memcpy(at, message.inner.data(), inner_bytes);
  if (!details.padding.empty()) std::memcpy(at + inner_bytes, details.padding.data(), details.padding.size());
  text.back() = uint8_t(details.padding.size());
  if (Result<void> sealed =
          cipher.seal(details.iv, associated, text, std::span(at + text_bytes, keys.icv_bytes()));
      !sealed) {
    wipe(out.data(), message_bytes);
    return sealed.error();
  }
  return message_bytes;
}

}  // namespace

Result<EncryptedView> find_encrypted(Octets message) noexcept {
  constexpr Error kMalformed = peer_fault(NotifyType::kInvalidSyntax, "no well-formed Encrypted payload");
  if (message.size() < kIkeHeaderBytes || load_32(&message[kLengthOffset]) != message.size())
    return peer_fault(NotifyType::kInvalidSyntax, "the length in the IKE header is not the message's");
  auto type = PayloadType(message[kNextPayloadOffset]);
  for (size_t at = kIkeHeaderBytes;;) {
    if (type == PayloadType::kNone || message.size() - at < kPayloadHeaderBytes) return kMalformed;
    const size_t length = load_16(&message[at + 2]);
    if (length < kPayloadHeaderBytes || length > message.size() - at) return kMalformed;
    if (type == PayloadType::kSk || type == PayloadType::kSkf) {
      const bool fragment = type == PayloadType::kSkf;
      if (length < header_bytes(fragment) || length != message.size() - at) return kMalformed;
      const uint8_t* header = &message[at];
      return EncryptedView{message,
                           type,
                           at,
                           PayloadType(header[0]),
                           header[1],
                           fragment ? load_16(header + 4) : uint16_t(0),
                           fragment ? load_16(header + 6) : uint16_t(0),
                           message.subspan(at + header_bytes(fragment))};
    }
    type = PayloadType(message[at]);
    at += length;
  }
}

PlainMessage OpenedMessage::plain() const noexcept {
  const Octets octets = octets_.expose();
  return {octets.first(clear_bytes_), first_payload_, octets.subspan(inner_offset_, inner_bytes_), flags_};
}

SealDetails OpenedMessage::details() const noexcept {
  const Octets octets = octets_.expose();
  return {octets.subspan(inner_offset_ - iv_bytes_, iv_bytes_),
          octets.subspan(inner_offset_ + inner_bytes_, padding_bytes_)};
}

Result<ProtectionKeys> ProtectionKeys::make(const SaAlgorithms& algorithms, Octets sk_e,
                                            Octets sk_a) noexcept {
  const Encryption encryption = algorithms.encryption;
  const IntegId integrity = algorithms.integrity;
  if (!is_valid(encryption)) return misuse("unknown encryption algorithm or key length");
  const bool aead = is_aead(encryption.id);
  if (aead ? integrity != IntegId::kNone : key_bytes(integrity) == 0)
    return misuse("an AEAD goes without an integrity algorithm, any other cipher with one");
  if (sk_e.size() != key_bytes(encryption) || sk_a.size() != key_bytes(integrity))
    return misuse("a key has not the length of its algorithm's");
  ProtectionKeys keys;
  if (!keys.sk_e_.assign(sk_e) || !keys.sk_a_.assign(sk_a)) return misuse("a key is too long");
  keys.encryption_ = encryption;
  keys.integrity_ = integrity;
  keys.iv_bytes_ = uint8_t(ikev2::iv_bytes(encryption.id));
  keys.icv_bytes_ = uint8_t(aead ? ikev2::icv_bytes(encryption.id) : ikev2::icv_bytes(integrity));
  keys.block_bytes_ = encryption.id == EncrId::kAesCbc ? 16 : 1;
  return keys;
}

Result<void> ProtectionKeys::give_to(MessageCipher& cipher, CipherUse use) const noexcept {
  if (cipher.encryption() != encryption_ || cipher.integrity() != integrity_)
    return misuse("not the cipher that was negotiated");
  return cipher.set_keys(use, sk_e_.expose(), sk_a_.expose());
}

size_t SendProtection::sealed_bytes(size_t clear_bytes, size_t inner_bytes, bool fragment) const noexcept {
  return clear_bytes + header_bytes(fragment) + keys_.iv_bytes() +
         padded(inner_bytes + 1, keys_.block_bytes()) + keys_.icv_bytes();
}

std::optional<size_t> SendProtection::max_inner_bytes(size_t clear_bytes, size_t message_bytes,
                                                      bool fragment) const noexcept {
  const size_t fixed = header_bytes(fragment) + keys_.iv_bytes() + keys_.icv_bytes();
  if (message_bytes < clear_bytes) return std::nullopt;
  size_t payload_bytes = message_bytes - clear_bytes;
  if (payload_bytes > UINT16_MAX) payload_bytes = UINT16_MAX;
  if (payload_bytes < fixed + keys_.block_bytes()) return std::nullopt;
  const size_t text_bytes = payload_bytes - fixed;
  return text_bytes - text_bytes % keys_.block_bytes() - 1;
}

Result<void> SendProtection::next_iv(RandomSource random, std::span<uint8_t> out_iv) noexcept {
  if (keys_.cipher() == EncrId::kAesCbc) {
    if (!random.fill(random.argument, out_iv)) return crypto_failure("the random source failed");
    return {};
  }
  if (exhausted_) return misuse("the IVs of this key are used up");
  store_32(&out_iv[0], uint32_t(next_iv_ >> 32));
  store_32(&out_iv[4], uint32_t(next_iv_));
  exhausted_ = next_iv_ == UINT64_MAX;
  ++next_iv_;
  return {};
}

Result<size_t> SendProtection::seal_any(MessageCipher& cipher, RandomSource random,
                                        const PlainMessage& message, std::optional<FragmentPosition> position,
                                        std::span<uint8_t> out) noexcept {
  std::array<uint8_t, kMaxIvBytes> iv;
  const std::span<uint8_t> iv_used = std::span(iv).first(keys_.iv_bytes());
  if (Result<void> made = next_iv(random, iv_used); !made) return made.error();
  constexpr std::array<uint8_t, 15> kPadding{};
  const size_t text_bytes = message.inner.size() + 1;
  const size_t padding_bytes = padded(text_bytes, keys_.block_bytes()) - text_bytes;
  return seal_with(keys_, cipher, message, {iv_used, Octets(kPadding).first(padding_bytes)}, position, out);
}

Result<size_t> SendProtection::seal(MessageCipher& cipher, RandomSource random, const PlainMessage& message,
                                    std::span<uint8_t> out) noexcept {
  return seal_any(cipher, random, message, std::nullopt, out);
}

Result<size_t> SendProtection::seal_fragment(MessageCipher& cipher, RandomSource random,
                                             const PlainMessage& message, FragmentPosition position,
                                             std::span<uint8_t> out) noexcept {
  return seal_any(cipher, random, message, position, out);
}

Result<size_t> seal_recorded(const ProtectionKeys& keys, MessageCipher& cipher, const PlainMessage& message,
                             const SealDetails& details, std::optional<FragmentPosition> position,
                             std::span<uint8_t> out) noexcept {
  return seal_with(keys, cipher, message, details, position, out);
}

Result<OpenedMessage> open_encrypted(const ProtectionKeys& keys, MessageCipher& cipher,
                                     const EncryptedView& encrypted) noexcept {
  const size_t fixed = keys.iv_bytes() + keys.icv_bytes();
  if (encrypted.body.size() < fixed + keys.block_bytes() ||
      (encrypted.body.size() - fixed) % keys.block_bytes() != 0)
    return peer_fault(NotifyType::kNone, "the ciphertext has an impossible length");
  const size_t text_bytes = encrypted.body.size() - fixed;
  const size_t iv_offset = encrypted.message.size() - encrypted.body.size();
  const size_t text_offset = iv_offset + keys.iv_bytes();
  if (Result<void> given = keys.give_to(cipher, CipherUse::kOpen); !given) return given.error();

  OpenedMessage opened;
  if (!opened.octets_.allocate(text_offset + text_bytes)) return crypto_failure("no memory for a message");
  uint8_t* octets = opened.octets_.expose_mutable().data();
  std::memcpy(octets, encrypted.message.data(), text_offset + text_bytes);
  const std::span<uint8_t> text(octets + text_offset, text_bytes);
  if (Result<void> decrypted =
          cipher.open(encrypted.body.first(keys.iv_bytes()), encrypted.message.first(iv_offset), text,
                      encrypted.body.last(keys.icv_bytes()));
      !decrypted)
    return decrypted.error();
  const size_t padding_bytes = text.back();
  if (padding_bytes >= text_bytes)
    return peer_fault(NotifyType::kNone, "the padding is longer than the plaintext");
  opened.clear_bytes_ = encrypted.offset;
  opened.inner_offset_ = text_offset;
  opened.inner_bytes_ = text_bytes - padding_bytes - 1;
  opened.iv_bytes_ = uint8_t(keys.iv_bytes());
  opened.padding_bytes_ = uint8_t(padding_bytes);
  opened.first_payload_ = encrypted.first_payload;
  opened.flags_ = encrypted.flags;
  return opened;
}

}  // namespace mlkem::ikev2
