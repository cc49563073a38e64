// SPDX-License-Identifier: Apache-2.0
// Reads kat.json. Files come from anywhere: every field is checked, and a message names the first that is
// wrong.
#include "tools/mlkem-ike/sa/recording.hpp"

#include <nlohmann/json.hpp>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::json;

// A JSON value together with where it stands, for messages.
class Field {
 public:
  Field(const json& value, const std::string& file, std::string path)
      : value_(value), file_(file), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& reason) const {
    throw Failure(file_ + ": " + (path_.empty() ? "" : path_ + ": ") + reason);
  }

  bool has(const char* key) const { return object().contains(key) && !object()[key].is_null(); }
  Field at(const char* key) const {
    Field field(object().contains(key) ? object()[key] : kNull, file_,
                path_.empty() ? key : path_ + '.' + key);
    if (!object().contains(key)) field.fail("missing");
    return field;
  }

  std::vector<Field> elements() const {
    if (!value_.is_array()) fail("not an array");
    std::vector<Field> fields;
    for (const json& element : value_)
      fields.emplace_back(element, file_, path_ + '[' + std::to_string(fields.size()) + ']');
    return fields;
  }

  const std::string& text() const {
    if (!value_.is_string()) fail("not a string");
    return value_.get_ref<const std::string&>();
  }

  unsigned number(unsigned most) const {
    if (!value_.is_number_unsigned() || value_.get<uint64_t>() > most)
      fail("not a number from 0 to " + std::to_string(most));
    return value_.get<unsigned>();
  }

  Bytes hex() const {
    std::string fault;
    Bytes bytes = from_hex(text(), fault);
    if (!fault.empty()) fail(fault);
    return bytes;
  }

  Bytes hex_of(size_t bytes) const {
    Bytes value = hex();
    if (value.size() != bytes)
      fail(std::to_string(value.size()) + " octets instead of " + std::to_string(bytes));
    return value;
  }

 private:
  const json& object() const {
    if (!value_.is_object()) fail("not an object");
    return value_;
  }

  static inline const json kNull;
  const json& value_;
  const std::string& file_;
  std::string path_;
};

Bytes optional_hex(const Field& parent, const char* key) {
  return parent.has(key) ? parent.at(key).hex() : Bytes();
}

ikev2::Spi read_spi(const Field& field) {
  const Bytes bytes = field.hex_of(8);
  ikev2::Spi spi;
  std::copy(bytes.begin(), bytes.end(), spi.begin());
  return spi;
}

ikev2::PrfId read_prf(const Field& field) {
  const auto prf = ikev2::PrfId(field.number(UINT16_MAX));
  if (ikev2::output_bytes(prf) == 0) field.fail("a PRF that is not implemented");
  return prf;
}

ikev2::Encryption read_encryption(const Field& field) {
  const std::vector<Field> pair = field.elements();
  if (pair.size() != 2) field.fail("not a pair of id and key bits");
  ikev2::Encryption encryption{ikev2::EncrId(pair[0].number(UINT16_MAX)),
                               uint16_t(pair[1].number(UINT16_MAX))};
  if (!ikev2::is_valid(encryption))
    field.fail("an encryption algorithm or key length that is not implemented");
  return encryption;
}

ikev2::IntegId read_integrity(const Field& parent) {
  if (!parent.has("integ")) return ikev2::IntegId::kNone;
  const Field field = parent.at("integ");
  const auto integrity = ikev2::IntegId(field.number(UINT16_MAX));
  if (integrity != ikev2::IntegId::kNone && ikev2::key_bytes(integrity) == 0)
    field.fail("an integrity algorithm that is not implemented");
  return integrity;
}

std::vector<Bytes> read_secrets(const Field& field) {
  std::vector<Bytes> secrets;
  for (const Field& secret : field.elements()) {
    secrets.push_back(secret.hex());
    if (secrets.back().empty() || secrets.back().size() > ikev2::kMaxKeSecretBytes)
      secret.fail("not 1 to " + std::to_string(ikev2::kMaxKeSecretBytes) + " octets");
  }
  if (secrets.size() > 1 + ikev2::kMaxAdditionalKeyExchanges) field.fail("more than eight secrets");
  return secrets;
}

Bytes read_nonce(const Field& field) {
  Bytes nonce = field.hex();
  if (nonce.empty() || nonce.size() > ikev2::kMaxNonceBytes)
    field.fail("not 1 to " + std::to_string(ikev2::kMaxNonceBytes) + " octets");
  return nonce;
}

Side read_side(const Field& field) {
  if (field.text() == "i") return Side::kInitiator;
  if (field.text() == "r") return Side::kResponder;
  field.fail("neither \"i\" nor \"r\"");
}

template <size_t kCount>
std::array<Bytes, kCount> read_keys(const Field& entry, const std::array<const char*, kCount>& names) {
  std::array<Bytes, kCount> keys;
  for (size_t i = 0; i < kCount; ++i) keys[i] = entry.at(names[i]).hex();
  return keys;
}

