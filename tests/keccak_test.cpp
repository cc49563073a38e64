// SPDX-License-Identifier: Apache-2.0
// Keccak tables: FIPS 202 known answers, and every width against the single state.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/guard_page.hpp"
#include "tests/keccak_reference.hpp"
#include "tests/keccak_sponge.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem::kernels {
namespace {

using cases::KeccakCase;
using cases::KeccakWorkspace;
using cases::Source;

const Keccak& portable() {
  return *keccak_tables().back();
}

std::vector<const Keccak*> all_tables() {
  std::vector<const Keccak*> tables(keccak_tables().begin(), keccak_tables().end());
  tables.insert(tables.end(), reference_keccak_tables().begin(), reference_keccak_tables().end());
  return tables;
}

class KeccakTable : public testing::TestWithParam<const Keccak*> {
 protected:
  void SetUp() override {
    if (!covers(isa_of(cpu_features()), table().needs))
      GTEST_SKIP() << "this CPU lacks what " << table().name << " needs";
  }
  const Keccak& table() const { return *GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, KeccakTable, testing::ValuesIn(all_tables()), [](const auto& shown) {
  std::string name = shown.param->name;
  for (char& c : name)
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

struct KnownAnswer {
  const char* name;
  uint32_t rate;
  uint8_t domain;
  size_t message_octets;  // of 0xa3: NIST's example messages have 0 and 1,600 bits
  const char* digest;     // or the first octets of the output
};
// NIST, "Cryptographic Standards and Guidelines: Examples with Intermediate Values", Secure Hashing.
const KnownAnswer kKnownAnswers[] = {
    {"SHA3-256", 136, 0x06, 0, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
    {"SHA3-256", 136, 0x06, 200, "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787"},
    {"SHA3-512", 72, 0x06, 0,
     "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
     "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26"},
    {"SHA3-512", 72, 0x06, 200,
     "e76dfad22084a8b1467fcf2ffa58361bec7628edf5f3fdc0e4805dc48caeeca8"
     "1b7c13c30adf52a3659584739a2df46be589c51ca1a4a8416df6545a1ce8ba00"},
    {"SHAKE128", 168, 0x1f, 0, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"},
    {"SHAKE128", 168, 0x1f, 200, "131ab8d2b594946b9c81333f9bb6e0ce75c3b93104fa3469d3917457385da037"},
    {"SHAKE256", 136, 0x1f, 0, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"},
    {"SHAKE256", 136, 0x1f, 200, "cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d"},
};

std::string hex(const uint8_t* bytes, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

// All answers in every lane: what a sponge is, out of a table's operations.
TEST_P(KeccakTable, ComputesKnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    std::vector<uint8_t> message(known.message_octets, 0xa3);
    const size_t whole = message.size() / known.rate * known.rate, rest = message.size() - whole;
    uint64_t last = uint64_t{known.domain} << (8 * (rest % 8));
    for (size_t i = 0; i < rest % 8; ++i) last |= uint64_t{message[whole + rest / 8 * 8 + i]} << (8 * i);
    message.resize(message.size() + 200);  // pointers lead somewhere even where no words are
    const auto w = std::make_unique<KeccakWorkspace>();
    for (size_t at = 0; at <= whole; at += known.rate) {
      for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
        w->in.bytes[lane] = message.data() + at;
        w->in.words[lane] = uint8_t((at < whole ? known.rate : rest) / 8);
        w->in.last[lane] = at < whole ? 0 : last;
        w->in.end[lane] = at < whole ? uint8_t{0} : uint8_t(known.rate / 8 - 1);
      }
      w->in.fresh = at == 0 ? ~0u : 0;
      table().permute_wide(w->wide.body.data(), &w->in);
    }
    uint8_t digest[kMaxWidth][64];
    for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
      w->out.bytes[lane] = digest[lane];
      w->out.words[lane] = 8;
    }
    table().squeeze(w->wide.body.data(), w->out);
    const size_t octets = std::string_view(known.digest).size() / 2;
    for (unsigned lane = 0; lane < table().width; ++lane)
      EXPECT_EQ(hex(digest[lane], octets), known.digest)
          << known.name << " of " << known.message_octets << " octets";
  }
}

// The Keccak team's KeccakF-1600-IntermediateValues: the permutation of zeros, once and twice.
TEST_P(KeccakTable, PermutesZeros) {
  uint64_t state[kStateWords] = {};
  table().permute_one(state);
  EXPECT_EQ(state[0], 0xf1258f7940e1dde7);
  EXPECT_EQ(state[24], 0xeaf1ff7b5ceca249);
  table().permute_one(state);
  EXPECT_EQ(state[0], 0x2d5c954df96ecb3c);
  EXPECT_EQ(state[24], 0x20d06cd26a8fbf5c);
}

// The sponges that other tests hold the library against agree with the portable table here.
TEST(KeccakSponge, ComputesKnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    auto sponge = known.domain == 0x1f
                      ? (known.rate == 168 ? test::Sponge::shake128() : test::Sponge::shake256())
                      : (known.rate == 136 ? test::Sponge::sha3_256() : test::Sponge::sha3_512());
    const std::vector<uint8_t> message(known.message_octets, 0xa3);
    const auto digest = sponge.absorb(message).squeeze(std::string_view(known.digest).size() / 2);
    EXPECT_EQ(hex(digest.data(), digest.size()), known.digest) << known.name;
  }
}

// Octets of all lanes, each before a guard page of its own.
struct Lanes {
  std::array<test::GuardPage, kMaxWidth> in, out;
};
Lanes& lanes() {
  static Lanes pages;
  return pages;
}

constexpr uint8_t kEnds[] = {0, 8, 16, 20};

// Random states; random counts of words, fresh or not, aligned or not.
void fill(KeccakWorkspace& w, Source& source) {
  for (uint64_t& word : w.wide.body) word = source.word();
  for (uint64_t& word : w.one.body) word = source.word();
  for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
    const auto in_words = uint8_t(source.below(22)), out_words = uint8_t(source.below(22));
    uint8_t* in = lanes().in[lane].last(8 * in_words + source.below(3));
    for (unsigned i = 0; i < 8 * in_words; ++i) in[i] = uint8_t(source.word());
    w.in.bytes[lane] = in_words ? in : in - 1;
    w.in.words[lane] = in_words;
    w.in.last[lane] = in_words <= 20 && source.below(2) ? source.word() : 0;
    w.in.end[lane] = kEnds[source.below(std::size(kEnds))];
    w.in.fresh |= uint32_t(source.below(2)) << lane;
    w.out.bytes[lane] = lanes().out[lane].last(8 * out_words + source.below(3));
    w.out.words[lane] = out_words;
  }
}

// One lane of a workspace as a workspace of width 1.
void take_lane(KeccakWorkspace& single, const KeccakWorkspace& w, unsigned width, unsigned lane) {
  for (unsigned i = 0; i < kStateWords; ++i) single.wide.body[i] = w.wide.body[i * width + lane];
  single.one.body = w.one.body;
  single.in.bytes[0] = w.in.bytes[lane];
  single.in.last[0] = w.in.last[lane];
  single.in.words[0] = w.in.words[lane];
  single.in.end[0] = w.in.end[lane];
  single.in.fresh = w.in.fresh >> lane & 1;
}

TEST_P(KeccakTable, LanesAgreeWithTheSingleState) {
  const unsigned width = table().width;
  for (const KeccakCase& c : cases::kKeccakCases) {
    if (!c.exists(table())) continue;
    for (uint64_t seed = 0; seed < 400; ++seed) {
      Source source(seed);
      const auto w = std::make_unique<KeccakWorkspace>();
      fill(*w, source);
      const auto before = std::make_unique<KeccakWorkspace>(*w);
      for (unsigned lane = 0; lane < kMaxWidth; ++lane)
        std::fill_n(lanes().out[lane].last(200), 200, uint8_t{0xee});
      c.call(table(), *w);
      ASSERT_TRUE(w->wide.intact() && w->one.intact()) << c.name << ", seed " << seed;
      ASSERT_TRUE(std::equal(w->wide.body.begin() + kStateWords * width, w->wide.body.end(),
                             before->wide.body.begin() + kStateWords * width))
          << c.name << " wrote beyond its width, seed " << seed;

      for (unsigned lane = 0; lane < width; ++lane) {
        const auto single = std::make_unique<KeccakWorkspace>();
        take_lane(*single, *before, width, lane);
        uint8_t expected[200];
        std::fill_n(expected, 200, uint8_t{0xee});
        const size_t offset = 200 - size_t(lanes().out[lane].last(0) - w->out.bytes[lane]);
        single->out.bytes[0] = expected + offset;
        single->out.words[0] = w->out.words[lane];
        if (c.call_lane) c.call_lane(portable(), *single);
        for (unsigned i = 0; i < kStateWords; ++i)
          ASSERT_EQ(w->wide.body[i * width + lane], single->wide.body[i])
              << c.name << ", lane " << lane << ", word " << i << ", seed " << seed;
        ASSERT_TRUE(std::equal(expected, expected + 200, lanes().out[lane].last(200)))
            << c.name << ", output of lane " << lane << ", seed " << seed;
      }
      if (c.call_one) portable().permute_one(before->one.body.data());
      ASSERT_EQ(w->one.body, before->one.body) << c.name << ", the single state, seed " << seed;
    }
  }
}

void permute_lanes(uint64_t* wide, unsigned width) {
  for (unsigned lane = 0; lane < width; ++lane) {
    uint64_t state[kStateWords];
    for (unsigned i = 0; i < kStateWords; ++i) state[i] = wide[i * width + lane];
    portable().permute_one(state);
    for (unsigned i = 0; i < kStateWords; ++i) wide[i * width + lane] = state[i];
  }
}

// Every count of words, fresh or not, ending a message in every way or not, against the contract's words.
TEST_P(KeccakTable, AbsorbsEveryCount) {
  const unsigned width = table().width;
  for (uint8_t words = 0; words <= 21; ++words)
    for (const bool fresh : {false, true})
      for (const uint8_t end : kEnds)
        for (unsigned lane = 0; lane < width; ++lane) {
          const auto w = std::make_unique<KeccakWorkspace>();
          Source source(words);
          fill(*w, source);
          for (unsigned other = 0; other < kMaxWidth; ++other) {  // they stay as they are
            w->in.last[other] = 0;
            w->in.words[other] = w->in.end[other] = 0;
          }
          uint8_t* in = lanes().in[lane].last(8u * words + words % 2);
          if (words == 0) --in;
          for (unsigned i = 0; i < 8u * words; ++i) in[i] = uint8_t(source.word());
          w->in.bytes[lane] = in;
          w->in.words[lane] = words;
          w->in.last[lane] = words <= 20 ? source.word() : 0;
          w->in.end[lane] = end;
          w->in.fresh = uint32_t{fresh} << lane;

          auto expected = w->wide.body;
          for (unsigned i = 0; i < kStateWords; ++i) {
            uint64_t& word = expected[i * width + lane];
            if (fresh) word = 0;
            for (unsigned b = 0; i < words && b < 8; ++b) word ^= uint64_t{in[8 * i + b]} << (8 * b);
            if (i == words) word ^= w->in.last[lane];
            if (end != 0 && i == end) word ^= uint64_t{1} << 63;
          }
          permute_lanes(expected.data(), width);
          table().permute_wide(w->wide.body.data(), &w->in);
          ASSERT_EQ(w->wide.body, expected)
              << int(words) << " words, fresh " << fresh << ", end " << int(end) << ", lane " << lane;
        }
}

TEST_P(KeccakTable, SqueezesEveryCount) {
  const unsigned width = table().width;
  for (uint8_t words = 0; words <= 21; ++words)
    for (unsigned lane = 0; lane < width; ++lane) {
      const auto w = std::make_unique<KeccakWorkspace>();
      Source source(words);
      fill(*w, source);
      w->out = {};
      uint8_t* out = lanes().out[lane].last(8u * words);
      out[-1] = 0xee;
      w->out.bytes[lane] = out;
      w->out.words[lane] = words;
      const auto state = w->wide.body;
      table().squeeze(w->wide.body.data(), w->out);
      ASSERT_EQ(out[-1], 0xee);
      for (unsigned i = 0; i < 8u * words; ++i)
        ASSERT_EQ(out[i], uint8_t(state[i / 8 * width + lane] >> (8 * (i % 8)))) << i;
      ASSERT_EQ(w->wide.body, state) << "squeezing changed the state";
    }
}

}  // namespace
}  // namespace mlkem::kernels
