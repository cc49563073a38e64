// SPDX-License-Identifier: Apache-2.0
// Key exchange methods in two roles (RFC 7296 section 1.2, RFC 9370, draft-ietf-ipsecme-ikev2-mlkem): the
// initiator sends a value and finishes with the peer's, the responder does all in one step. Both make the
// recipient tests that each method asks for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/result.hpp"

namespace mlkem::ikev2 {

// The initiator's side of one key exchange: made with fresh randomness, moved but never copied, finished
// once.
class KeyExchangeInitiator {
 public:
  // Draws a fresh key. Errors: crypto.
  MLKEM_API static Result<KeyExchangeInitiator> start(KeMethod method, Crypto& crypto) noexcept;

  MLKEM_API KeyExchangeInitiator(KeyExchangeInitiator&&) noexcept;
  MLKEM_API KeyExchangeInitiator& operator=(KeyExchangeInitiator&&) noexcept;
  MLKEM_API ~KeyExchangeInitiator();

  [[nodiscard]] KeMethod method() const noexcept { return method_; }
  // The data of KEi: sizes(method()).initiator_value octets; empty once finished or moved from.
  [[nodiscard]] MLKEM_API Octets public_value() const noexcept;

  // The shared secret with the data of KEr. Consumes the object, whatever comes out:
  // std::move(exchange).finish(data). Errors: the peer's fault, INVALID_SYNTAX, if a recipient test fails;
  // misuse on an object that was consumed; crypto. A damaged ML-KEM ciphertext of the right length is no
  // error: it gives another secret (implicit rejection).
  MLKEM_API Result<KeSecret> finish(Octets peer_value) && noexcept;
  // The same, but a value that fails a recipient test leaves the object as it was: for an answer that came in
  // the clear, where another may have sent it. No secret was computed with the key then, or one that is
  // zero whatever the key is.
  MLKEM_API Result<KeSecret> finish_unless_faulty(Octets peer_value) noexcept;

 private:
  struct Key;
  struct Classical;
  template <class Set>
  struct MlKem;

  KeyExchangeInitiator(KeMethod method, std::unique_ptr<Key> key) noexcept;

  KeMethod method_;
  std::unique_ptr<Key> key_;
};

struct RespondJob;

// The responder's side: the data of KEr and the shared secret.
class ResponderShare {
 public:
  // sizes(method).responder_value octets.
  [[nodiscard]] Octets public_value() const noexcept { return Octets(value_.data(), value_bytes_); }
  [[nodiscard]] const KeSecret& secret() const& noexcept { return secret_; }
  [[nodiscard]] KeSecret secret() && noexcept { return std::move(secret_); }

 private:
  friend MLKEM_API Result<ResponderShare> respond(KeMethod, Octets, Crypto&) noexcept;
  template <class Set>
  friend void respond_with(std::span<RespondJob>, Crypto&) noexcept;

  std::array<uint8_t, kMaxKeValueBytes> value_;
  uint16_t value_bytes_ = 0;
  KeSecret secret_;
};

// Answers the data of KEi with fresh randomness. Errors: the peer's fault, INVALID_SYNTAX, if a recipient
// test fails (for ML-KEM the length and modulus checks of FIPS 203, section 7.2); crypto.
MLKEM_API Result<ResponderShare> respond(KeMethod method, Octets peer_value, Crypto& crypto) noexcept;

// The same for several initiators at once, whose results are independent: one ML-KEM set, through lib's batch
// function. At most kMaxRespondJobs, two of the largest groups of lanes that lib's kernels work on; the results
// of others stay as they are. Errors of each job: as respond(); misuse for a method that is no ML-KEM set, in
// all of them.
struct RespondJob {
  Octets peer_value;
  Result<ResponderShare>* out_share;
};
inline constexpr size_t kMaxRespondJobs = 16;
MLKEM_API void respond_batch(KeMethod ml_kem, std::span<RespondJob> jobs, Crypto& crypto) noexcept;

}  // namespace mlkem::ikev2
