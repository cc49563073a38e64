// SPDX-License-Identifier: Apache-2.0
// Opens, decodes and rebuilds the messages of a recorded exchange, recomputes what it derived, verifies its AUTH, and
// says where it first goes wrong: values against the recorded inputs of their own derivation, links between one
// derivation's result and the next one's input.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/mlkem-ike/sa/message_reader.hpp"
#include "tools/mlkem-ike/sa/recording.hpp"

namespace mlkem::cli {

enum class Outcome {
  kAgrees,
  kDiffers,
  kNotChecked,
  kNotCovered,  // a message whose every octet could be another one
};

struct Check {
  bool is_link;       // a link between values, or a value
  std::string entry;  // "ike[1] addke(1)"
  std::string name;   // "skeyseed", "old_sk_d is sk_d of ike[0]"
  Outcome outcome;
  std::string note;  // the reason, where it does not agree
};

struct RecordedMessage {
  ikev2::Octets octets;
  ReadMessage read;
  bool covered = false;  // by an ICV that is right, or by an AUTH that is

  // Its nonce, in the clear or inside; empty without one.
  ikev2::Octets nonce() const;
  // Who sent it, if it has a header.
  Side sender() const;
};

// The IKE_SA_INIT exchange of an SA: its requests, the one that was answered last, and the answer. A request that came
// again late may stand behind the one that counts. Empty if it was not recorded.
struct InitMessages {
  std::vector<RecordedMessage*> requests;
  RecordedMessage* response = nullptr;
};

struct MessageCounts {
  size_t whole = 0, fragments = 0;                // opened
  size_t clear_covered = 0, clear_uncovered = 0;  // not encrypted; AUTH covers it, or nothing does
  size_t closed = 0;                              // without keys, or wrong

  size_t all() const { return whole + fragments + clear_covered + clear_uncovered + closed; }
};

class RecordingCheck {
 public:
  RecordingCheck(const Recording& recording, ikev2::Crypto& crypto)
      : recording_(recording), crypto_(crypto) {}

  // All checks, in the order of the recording; each entry's values stand before its links. To be called once.
  std::vector<Check> run();
  const MessageCounts& message_counts() const { return message_counts_; }

 private:
  // What entry k of recording.ike gives when it is recomputed.
  struct Recomputed {
    Bytes skeyseed;
    std::array<Bytes, kIkeKeyNames.size()> keys;
  };

  // Opens recording.messages with the keys of recording.ike.
  void read_messages();
  void check_ike(const IkeEntry& entry);
  const char* expand(const IkeEntry& entry, Recomputed& recomputed);
  void check_ike_links(size_t index);
  void check_init_nonces(const IkeEntry& entry);
  void check_recorded_nonces(const Bytes& ni, const Bytes& nr);
  void check_child(const ChildEntry& entry);
  void check_int_auth(const IntAuthEntry& entry);
  void check_int_auth_header(const IntAuthEntry& entry);
  void check_auth(const AuthEntry& entry);
  void check_auth_links(const AuthEntry& entry, size_t generation);
  void check_signed_octets(const AuthEntry& entry, const ikev2::SignedOctets& octets, ikev2::Prf& keyed);
  // Whether the entry's AUTH covers these octets.
  bool auth_covers(const AuthEntry& entry, const ikev2::SignedOctets& octets, ikev2::Prf& keyed);
  bool check_signature(const AuthEntry& entry, const ikev2::SignedOctets& octets, ikev2::Prf& keyed);
  void check_auth_message(const AuthEntry& entry);
  void check_sent_auth(const RecordedMessage& message);
  // Whether one of these SPIs is an SA's.
  bool concerns_an_sa(const ikev2::IkeHeader& header) const;
  void check_message(RecordedMessage& message);
  void check_opened(const RecordedMessage& message);
  void check_message_int_auth(const RecordedMessage& message);
  void check_coverage(const RecordedMessage& message);

  std::string ike_entry(size_t index) const;
  void begin(std::string entry) { entry_ = std::move(entry); }
  // Return whether it agrees.
  bool value(const std::string& name, const Bytes& recorded, const Bytes& recomputed,
             const std::string& note = {});
  bool verdict(const std::string& name, bool agrees, const std::string& note = {});
  void not_checked(const std::string& name, const std::string& reason);
  void link(const std::string& name, bool holds);

  // The PRF object of that kind, made once. Throws Failure if the crypto library lacks it.
  ikev2::Prf& prf(ikev2::PrfId id);
  // Whether `key` is that key of ike[index], as it was recorded or as it was recomputed: a wrong byte there
  // was reported there.
  bool is_key_of(size_t index, IkeKeyIndex key, const Bytes& octets) const;
  // The latest entry of recording.ike that has this key; recording.ike.size() if there is none.
  size_t generation_with(IkeKeyIndex key, const Bytes& octets) const;
  // Whether no further key exchange follows ike[index] in its SA.
  bool is_newest(size_t index) const;
  InitMessages init_messages(const ikev2::Spi& spi_i, const ikev2::Spi& spi_r) const;
  // Those of the SA of ike[index], or of any SA if the index is beyond the end or its SPIs are wrong.
  const InitMessages& init_messages_near(size_t index);

  const Recording& recording_;
  ikev2::Crypto& crypto_;
  std::map<ikev2::PrfId, std::unique_ptr<ikev2::Prf>> prfs_;
  std::vector<Recomputed> recomputed_;
  std::vector<RecordedMessage> messages_;
  std::map<std::pair<ikev2::Spi, ikev2::Spi>, InitMessages> inits_;
  std::optional<InitMessages> init_of_any_;
  std::unique_ptr<MessageReader> reader_;  // whose keys messages_ points to
  // ike[] by SPIs, one index for each of the generations that reader_ has of that SA.
  std::map<std::pair<ikev2::Spi, ikev2::Spi>, std::vector<size_t>> entries_of_;
  // The IntAuth of each side of an SA that follows from its messages, with SK_p as it was recorded and as it was
  // recomputed.
  std::map<std::pair<const SaKeys*, Side>, std::array<ikev2::IntAuth, 2>> message_int_auth_;
  std::vector<Bytes> int_auth_recomputed_;  // of recording.int_auth
  std::vector<bool> int_auth_sent_;         // of recording.int_auth: a message gives it
  MessageCounts message_counts_;
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
