// SPDX-License-Identifier: Apache-2.0
// Public vectors of IKEv2's key derivation and of HMAC: NIST ACVP, NIST CAVP, RFC 4231, Wycheproof.
#include <map>
#include <nlohmann/json.hpp>

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using Json = nlohmann::json;
namespace fs = std::filesystem;

std::optional<PrfId> prf_of_hash(std::string_view hash) {
  if (hash == "SHA-1") return PrfId::kHmacSha1;
  if (hash == "SHA2-256") return PrfId::kHmacSha256;
  if (hash == "SHA2-384") return PrfId::kHmacSha384;
  if (hash == "SHA2-512") return PrfId::kHmacSha512;
  return std::nullopt;
}

class Vectors : public testing::Test {
 protected:
  Prf& prf(PrfId id) {
    auto& prf = prfs_[id];
    if (!prf) prf = *crypto_->make_prf(id);
    return *prf;
  }

  static std::optional<Json> parse(const fs::path& file) {
    std::string reason;
    const auto text = read_vector_file(file, &reason);
    if (!text) {
      ADD_FAILURE() << display_name(file) << ": " << reason;
      return std::nullopt;
    }
    Json json = Json::parse(*text, nullptr, false);
    if (json.is_discarded()) {
      ADD_FAILURE() << display_name(file) << ": not JSON";
      return std::nullopt;
    }
    return json;
  }

  static Bytes bytes(const Json& test, const char* field) { return unhex(test.at(field).get<std::string>()); }

  void report(const fs::path& file, const std::string& note = "") {
    std::printf("%-60s %5u checked%s\n", display_name(file).c_str(), checked_, note.c_str());
    total_ += checked_;
    checked_ = 0;
  }

  void expect_skeyseed(PrfId id, Octets ni, Octets nr, Octets secret, Octets expected) {
    ++checked_;
    const auto skeyseed = skeyseed_initial(prf(id), ni, nr, secret);
    ASSERT_TRUE(skeyseed) << skeyseed.error().message;
    EXPECT_EQ(hex(skeyseed->expose()), hex(expected));
  }

  // `bits` of the last octet count, the others are zero in `expected`.
  void expect_prf_plus(PrfId id, Octets key, Parts seed, Octets expected, size_t bits) {
    ++checked_;
    Bytes out((bits + 7) / 8);
    ASSERT_TRUE(prf_plus(prf(id), key, seed, out));
    if (bits % 8 != 0) out.back() &= uint8_t(0xff << (8 - bits % 8));
    EXPECT_EQ(hex(out), hex(expected));
  }

  void check_derivation(PrfId id, const Json& test, const Json& expected, const Json& group);

  unsigned checked_ = 0, total_ = 0;

 private:
  std::unique_ptr<Crypto> crypto_ = new_crypto();
  std::map<PrfId, std::unique_ptr<Prf>> prfs_;
};

