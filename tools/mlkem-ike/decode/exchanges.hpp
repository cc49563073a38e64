// SPDX-License-Identifier: Apache-2.0
// What can only be seen across the messages of a capture: retransmissions, requests without a response, messages of
// which a fragment is missing. Tables are bounded: the oldest entries are forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tools/mlkem-ike/sa/message_reader.hpp"

namespace mlkem::cli {

class Exchanges {
 public:
  // Takes note of one message, the `number`th packet. Returns the number of an earlier packet with the same octets.
  std::optional<uint64_t> add(uint64_t number, ikev2::Octets octets, const ReadMessage& message);

  struct Open {
    uint64_t number;  // of the packet that came first
    std::string text;
  };
  // Requests without a response, in their order.
  std::vector<Open> unanswered() const;
  // Messages of which some fragments were authentic and others never came.
  std::vector<Open> incomplete() const;

 private:
  // SPIs (the responder's is zero in IKE_SA_INIT), whether the initiator asked, message id.
  using Request = std::tuple<ikev2::Spi, ikev2::Spi, bool, uint32_t>;
  using Direction = std::pair<const SaKeys*, uint8_t>;
  struct Fragments {
    uint32_t message_id;
    Open open;
    bool complete;
  };

  void note_request(uint64_t number, const ReadMessage& message);
  void note_fragment(uint64_t number, const ReadMessage& message);

  std::map<uint64_t, uint64_t> numbers_;  // by hash of the octets
  std::deque<uint64_t> hashes_;
  std::map<Request, Open> requests_;
  std::deque<Request> request_ages_;
  std::map<Direction, Fragments> fragments_;
  std::deque<Open> incomplete_;
};

}  // namespace mlkem::cli
