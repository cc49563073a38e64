// SPDX-License-Identifier: Apache-2.0
// IKEv2 message fragmentation (RFC 7383).
#include "mlkem-ike/ikev2/fragment.hpp"

#include <algorithm>
#include <cstring>

#include "ikev2/clear_chain.hpp"

namespace mlkem::ikev2 {

Octets SealedMessage::datagram(size_t index) const noexcept {
  if (index >= count_) return {};
  const Octets all = octets_;
  if (index == 0) return all.first(first_bytes_);
  const Octets rest = all.subspan(first_bytes_ + (index - 1) * other_bytes_);
  return index + 1 == count_ ? rest : rest.first(other_bytes_);
}

Result<SealedMessage> seal_message(SendProtection& protection, MessageCipher& cipher, RandomSource random,
                                   const PlainMessage& message, size_t max_message_bytes,
                                   Fragmentation fragmentation) noexcept {
  const size_t clear_bytes = message.clear.size(), inner_bytes = message.inner.size();
  if (clear_bytes < kIkeHeaderBytes) return misuse("no IKE header");
  if (inner_bytes > kMaxInnerBytes) return misuse("the inner payloads are too long");
  SealedMessage sealed;
  const size_t whole_bytes = protection.sealed_bytes(clear_bytes, inner_bytes);
  if (fragmentation == Fragmentation::kNever ||
      (fragmentation == Fragmentation::kWhenNeeded && whole_bytes <= max_message_bytes)) {
    sealed.octets_.resize(whole_bytes);
    sealed.first_bytes_ = whole_bytes;
    sealed.count_ = 1;
    const Result<size_t> written = protection.seal(cipher, random, message, sealed.octets_);
    if (!written) return written.error();
    return sealed;
  }

  // Payloads in the clear stand in the first fragment alone.
  const auto first_capacity = protection.max_inner_bytes(clear_bytes, max_message_bytes, true);
  const auto other_capacity = protection.max_inner_bytes(kIkeHeaderBytes, max_message_bytes, true);
  if (!first_capacity || !other_capacity || *other_capacity == 0)
    return misuse("the datagram size leaves no room for a fragment");
  const size_t first_inner = std::min(inner_bytes, *first_capacity);
  const size_t left = inner_bytes - first_inner;
  const size_t others = (left + *other_capacity - 1) / *other_capacity;
  if (1 + others > kMaxFragments) return misuse("the message would need too many fragments");
  sealed.count_ = 1 + others;
  sealed.first_bytes_ = protection.sealed_bytes(clear_bytes, first_inner, true);
  sealed.other_bytes_ = protection.sealed_bytes(kIkeHeaderBytes, *other_capacity, true);
  const size_t last_inner = others ? left - (others - 1) * *other_capacity : 0;
  const size_t others_bytes =
      others ? (others - 1) * sealed.other_bytes_ + protection.sealed_bytes(kIkeHeaderBytes, last_inner, true)
             : 0;
  sealed.octets_.resize(sealed.first_bytes_ + others_bytes);

  PlainMessage part = message;
  size_t inner_done = 0, done = 0;
  for (size_t index = 0; index < sealed.count_; ++index) {
    const size_t capacity = index == 0 ? first_inner : *other_capacity;
    part.inner = message.inner.subspan(inner_done, std::min(capacity, inner_bytes - inner_done));
    const Result<size_t> written =
        protection.seal_fragment(cipher, random, part, {uint16_t(index + 1), uint16_t(sealed.count_)},
                                 std::span(sealed.octets_).subspan(done));
    if (!written) return written.error();
    inner_done += part.inner.size();
    done += *written;
    part.clear = message.clear.first(kIkeHeaderBytes);
    part.first_payload = PayloadType::kNone;
  }
  return sealed;
}

Reassembly::Reassembly(const ReassemblyLimits& limits) noexcept : limits_(limits) {
  limits_.fragments = std::min(limits_.fragments, kMaxFragments);
  limits_.octets = std::min(limits_.octets, kIkeHeaderBytes + kMaxInnerBytes);
}

Result<FragmentOutcome> Reassembly::add(const ProtectionKeys& keys, MessageCipher& cipher,
                                        const EncryptedView& fragment, uint64_t now_ms) noexcept {
  expire(now_ms);
  if (fragment.type != PayloadType::kSkf) return misuse("not a fragment");
  if (fragment.fragment == 0 || fragment.fragments == 0 || fragment.fragment > fragment.fragments)
    return peer_fault(NotifyType::kNone, "a fragment has impossible numbers");
  if (fragment.fragments > limits_.fragments)
    return peer_fault(NotifyType::kNone, "the message has too many fragments");
  if (fragment.fragments < fragments_) return FragmentOutcome::kOutdated;
  if (fragment.fragments == fragments_ && has(fragment.fragment)) return FragmentOutcome::kDuplicate;

  const Result<OpenedMessage> opened = open_encrypted(keys, cipher, fragment);
  if (!opened) return opened.error();
  const PlainMessage part = opened->plain();
  if (fragment.fragment > 1 && part.clear.size() != kIkeHeaderBytes)
    return peer_fault(NotifyType::kNone, "payloads in the clear outside of the first fragment");
  if (!empty() && !same_message(part.clear))
    return peer_fault(NotifyType::kNone, "a fragment has another header than the first that came");

  const bool restarted = !empty() && fragment.fragments > fragments_;
  // A restart does not buy time: otherwise ever larger totals would keep the message alive.
  const uint64_t started_ms = empty() ? now_ms : started_ms_;
  if (restarted) clear();
  if (empty()) {
    started_ms_ = started_ms;
    fragments_ = fragment.fragments;
    std::memcpy(header_.data(), part.clear.data(), header_.size());
  }
  if (Result<void> stored = store(fragment.fragment, part); !stored) {
    clear();
    return stored.error();
  }
  if (pieces_.size() == fragments_) return FragmentOutcome::kComplete;
  return restarted ? FragmentOutcome::kRestarted : FragmentOutcome::kStored;
}

bool Reassembly::has(uint16_t number) const noexcept {
  for (const Piece& piece : pieces_)
    if (piece.number == number) return true;
  return false;
}

// SPIs, version, exchange type, flags and message id; Next Payload and Length differ between fragments.
bool Reassembly::same_message(Octets clear) const noexcept {
  return std::memcmp(clear.data(), header_.data(), kNextPayloadOffset) == 0 &&
         std::memcmp(&clear[kNextPayloadOffset + 1], &header_[kNextPayloadOffset + 1],
                     kLengthOffset - kNextPayloadOffset - 1) == 0;
}

Result<void> Reassembly::store(uint16_t number, const PlainMessage& part) noexcept {
  const size_t kept = part.inner.size() + (number == 1 ? part.clear.size() : 0);
  if (kept > limits_.octets - octets_)
    return peer_fault(NotifyType::kNone, "the message that the fragments make is too long");
  Piece piece{{}, number};
  if (!piece.inner.allocate(part.inner.size())) return crypto_failure("no memory for a fragment");
  if (!part.inner.empty())
    std::memcpy(piece.inner.expose_mutable().data(), part.inner.data(), part.inner.size());
  if (number == 1) {
    if (!clear_.allocate(part.clear.size())) return crypto_failure("no memory for a fragment");
    std::memcpy(clear_.expose_mutable().data(), part.clear.data(), part.clear.size());
    first_payload_ = part.first_payload;
    flags_ = part.flags;
  }
  octets_ += kept;
  const auto place = std::find_if(pieces_.begin(), pieces_.end(),
                                  [number](const Piece& other) { return other.number > number; });
  pieces_.insert(place, std::move(piece));
  return {};
}

Result<OpenedMessage> Reassembly::take() noexcept {
  if (empty() || pieces_.size() != fragments_) return misuse("fragments are missing");
  OpenedMessage whole;
  if (!whole.octets_.allocate(octets_)) return crypto_failure("no memory for a message");
  uint8_t* at = whole.octets_.expose_mutable().data();
  const auto append = [&at](Octets part) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  };
  append(clear_.expose());
  for (const Piece& piece : pieces_) append(piece.inner.expose());
  whole.clear_bytes_ = whole.inner_offset_ = clear_.size();
  whole.inner_bytes_ = octets_ - clear_.size();
  whole.first_payload_ = first_payload_;
  whole.flags_ = flags_;
  clear();
  return whole;
}

void Reassembly::clear() noexcept {
  std::vector<Piece>().swap(pieces_);  // clear() would keep the table
  clear_.clear();
  octets_ = 0;
  fragments_ = 0;
  first_payload_ = PayloadType::kNone;
  flags_ = 0;
}

bool Reassembly::expire(uint64_t now_ms) noexcept {
  const std::optional<uint64_t> deadline = deadline_ms();
  if (!deadline || now_ms < *deadline) return false;
  clear();
  return true;
}

std::optional<uint64_t> Reassembly::deadline_ms() const noexcept {
  if (empty()) return std::nullopt;
  return started_ms_ + limits_.timeout_ms;
}

size_t Reassembly::memory_bytes() const noexcept {
  return octets_ + pieces_.capacity() * sizeof(Piece);
}

}  // namespace mlkem::ikev2