// One case of ACVP's kdf-components/ikev2. NIST computes on bit strings; what depends on a string that is not
// whole octets can't be checked here and is left out, which the group's lengths decide.
void Vectors::check_derivation(PrfId id, const Json& test, const Json& expected, const Json& group) {
  const auto whole = [&group](const char* field) { return group.value(field, 0) % 8 == 0; };
  const bool whole_nonces = whole("nInitLength") && whole("nRespLength");
  const Bytes ni = bytes(test, "nInit"), nr = bytes(test, "nResp"), gir = bytes(test, "gir"),
              gir_new = bytes(test, "girNew"), spi_i = bytes(test, "spiInit"), spi_r = bytes(test, "spiResp");
  const Bytes skeyseed = bytes(expected, "sKeySeed"), keymat = bytes(expected, "derivedKeyingMaterial"),
              child = bytes(expected, "derivedKeyingMaterialChild");
  const size_t keymat_bits = group.value("derivedKeyingMaterialLength", 8 * keymat.size());
  const size_t child_bits = group.value("derivedKeyingMaterialChildLength", 8 * child.size());
  ASSERT_GE(keymat.size(), output_bytes(id));
  const Octets sk_d = Octets(keymat).first(output_bytes(id));

  // The nonces are the end of a key; spare bits of the last one are zero, and so is what HMAC pads a key
  // with.
  if (whole("dhLength") && whole("nInitLength")) expect_skeyseed(id, ni, nr, gir, skeyseed);
  if (!whole_nonces) return;
  const Octets seed[] = {ni, nr, spi_i, spi_r}, nonces[] = {ni, nr}, with_secret[] = {gir_new, ni, nr};
  expect_prf_plus(id, skeyseed, seed, keymat, keymat_bits);
  expect_prf_plus(id, sk_d, nonces, child, child_bits);
  if (!whole("dhLength")) return;
  expect_prf_plus(id, sk_d, with_secret, bytes(expected, "derivedKeyingMaterialDh"), child_bits);
  ++checked_;
  const auto rekeyed = skeyseed_chained(prf(id), sk_d, gir_new, ni, nr);
  ASSERT_TRUE(rekeyed);
  EXPECT_EQ(hex(rekeyed->expose()), hex(bytes(expected, "sKeySeedReKey")));
}

TEST_F(Vectors, AcvpIkev2Kdf) {
  bool found = false;
  for (const fs::path& file : vector_files({"prompt.json"})) {
    const auto prompt = parse(file);
    if (!prompt || !prompt->is_object() || prompt->value("algorithm", "") != "kdf-components" ||
        prompt->value("mode", "") != "ikev2")
      continue;
    fs::path answers = file;
    answers.replace_filename(file.extension() == ".gz" ? "expectedResults.json.gz" : "expectedResults.json");
    const auto expected = parse(answers);
    if (!expected) continue;
    found = true;
    std::map<int, const Json*> results;
    for (const Json& group : expected->at("testGroups"))
      for (const Json& test : group.at("tests")) results[test.at("tcId").get<int>()] = &test;
    std::string note;
    for (const Json& group : prompt->at("testGroups")) {
      const std::string hash = group.at("hashAlg");
      const auto id = prf_of_hash(hash);
      if (!id) {
        note += "; group " + group.at("tgId").dump() + ": " + hash + " is no PRF of IKEv2";
        continue;
      }
      for (const Json& test : group.at("tests")) {
        const int number = test.at("tcId");
        SCOPED_TRACE("tcId " + std::to_string(number));
        ASSERT_TRUE(results.count(number));
        check_derivation(*id, test, *results[number], group);
      }
    }
    report(file, " (values on whole octets)" + note);
  }
  if (!found) GTEST_SKIP() << no_vectors_reason("prompt.json of ACVP's kdf-components/ikev2");
  EXPECT_GT(total_, 0u);
}

TEST_F(Vectors, WholeDerivations) {
  const auto files = vector_files({"full_vectors.json"});
  if (files.empty()) GTEST_SKIP() << no_vectors_reason("full_vectors.json");
  for (const fs::path& file : files) {
    const auto json = parse(file);
    if (!json) continue;
    for (const Json& test : *json) {
      SCOPED_TRACE(test.at("name").get<std::string>());
      const auto id = prf_of_hash(test.at("hashAlg").get<std::string>());
      ASSERT_TRUE(id);
      check_derivation(*id, test, test, Json::object());
    }
    report(file);
    EXPECT_GT(total_, 0u);
  }
}

