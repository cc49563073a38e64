// SPDX-License-Identifier: Apache-2.0
// A folder of keys for Wireshark and `decode`: one ikev2_decryption_table for each key generation, a line for each
// IKE SA. Whoever reads it reads all that these SAs protect.
#pragma once

#include <string>

#include "mlkem-ike/ikev2/profile.hpp"
#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

// The part of the keys that opens messages.
MessageKeys message_keys_of(const ikev2::LoggedKeys& keys);

class KeyLogFolder final : public ikev2::KeyLog {
 public:
  // The folder must exist. Throws Failure that names it.
  explicit KeyLogFolder(std::string folder);

  // Appends to ikev2_decryption_table.N, mode 0600; N is the generation. A file that others may read is refused.
  void add(const ikev2::LoggedKeys& keys) noexcept override;
  // Throws Failure if a line could not be written since the last call: the engine can't be told.
  void check();

 private:
  void append(const ikev2::LoggedKeys& keys) const;

  std::string folder_, fault_;
};

}  // namespace mlkem::cli
