// SPDX-License-Identifier: Apache-2.0
// What the suites about protected messages share: every cipher, keys made of a counter, a cipher object with
// keys.
#pragma once

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {

inline constexpr ikev2::PrfId kAnyPrf = ikev2::PrfId::kHmacSha256;

inline std::vector<ikev2::SaAlgorithms> all_protections() {
  using namespace ikev2;
  std::vector<SaAlgorithms> all = {{kAnyPrf, {EncrId::kChacha20Poly1305, 0}, IntegId::kNone}};
  for (const uint16_t bits : {uint16_t(128), uint16_t(192), uint16_t(256)}) {
    for (const EncrId aead : {EncrId::kAesGcm16, EncrId::kAesCcm16})
      all.push_back({kAnyPrf, {aead, bits}, IntegId::kNone});
    for (const EncrId cipher : {EncrId::kAesCbc, EncrId::kAesCtr})
      for (const IntegId integrity : {IntegId::kHmacSha1_96, IntegId::kHmacSha256_128,
                                      IntegId::kHmacSha384_192, IntegId::kHmacSha512_256})
        all.push_back({kAnyPrf, {cipher, bits}, integrity});
  }
  return all;
}

inline std::string name_of(const ikev2::SaAlgorithms& algorithms) {
  return std::string(name(algorithms.encryption)) + "-" + std::string(name(algorithms.integrity));
}

inline Bytes counting(size_t size, uint8_t first = 0) {
  Bytes bytes(size);
  for (uint8_t& octet : bytes) octet = first++;
  return bytes;
}

inline ikev2::ProtectionKeys keys_for(const ikev2::SaAlgorithms& algorithms, uint8_t first = 1) {
  return *ikev2::ProtectionKeys::make(algorithms, counting(key_bytes(algorithms.encryption), first),
                                      counting(key_bytes(algorithms.integrity), uint8_t(first + 100)));
}

inline std::unique_ptr<ikev2::MessageCipher> cipher_for(const ikev2::SaAlgorithms& algorithms) {
  return *new_crypto()->make_message_cipher(algorithms.encryption, algorithms.integrity);
}

inline void append(Bytes& bytes, ikev2::Octets more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// The IKE header of an INFORMATIONAL request; Next Payload and Length are for the sealing side to fill in.
inline Bytes informational_header(uint32_t message_id = 5) {
  Bytes header = counting(28, 0x10);
  header[16] = 0;
  header[17] = 0x20;
  header[18] = uint8_t(ikev2::ExchangeType::kInformational);
  header[19] = 0x08;
  for (unsigned i = 0; i < 4; ++i) header[20 + i] = uint8_t(message_id >> (24 - 8 * i));
  return header;
}

// The same with a Vendor ID payload of two octets in the clear.
inline Bytes header_with_vendor_id() {
  Bytes clear = informational_header();
  clear[16] = uint8_t(ikev2::PayloadType::kVendorId);
  append(clear, unhex("000000060102"));
  return clear;
}

}  // namespace mlkem::test
