// SPDX-License-Identifier: Apache-2.0
// Datagrams and events on their way out of an engine.
#include "ikev2/session/outbox.hpp"

#include <type_traits>

#include "ikev2/session/datagram.hpp"

namespace mlkem::ikev2 {
namespace {

// A queue that grows moves its events, and secrets that are moved are wiped where they were.
static_assert(std::is_nothrow_move_constructible_v<SaEvent>);

}  // namespace

void Outbox::begin() {
  if (next_datagram_ < datagrams_.size()) return;
  datagrams_.clear();
  octets_.clear();
  next_datagram_ = 0;
}

void Outbox::add_message(const Path& path, Octets message) {
  begin();
  const size_t offset = octets_.size();
  if (path.encapsulated) octets_.resize(offset + kNonEspMarkerBytes);
  octets_.insert(octets_.end(), message.begin(), message.end());
  datagrams_.push_back({path, offset, octets_.size() - offset});
}

void Outbox::add_raw(const Path& path, Octets payload) {
  begin();
  datagrams_.push_back({path, octets_.size(), payload.size()});
  octets_.insert(octets_.end(), payload.begin(), payload.end());
}

void Outbox::add_event(SaId sa, Event&& event) {
  SaEvent& added = events_.emplace_back();
  added.sa = sa;
  added.event = std::move(event);
}

std::optional<Datagram> Outbox::next_datagram() noexcept {
  if (next_datagram_ == datagrams_.size()) return std::nullopt;
  const Entry& entry = datagrams_[next_datagram_++];
  return Datagram{entry.path, Octets(octets_).subspan(entry.offset, entry.size)};
}

std::optional<SaEvent> Outbox::next_event() noexcept {
  if (next_event_ == events_.size()) return std::nullopt;
  std::optional<SaEvent> event(std::move(events_[next_event_++]));
  if (next_event_ == events_.size()) {
    events_.clear();
    next_event_ = 0;
  }
  return event;
}

}  // namespace mlkem::ikev2
