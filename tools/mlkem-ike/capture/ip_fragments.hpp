// SPDX-License-Identifier: Apache-2.0
// Puts IP fragments together (RFC 791, section 3.2; RFC 8200, section 4.5) within bounds; what overlaps is refused
// whole (RFC 5722).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlkem::cli {

// An IPv4 or IPv6 address; unused octets are zero.
struct IpAddress {
  bool is_ipv6 = false;
  std::array<uint8_t, 16> octets{};

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

class IpFragments {
 public:
  struct Key {
    IpAddress source, destination;
    uint32_t identification;

    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Piece {
    uint8_t protocol;  // of what the fragments hold, as it stands in this one
    size_t offset;     // in octets
    bool more;         // another one follows it
    std::span<const uint8_t> octets;
  };
  struct Whole {
    uint8_t protocol;  // as the first fragment has it
    std::vector<uint8_t> octets;
  };

  // The datagram, once all of it is there. out_fault says why the whole datagram is refused, at the first of its
  // fragments that gives a reason; the others are dropped in silence.
  std::optional<Whole> add(const Key& key, const Piece& piece, std::string& out_fault);

  // Datagrams of which a part never came: those at hand, and those that newer ones displaced.
  size_t incomplete() const;

 private:
  struct Datagram {
    std::list<Key>::iterator age;
    bool refused = false;
    std::map<size_t, std::vector<uint8_t>> pieces;  // by offset
    size_t octets = 0;
    std::optional<size_t> total;
    uint8_t protocol = 0;
  };
  static std::string fault(const Datagram& datagram, const Piece& piece);

  std::map<Key, Datagram> datagrams_;
  std::list<Key> by_age_;
  size_t displaced_ = 0;
};

}  // namespace mlkem::cli
