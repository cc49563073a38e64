// SPDX-License-Identifier: Apache-2.0
// One IKE SA that this side starts (RFC 7296): IKE_SA_INIT, IKE_INTERMEDIATE key exchanges (RFC 9370), IKE_AUTH
// with a shared key, then INFORMATIONAL exchanges. No input or output: datagrams, events and the next timeout
// are taken out, datagrams and the time are handed in.
//
//   auto session = Session::initiate(workspace, profile, path, now_ms);
//   loop: while (auto datagram = session->poll_transmit()) send(*datagram);
//         while (auto event = session->poll_event()) act(*event);
//         wait for a datagram or for session->poll_timeout();
//         session->handle_message(path, datagram, now_ms) or session->handle_timeout(now_ms);
//
// Times are milliseconds of any clock that never goes back. One thread at a time. When memory runs out the
// process ends; a few allocations report a crypto error instead.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/endpoint.hpp"
#include "mlkem-ike/ikev2/event.hpp"
#include "mlkem-ike/ikev2/profile.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/workspace.hpp"

namespace mlkem::ikev2 {

class MLKEM_API Session {
 public:
  // Draws SPI, nonce and the first key; the first request waits in poll_transmit(). Workspace and profile
  // must outlive the session. With path.encapsulated set it starts behind non-ESP markers, which only makes
  // sense between ports that carry them (RFC 3948: 4500). Errors: misuse, also if the policy leaves no method for IKE_SA_INIT; crypto.
  static Result<Session> initiate(Workspace& workspace, const Profile& profile, const Path& path,
                                  uint64_t now_ms) noexcept;

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // A UDP payload that came over `path`, which may come from anyone. One that belongs to another session
  // changes nothing.
  void handle_message(const Path& path, Octets datagram, uint64_t now_ms) noexcept;
  // Retransmits, gives up, keeps alive: whatever is due.
  void handle_timeout(uint64_t now_ms) noexcept;

  // Ends the SA: sends a Delete if it is established, and forgets it at once if not. Closed or Failed
  // follows. Does nothing once it is over.
  void close(uint64_t now_ms) noexcept;
  // Asks whether the peer lives; if no answer comes the SA is closed. Errors: misuse unless established.
  Result<void> check_liveness(uint64_t now_ms) noexcept;
  // Deletes a Child SA. Errors: misuse for an SPI that is not there.
  Result<void> delete_child(uint32_t spi_in, uint64_t now_ms) noexcept;

  // The next datagram to send, or nothing. Its octets are valid until the next call of another function than
  // poll_*.
  std::optional<Datagram> poll_transmit() noexcept;
  // The next event, or nothing. Secrets in an event that is not taken are wiped with the session.
  std::optional<Event> poll_event() noexcept;
  // When handle_timeout() is due; nothing if there is nothing to wait for.
  [[nodiscard]] std::optional<uint64_t> poll_timeout() const noexcept;

  [[nodiscard]] SessionReport report() const noexcept;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace mlkem::ikev2
