// SPDX-License-Identifier: Apache-2.0
// Shared keys from files and from the terminal: text, 0x and hex, or 0s and base64, as in strongSwan's secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mlkem-ike/io/wiped_buffer.hpp"
#include "tools/mlkem-ike/peer/identity.hpp"

namespace mlkem::cli {

// The key in the one line of a file, "-" for standard input; the line feed does not count. Warns on standard error
// if others may read the file. Throws Failure that names the field and the file, and never the key.
WipedBuffer read_shared_key(const std::string& field, const std::string& path);

// Asks for it on the terminal, without echo. Throws Failure if there is none.
WipedBuffer ask_for_shared_key(const std::string& prompt);

// A key for each identity of a peer.
class KeyTable final : public ikev2::SharedKeys {
 public:
  // One key for all.
  static KeyTable one(const WipedBuffer& key);
  // Lines of `identity : secret`, white space around the colon; %any stands for those not named; a secret may stand
  // in quotation marks; # begins a comment line. Warns as read_shared_key(). Throws Failure that names file and line.
  static KeyTable from_file(const std::string& field, const std::string& path);

  const ikev2::SharedKey* find(const ikev2::IdPayload& own, const ikev2::IdPayload& peer) noexcept override;
  size_t size() const { return entries_.size() + (for_any_ ? 1 : 0); }

 private:
  struct Entry {
    ikev2::Identity identity;
    ikev2::SharedKey key;
  };

  void add_line(std::string_view line, const std::string& place);
  const ikev2::SharedKey* named(const ikev2::IdPayload& peer) const;

  std::vector<Entry> entries_;
  std::optional<ikev2::SharedKey> for_any_;
};

}  // namespace mlkem::cli
