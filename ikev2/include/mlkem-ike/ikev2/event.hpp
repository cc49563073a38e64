// SPDX-License-Identifier: Apache-2.0
// What sessions tell their owner: agreed algorithms, established and ended SAs with their keys, why an attempt
// failed, and a log of numbers without secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/negotiation.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/profile.hpp"
#include "mlkem-ike/ikev2/traffic_selector.hpp"

namespace mlkem::ikev2 {

// How a message came: in the clear, where anyone may have sent it, or under the keys of a generation.
struct Protection {
  bool is_protected = false;
  uint8_t generation = 0;  // 0 after IKE_SA_INIT, n after additional key exchange n
};

// IKE_SA_INIT is done: the first keys are there. Of an initiator, nothing here is authenticated yet.
struct Negotiated {
  Agreement agreement;
};

// A key exchange is done: keys of this generation are in use. Generation 0 is that of IKE_SA_INIT. An
// initiator's keys of the last generation are proven when a message under them comes: see
// SessionReport::confirmed_generation.
struct KeyExchanged {
  KeMethod method;
  uint8_t generation;
};

// The peer is authenticated.
struct Established {
  Identity peer;
  Spi spi_i, spi_r;
  Path path;
};

// A Child SA, for the data plane. The keys belong to the receiver of the event.
struct ChildEstablished {
  uint32_t spi_in, spi_out;  // ESP SPIs of what this side receives and sends
  Encryption encryption;
  IntegId integrity;
  bool esn;
  ChildKeys keys;
  bool initiator;  // this side started the exchange: it sends under the keys named _i
  std::vector<Selector> local, remote;
  Path path;
};

// The IKE SA is established, its first Child SA is not. `notify` is what the peer sent; of a responder, what it
// answered; of an initiator that does not take the peer's answer, what it found (kNone if the crypto failed):
// then it closes the IKE SA.
struct ChildFailed {
  NotifyType notify;
};

// A Child SA is gone: when the peer's Delete came, or when this side's was sent, without waiting for the answer.
struct ChildDeleted {
  uint32_t spi_in, spi_out;
  bool by_peer;
};

enum class EndCause : uint8_t {
  kTimeout,         // no answer, or none that was any good
  kPeerNotify,      // the peer answered with an error: `notify`
  kPeerFault,       // the peer broke the protocol, or chose what was not offered; `notify` names the fault
  kAuthentication,  // the peer's AUTH is wrong, its identity is not the expected one or has no key
  kNoChildless,     // the peer did not announce childless SAs, which the policy asks for
  kDeletedByPeer,
  kClosed,    // by the caller
  kCrypto,    // the crypto library, the random source or memory failed
  kMisuse,    // the caller's policy or call
  kReplaced,  // by another SA of the same peer, which announced INITIAL_CONTACT
};

struct End {
  EndCause cause;
  // The peer's error notify (kPeerNotify), or the one that stands for what was found. What came in the clear
  // may be forged: an attempt ends by it only when its time is over.
  NotifyType notify = NotifyType::kNone;
  Protection protection;     // of the message that it came in
  ExchangeType exchange{};   // in which it happened
  const char* message = "";  // one line of English without secrets, static storage
};

// The attempt is over: there is no SA, and there will be none.
struct Failed {
  End end;
};
// An established SA is over, and its Child SAs with it.
struct Closed {
  End end;
};

// A notify of the peer's, of any type, known or not.
struct NotifyReceived {
  NotifyType type;
  Protection protection;
  bool newest;  // protected by the newest keys that there are
  ExchangeType exchange;
};

// An initiator's: a VENDOR_ID payload of the responder's, octets as they came.
struct VendorIdReceived {
  std::vector<uint8_t> id;
};

enum class LogCode : uint8_t {
  kRequestSent,       // value: octets of all datagrams
  kResponseSent,      // value: octets of all datagrams
  kRetransmitted,     // value: the number of this try
  kResponseRepeated,  // the peer's request came again
  kMessageReceived,   // whole, value: octets
  kFragmentReceived,  // value: its number << 16 | total
  kIgnored,           // dropped without an answer: `text` says why; value: notify number, if there is one
  kRefused,           // answered by an error; value: notify number
  kCookie,            // sent or received; value: the round
  kKeyExchange,       // value: method
  kNat,               // value: 1 this side, 2 the peer's, 3 both
};
struct LogRecord {
  LogCode code;
  ExchangeType exchange{};
  uint32_t value = 0;
  uint8_t generation = 0;
  const char* text = "";  // static storage
};

using Event = std::variant<Negotiated, KeyExchanged, Established, ChildEstablished, ChildFailed, ChildDeleted,
                           Failed, Closed, NotifyReceived, VendorIdReceived, LogRecord>;

// Names an SA of a Responder, for as long as it is there; spi_r_of() gives its SPIr.
using SaId = uint64_t;

struct SaEvent {
  SaId sa;
  Event event;
};

enum class Phase : uint8_t {
  kConnecting,   // not established yet
  kEstablished,  // the peer is authenticated
  kClosing,      // established or not: a Delete or a last error notify of this side waits for its answer
  kClosed,       // over; at most an old response is repeated
};

// Where a session stands.
struct SessionReport {
  Phase phase = Phase::kConnecting;
  Spi spi_i{}, spi_r{};
  Path path;
  std::optional<Agreement> agreement;
  // Key exchanges that are done, KE(0) included; they are those of the agreement, in its order.
  unsigned performed = 0;
  // The newest generation of keys at hand, and the newest under which a message of the peer's was authentic.
  std::optional<uint8_t> generation, confirmed_generation;
  bool peer_fragmentation = false;  // IKEV2_FRAGMENTATION_SUPPORTED
  bool peer_childless = false;      // CHILDLESS_IKEV2_SUPPORTED
  bool peer_intermediate = false;   // INTERMEDIATE_EXCHANGE_SUPPORTED
  bool local_nat = false, remote_nat = false;
  // Of IKE messages and their fragments, without non-ESP markers; keepalives count nowhere.
  uint64_t octets_sent = 0, octets_received = 0;
  unsigned datagrams_sent = 0, datagrams_received = 0;
  unsigned retransmissions = 0;
  unsigned round_trips = 0;  // requests that were answered
};

}  // namespace mlkem::ikev2
