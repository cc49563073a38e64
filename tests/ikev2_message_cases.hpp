// SPDX-License-Identifier: Apache-2.0
// What the suites of messages and payloads share: writing into a buffer of the right size, rebuilding.
#pragma once

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {

inline const ikev2::IkeHeader kHeader{{1, 2, 3, 4, 5, 6, 7, 8},
                                      {9},
                                      ikev2::PayloadType::kNone,
                                      ikev2::kIkeVersion,
                                      ikev2::ExchangeType::kIkeSaInit,
                                      ikev2::kFlagInitiator,
                                      0x01020304,
                                      0};

template <class Fill>
Bytes chain(Fill fill, ikev2::PayloadType* out_first = nullptr) {
  Bytes buffer(70000);
  ikev2::PayloadWriter writer(buffer);
  fill(writer);
  const ikev2::Result<size_t> size = writer.finish();
  EXPECT_TRUE(size);
  if (out_first) *out_first = writer.first_payload();
  buffer.resize(size ? *size : 0);
  return buffer;
}

template <class Fill>
Bytes message(Fill fill) {
  Bytes buffer(70000);
  ikev2::PayloadWriter writer(buffer, kHeader);
  fill(writer);
  const ikev2::Result<size_t> size = writer.finish();
  EXPECT_TRUE(size);
  buffer.resize(size ? *size : 0);
  return buffer;
}

inline std::string rebuilt(const ikev2::Message& parsed) {
  Bytes buffer(65536);
  ikev2::PayloadWriter writer(buffer, parsed.header);
  const ikev2::Result<void> again = rebuild(parsed.payloads, writer);
  if (!again) return again.error().message;
  return hex(ikev2::Octets(buffer).first(*writer.finish()));
}

inline std::string rebuilt(ikev2::PayloadType first, ikev2::Octets inner) {
  const ikev2::Result<ikev2::PayloadList> parsed = ikev2::read_payloads(first, inner);
  if (!parsed) return parsed.error().message;
  Bytes buffer(65536);
  ikev2::PayloadWriter writer(buffer);
  const ikev2::Result<void> again = rebuild(*parsed, writer);
  if (!again) return again.error().message;
  EXPECT_EQ(writer.first_payload(), first);
  return hex(ikev2::Octets(buffer).first(*writer.finish()));
}

}  // namespace mlkem::test
