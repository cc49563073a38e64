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

// -1 for what is no hex digit.
int value_of(char digit) {
  return digit >= '0' && digit <= '9'   ? digit - '0'
         : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
         : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                        : -1;
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

std::vector<uint8_t> from_hex(std::string_view digits, std::string& fault) {
  if (digits.size() % 2 != 0) {
    fault = "an odd number of hex digits";
    return {};
  }
  std::vector<uint8_t> octets(digits.size() / 2);
  for (size_t i = 0; i < digits.size(); ++i) {
    const int value = value_of(digits[i]);
    if (value < 0) {
      fault = "character " + std::to_string(i + 1) + " is not a hex digit";
      return {};
    }
    octets[i / 2] = uint8_t(octets[i / 2] << 4 | value);
  }
  return octets;
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
