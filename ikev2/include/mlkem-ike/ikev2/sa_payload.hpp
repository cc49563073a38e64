// SPDX-License-Identifier: Apache-2.0
// The SA payload as it stands on the wire (RFC 7296, section 3.3; RFC 9370, section 2.1): proposals of
// transforms with attributes, known or not. What they mean is proposal.hpp's and negotiation.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"

namespace mlkem::ikev2 {

// Bounds of what read_sa_body takes; more is INVALID_SYNTAX.
inline constexpr size_t kMaxProposals = 32;
inline constexpr size_t kMaxTransforms = 128;  // of one proposal; the wire allows 255

inline constexpr size_t kKeyLengthAttributeBytes = 4;

// Substructures of a length that stands in their third and fourth octet, checked by read_sa_body.
template <class View>
class SubstructureIterator {
 public:
  explicit SubstructureIterator(Octets rest) noexcept : rest_(rest) {}

  View operator*() const noexcept { return View::read(rest_.first(length())); }
  SubstructureIterator& operator++() noexcept {
    rest_ = rest_.subspan(length());
    return *this;
  }
  bool operator==(const SubstructureIterator& other) const noexcept {
    return rest_.size() == other.rest_.size();
  }

 private:
  [[nodiscard]] size_t length() const noexcept { return size_t(rest_[2] << 8 | rest_[3]); }

  Octets rest_;
};

template <class View>
class SubstructureRange {
 public:
  SubstructureRange() noexcept = default;
  SubstructureRange(Octets octets, size_t size) noexcept : octets_(octets), size_(size) {}

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] SubstructureIterator<View> begin() const noexcept {
    return SubstructureIterator<View>(octets_);
  }
  [[nodiscard]] SubstructureIterator<View> end() const noexcept { return SubstructureIterator<View>({}); }

 private:
  Octets octets_;
  size_t size_ = 0;
};

struct MLKEM_API TransformView {
  TransformType type;  // any octet, known or not
  uint16_t id;
  Octets attributes;        // as they stand
  uint16_t key_bits;        // the Key Length attribute, 0 without one
  bool unknown_attributes;  // another attribute, a second Key Length, or a Key Length of 0

  // `octets` is one transform that was checked.
  static TransformView read(Octets octets) noexcept;
};

struct MLKEM_API ProposalView {
  uint8_t number;
  ProtocolId protocol;  // any octet, known or not
  Octets spi;
  SubstructureRange<TransformView> transforms;

  // `octets` is one proposal that was checked.
  static ProposalView read(Octets octets) noexcept;
};

using SaPayload = SubstructureRange<ProposalView>;

// Checks every length and count of an SA payload's body; views point into it. Errors: the peer's fault,
// INVALID_SYNTAX, also beyond the bounds above and without a proposal.
MLKEM_API Result<SaPayload> read_sa_body(Octets body) noexcept;

}  // namespace mlkem::ikev2
