// SPDX-License-Identifier: Apache-2.0
// The lane scheduler alone: hashes of every kind and length at once, bodies that come piece by piece, and the
// number of permutations that an operation takes.
#include "lib/lanes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/hashes.hpp"
#include "tests/keccak_reference.hpp"
#include "tests/keccak_sponge.hpp"
#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

// 32 hashes, each with its own message; a body may come in pieces.
struct HashesOperation {
  static constexpr uint32_t kChainJobs = 0;

  struct Hash {
    HashJob job;
    std::vector<uint8_t> head, body, suffix, out;
    uint32_t words_ready = 0;
    ParkedHash parked;
    Sponge (*sponge)();
  };

  std::vector<Hash> hashes;
  uint32_t ready = 0;
  unsigned ended = 0, times_parked = 0;

  void reveal(unsigned id, uint32_t words) {
    hashes[id].words_ready = std::min(hashes[id].job.body_words, hashes[id].words_ready + words);
  }

  template <class Start>
  void start(unsigned id, const Start& start) {
    start(hashes[id].job);
  }
  unsigned complete(unsigned id, const uint8_t* buffer) {
    const HashJob& job = hashes[id].job;
    if (!job.out) hashes[id].out.assign(buffer, buffer + 8 * job.out_words * job.out_blocks);
    ++ended;
    return 0;
  }
  void parked(unsigned id) {
    ++times_parked;
    reveal(id, 19);
    ready |= 1u << id;
  }
  bool done() const { return false; }
};

struct NoMore {
  bool begin(HashesOperation&) { return false; }
};

class LanesTest : public testing::TestWithParam<const kernels::Keccak*> {};

struct Kind {
  uint8_t domain, rate_words;  // domain: with the padding's first bit
  Sponge (*sponge)();
};
constexpr Kind kKinds[] = {{hashes::kSha3End, hashes::kSha3_256Rate, Sponge::sha3_256},
                           {hashes::kSha3End, hashes::kSha3_512Rate, Sponge::sha3_512},
                           {hashes::kShakeEnd, hashes::kShake128Rate, Sponge::shake128},
                           {hashes::kShakeEnd, hashes::kShake256Rate, Sponge::shake256}};

void fill(HashesOperation& operation, uint64_t seed, bool streaming) {
  operation.hashes.resize(32);
  for (unsigned i = 0; i < 32; ++i) {
    HashesOperation::Hash& hash = operation.hashes[i];
    const std::vector<uint8_t> dice = test_bytes(seed * 100 + i, 7);
    hash.head = test_bytes(seed + i, 32);
    hash.body = test_bytes(seed - i, 8u * (dice[0] % 2 == 0 ? dice[1] % 8 : dice[1]));
    hash.suffix = test_bytes(seed * i, dice[4] % 7);
    hash.job = {.body = hash.body.data(), .body_words = uint32_t(hash.body.size() / 8)};
    if (dice[3] % 2 == 0) hash.job.head = hash.head.data();
    const Kind kind = kKinds[dice[5] % 4];
    for (size_t octet = 0; octet < hash.suffix.size(); ++octet)
      hash.job.last |= uint64_t{hash.suffix[octet]} << (8 * octet);
    hash.job.last |= uint64_t{kind.domain} << (8 * hash.suffix.size());
    hash.job.rate_words = kind.rate_words;
    hash.sponge = kind.sponge;
    // whole blocks, or a part of one
    hash.job.out_blocks = uint8_t(1 + dice[6] % 3);
    hash.job.out_words = hash.job.out_blocks > 1 ? kind.rate_words : uint8_t(1 + dice[4] % kind.rate_words);
    if (!streaming) continue;
    hash.job.words_ready = &hash.words_ready;
    hash.job.parked = &hash.parked;
    operation.reveal(i, kMostRateBytes / 8);
  }
  operation.ready = ~0u;
}

void expect_sponge_output(const HashesOperation& operation) {
  for (const HashesOperation::Hash& hash : operation.hashes) {
    std::vector<uint8_t> message;
    if (hash.job.head) message = hash.head;
    message.insert(message.end(), hash.body.begin(), hash.body.end());
    message.insert(message.end(), hash.suffix.begin(), hash.suffix.end());
    ASSERT_EQ(hash.out.size(), 8u * hash.job.out_words * hash.job.out_blocks);
    EXPECT_EQ(hash.out, hash.sponge().absorb(message).squeeze(hash.out.size()))
        << message.size() << " octets";
  }
}

TEST_P(LanesTest, EveryHashIsThatOfAPlainSponge) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    HashesOperation operation;
    fill(operation, seed, false);
    NoMore queue;
    run(*GetParam(), std::span(&operation, 1), queue);
    EXPECT_EQ(operation.ended, 32u);
    expect_sponge_output(operation);
  }
}

