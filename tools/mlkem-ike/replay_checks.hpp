// SPDX-License-Identifier: Apache-2.0
// What `mlkem-ike replay` finds in a recording: every derived value recomputed from the recorded inputs of
// its own derivation, and every link between one derivation's result and the next one's input.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "recording.hpp"

namespace mlkem::cli {

enum class Outcome { kAgrees, kDiffers, kNotChecked };

struct Check {
  bool is_link;       // a link between values, or a value
  std::string entry;  // "ike[1] addke(1)"
  std::string name;   // "skeyseed", "old_sk_d is sk_d of ike[0]"
  Outcome outcome;
  std::string note;  // the reason, where it does not agree
};

// The IKE_SA_INIT exchange of an SA: the request that was answered, and the answer. Empty if it was not
// recorded.
struct InitMessages {
  ikev2::Octets request, response;
};

class RecordingCheck {
 public:
  RecordingCheck(const Recording& recording, ikev2::Crypto& crypto)
      : recording_(recording), crypto_(crypto) {}

  // All checks, in the order of the recording; each entry's values stand before its links. To be called once.
  std::vector<Check> run();

 private:
  // What entry k of recording.ike gives when it is recomputed.
  struct Recomputed {
    Bytes skeyseed;
    std::array<Bytes, kIkeKeyNames.size()> keys;
  };
  enum KeyIndex : size_t { kSkD = 0, kSkPi = 5, kSkPr = 6 };

  void check_ike(size_t index);
  const char* expand(const IkeEntry& entry, Recomputed& recomputed);
  void check_ike_links(size_t index);
  void check_init_nonces(const IkeEntry& entry);
  void check_child(const ChildEntry& entry);
  void check_int_auth(const IntAuthEntry& entry);
  void check_auth(const AuthEntry& entry);
  void check_auth_links(const AuthEntry& entry, size_t generation);
  void check_signed_octets(const AuthEntry& entry, const ikev2::SignedOctets& octets, ikev2::Prf& keyed);

  void begin(std::string entry) { entry_ = std::move(entry); }
  void value(const std::string& name, const Bytes& recorded, const Bytes& recomputed,
             const std::string& note = {});
  void not_checked(const std::string& name, const std::string& reason);
  void link(const std::string& name, bool holds);

  // The PRF object of that kind, made once. Throws Failure if the crypto library lacks it.
  ikev2::Prf& prf(ikev2::PrfId id);
  // Whether `key` is that key of ike[index], as it was recorded or as it was recomputed: a wrong byte there
  // was reported there.
  bool is_key_of(size_t index, KeyIndex key, const Bytes& octets) const;
  // The latest entry of recording.ike that has this key; recording.ike.size() if there is none.
  size_t generation_with(KeyIndex key, const Bytes& octets) const;
  // Whether no further key exchange follows ike[index] in its SA.
  bool is_newest(size_t index) const;
  InitMessages init_messages(const ikev2::Spi& spi_i, const ikev2::Spi& spi_r) const;
  // Those of the SA of ike[index], or of any SA if the index is beyond the end or its SPIs are wrong.
  InitMessages init_messages_near(size_t index) const;

  const Recording& recording_;
  ikev2::Crypto& crypto_;
  std::map<ikev2::PrfId, std::unique_ptr<ikev2::Prf>> prfs_;
  std::vector<Recomputed> recomputed_;
  // The last IntAuth of each side, recorded and recomputed, and its n.
  struct Chain {
    unsigned n = 0;
    Bytes recorded, recomputed;
  };
  std::array<Chain, 2> int_auth_;
  std::string entry_;
  std::vector<Check> checks_;
};

}  // namespace mlkem::cli
