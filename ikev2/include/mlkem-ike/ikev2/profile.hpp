// SPDX-License-Identifier: Apache-2.0
// What one side wants of its IKE SAs: identities and shared keys, proposals, fragmentation, times. One Profile
// serves any number of sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/payload.hpp"
#include "mlkem-ike/ikev2/proposal.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"
#include "mlkem-ike/ikev2/traffic_selector.hpp"

namespace mlkem::ikev2 {

// The content of IDi or IDr (RFC 7296, section 3.5).
struct Identity {
  IdType type = IdType::kFqdn;
  std::vector<uint8_t> data;

  friend bool operator==(const Identity&, const Identity&) = default;
};

inline constexpr size_t kMaxSharedKeyBytes = 512;
using SharedKey = SecretBytes<kMaxSharedKeyBytes>;

// Finds the key that is shared with a peer, before it is authenticated. A responder asks once, when the peer
// has named itself. An initiator asks twice: for its own AUTH, when all it knows is the identity that it expects
// (Policy::peer_identity; without one `peer` is a KEY_ID without data), and again for the peer's.
class MLKEM_API SharedKeys {
 public:
  virtual ~SharedKeys() = default;

  // The key for this pair of identities, valid until the next call, or null, which ends the attempt. The views
  // are valid during the call.
  virtual const SharedKey* find(const IdPayload& own, const IdPayload& peer) noexcept = 0;
};

// One key for all peers.
class MLKEM_API OneSharedKey final : public SharedKeys {
 public:
  explicit OneSharedKey(SharedKey key) noexcept : key_(std::move(key)) {}
  const SharedKey* find(const IdPayload& /*own*/, const IdPayload& /*peer*/) noexcept override {
    return &key_;
  }

 private:
  SharedKey key_;
};

// The keys of one generation of an IKE SA, for a log that lets a protocol analyser decrypt. With these,
// anyone reads everything that the SA protects.
struct LoggedKeys {
  Spi spi_i, spi_r;
  SaAlgorithms algorithms;
  const IkeKeys& keys;  // all seven; keys.generation counts
};
class MLKEM_API KeyLog {
 public:
  virtual ~KeyLog() = default;
  // Called once for each generation, inside the engine's calls. Must not call the engine.
  virtual void add(const LoggedKeys& keys) noexcept = 0;
};

enum class FragmentationPolicy : uint8_t {
  kOff,    // not announced
  kOn,     // for messages that are longer than a datagram
  kForce,  // for all protected messages, also short ones but INFORMATIONALs, if the peer has it
};

// What an initiator wants in IKE_AUTH.
enum class FirstChild : uint8_t {
  kWanted,
  kChildless,             // RFC 6023; fails if the peer did not announce it
  kChildlessIfAnnounced,  // childless if the peer announced it, otherwise a Child SA
};

struct Timing {
  // Retransmission of requests: first_ms, then twice as long each time, at most max_ms, `tries` datagrams or
  // sets of fragments in all.
  uint64_t retransmit_first_ms = 500, retransmit_max_ms = 8'000;
  unsigned retransmit_tries = 8;
  // From the first message until the SA is established; then a half-open SA goes.
  uint64_t establish_ms = 30'000;
  // How long an initiator waits for something better after an unprotected error notify, which anyone can
  // forge; at most what is left of establish_ms.
  uint64_t unprotected_error_ms = 30'000;
  // How long an SA that ended with a response repeats that response.
  uint64_t linger_ms = 10'000;
  // An established SA that heard nothing for so long asks whether the peer lives; 0: never.
  uint64_t liveness_ms = 0;
  // Between NAT keepalives of a side behind a NAT (RFC 3948, section 4); 0: none.
  uint64_t keepalive_ms = 20'000;
};

inline constexpr size_t kMaxIdentityBytes = 1024;  // one that fits in IKE_AUTH with all else

struct Policy {
  Identity identity;                      // the own one, 1 to kMaxIdentityBytes octets
  std::optional<Identity> peer_identity;  // if set, no other one is accepted
  SharedKeys* shared_keys = nullptr;      // must outlive the sessions

  // Best first. An initiator offers all of them, a responder takes its first that goes with the offer.
  std::vector<Proposal> ike_proposals, esp_proposals;
  // No IKE SA without ML-KEM: an initiator aborts, a responder answers NO_PROPOSAL_CHOSEN.
  bool require_ml_kem = true;
  // IKE_SA_INIT can't be fragmented. Unless this is set, an initiator offers no ML-KEM-768 or -1024 for it,
  // and a responder takes them only from an initiator that has sent such a key.
  bool path_carries_large_init = false;
  // The code points of ML-KEM in IKE_SA_INIT, IKE_INTERMEDIATE and proposals.
  MlKemNumbering numbering = MlKemNumbering::kRegistry;

  FirstChild first_child = FirstChild::kWanted;  // initiator
  bool allow_childless = true;                   // responder: announces it and accepts it
  // The traffic of the first Child SA: this side's addresses and the other's. An initiator offers them; a
  // responder narrows the offer to them, and takes any offer where they are empty.
  std::vector<Selector> local_selectors, remote_selectors;

  FragmentationPolicy fragmentation = FragmentationPolicy::kOn;
  // Size of IP datagrams that fragments keep to, kMinDatagramBytes to 65535.
  size_t datagram_bytes = kDefaultDatagramBytes;
  // Sends INITIAL_CONTACT in IKE_AUTH (RFC 7296, section 2.4).
  bool initial_contact = false;
  // Behaves as if there was a NAT, where the peer does NAT traversal: goes to UDP encapsulation after
  // IKE_SA_INIT.
  bool force_encapsulation = false;
  // The ports that an initiator moves to when there is a NAT.
  uint16_t local_encapsulation_port = kEncapsulationPort, remote_encapsulation_port = kEncapsulationPort;

  Timing timing;
  KeyLog* key_log = nullptr;  // opt-in; must outlive the sessions
  bool log_events = false;    // sessions report LogRecords among their events
};

// Hybrid proposals alone: X25519 or ECP-384 with an additional ML-KEM; AES-256-GCM first.
MLKEM_API std::vector<Proposal> default_ike_proposals();
MLKEM_API std::vector<Proposal> default_esp_proposals();

// A policy that was checked. It must outlive the sessions that use it, and does not change.
class MLKEM_API Profile {
 public:
  // Errors: misuse for IKE proposals that are missing, proposals that validate() refuses, of the other protocol
  // or with a key exchange method that `numbering` lacks; more than 255 proposals or selectors in a list; no
  // shared keys; an identity or a datagram size out of range; retransmit_first_ms or retransmit_tries of 0.
  static Result<Profile> make(Policy policy) noexcept;

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  // The IKE proposals without methods that make IKE_SA_INIT too long for an unknown path; those that have
  // nothing else for it are left out.
  [[nodiscard]] std::span<const Proposal> small_ike_proposals() const noexcept { return small_; }
  // What an initiator offers: the one or the other, by path_carries_large_init.
  [[nodiscard]] std::span<const Proposal> offered_ike_proposals() const noexcept {
    return policy_.path_carries_large_init ? std::span<const Proposal>(policy_.ike_proposals) : small_;
  }

 private:
  Profile() = default;

  Policy policy_;
  std::vector<Proposal> small_;
};

}  // namespace mlkem::ikev2