TEST_P(LanesTest, ABodyMayComeInPieces) {
  unsigned times_parked = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    HashesOperation operation;
    fill(operation, seed, true);
    NoMore queue;
    run(*GetParam(), std::span(&operation, 1), queue);
    expect_sponge_output(operation);
    times_parked += operation.times_parked;
  }
  EXPECT_GT(times_parked, 50u);
}

std::vector<const kernels::Keccak*> usable_tables() {
  std::vector<const kernels::Keccak*> out;
  for (const kernels::Keccak* table : kernels::keccak_tables())
    if (kernels::covers(kernels::isa_of(kernels::cpu_features()), table->needs)) out.push_back(table);
  return out;
}
std::string table_name(const testing::TestParamInfo<const kernels::Keccak*>& info) {
  std::string name = info.param->name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Production, LanesTest, testing::ValuesIn(usable_tables()), table_name);
INSTANTIATE_TEST_SUITE_P(Reference, LanesTest,
                         testing::ValuesIn(kernels::reference_keccak_tables().begin(),
                                           kernels::reference_keccak_tables().end()),
                         table_name);

// Counts the calls of a table's permutations, whichever they are.
unsigned steps;
const kernels::Keccak* counted;
kernels::Keccak counting(const kernels::Keccak& table) {
  counted = &table;
  kernels::Keccak out = table;
  out.permute_one = [](uint64_t* one) noexcept { ++steps, counted->permute_one(one); };
  out.permute_wide = [](uint64_t* wide, const kernels::LaneInputs* in) noexcept {
    ++steps, counted->permute_wide(wide, in);
  };
  if (table.permute_both)
    out.permute_both = [](uint64_t* wide, const kernels::LaneInputs* in, uint64_t* one) noexcept {
      ++steps, counted->permute_both(wide, in, one);
    };
  return out;
}

struct Steps {
  unsigned keygen, encaps, decaps;
  friend bool operator==(const Steps&, const Steps&) = default;
};
void PrintTo(const Steps& s, std::ostream* out) {
  *out << s.keygen << " / " << s.encaps << " / " << s.decaps;
}

template <class Set>
Steps count_steps(const kernels::Keccak& table) {
  const kernels::Keccak keccak = counting(table);
  const Tables tables{*kernels::arith_tables().back(), keccak};
  std::vector<uint8_t> ek(Set::kEkBytes), dk(Set::kDkBytes), ct(Set::kCtBytes), ss(32);
  const std::vector<uint8_t> seed = test_bytes(1, 64);
  Steps out{};
  const auto count = [](unsigned& where, auto operation) {
    steps = 0;
    EXPECT_EQ(operation(), Status::kOk);
    where = steps;
  };
  count(out.keygen, [&] { return keygen_one<Set>(tables, ek.data(), dk.data(), seed.data()); });
  count(out.encaps, [&] { return encaps_one<Set>(tables, ct.data(), ss.data(), ek.data(), seed.data()); });
  count(out.decaps, [&] { return decaps_one<Set>(tables, ss.data(), ct.data(), dk.data()); });
  return out;
}

// The fewest that list scheduling over the true dependencies allows, except for one step of ML-KEM-1024 key
// generation with four lanes. The seed is one whose matrix needs no fourth block.
TEST(LanesSteps, AreAsFewAsTheDependenciesAllow) {
  const auto reference = kernels::reference_keccak_tables();
  const kernels::Keccak &four = *reference[1], &eight = *reference[2], &four_and_one = *reference[3];
  EXPECT_EQ(count_steps<MlKem512>(eight), (Steps{10, 9, 6}));
  EXPECT_EQ(count_steps<MlKem768>(eight), (Steps{13, 11, 9}));
  EXPECT_EQ(count_steps<MlKem1024>(eight), (Steps{16, 15, 12}));
  EXPECT_EQ(count_steps<MlKem512>(four), (Steps{11, 9, 8}));
  EXPECT_EQ(count_steps<MlKem768>(four), (Steps{15, 12, 14}));
  EXPECT_EQ(count_steps<MlKem1024>(four), (Steps{22, 18, 21}));
  EXPECT_EQ(count_steps<MlKem512>(four_and_one), (Steps{10, 9, 7}));
  EXPECT_EQ(count_steps<MlKem768>(four_and_one), (Steps{14, 12, 11}));
  EXPECT_EQ(count_steps<MlKem1024>(four_and_one), (Steps{18, 15, 17}));
}

}  // namespace
}  // namespace mlkem::test
