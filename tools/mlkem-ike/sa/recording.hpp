// SPDX-License-Identifier: Apache-2.0
// A recorded IKEv2 exchange (kat.json): messages and everything that was derived for them, as it stands in
// the file. The file holds its secrets in the clear, so this copy of them is not wrapped; they are never
// printed all the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tools/mlkem-ike/io/octets.hpp"

namespace mlkem::cli {

enum class Side { kInitiator, kResponder };

enum IkeKeyIndex : size_t { kSkD, kSkAi, kSkAr, kSkEi, kSkEr, kSkPi, kSkPr };
inline constexpr std::array<const char*, 7> kIkeKeyNames = {"sk_d",  "sk_ai", "sk_ar", "sk_ei",
                                                            "sk_er", "sk_pi", "sk_pr"};
inline constexpr std::array<const char*, 4> kChildKeyNames = {
    "encryption_initiator_key", "integrity_initiator_key", "encryption_responder_key",
    "integrity_responder_key"};

// One derivation of IKE SA keys: generation 0 of IKE_SA_INIT, one after an additional key exchange, or a
// rekey.
struct IkeEntry {
  enum class Kind { kInitial, kChained, kRekey };
  std::string kind_text;
  Kind kind;
  unsigned generation;  // the n of addke(n), otherwise 0
  std::vector<Bytes> secrets;
  Bytes ni, nr, old_sk_d;
  ikev2::Spi spi_i, spi_r;
  ikev2::PrfId prf, prf_for_derivation;
  ikev2::Encryption encryption;
  ikev2::IntegId integrity;
  Bytes skeyseed;
  std::array<Bytes, kIkeKeyNames.size()> keys;
};

struct ChildEntry {
  std::vector<Bytes> secrets;
  Bytes ni, nr, sk_d;
  ikev2::PrfId prf;
  ikev2::Encryption encryption;
  ikev2::IntegId integrity;
  std::array<Bytes, kChildKeyNames.size()> keys;
};

struct IntAuthEntry {
  Side who;
  unsigned n;
  Bytes sk_p, a, p, out;
};

struct AuthEntry {
  Side who;
  std::optional<std::string> psk;
  unsigned method;
  Bytes id, sk_p, int_auth, auth;
  std::optional<Bytes> octets, certificate;  // of a signature
};

struct Recording {
  std::vector<IkeEntry> ike;
  std::vector<ChildEntry> child;
  std::vector<IntAuthEntry> int_auth;
  std::vector<AuthEntry> auth;
  std::vector<Bytes> messages;  // in the order of the exchange
};

// The recording in the text of a file; `file` stands in messages. Throws Failure that names file, field and reason, and
// never a secret.
Recording parse_recording(std::string_view text, const std::string& file);

}  // namespace mlkem::cli