void read_kind(const Field& field, IkeEntry& entry) {
  entry.kind_text = field.text();
  entry.generation = 0;
  if (entry.kind_text == "initial(0)") {
    entry.kind = IkeEntry::Kind::kInitial;
  } else if (entry.kind_text == "rekey") {
    entry.kind = IkeEntry::Kind::kRekey;
  } else if (entry.kind_text.size() == 8 && entry.kind_text.starts_with("addke(") &&
             entry.kind_text[6] >= '1' && entry.kind_text[6] <= '7' && entry.kind_text[7] == ')') {
    entry.kind = IkeEntry::Kind::kChained;
    entry.generation = unsigned(entry.kind_text[6] - '0');
  } else {
    field.fail("not \"initial(0)\", \"addke(1)\" to \"addke(7)\" or \"rekey\"");
  }
}

IkeEntry read_ike(const Field& from) {
  IkeEntry entry;
  read_kind(from.at("kind"), entry);
  entry.secrets = read_secrets(from.at("secrets"));
  const bool is_rekey = entry.kind == IkeEntry::Kind::kRekey;
  if (is_rekey ? entry.secrets.empty() : entry.secrets.size() != 1)
    from.at("secrets").fail(is_rekey ? "empty" : "not one secret");
  entry.ni = read_nonce(from.at("ni"));
  entry.nr = read_nonce(from.at("nr"));
  entry.spi_i = read_spi(from.at("spii"));
  entry.spi_r = read_spi(from.at("spir"));
  if (entry.kind != IkeEntry::Kind::kInitial) entry.old_sk_d = from.at("old_sk_d").hex();
  entry.prf = read_prf(from.at("prf"));
  entry.prf_for_derivation =
      from.has("prf_for_derivation") ? read_prf(from.at("prf_for_derivation")) : entry.prf;
  entry.encryption = read_encryption(from.at("encr"));
  entry.integrity = read_integrity(from);
  entry.skeyseed = from.at("skeyseed").hex();
  entry.keys = read_keys(from, kIkeKeyNames);
  return entry;
}

ChildEntry read_child(const Field& from) {
  ChildEntry entry;
  entry.secrets = read_secrets(from.at("secrets"));
  entry.ni = read_nonce(from.at("ni"));
  entry.nr = read_nonce(from.at("nr"));
  entry.sk_d = from.at("sk_d").hex();
  entry.prf = read_prf(from.at("prf"));
  entry.encryption = read_encryption(from.at("encr"));
  entry.integrity = read_integrity(from);
  entry.keys = read_keys(from, kChildKeyNames);
  return entry;
}

IntAuthEntry read_int_auth(const Field& from) {
  IntAuthEntry entry;
  entry.who = read_side(from.at("who"));
  entry.n = from.at("n").number(ikev2::kMaxAdditionalKeyExchanges);
  if (entry.n == 0) from.at("n").fail("counts from 1");
  entry.sk_p = from.at("sk_p").hex();
  entry.a = from.at("A").hex();
  entry.p = from.at("P").hex();
  entry.out = from.at("out").hex();
  return entry;
}

AuthEntry read_auth(const Field& from) {
  AuthEntry entry;
  entry.who = read_side(from.at("who"));
  if (from.has("psk")) entry.psk = from.at("psk").text();
  entry.method =
      from.has("method") ? from.at("method").number(UINT8_MAX) : unsigned(ikev2::AuthMethod::kSharedKey);
  if (!entry.psk && entry.method == unsigned(ikev2::AuthMethod::kSharedKey)) from.at("psk").fail("missing");
  entry.id = from.at("id").hex();
  entry.sk_p = from.at("sk_p").hex();
  entry.int_auth = optional_hex(from, "intauth");
  entry.auth = from.at("auth").hex();
  if (from.has("octets")) entry.octets = from.at("octets").hex();
  if (from.has("cert")) entry.certificate = from.at("cert").hex();
  return entry;
}

}  // namespace

Recording parse_recording(std::string_view text, const std::string& file) {
  // The parser would take it for the end.
  if (const size_t nul = text.find('\0'); nul != text.npos)
    throw Failure(file + ": not JSON: wrong at octet " + std::to_string(nul + 1));
  json document;
  try {
    document = json::parse(text);
  } catch (const json::parse_error& error) {
    // error.what() would quote the file, and with it a secret.
    throw Failure(file + ": not JSON: wrong at octet " + std::to_string(error.byte));
  } catch (const json::exception&) {
    throw Failure(file + ": not JSON: a number is out of range");
  }
  const Field root(document, file, "");
  Recording recording;
  for (const Field& entry : root.at("ike").elements()) recording.ike.push_back(read_ike(entry));
  for (const Field& entry : root.at("child").elements()) recording.child.push_back(read_child(entry));
  for (const Field& entry : root.at("intauth").elements()) recording.int_auth.push_back(read_int_auth(entry));
  for (const Field& entry : root.at("auth").elements()) recording.auth.push_back(read_auth(entry));
  // A recording may come without its messages: then what needs them is not checked.
  if (root.has("messages"))
    for (const Field& message : root.at("messages").elements())
      recording.messages.push_back(message.at("hex").hex());
  return recording;
}

}  // namespace mlkem::cli
