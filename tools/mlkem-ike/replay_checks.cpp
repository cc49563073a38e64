// SPDX-License-Identifier: Apache-2.0
// Goes through a recording entry by entry, notes what was found, and knows which generation a key belongs to.
#include "replay_checks.hpp"

#include <utility>

#include "command.hpp"

namespace mlkem::cli {

std::vector<Check> RecordingCheck::run() {
  for (size_t i = 0; i < recording_.ike.size(); ++i) check_ike(i);
  for (size_t i = 0; i < recording_.child.size(); ++i) {
    begin("child[" + std::to_string(i) + ']');
    check_child(recording_.child[i]);
  }
  for (size_t i = 0; i < recording_.int_auth.size(); ++i) {
    const IntAuthEntry& entry = recording_.int_auth[i];
    begin("intauth[" + std::to_string(i) + "] " + (entry.who == Side::kInitiator ? "i" : "r") +
          std::to_string(entry.n));
    check_int_auth(entry);
  }
  for (size_t i = 0; i < recording_.auth.size(); ++i) {
    begin("auth[" + std::to_string(i) + "] " + (recording_.auth[i].who == Side::kInitiator ? "i" : "r"));
    check_auth(recording_.auth[i]);
  }
  return std::move(checks_);
}

void RecordingCheck::value(const std::string& name, const Bytes& recorded, const Bytes& recomputed,
                           const std::string& note) {
  if (recorded.empty() && recomputed.empty() && note.empty()) return;
  std::string reason = note;
  if (note.empty() && recorded.size() != recomputed.size())
    reason = std::to_string(recorded.size()) + " octets recorded, " + std::to_string(recomputed.size()) +
             " computed";
  const bool agrees = note.empty() && recorded == recomputed;
  checks_.push_back({false, entry_, name, agrees ? Outcome::kAgrees : Outcome::kDiffers, reason});
}

void RecordingCheck::not_checked(const std::string& name, const std::string& reason) {
  checks_.push_back({false, entry_, name, Outcome::kNotChecked, reason});
}

void RecordingCheck::link(const std::string& name, bool holds) {
  checks_.push_back({true, entry_, name, holds ? Outcome::kAgrees : Outcome::kDiffers, {}});
}

ikev2::Prf& RecordingCheck::prf(ikev2::PrfId id) {
  std::unique_ptr<ikev2::Prf>& made = prfs_[id];
  if (!made) {
    auto result = crypto_.make_prf(id);
    if (!result) throw Failure(std::string(ikev2::name(id)) + ": " + result.error().message);
    made = *std::move(result);
  }
  return *made;
}

bool RecordingCheck::is_key_of(size_t index, KeyIndex key, const Bytes& octets) const {
  return recording_.ike[index].keys[key] == octets || recomputed_[index].keys[key] == octets;
}

size_t RecordingCheck::generation_with(KeyIndex key, const Bytes& octets) const {
  for (size_t i = recording_.ike.size(); i-- > 0;)
    if (is_key_of(i, key, octets)) return i;
  return recording_.ike.size();
}

bool RecordingCheck::is_newest(size_t index) const {
  return index + 1 == recording_.ike.size() || recording_.ike[index + 1].kind != IkeEntry::Kind::kChained;
}

}  // namespace mlkem::cli
