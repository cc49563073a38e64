// SPDX-License-Identifier: Apache-2.0
// IKEv2 message fragmentation (RFC 7383): cutting a message into SKF payloads that fit a datagram size, and
// putting received ones together within bounds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/protect.hpp"

namespace mlkem::ikev2 {

inline constexpr unsigned kMaxFragments = 255;
// Sizes of IP datagrams, headers included (RFC 7383, section 2.5.1; RFC 8200, RFC 1122).
inline constexpr size_t kDefaultDatagramBytes = 1280;
inline constexpr size_t kMinDatagramBytes = 576;

enum class IpVersion : uint8_t { kIpv4, kIpv6 };
// What an IP datagram leaves for the IKE message behind IP header without options, UDP header and, on port
// 4500, the non-ESP marker of four octets.
constexpr size_t message_bytes_of_datagram(size_t datagram_bytes, IpVersion ip, bool marker) {
  const size_t headers = (ip == IpVersion::kIpv4 ? 20 : 40) + 8 + (marker ? 4u : 0u);
  return datagram_bytes > headers ? datagram_bytes - headers : 0;
}

// When a message is cut into fragments.
enum class Fragmentation : uint8_t {
  kNever,       // the peer did not announce IKEV2_FRAGMENTATION_SUPPORTED
  kWhenNeeded,  // the message is longer than max_message_bytes
  kAlways,      // one fragment for small messages, too
};

// A message as it goes out: one SK message or several SKF ones, in one allocation.
class MLKEM_API SealedMessage {
 public:
  [[nodiscard]] size_t count() const noexcept { return count_; }
  // The IKE message of datagram number `index`, from 0.
  [[nodiscard]] Octets datagram(size_t index) const noexcept;
  // All of them, one behind the other.
  [[nodiscard]] Octets octets() const noexcept { return octets_; }

 private:
  friend MLKEM_API Result<SealedMessage> seal_message(SendProtection& protection, MessageCipher& cipher,
                                                      RandomSource random, const PlainMessage& message,
                                                      size_t max_message_bytes,
                                                      Fragmentation fragmentation) noexcept;

  std::vector<uint8_t> octets_;
  // The first datagram, and each of the others but the last, which is what is left.
  size_t first_bytes_ = 0, other_bytes_ = 0, count_ = 0;
};

// Protects a message, in fragments where that is asked for. max_message_bytes is that of
// message_bytes_of_datagram. IVs are used up even on an error. Errors: misuse as SendProtection::seal, and
// for more than kMaxFragments fragments or a size in which nothing fits; crypto.
MLKEM_API Result<SealedMessage> seal_message(
    SendProtection& protection, MessageCipher& cipher, RandomSource random, const PlainMessage& message,
    size_t max_message_bytes, Fragmentation fragmentation = Fragmentation::kWhenNeeded) noexcept;

struct ReassemblyLimits {
  unsigned fragments = kMaxFragments;  // at most kMaxFragments
  // Header, payloads in the clear and plaintext of one message; at most this.
  size_t octets = kIkeHeaderBytes + kMaxInnerBytes;
  uint64_t timeout_ms = 30'000;  // from the first fragment that was kept
};

enum class FragmentOutcome : uint8_t {
  kStored,     // the first, or one more
  kRestarted,  // stored; those with a smaller total were dropped (the peer lowered its datagram size)
  kComplete,   // stored, and all are there: take() the message
  kDuplicate,  // had already come, not looked at
  kOutdated,   // its total is smaller than that of the fragments at hand, not looked at
};

// The fragments of one message that is being received: one object for each direction's current message id.
// Who feeds it has checked SPIs, exchange type and message id, and clears it when the message is done or
// another begins.
class MLKEM_API Reassembly {
 public:
  explicit Reassembly(const ReassemblyLimits& limits = {}) noexcept;

  // Tests one fragment in the order of RFC 7383, section 2.6: its numbers, whether it is there already, its
  // ICV; only an authentic one changes anything. Fragments older than the timeout are dropped first. Errors:
  // the peer's fault with the notify kNone: impossible numbers, bounds, a wrong ICV, a header that differs
  // from the other fragments', payloads in the clear in another one than the first; crypto, also without
  // memory.
  Result<FragmentOutcome> add(const ProtectionKeys& keys, MessageCipher& cipher,
                              const EncryptedView& fragment, uint64_t now_ms) noexcept;

  // The message, as if it had come whole; this object is empty then. Errors: misuse before kComplete; crypto,
  // without memory.
  Result<OpenedMessage> take() noexcept;

  // Wipes everything. expire() does so if the timeout is over, and says whether it did.
  void clear() noexcept;
  bool expire(uint64_t now_ms) noexcept;

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  // When expire() will have something to do; nothing while empty.
  [[nodiscard]] std::optional<uint64_t> deadline_ms() const noexcept;
  // Heap octets held, for the caller's account of memory.
  [[nodiscard]] size_t memory_bytes() const noexcept;

 private:
  struct Piece {
    SecretBuffer inner;
    uint16_t number;
  };

  [[nodiscard]] bool has(uint16_t number) const noexcept;
  [[nodiscard]] bool same_message(Octets clear) const noexcept;
  Result<void> store(uint16_t number, const PlainMessage& part) noexcept;

  ReassemblyLimits limits_;
  uint64_t started_ms_ = 0;
  std::vector<Piece> pieces_;  // by number
  SecretBuffer clear_;         // of fragment 1
  size_t octets_ = 0;          // in pieces_ and clear_
  std::array<uint8_t, kIkeHeaderBytes> header_{};
  uint16_t fragments_ = 0;
  PayloadType first_payload_ = PayloadType::kNone;
  uint8_t flags_ = 0;
};

}  // namespace mlkem::ikev2
