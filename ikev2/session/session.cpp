// SPDX-License-Identifier: Apache-2.0
// A session: one engine in the initiator's role, with surroundings of its own.
#include "mlkem-ike/ikev2/session.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "ikev2/session/datagram.hpp"
#include "ikev2/session/engine.hpp"

namespace mlkem::ikev2 {

struct [[gnu::visibility("hidden")]] Session::State {
  State(Workspace & workspace, const Profile& profile, Spi spi, const Path& path, uint64_t now_ms)
      : surroundings{workspace, profile}, engine(surroundings, 0, true, spi, path, now_ms) {}

  Surroundings surroundings;
  Engine engine;
};

Session::Session(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::initiate(Workspace& workspace, const Profile& profile, const Path& path,
                                  uint64_t now_ms) noexcept {
  Spi spi{};
  const RandomSource random = workspace.crypto().random();
  while (spi == Spi{})
    if (!random.fill(random.argument, spi)) return crypto_failure("no randomness for an SPI");
  std::unique_ptr<State> state(new (std::nothrow) State(workspace, profile, spi, path, now_ms));
  if (!state) return crypto_failure("no memory for a session");
  if (Result<void> started = state->engine.start(now_ms); !started) return started.error();
  return Session(std::move(state));
}

void Session::handle_message(const Path& path, Octets datagram, uint64_t now_ms) noexcept {
  const Octets message = ike_message_in(path, datagram);
  const Result<IkeHeader> header = read_ike_header(message);
  if (!header) return;
  Engine& engine = state_->engine;
  const IkeSa& sa = engine.sa();
  if (header->spi_i != sa.spi_i) return;
  if (header->exchange == ExchangeType::kIkeSaInit) {
    if (engine.state() != EngineState::kInitSent || !header->is_response()) return;
    // Anything may come in the clear; what does not even parse is nobody's answer.
    if (const Result<Message> parsed = read_message(message))
      engine.receive_init(*parsed, message, path, now_ms);
    return;
  }
  if (header->spi_r == sa.spi_r && header->spi_r != Spi{}) engine.receive(*header, message, path, now_ms);
}

void Session::handle_timeout(uint64_t now_ms) noexcept {
  state_->engine.handle_timeout(now_ms);
}

void Session::close(uint64_t now_ms) noexcept {
  state_->engine.close(now_ms);
}

Result<void> Session::check_liveness(uint64_t now_ms) noexcept {
  return state_->engine.check_liveness(now_ms);
}

Result<void> Session::delete_child(uint32_t spi_in, uint64_t now_ms) noexcept {
  return state_->engine.delete_child(spi_in, now_ms);
}

std::optional<Datagram> Session::poll_transmit() noexcept {
  return state_->surroundings.outbox.next_datagram();
}

std::optional<Event> Session::poll_event() noexcept {
  std::optional<SaEvent> event = state_->surroundings.outbox.next_event();
  if (!event) return std::nullopt;
  return std::move(event->event);
}

std::optional<uint64_t> Session::poll_timeout() const noexcept {
  return state_->engine.deadline_ms();
}

SessionReport Session::report() const noexcept {
  return state_->engine.report();
}

}  // namespace mlkem::ikev2
