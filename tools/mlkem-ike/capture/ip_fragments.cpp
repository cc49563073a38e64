// SPDX-License-Identifier: Apache-2.0
// One map of datagrams, each a map of pieces: every step takes logarithmic time.
#include "tools/mlkem-ike/capture/ip_fragments.hpp"

#include <algorithm>

namespace mlkem::cli {
namespace {

constexpr size_t kMaxDatagrams = 64, kMaxPieces = 256, kMaxIpBytes = 65535;

}  // namespace

std::optional<IpFragments::Whole> IpFragments::add(const Key& key, const Piece& piece,
                                                   std::string& out_fault) {
  auto found = datagrams_.find(key);
  if (found == datagrams_.end()) {
    if (datagrams_.size() == kMaxDatagrams) {
      const auto oldest = datagrams_.find(by_age_.front());
      displaced_ += !oldest->second.refused;
      datagrams_.erase(oldest);
      by_age_.pop_front();
    }
    by_age_.push_back(key);
    found = datagrams_.try_emplace(key).first;
    found->second.age = std::prev(by_age_.end());
  }
  Datagram& datagram = found->second;
  if (datagram.refused) return std::nullopt;
  const auto same = datagram.pieces.find(piece.offset);
  if (same != datagram.pieces.end() &&
      std::equal(same->second.begin(), same->second.end(), piece.octets.begin(), piece.octets.end()))
    return std::nullopt;
  out_fault = fault(datagram, piece);
  if (!out_fault.empty()) {
    datagram.refused = true;
    datagram.pieces.clear();
    return std::nullopt;
  }
  datagram.pieces[piece.offset].assign(piece.octets.begin(), piece.octets.end());
  datagram.octets += piece.octets.size();
  if (piece.offset == 0) datagram.protocol = piece.protocol;
  if (!piece.more) datagram.total = piece.offset + piece.octets.size();
  // Without overlaps, as many octets as the total leave no gap.
  if (datagram.total != datagram.octets) return std::nullopt;
  Whole whole{datagram.protocol, {}};
  whole.octets.reserve(datagram.octets);
  for (const auto& [offset, octets] : datagram.pieces)
    whole.octets.insert(whole.octets.end(), octets.begin(), octets.end());
  by_age_.erase(datagram.age);
  datagrams_.erase(found);
  return whole;
}

std::string IpFragments::fault(const Datagram& datagram, const Piece& piece) {
  const size_t end = piece.offset + piece.octets.size();
  if (piece.octets.empty()) return "an IP fragment without octets";
  if (piece.more && piece.octets.size() % 8 != 0)
    return "an IP fragment whose length is no multiple of eight";
  if (end > kMaxIpBytes) return "IP fragments of more than 65535 octets";
  if (datagram.pieces.size() == kMaxPieces) return "too many IP fragments";
  const auto next = datagram.pieces.lower_bound(piece.offset);
  if (next != datagram.pieces.end() && next->first < end) return "IP fragments that overlap";
  if (next != datagram.pieces.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second.size() > piece.offset) return "IP fragments that overlap";
  }
  if (datagram.total && (!piece.more || end > *datagram.total)) return "IP fragments with two ends";
  if (!piece.more && next != datagram.pieces.end()) return "IP fragments with two ends";
  return {};
}

size_t IpFragments::incomplete() const {
  return displaced_ + size_t(std::count_if(datagrams_.begin(), datagrams_.end(),
                                           [](const auto& entry) { return !entry.second.refused; }));
}

}  // namespace mlkem::cli
