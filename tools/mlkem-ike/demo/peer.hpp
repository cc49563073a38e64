// SPDX-License-Identifier: Apache-2.0
// One side of the demo's exchange: what it knows, and the messages that it builds and reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/sa/recording.hpp"

namespace mlkem::cli {

// The value, or a Failure that names the step.
template <class T>
T must(ikev2::Result<T>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
  return *std::move(result);
}
inline void must(ikev2::Result<void>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
}

// What both sides agree upon and send in the clear.
struct ExchangeTerms {
  std::vector<ikev2::KeMethod> methods;  // KE(0), then the additional ones
  ikev2::Proposal proposal;              // with these methods
  ikev2::Spi spi_i{}, spi_r{};
  std::array<uint8_t, 32> ni, nr;
};

class Peer {
 public:
  // Both outlive it. Throws Failure.
  Peer(Side side, ExchangeTerms& terms, ikev2::Crypto& crypto);

  Side side() const { return side_; }
  char letter() const { return side_ == Side::kInitiator ? 'I' : 'R'; }
  ikev2::Crypto& crypto() { return crypto_; }
  ikev2::Prf& prf() { return *prf_; }
  const ikev2::IkeKeys& keys() const { return keys_; }

  // This side's IKE_SA_INIT message around the data of its KE payload. The responder answers the request that it
  // has read.
  Bytes write_init(ikev2::Octets ke_data);
  // Reads the other side's, checks or chooses the proposal, and returns the data of its KE payload.
  Bytes read_init(const Bytes& message);
  // The inner payloads of an IKE_INTERMEDIATE and of IKE_AUTH.
  Bytes ke_chain(ikev2::KeMethod method, ikev2::Octets data) const;
  Bytes auth_chain(const ikev2::PrfSecret& auth) const;

  // From now on messages are protected by these keys.
  void take_keys(ikev2::IkeKeys keys);
  // Protects inner payloads, in fragments where a datagram would be too long; IKE_INTERMEDIATE enters IntAuth.
  ikev2::SealedMessage seal(ikev2::ExchangeType exchange, uint32_t message_id, ikev2::PayloadType first,
                            ikev2::Octets inner);
  // Opens a message of one or several datagrams.
  ikev2::OpenedMessage open(const ikev2::SealedMessage& sealed);

  // AUTH of one side as this peer computes it; message_id is that of the first IKE_AUTH request.
  ikev2::PrfSecret auth_of(Side side, uint32_t message_id);

 private:
  ikev2::IkeHeader header(ikev2::ExchangeType exchange, uint32_t message_id) const;
  // Extends the IntAuth of an IKE_INTERMEDIATE message's sender.
  void cover(Side sender, ikev2::ExchangeType exchange, const ikev2::PlainMessage& message);
  ikev2::SaAlgorithms algorithms() const { return agreement_.algorithms(); }

  Side side_;
  ExchangeTerms& terms_;
  ikev2::Crypto& crypto_;
  ikev2::Agreement agreement_;
  std::unique_ptr<ikev2::Prf> prf_;
  std::unique_ptr<ikev2::MessageCipher> sealing_, opening_;
  ikev2::IkeKeys keys_;
  std::optional<ikev2::SendProtection> send_;
  std::optional<ikev2::ProtectionKeys> receive_;
  ikev2::IntAuth int_auth_i_, int_auth_r_;
  Bytes init_, peer_init_;
};

}  // namespace mlkem::cli
