// SPDX-License-Identifier: Apache-2.0
// Only ASCII passes: escape sequences, line feeds and characters that reorder a line do not.
#include "tools/mlkem-ike/io/text.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace mlkem::cli {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

bool is_plain(uint8_t octet) {
  return octet >= 0x20 && octet < 0x7f && octet != '\\';
}

}  // namespace

std::string hex(ikev2::Octets octets, size_t most) {
  std::string text;
  for (const uint8_t octet : octets.first(std::min(octets.size(), most))) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  if (octets.size() > most) text += "...";
  return text;
}

std::string printable(ikev2::Octets octets, size_t most) {
  std::string text;
  for (const uint8_t octet : octets.first(std::min(octets.size(), most))) {
    if (is_plain(octet))
      text += char(octet);
    else
      text.append("\\x").append({kDigits[octet >> 4], kDigits[octet & 15]});
  }
  if (octets.size() > most) text += "...";
  return text;
}

bool is_printable(ikev2::Octets octets) {
  return std::all_of(octets.begin(), octets.end(), is_plain);
}

std::string address_text(ikev2::Octets octets) {
  char text[INET6_ADDRSTRLEN];
  if (octets.size() != 4 && octets.size() != 16) return hex(octets, 32);
  return inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text, sizeof text);
}

std::string octets_text(size_t count) {
  return std::to_string(count) + (count == 1 ? " octet" : " octets");
}

}  // namespace mlkem::cli
