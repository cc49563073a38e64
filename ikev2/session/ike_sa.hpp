// SPDX-License-Identifier: Apache-2.0
// One IKE SA below its exchanges: keys of both directions, message ids, the request that waits for its answer,
// the response that may have to be repeated (RFC 7296, sections 2.1 to 2.3), fragments that come in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/fragment.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/message.hpp"
#include "mlkem-ike/ikev2/protect.hpp"
#include "mlkem-ike/ikev2/workspace.hpp"

namespace mlkem::ikev2 {

// A request of this side's that waits for its answer. The message is sent again as it is, to where the peer is
// by then.
struct Request {
  ExchangeType exchange;
  uint32_t message_id;
  SealedMessage sealed;  // empty for IKE_SA_INIT, whose octets the handshake keeps
  unsigned tries = 1;
  uint64_t interval_ms, due_ms;
};

// What a protected message turned out to be.
enum class Arrival : uint8_t {
  kOpened,    // authentic, complete and new: a request that wants its response, or the response
  kFragment,  // authentic, and others are missing
  kRepeated,  // the last request once more: its response is due again
  kIgnored,
};
struct Arrived {
  Arrival what;
  const char* why = "";                  // kIgnored
  OpenedMessage message;                 // kOpened
  uint8_t generation = 0;                // kOpened, kFragment: of the keys that it came under
  uint16_t fragment = 0, fragments = 0;  // kFragment: its number, and of how many
};

class IkeSa {
 public:
  IkeSa(bool initiator, Spi own_spi) noexcept : initiator_(initiator) {
    (initiator ? spi_i : spi_r) = own_spi;
  }

  Spi spi_i{}, spi_r{};
  SaAlgorithms algorithms{};

  [[nodiscard]] bool is_initiator() const noexcept { return initiator_; }
  // The newest generation, and the newest that a message of the peer's proved.
  [[nodiscard]] std::optional<uint8_t> generation() const noexcept { return generation_; }
  [[nodiscard]] std::optional<uint8_t> confirmed_generation() const noexcept { return confirmed_; }

  // From now on messages are protected by `keys`. A responder keeps the receive keys of the generation
  // before, until a request under the new one has come. Errors: misuse.
  Result<void> use_keys(const IkeKeys& keys) noexcept;
  // Wipes all keys. What remains can repeat the last response.
  void forget_keys() noexcept;

  // The header of the next request, or of the response to the last request.
  [[nodiscard]] IkeHeader request_header(ExchangeType exchange) const noexcept;
  [[nodiscard]] IkeHeader response_header(ExchangeType exchange) const noexcept;
  // Errors: as seal_message().
  Result<SealedMessage> seal(Workspace& workspace, const PlainMessage& message, size_t max_message_bytes,
                             Fragmentation fragmentation) noexcept;

  // Both sides have announced fragmentation: without that, SKF payloads are ignored.
  bool has_fragmentation = false;

  // The one request in flight.
  std::unique_ptr<Request> request;
  // The next request has this id.
  [[nodiscard]] uint32_t next_request_id() const noexcept { return next_request_; }
  void count_request() noexcept { ++next_request_; }
  // The IKE_SA_INIT request was answered: the next one has id 1.
  void count_init() noexcept { (initiator_ ? next_request_ : expected_request_) = 1; }

  // The last response, empty until the request that was opened last is answered.
  SealedMessage last_response;

  // A message with the SPIs of this SA. An opened request counts; who gets it answers it. An opened response
  // ends the request in flight.
  Arrived receive(Workspace& workspace, const IkeHeader& header, Octets message, uint64_t now_ms) noexcept;

  // Drops half-received messages whose time is over.
  void expire(uint64_t now_ms) noexcept;
  [[nodiscard]] std::optional<uint64_t> deadline_ms() const noexcept;

 private:
  // A message that was authentic comes again if its ICV does: nobody else can make another one with it, and
  // who sends the same octets again gets the same answer.
  struct Mark {
    std::array<uint8_t, 16> end{};
    size_t size = 0;

    static Mark of(Octets message) noexcept;
    friend bool operator==(const Mark&, const Mark&) = default;
  };

  Arrived open(Workspace& workspace, const EncryptedView& found, bool response, uint64_t now_ms) noexcept;
  Arrived repeated(Workspace& workspace, const EncryptedView& found) noexcept;

  std::optional<SendProtection> send_;
  std::optional<ProtectionKeys> receive_;
  std::unique_ptr<ProtectionKeys> previous_receive_;
  uint32_t next_request_ = 0, expected_request_ = 0;
  Mark last_request_, first_fragment_;
  // Of requests and of responses: allocated while a message is incomplete.
  std::array<std::unique_ptr<Reassembly>, 2> fragments_;
  std::optional<uint8_t> generation_, confirmed_;
  bool initiator_;
};

}  // namespace mlkem::ikev2
