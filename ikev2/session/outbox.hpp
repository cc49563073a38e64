// SPDX-License-Identifier: Apache-2.0
// What an engine has made and its owner has not taken yet: datagrams and events, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "mlkem-ike/ikev2/event.hpp"

namespace mlkem::ikev2 {

// Octets of all datagrams lie in one buffer, which is used again once everything in it was taken: sending
// costs no allocation of its own.
class Outbox {
 public:
  // Copies an IKE message, behind a non-ESP marker where the path asks for one.
  void add_message(const Path& path, Octets message);
  // Copies a whole UDP payload.
  void add_raw(const Path& path, Octets payload);
  void add_event(SaId sa, Event&& event);

  std::optional<Datagram> next_datagram() noexcept;
  std::optional<SaEvent> next_event() noexcept;

 private:
  struct Entry {
    Path path;
    size_t offset, size;
  };

  void begin();

  std::vector<uint8_t> octets_;
  std::vector<Entry> datagrams_;
  size_t next_datagram_ = 0;
  std::vector<SaEvent> events_;
  size_t next_event_ = 0;
};

}  // namespace mlkem::ikev2
