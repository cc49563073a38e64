// SPDX-License-Identifier: Apache-2.0
// The table is CSV: SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity; hex without quotes or within.
#include "tools/mlkem-ike/sa/decryption_table.hpp"

#include <algorithm>
#include <array>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

struct EncryptionRow {
  ikev2::Encryption encryption;
  std::string_view name;
};
constexpr EncryptionRow kEncryptions[] = {
    {{ikev2::EncrId::kAesCbc, 128}, "AES-CBC-128 [RFC3602]"},
    {{ikev2::EncrId::kAesCbc, 192}, "AES-CBC-192 [RFC3602]"},
    {{ikev2::EncrId::kAesCbc, 256}, "AES-CBC-256 [RFC3602]"},
    {{ikev2::EncrId::kAesCtr, 128}, "AES-CTR-128 [RFC5930]"},
    {{ikev2::EncrId::kAesCtr, 192}, "AES-CTR-192 [RFC5930]"},
    {{ikev2::EncrId::kAesCtr, 256}, "AES-CTR-256 [RFC5930]"},
    {{ikev2::EncrId::kAesCcm16, 128}, "AES-CCM-128 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kAesCcm16, 192}, "AES-CCM-192 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kAesCcm16, 256}, "AES-CCM-256 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kAesGcm16, 128}, "AES-GCM-128 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kAesGcm16, 192}, "AES-GCM-192 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kAesGcm16, 256}, "AES-GCM-256 with 16 octet ICV [RFC5282]"},
    {{ikev2::EncrId::kChacha20Poly1305, 0}, "ChaCha20-Poly1305 [RFC7634]"},
};

struct IntegrityRow {
  ikev2::IntegId integrity;
  std::string_view name;
};
constexpr IntegrityRow kIntegrities[] = {
    {ikev2::IntegId::kNone, "NONE [RFC4306]"},
    {ikev2::IntegId::kHmacSha1_96, "HMAC_SHA1_96 [RFC2404]"},
    {ikev2::IntegId::kHmacSha256_128, "HMAC_SHA2_256_128 [RFC4868]"},
    {ikev2::IntegId::kHmacSha384_192, "HMAC_SHA2_384_192 [RFC4868]"},
    {ikev2::IntegId::kHmacSha512_256, "HMAC_SHA2_512_256 [RFC4868]"},
};

enum FieldIndex : size_t { kSpiI, kSpiR, kSkEi, kSkEr, kEncryption, kSkAi, kSkAr, kIntegrity, kFieldCount };
constexpr std::array<const char*, kFieldCount> kFieldNames = {"SPIi",       "SPIr",  "SK_ei", "SK_er",
                                                              "encryption", "SK_ai", "SK_ar", "integrity"};

// One line of the table. Reasons never quote a field: it may be a key that slipped into another column.
class Line {
 public:
  Line(std::string_view text, std::string place) : place_(std::move(place)) { split(text); }

  SaKeys read() const {
    SaKeys sa{spi(kSpiI), spi(kSpiR), {}};
    MessageKeys keys;
    const auto* encryption = std::find_if(std::begin(kEncryptions), std::end(kEncryptions),
                                          [&](const auto& row) { return row.name == fields_[kEncryption]; });
    if (encryption == std::end(kEncryptions))
      fail(kEncryption, "a name that is not known or not implemented");
    const auto* integrity = std::find_if(std::begin(kIntegrities), std::end(kIntegrities),
                                         [&](const auto& row) { return row.name == fields_[kIntegrity]; });
    if (integrity == std::end(kIntegrities)) fail(kIntegrity, "a name that is not known or not implemented");
    // The PRF plays no part in opening messages.
    keys.algorithms = {ikev2::PrfId::kHmacSha256, encryption->encryption, integrity->integrity};
    keys.sk_ei = octets(kSkEi);
    keys.sk_er = octets(kSkEr);
    keys.sk_ai = octets(kSkAi);
    keys.sk_ar = octets(kSkAr);
    if (const std::string fault = key_length_fault(keys); !fault.empty()) throw Failure(place_ + fault);
    sa.generations.push_back(std::move(keys));
    return sa;
  }

 private:
  void split(std::string_view text) {
    bool quoted = false;
    size_t count = 1;
    for (const char character : text) {
      if (character == '"')
        quoted = !quoted;
      else if (character == ',' && !quoted)
        ++count;
      else if (count <= kFieldCount)
        fields_[count - 1] += character;
    }
    if (quoted) throw Failure(place_ + "a quotation mark that is not closed");
    if (count != kFieldCount)
      throw Failure(place_ + std::to_string(count) + " fields instead of " + std::to_string(kFieldCount));
    for (std::string& field : fields_) {
      field.erase(0, std::min(field.find_first_not_of(" \t"), field.size()));
      field.erase(field.find_last_not_of(" \t") + 1);
    }
  }

  [[noreturn]] void fail(FieldIndex field, const std::string& reason) const {
    throw Failure(place_ + kFieldNames[field] + ": " + reason);
  }

  std::vector<uint8_t> octets(FieldIndex field) const {
    std::string_view digits = fields_[field];
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    std::string fault;
    std::vector<uint8_t> octets = from_hex(digits, fault);
    if (!fault.empty()) fail(field, fault);
    return octets;
  }

  ikev2::Spi spi(FieldIndex field) const {
    const std::vector<uint8_t> read = octets(field);
    ikev2::Spi spi;
    if (read.size() != spi.size())
      fail(field, std::to_string(read.size()) + " octets instead of " + std::to_string(spi.size()));
    std::copy(read.begin(), read.end(), spi.begin());
    return spi;
  }

  std::string place_;
  std::array<std::string, kFieldCount> fields_;
};

}  // namespace

std::string decryption_table_line(const SaKeys& sa, size_t generation) {
  if (generation >= sa.generations.size())
    throw Failure("there is no key generation " + std::to_string(generation));
  const MessageKeys& keys = sa.generations[generation];
  std::string_view encryption, integrity;
  for (const EncryptionRow& row : kEncryptions)
    if (row.encryption == keys.algorithms.encryption) encryption = row.name;
  for (const IntegrityRow& row : kIntegrities)
    if (row.integrity == keys.algorithms.integrity) integrity = row.name;
  const auto key = [](const std::vector<uint8_t>& octets) { return octets.empty() ? "\"\"" : hex(octets); };
  return hex(sa.spi_i) + ',' + hex(sa.spi_r) + ',' + key(keys.sk_ei) + ',' + key(keys.sk_er) + ",\"" +
         std::string(encryption) + "\"," + key(keys.sk_ai) + ',' + key(keys.sk_ar) + ",\"" +
         std::string(integrity) + "\"\n";
}

std::vector<SaKeys> parse_decryption_table(std::string_view text, const std::string& file) {
  std::vector<SaKeys> sas;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t start = line.find_first_not_of(" \t");
    if (start == line.npos || line[start] == '#') continue;
    sas.push_back(Line(line, file + ": line " + std::to_string(number) + ": ").read());
  }
  return sas;
}

}  // namespace mlkem::cli
