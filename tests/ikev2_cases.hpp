// SPDX-License-Identifier: Apache-2.0
// What the suites of ikev2/ share: a crypto provider, the methods, comparison of octets.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {

inline constexpr ikev2::KeMethod kAllMethods[] = {
    ikev2::KeMethod::kModp2048, ikev2::KeMethod::kModp3072, ikev2::KeMethod::kModp4096,
    ikev2::KeMethod::kEcp256,   ikev2::KeMethod::kEcp384,   ikev2::KeMethod::kEcp521,
    ikev2::KeMethod::kX25519,   ikev2::KeMethod::kX448,     ikev2::KeMethod::kMlKem512,
    ikev2::KeMethod::kMlKem768, ikev2::KeMethod::kMlKem1024};

inline constexpr ikev2::PrfId kAllPrfs[] = {ikev2::PrfId::kHmacSha1, ikev2::PrfId::kHmacSha256,
                                            ikev2::PrfId::kHmacSha384, ikev2::PrfId::kHmacSha512};

inline std::unique_ptr<ikev2::Crypto> new_crypto(RandomSource random = system_random()) {
  return *ikev2::openssl_crypto(random);
}

inline std::string hex(ikev2::Octets octets) {
  return to_hex(octets.data(), octets.size());
}

inline Bytes copy(ikev2::Octets octets) {
  return Bytes(octets.begin(), octets.end());
}

inline ikev2::Octets view(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline Bytes unhex(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes) ADD_FAILURE() << "not hex: " << text;
  return bytes.value_or(Bytes());
}

// The error is the peer's fault, to be answered with `notify`.
template <class T>
void expect_peer_fault(const ikev2::Result<T>& result, ikev2::NotifyType notify) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ikev2::ErrorKind::kPeer) << result.error().message;
  EXPECT_EQ(result.error().notify, notify);
}

template <class T>
void expect_error(const ikev2::Result<T>& result, ikev2::ErrorKind kind) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, kind) << result.error().message;
}

}  // namespace mlkem::test
