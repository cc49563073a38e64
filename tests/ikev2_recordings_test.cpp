// SPDX-License-Identifier: Apache-2.0
// Every key, IntAuth and shared-key AUTH of recorded exchanges, recomputed: those in tests/vectors/recordings,
// and any kat.json below the folders of --vectors.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using Json = nlohmann::json;

// The hex strings of a recording as octets that stay where they are.
Bytes octets(const Json& from, const char* field) {
  const Json& value = from.at(field);
  return value.is_null() ? Bytes() : unhex(value.get<std::string>());
}

std::vector<Bytes> secrets(const Json& from) {
  std::vector<Bytes> all;
  for (const Json& secret : from.at("secrets")) all.push_back(unhex(secret.get<std::string>()));
  return all;
}

std::vector<Octets> parts(const std::vector<Bytes>& from) {
  return {from.begin(), from.end()};
}

Spi spi(const Json& from, const char* field) {
  const Bytes bytes = octets(from, field);
  Spi out{};
  EXPECT_EQ(bytes.size(), out.size());
  std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
  return out;
}

Encryption encryption(const Json& from) {
  return {EncrId(from.at("encr").at(0).get<uint16_t>()), from.at("encr").at(1).get<uint16_t>()};
}

IntegId integrity(const Json& from) {
  return from.at("integ").is_null() ? IntegId::kNone : IntegId(from.at("integ").get<uint16_t>());
}

class Recording {
 public:
  explicit Recording(Json json) : json_(std::move(json)) {}

  void check() {
    for (const Json& entry : json_.at("ike")) check_ike(entry);
    for (const Json& entry : json_.at("child")) check_child(entry);
    std::map<std::string, IntAuth> chains;
    for (const Json& entry : json_.at("intauth")) check_int_auth(entry, chains[entry.at("who")]);
    for (const Json& entry : json_.at("auth")) check_auth(entry);
  }

  unsigned values = 0, signatures = 0;

 private:
  Prf& prf(const Json& number) {
    const auto id = PrfId(number.get<uint16_t>());
    auto& prf = prfs_[id];
    if (!prf) prf = *crypto_->make_prf(id);
    return *prf;
  }

  void expect_equal(Octets actual, const Json& entry, const char* field) {
    const Bytes expected = octets(entry, field);
    values += expected.empty() ? 0 : 1;
    EXPECT_EQ(hex(actual), hex(expected)) << field;
  }

  void check_ike(const Json& entry) {
    const std::string kind = entry.at("kind");
    SCOPED_TRACE(kind);
    const Bytes ni = octets(entry, "ni"), nr = octets(entry, "nr"), old_sk_d = octets(entry, "old_sk_d");
    const std::vector<Bytes> secret_list = secrets(entry);
    const std::vector<Octets> secret_parts = parts(secret_list);
    const IkeSaInputs inputs{{PrfId(entry.at("prf").get<uint16_t>()), encryption(entry), integrity(entry)},
                             ni,
                             nr,
                             spi(entry, "spii"),
                             spi(entry, "spir")};
    Prf& prf_used = prf(entry.at("prf_for_derivation"));

    Result<PrfSecret> skeyseed = misuse("unknown kind");
    Result<IkeKeys> keys = misuse("unknown kind");
    IkeKeys previous;
    ASSERT_TRUE(previous.sk_d.assign(old_sk_d));
    if (kind.starts_with("initial")) {
      skeyseed = skeyseed_initial(prf_used, ni, nr, secret_parts.at(0));
      keys = initial_keys(prf_used, inputs, secret_parts.at(0));
    } else if (kind.starts_with("addke")) {
      skeyseed = skeyseed_chained(prf_used, old_sk_d, secret_parts.at(0), ni, nr);
      keys = next_generation(prf_used, inputs, previous, secret_parts.at(0));
    } else if (kind == "rekey") {
      skeyseed = skeyseed_rekey(prf_used, old_sk_d, secret_parts, ni, nr);
      keys = rekeyed_keys(prf_used, prf(entry.at("prf")), old_sk_d, inputs, secret_parts);
    }
    ASSERT_TRUE(skeyseed) << skeyseed.error().message;
    ASSERT_TRUE(keys) << keys.error().message;
    expect_equal(skeyseed->expose(), entry, "skeyseed");
    expect_equal(keys->sk_d.expose(), entry, "sk_d");
    expect_equal(keys->sk_ai.expose(), entry, "sk_ai");
    expect_equal(keys->sk_ar.expose(), entry, "sk_ar");
    expect_equal(keys->sk_ei.expose(), entry, "sk_ei");
    expect_equal(keys->sk_er.expose(), entry, "sk_er");
    expect_equal(keys->sk_pi.expose(), entry, "sk_pi");
    expect_equal(keys->sk_pr.expose(), entry, "sk_pr");
  }

