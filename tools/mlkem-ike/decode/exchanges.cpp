// SPDX-License-Identifier: Apache-2.0
// Every step takes logarithmic time, so that a flood of SPIs costs no more than its packets.
#include "tools/mlkem-ike/decode/exchanges.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kMaxRemembered = 4096;

}  // namespace

std::optional<uint64_t> Exchanges::add(uint64_t number, ikev2::Octets octets, const ReadMessage& message) {
  if (message.state != MessageState::kMalformed) note_request(number, message);
  if (message.encrypted && message.encrypted->type == ikev2::PayloadType::kSkf)
    note_fragment(number, message);
  const uint64_t hash = std::hash<std::string_view>()(
      std::string_view(reinterpret_cast<const char*>(octets.data()), octets.size()));
  const auto [known, is_new] = numbers_.try_emplace(hash, number);
  if (!is_new) return known->second;
  hashes_.push_back(hash);
  if (hashes_.size() > kMaxRemembered) {
    numbers_.erase(hashes_.front());
    hashes_.pop_front();
  }
  return std::nullopt;
}

void Exchanges::note_request(uint64_t number, const ReadMessage& message) {
  const ikev2::IkeHeader& header = *message.header;
  const bool is_init = header.exchange == ikev2::ExchangeType::kIkeSaInit;
  const Request request{header.spi_i, is_init ? ikev2::Spi{} : header.spi_r,
                        header.from_initiator() != header.is_response(), header.message_id};
  if (header.is_response()) {
    requests_.erase(request);
    return;
  }
  if (!requests_.try_emplace(request, Open{number, message_text(header)}).second) return;
  request_ages_.push_back(request);
  if (request_ages_.size() > kMaxRemembered) {
    requests_.erase(request_ages_.front());
    request_ages_.pop_front();
  }
}

void Exchanges::note_fragment(uint64_t number, const ReadMessage& message) {
  if (message.state != MessageState::kFragment && !message.reassembled) return;
  const ikev2::IkeHeader& header = *message.header;
  const auto flags = uint8_t(header.flags & (ikev2::kFlagInitiator | ikev2::kFlagResponse));
  const Fragments now{header.message_id, {number, message_text(header)}, message.reassembled.has_value()};
  const auto [place, is_new] = fragments_.try_emplace({message.sa, flags}, now);
  Fragments& known = place->second;
  if (is_new) return;
  if (known.message_id == header.message_id) {
    known.complete = known.complete || now.complete;
    return;
  }
  if (header.message_id < known.message_id) return;  // an older message's fragment once more
  if (!known.complete) incomplete_.push_back(known.open);
  if (incomplete_.size() > kMaxRemembered) incomplete_.pop_front();
  known = now;
}

std::vector<Exchanges::Open> Exchanges::unanswered() const {
  std::vector<Open> open;
  for (const auto& [request, entry] : requests_) open.push_back(entry);
  std::sort(open.begin(), open.end(), [](const Open& a, const Open& b) { return a.number < b.number; });
  return open;
}

std::vector<Exchanges::Open> Exchanges::incomplete() const {
  std::vector<Open> open(incomplete_.begin(), incomplete_.end());
  for (const auto& [direction, entry] : fragments_)
    if (!entry.complete) open.push_back(entry.open);
  std::sort(open.begin(), open.end(), [](const Open& a, const Open& b) { return a.number < b.number; });
  return open;
}

}  // namespace mlkem::cli
