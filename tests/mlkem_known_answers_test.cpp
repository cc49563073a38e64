// SPDX-License-Identifier: Apache-2.0
// Known answers that need no files: the CCTV accumulated digests for final FIPS 203 and the NIST-style KAT
// digests, both of which cover whole runs of key generation, encapsulation, decapsulation and implicit
// rejection.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/keccak_sponge.hpp"
#include "tests/mlkem_tables.hpp"
#include "tests/sha256.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {
namespace {

// CCTV's accumulated digests after 1, 10, 100, 1,000 and 10,000 iterations; `without_dk` as Go's library
// counts.
constexpr size_t kMilestones[] = {1, 10, 100, 1'000, 10'000};
struct AccumulatedDigests {
  int set;
  bool with_dk;
  const char* digests[5];
};
constexpr AccumulatedDigests kAccumulated[] = {
    {512,
     true,
     {"124b6a9587c1c50ad5983d02b17d0761e5b6b50273f9b4b15f5afc8b8c9d05ab",
      "3dd07a86fcec47735136b0034d3282cc90a16ccf01e49e1b66a87afcae696690",
      "449120c6e320ef3e9fbfa2316e5f2d2e1e6dd37d8ff5d086d5d2db7d42aff0a1",
      "9144b1054d29546b0f7fdd2e48dbb6d68c573dd468845c5e97eb2dba77a8f1e9",
      "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13"}},
    {768,
     true,
     {"f98f7d4cdfead60fca190b36cf84af5438f98a03c5ca3780ee73fea10fa834a6",
      "3313043a4b8d07165cc64e27ff58f11d8527cae5db1767f85529b6a505faa833",
      "8d65b902f28edc683cebee2872962fd165a4d197c9e24ec74caa4470270df0b7",
      "5706194c22e3e0977b570e636de7364abce0609b341433cc4eb48062080b7c76",
      "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"}},
    {1024,
     true,
     {"bbadeda836ff632114d5fd2a87cb3c718882ec7c15b63452fb3eef15b64d1ca9",
      "e9f17641909d966e70ce0b84ce53c582d5e69db5644b12b20b9e86dbc4dabd9d",
      "c3ffe9ebecfa479c142656cbfbc6417efa05b77e994fe538eef4daed166363df",
      "df23d235ef494a38b2de2deda2704bb1312dd88ef6987ec4fc6f08fe5963ed7f",
      "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"}},
    {512,
     false,
     {"4cd74a69f3cfd41986c28687dd9f080123440a88e645fe0ee729035669c0b063",
      "4dfc0763671ffc6fac05500debfc30e2f46ed9b2e98c3eeefd7c5f513733b345",
      "86b1b4703b8ffef6f7f3290c6dbce4ad954498a0673ded401a94828e8c519a59",
      "1f52919e618f26d802b33dacdc8e0a18005e5e40ebbd473e85faf97f599a2b05",
      "e0112db334d4240ca6feed5b0beab1318925edd4ff7d840c2ebe6d61971fc14c"}},
    {768,
     false,
     {"0347e83fb0f72e91afc8ea0fdd1018cbd7a9c10401d6c2f759bb77e553c8ea71",
      "44e1a1bc922dc324121d983f0fbc987fa85f2d046030319a0dbe6af4c865f6c6",
      "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415",
      "78d7c03e462a9b629602564d7a25a61fe1082beaea54b3b6d13d3d7bea50b43d",
      "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc"}},
    {1024,
     false,
     {"fc3b1e56d942d359bd9a8d59de911f1075e6a9ff542e72ad7b93340499e9f07e",
      "27afc271af270f79af1d5d10a00e0c1fa603b4db8f818e7e421485f407c69057",
      "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00",
      "070478698bfcade6270900c5b7249235ac3873ef2ab94913e059b3913ee809cb",
      "f1a3925c9cf8538bb104c56efb2f5ecb74cc3df25087460b73f6c873e96bcb6a"}},
};

std::string digest_so_far(Sponge sink) {
  const auto digest = sink.squeeze(32);
  return to_hex(digest.data(), digest.size());
}

// One iteration's inputs and results.
template <class Set>
struct Iteration {
  std::vector<uint8_t> seed, m, ct_bad;
  std::vector<uint8_t> ek = std::vector<uint8_t>(Set::kEkBytes), dk = std::vector<uint8_t>(Set::kDkBytes),
                       ct = std::vector<uint8_t>(Set::kCtBytes);
  std::array<uint8_t, kSharedSecretBytes> encaps_ss, decaps_ss, bad_ss;
};

// Runs the accumulation in batches of `batch` iterations and compares at every milestone up to `last`.
template <class Set>
void accumulate(const Tables& tables, size_t last, size_t batch) {
  const char* const* want[2] = {};
  for (const AccumulatedDigests& entry : kAccumulated)
    if (entry.set == kSetNumber<Set>) want[entry.with_dk] = entry.digests;

  Sponge source = Sponge::shake128(), sink_with = Sponge::shake128(), sink_without = Sponge::shake128();
  size_t done = 0;
  for (size_t milestone = 0; milestone < std::size(kMilestones) && kMilestones[milestone] <= last;
       ++milestone) {
    while (done < kMilestones[milestone]) {
      const size_t count = std::min(batch, kMilestones[milestone] - done);
      std::vector<Iteration<Set>> iterations(count);
      std::vector<KeygenJob<Set>> keygens;
      std::vector<EncapsJob<Set>> encapses;
      std::vector<DecapsJob<Set>> decapses;
      for (Iteration<Set>& i : iterations) {
        i.seed = source.squeeze(kSeedBytes);
        i.m = source.squeeze(kMessageBytes);
        i.ct_bad = source.squeeze(Set::kCtBytes);
        keygens.push_back({i.ek.data(), i.dk.data(), i.seed.data(), Status::kArgument});
        encapses.push_back({i.ct.data(), i.encaps_ss.data(), i.ek.data(), i.m.data(), Status::kArgument});
        decapses.push_back({i.decaps_ss.data(), i.ct.data(), i.dk.data(), Status::kArgument});
        decapses.push_back({i.bad_ss.data(), i.ct_bad.data(), i.dk.data(), Status::kArgument});
      }
      ASSERT_EQ(keygen_batch<Set>(tables, std::span(keygens), no_random()), Status::kOk);
      ASSERT_EQ(encaps_batch<Set>(tables, std::span(encapses), no_random()), Status::kOk);
      ASSERT_EQ(decaps_batch<Set>(tables, std::span(decapses)), Status::kOk);
      for (const Iteration<Set>& i : iterations) {
        ASSERT_EQ(i.decaps_ss, i.encaps_ss);
        sink_with.absorb(i.ek).absorb(i.dk).absorb(i.ct).absorb(i.encaps_ss).absorb(i.bad_ss);
        sink_without.absorb(i.ek).absorb(i.ct).absorb(i.encaps_ss).absorb(i.bad_ss);
      }
      done += count;
    }
    EXPECT_EQ(digest_so_far(sink_with), want[true][milestone]) << done << " iterations, with dk";
    EXPECT_EQ(digest_so_far(sink_without), want[false][milestone]) << done << " iterations, without dk";
  }
}

class MlKemAccumulated : public testing::TestWithParam<NamedTables> {};

TEST_P(MlKemAccumulated, OneByOneAgrees) {
  for (const int set : {512, 768, 1024})
    with_set(set, [&]<class Set>() {
      accumulate<Set>(GetParam().tables, GetParam().is_reference ? 100 : 1'000, 1);
    });
}

TEST_P(MlKemAccumulated, BatchesOfEightAgree) {
  for (const int set : {512, 768, 1024})
    with_set(set, [&]<class Set>() { accumulate<Set>(GetParam().tables, 1'000, 8); });
}

// Batches that are no multiple of a width, with operations that finish at different times.
TEST_P(MlKemAccumulated, BatchesOfSeventeenAgree) {
  for (const int set : {512, 768, 1024})
    with_set(set, [&]<class Set>() {
      accumulate<Set>(GetParam().tables, GetParam().is_reference ? 100 : 1'000, 17);
    });
}

INSTANTIATE_TEST_SUITE_P(, MlKemAccumulated, testing::ValuesIn(tables_under_test()), tables_name);

class MlKemAccumulatedInFull : public testing::TestWithParam<NamedTables> {};

TEST_P(MlKemAccumulatedInFull, TenThousandIterationsAgree) {
  for (const int set : {512, 768, 1024})
    with_set(set, [&]<class Set>() { accumulate<Set>(GetParam().tables, 10'000, 1); });
}

INSTANTIATE_TEST_SUITE_P(, MlKemAccumulatedInFull, testing::ValuesIn(production_tables()), tables_name);

// Record 0 of the NIST-style KAT: what its AES-256 CTR_DRBG, started with octets 00 to 2f, draws. The seed is
// the first of its 100 draws of 48 octets; started with that, it draws d || z and then m.
constexpr char kKatSeed[] =
    "061550234D158C5EC95595FE04EF7A25767F2E24CC2BC479D09D86DC9ABCFDE7056A8C266F9EF97ED08541DBD2E1FFA1";
constexpr char kKatDz[] =
    "7c9935a0b07694aa0c6d10e4db6b1add2fd81a25ccb148032dcd739936737f2d"
    "b505d7cfad1b497499323c8686325e4792f267aafa3f87ca60d01cb54f29202a";
constexpr char kKatM[] = "eb4a7c66ef4eba2ddb38c88d8bc706b1d639002198172a7b1942eca8f6c001ba";
constexpr std::pair<int, const char*> kKatSingle[] = {
    {512, "c70041a761e01cd6426fa60e9fd6a4412c2be817386c8d0f3334898082512782"},
    {768, "5352539586b6c3df58be6158a6250aeff402bd73060b0a3de68850ac074c17c3"},
    {1024, "f580d851e5fb27e6876e5e203fa18be4cdbfd49e05d48fec3d3992c8f43a13e6"},
};

template <class Set>
std::string kat_digest(const Tables& tables) {
  const Bytes d_z = *from_hex(kKatDz), m = *from_hex(kKatM);
  Bytes ek(Set::kEkBytes), dk(Set::kDkBytes), ct(Set::kCtBytes), ss(kSharedSecretBytes);
  EXPECT_EQ(keygen_one<Set>(tables, ek.data(), dk.data(), d_z.data()), Status::kOk);
  EXPECT_EQ(encaps_one<Set>(tables, ct.data(), ss.data(), ek.data(), m.data()), Status::kOk);
  const auto line = [](const char* name, const Bytes& value) {
    std::string hex = to_hex(value.data(), value.size());
    for (char& c : hex) c = char(c >= 'a' ? c - 'a' + 'A' : c);
    return std::string(name) + " = " + hex + "\n";
  };
  const auto digest = sha256("count = 0\nseed = " + std::string(kKatSeed) + "\n" + line("pk", ek) +
                             line("sk", dk) + line("ct", ct) + line("ss", ss));
  return to_hex(digest.data(), digest.size());
}

class MlKemKat : public testing::TestWithParam<NamedTables> {};

TEST_P(MlKemKat, SingleDigestAgrees) {
  for (const auto& [set, want] : kKatSingle)
    with_set(set, [&, want = want]<class Set>() { EXPECT_EQ(kat_digest<Set>(GetParam().tables), want); });
}

INSTANTIATE_TEST_SUITE_P(, MlKemKat, testing::ValuesIn(tables_under_test()), tables_name);

// The same digests as files bring them: whatever other numbers of iterations and KATs a file has is named.
TEST(MlKemDigestFiles, AgreeWithTheDigestsHere) {
  size_t files = 0;
  for (const auto& path : vector_files({"accumulated.json", "kat_digests.json"})) {
    std::string reason;
    const auto text = read_vector_file(path, &reason);
    ASSERT_TRUE(text) << path << ": " << reason;
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    ASSERT_TRUE(json.is_object()) << path << " is not JSON";
    size_t agreed = 0, not_checked = 0;
    const auto check = [&](const std::string& where, const nlohmann::json& digest, const char* want) {
      if (!want) {
        std::printf("[  VECTORS ] %s: %s: not checked\n", display_name(path).c_str(), where.c_str());
        ++not_checked;
        return;
      }
      EXPECT_EQ(digest, want) << path << ": " << where;
      ++agreed;
    };
    for (const AccumulatedDigests& entry : kAccumulated) {
      const std::string set = "ML-KEM-" + std::to_string(entry.set),
                        kind = entry.with_dk ? "with_dk" : "without_dk";
      if (!json.contains("digests") || !json["digests"].contains(set) || !json["digests"][set].contains(kind))
        continue;
      for (const auto& [iterations, digest] : json["digests"][set][kind].items()) {
        const char* want = nullptr;
        for (size_t i = 0; i < std::size(kMilestones); ++i)
          if (std::to_string(kMilestones[i]) == iterations) want = entry.digests[i];
        check(set + " " + kind + " " + iterations, digest, want);
      }
    }
    for (const auto& [set, single] : kKatSingle) {
      const std::string name = "ML-KEM-" + std::to_string(set);
      if (!json.contains(name)) continue;
      for (const auto& [kind, digest] : json[name].items())
        check(name + " " + kind, digest, kind == "nist_kat_single_sha256" ? single : nullptr);
    }
    if (agreed + not_checked == 0) continue;
    ++files;
    std::printf("[  VECTORS ] %s: %zu digests agree with those recomputed here, %zu not checked\n",
                display_name(path).c_str(), agreed, not_checked);
  }
  if (files == 0) GTEST_SKIP() << no_vectors_reason("accumulated.json or kat_digests.json");
}

TEST(TestHashes, KnownAnswersAgree) {
  const auto hex = [](const auto& octets) { return to_hex(octets.data(), octets.size()); };
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(Sponge::shake128().squeeze(16)), "7f9c2ba4e88f827d616045507605853e");
  EXPECT_EQ(hex(Sponge::sha3_256().squeeze(32)),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
}

}  // namespace
}  // namespace mlkem::test