  void check_child(const Json& entry) {
    const Bytes ni = octets(entry, "ni"), nr = octets(entry, "nr");
    const std::vector<Bytes> secret_list = secrets(entry);
    const auto keys = child_keys(prf(entry.at("prf")), octets(entry, "sk_d"), encryption(entry),
                                 integrity(entry), ni, nr, parts(secret_list));
    ASSERT_TRUE(keys) << keys.error().message;
    expect_equal(keys->encryption_i.expose(), entry, "encryption_initiator_key");
    expect_equal(keys->integrity_i.expose(), entry, "integrity_initiator_key");
    expect_equal(keys->encryption_r.expose(), entry, "encryption_responder_key");
    expect_equal(keys->integrity_r.expose(), entry, "integrity_responder_key");
  }

  void check_int_auth(const Json& entry, IntAuth& chain) {
    const Bytes a = octets(entry, "A"), p = octets(entry, "P");
    const Octets message[] = {a, p};
    ASSERT_TRUE(chain.add(prf(first().at("prf")), octets(entry, "sk_p"), message));
    EXPECT_EQ(chain.messages(), entry.at("n").get<unsigned>());
    expect_equal(chain.value(), entry, "out");
    // A as this library would have written it.
    ASSERT_GE(a.size(), kIntAuthHeaderBytes);
    const uint32_t id = uint32_t(a[20]) << 24 | uint32_t(a[21]) << 16 | uint32_t(a[22]) << 8 | a[23];
    const auto written = int_auth_header(
        {spi(first(), "spii"), spi(first(), "spir"), a[19], id, PayloadType(a[28])}, p.size());
    ASSERT_TRUE(written);
    EXPECT_EQ(hex(*written), hex(a));
  }

  void check_auth(const Json& entry) {
    if (!entry.contains("psk")) {
      ++signatures;
      return;
    }
    const bool initiator = entry.at("who") == "i";
    const Bytes nonce = octets(first(), initiator ? "nr" : "ni"), sk_p = octets(entry, "sk_p"),
                id = octets(entry, "id"), int_auth = octets(entry, "intauth"),
                message = real_message(initiator);
    Prf& prf_used = prf(first().at("prf"));
    const auto pad = shared_key_pad(prf_used, view(entry.at("psk").get<std::string>()));
    ASSERT_TRUE(pad);
    const auto auth = shared_key_auth(prf_used, pad->expose(), {message, nonce, sk_p, id, int_auth});
    ASSERT_TRUE(auth);
    expect_equal(auth->expose(), entry, "auth");
  }

  // The last IKE_SA_INIT message of the SA, after all retries.
  Bytes real_message(bool request) const {
    const std::string spi_i = first().at("spii"), spi_r = first().at("spir");
    const std::string start = spi_i + (request ? "0000000000000000" : spi_r);
    std::string found;
    for (const Json& message : json_.at("messages")) {
      const std::string text = message.at("hex");
      if (text.starts_with(start) && text.substr(36, 2) == "22") found = text;
    }
    EXPECT_FALSE(found.empty());
    return unhex(found);
  }

  const Json& first() const { return json_.at("ike").at(0); }

  Json json_;
  std::unique_ptr<Crypto> crypto_ = new_crypto();
  std::map<PrfId, std::unique_ptr<Prf>> prfs_;
};

void check_file(const std::filesystem::path& file, const std::string& name, unsigned& total) {
  SCOPED_TRACE(name);
  std::string reason;
  const auto text = read_vector_file(file, &reason);
  ASSERT_TRUE(text) << reason;
  Recording recording(Json::parse(*text));
  recording.check();
  EXPECT_GT(recording.values, 0u);
  std::printf("%-32s %4u values", name.c_str(), recording.values);
  if (recording.signatures) std::printf(", %u AUTH by signature not checked", recording.signatures);
  std::printf("\n");
  total += recording.values;
}

TEST(Recordings, EveryValueAgrees) {
  unsigned files = 0, values = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MLKEM_TEST_RECORDINGS))
    if (entry.path().extension() == ".json") {
      ++files;
      check_file(entry.path(), entry.path().filename().string(), values);
    }
  EXPECT_EQ(files, 16u);
  EXPECT_EQ(values, 394u);
  unsigned given = 0;
  for (const auto& file : vector_files({"kat.json"})) check_file(file, display_name(file), given);
  std::printf("%u values of the tests' own recordings, %u of given ones\n", values, given);
}

}  // namespace
}  // namespace mlkem::test