TEST_F(Vectors, CavpSkeyseedAndPrfPlus) {
  const auto files = vector_files({"cavp_prf_prfplus.json"});
  if (files.empty()) GTEST_SKIP() << no_vectors_reason("cavp_prf_prfplus.json");
  for (const fs::path& file : files) {
    const auto json = parse(file);
    if (!json) continue;
    for (const Json& test : json->at("skeyseed")) {
      SCOPED_TRACE(test.at("name").get<std::string>());
      const auto id = prf_of_hash(test.at("hashAlg").get<std::string>());
      ASSERT_TRUE(id);
      const Bytes nonces = bytes(test, "nonces");
      const size_t half = nonces.size() / 2;
      expect_skeyseed(*id, Octets(nonces).first(half), Octets(nonces).subspan(half), bytes(test, "gir"),
                      bytes(test, "sKeySeed"));
    }
    for (const Json& test : json->at("prfPlus")) {
      SCOPED_TRACE(test.at("name").get<std::string>());
      const auto id = prf_of_hash(test.at("hashAlg").get<std::string>());
      ASSERT_TRUE(id);
      const Bytes seed = bytes(test, "seed"), out = bytes(test, "out");
      const Octets seed_parts[] = {seed};
      expect_prf_plus(*id, bytes(test, "key"), seed_parts, out, 8 * out.size());
    }
    report(file);
    EXPECT_GT(total_, 0u);
  }
}

TEST_F(Vectors, Rfc4231) {
  const auto files = vector_files({"rfc4231_hmac.json"});
  if (files.empty()) GTEST_SKIP() << no_vectors_reason("rfc4231_hmac.json");
  const std::map<std::string, PrfId> prfs = {{"PRF_HMAC_SHA2_256", PrfId::kHmacSha256},
                                             {"PRF_HMAC_SHA2_384", PrfId::kHmacSha384},
                                             {"PRF_HMAC_SHA2_512", PrfId::kHmacSha512}};
  for (const fs::path& file : files) {
    const auto json = parse(file);
    if (!json) continue;
    for (const Json& test : *json) {
      const std::string name = test.at("prf");
      SCOPED_TRACE(name + " case " + test.at("testCase").dump());
      const auto found = prfs.find(name);
      ASSERT_NE(found, prfs.end());
      const Bytes data = bytes(test, "data");
      const Octets part[] = {data};
      ++checked_;
      EXPECT_EQ(hex(compute_prf(prf(found->second), bytes(test, "key"), part)->expose()),
                hex(bytes(test, "out")));
    }
    report(file);
    EXPECT_GT(total_, 0u);
  }
}

TEST_F(Vectors, WycheproofHmac) {
  const std::map<std::string, PrfId> prfs = {{"HMACSHA1", PrfId::kHmacSha1},
                                             {"HMACSHA256", PrfId::kHmacSha256},
                                             {"HMACSHA384", PrfId::kHmacSha384},
                                             {"HMACSHA512", PrfId::kHmacSha512}};
  bool found = false;
  for (const fs::path& file : vector_files({"hmac_sha1_test.json", "hmac_sha256_test.json",
                                            "hmac_sha384_test.json", "hmac_sha512_test.json"})) {
    const auto json = parse(file);
    if (!json) continue;
    const auto id = prfs.find(json->at("algorithm").get<std::string>());
    ASSERT_NE(id, prfs.end()) << display_name(file);
    found = true;
    for (const Json& group : json->at("testGroups"))
      for (const Json& test : group.at("tests")) {
        SCOPED_TRACE(display_name(file) + " tcId " + test.at("tcId").dump());
        const Bytes message = bytes(test, "msg"), tag = bytes(test, "tag");
        const Octets part[] = {message};
        const auto mac = compute_prf(prf(id->second), bytes(test, "key"), part);
        ASSERT_TRUE(mac);
        ASSERT_LE(tag.size(), mac->size());
        const bool equal = equal_constant_time(mac->expose().data(), tag.data(), tag.size());
        ++checked_;
        EXPECT_EQ(equal, test.at("result") == "valid");
      }
    report(file);
  }
  if (!found) GTEST_SKIP() << no_vectors_reason("hmac_sha*_test.json");
  EXPECT_GT(total_, 0u);
}

}  // namespace
}  // namespace mlkem::test
