// SPDX-License-Identifier: Apache-2.0
// DER elements, read without recursion and within the bounds of what contains them.
#include "tools/mlkem-ike/keys/der.hpp"

namespace mlkem::cli::der {
namespace {

constexpr uint8_t kLongForm = 0x80;     // X.690, section 8.1.3.5; alone it stands for an indefinite length
constexpr size_t kMaxLengthOctets = 4;  // of the long form
constexpr size_t kMaxIdentifier = 32;   // octets; what is longer is not worth naming
constexpr uint32_t kMaxArc = UINT32_MAX >> 7;
constexpr char kMalformed[] = "malformed";

}  // namespace

Octets Reader::take(uint8_t tag, const char* field) {
  const auto fail = [&](const char* reason) {
    error_->report(std::string(field) + ": " + reason);
    return Octets();
  };
  if (*error_) return {};
  if (rest_.empty()) return fail("missing");
  if (rest_[0] != tag) return fail("another type of element stands in its place");
  if (rest_.size() < 2) return fail("ends before its length");
  size_t length = rest_[1], header = 2;
  if (length == kLongForm) return fail("indefinite length, which DER forbids");
  if (length > kLongForm) {
    const size_t count = length - kLongForm;
    if (count > kMaxLengthOctets) return fail("length of more than four octets");
    if (rest_.size() < header + count) return fail("ends before its length");
    length = 0;
    for (const uint8_t octet : rest_.subspan(header, count)) length = length << 8 | octet;
    header += count;
    if (length < kLongForm || length >> 8 * (count - 1) == 0) return fail("length not in its shortest form");
  }
  if (length > rest_.size() - header) return fail("longer than what contains it");
  const Octets content = rest_.subspan(header, length);
  rest_ = rest_.subspan(header + length);
  return content;
}

void Reader::finish(const char* field) {
  if (!rest_.empty()) error_->report(std::string(field) + ": more follows after its last element");
}

std::string dotted(Octets object_identifier) {
  if (object_identifier.empty() || object_identifier.size() > kMaxIdentifier ||
      object_identifier.back() & 0x80)
    return kMalformed;
  std::string text;
  uint32_t arc = 0;
  for (const uint8_t octet : object_identifier) {
    if (arc > kMaxArc || (arc == 0 && octet == 0x80)) return kMalformed;
    arc = arc << 7 | (octet & 0x7f);
    if (octet & 0x80) continue;
    if (text.empty()) {
      // X.690, section 8.19.4: the first two arcs share one number.
      const uint32_t first = arc < 80 ? arc / 40 : 2;
      text = std::to_string(first);
      arc -= 40 * first;
    }
    text += '.' + std::to_string(arc);
    arc = 0;
  }
  return text;
}

WipedBuffer element(uint8_t tag, std::initializer_list<Octets> parts) {
  size_t length = 0;
  for (const Octets part : parts) length += part.size();
  WipedBuffer out(2 + kMaxLengthOctets + length);
  out.append(tag);
  if (length < kLongForm) {
    out.append(uint8_t(length));
  } else {
    uint8_t count = 1;
    while (length >> 8 * count != 0) ++count;
    out.append(uint8_t(kLongForm + count));
    while (count-- > 0) out.append(uint8_t(length >> 8 * count));
  }
  for (const Octets part : parts) out.append(part);
  return out;
}

}  // namespace mlkem::cli::der
