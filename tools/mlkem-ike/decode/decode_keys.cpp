// SPDX-License-Identifier: Apache-2.0
// A recording is JSON and begins with a brace; no line of Wireshark's table does.
#include "tools/mlkem-ike/decode/decode_keys.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/sa/decryption_table.hpp"
#include "tools/mlkem-ike/sa/recording.hpp"

namespace mlkem::cli {
namespace {

// An IKE SA has at most eight (RFC 9370); every message may be tried with each.
constexpr size_t kMaxGenerations = 64;

std::vector<SaKeys> keys_of_recording(std::string_view text, const std::string& path) {
  std::vector<SaKeys> sas;
  for (const IkeEntry& entry : parse_recording(text, path).ike) {
    MessageKeys keys{{entry.prf, entry.encryption, entry.integrity},
                     entry.keys[kSkEi],
                     entry.keys[kSkEr],
                     entry.keys[kSkAi],
                     entry.keys[kSkAr]};
    if (const std::string fault = key_length_fault(keys); !fault.empty())
      throw Failure(path + ": ike[" + std::to_string(sas.size()) + "]: " + fault);
    sas.push_back({entry.spi_i, entry.spi_r, {std::move(keys)}});
  }
  if (sas.empty()) throw Failure(path + ": ike: no keys in it");
  return sas;
}

std::vector<SaKeys> read_file_of_keys(const std::string& path) {
  const std::string text = read_text("--keys", path);
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == text.npos) fail("--keys", path, "empty");
  if (text[start] != '{') return parse_decryption_table(text, path);
  return keys_of_recording(text, path);
}

}  // namespace

std::vector<SaKeys> read_decode_keys(const std::vector<std::string>& paths) {
  std::vector<SaKeys> sas;
  std::map<std::pair<ikev2::Spi, ikev2::Spi>, size_t> places;
  for (const std::string& path : paths)
    for (SaKeys& read : read_file_of_keys(path)) {
      const auto [place, is_new] = places.try_emplace({read.spi_i, read.spi_r}, sas.size());
      if (is_new) {
        sas.push_back(std::move(read));
        continue;
      }
      std::vector<MessageKeys>& generations = sas[place->second].generations;
      MessageKeys& added = read.generations.front();
      const bool known = std::any_of(generations.begin(), generations.end(),
                                     [&](const MessageKeys& keys) { return same_keys(keys, added); });
      if (known) continue;
      if (generations.size() == kMaxGenerations)
        fail("--keys", path,
             "more than " + std::to_string(kMaxGenerations) + " generations of keys for one IKE SA");
      generations.push_back(std::move(added));
    }
  return sas;
}

}  // namespace mlkem::cli
