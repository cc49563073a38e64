// SPDX-License-Identifier: Apache-2.0
// Goes through a recording entry by entry, notes what was found, and knows which generation a key belongs to.
#include "tools/mlkem-ike/replay/checks.hpp"

#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {

std::vector<Check> RecordingCheck::run() {
  const std::vector<IkeEntry>& ike = recording_.ike;
  for (size_t i = 0; i < ike.size(); ++i) {
    begin(ike_entry(i));
    check_ike(ike[i]);
  }
  read_messages();
  int_auth_sent_.assign(recording_.int_auth.size(), messages_.empty());
  for (size_t i = 0; i < ike.size(); ++i) {
    begin(ike_entry(i));
    check_ike_links(i);
  }
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
  for (size_t i = 0; i < messages_.size(); ++i) {
    const auto& header = messages_[i].read.header;
    begin("messages[" + std::to_string(i) + ']' + (header ? ' ' + message_text(*header) : ""));
    check_message(messages_[i]);
  }
  for (size_t i = 0; i < int_auth_sent_.size(); ++i) {
    begin("intauth[" + std::to_string(i) + ']');
    link("out follows from a message", int_auth_sent_[i]);
  }
  return std::move(checks_);
}

std::string RecordingCheck::ike_entry(size_t index) const {
  return "ike[" + std::to_string(index) + "] " + recording_.ike[index].kind_text;
}

bool RecordingCheck::value(const std::string& name, const Bytes& recorded, const Bytes& recomputed,
                           const std::string& note) {
  if (recorded.empty() && recomputed.empty() && note.empty()) return true;
  std::string reason = note;
  if (note.empty() && recorded.size() != recomputed.size())
    reason = std::to_string(recorded.size()) + " octets recorded, " + std::to_string(recomputed.size()) +
             " computed";
  return verdict(name, note.empty() && recorded == recomputed, reason);
}

bool RecordingCheck::verdict(const std::string& name, bool agrees, const std::string& note) {
  checks_.push_back({false, entry_, name, agrees ? Outcome::kAgrees : Outcome::kDiffers, note});
  return agrees;
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

bool RecordingCheck::is_key_of(size_t index, IkeKeyIndex key, const Bytes& octets) const {
  return recording_.ike[index].keys[key] == octets || recomputed_[index].keys[key] == octets;
}

size_t RecordingCheck::generation_with(IkeKeyIndex key, const Bytes& octets) const {
  for (size_t i = recording_.ike.size(); i-- > 0;)
    if (is_key_of(i, key, octets)) return i;
  return recording_.ike.size();
}

bool RecordingCheck::is_newest(size_t index) const {
  return index + 1 == recording_.ike.size() || recording_.ike[index + 1].kind != IkeEntry::Kind::kChained;
}

}  // namespace mlkem::cli
