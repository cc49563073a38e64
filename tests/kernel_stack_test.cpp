// SPDX-License-Identifier: Apache-2.0
// No generated kernel leaves anything of its inputs on the stack: calls with different inputs leave the same octets there. Which
// registers and pointers a kernel saves is the same in both.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernel_cases.hpp"
#include "tests/painted_stack.hpp"

namespace mlkem::kernels {
namespace {

using cases::Kind;
using test::PaintedStack;

template <class Table>
class StackAfter : public testing::TestWithParam<const Table*> {
 protected:
  void SetUp() override {
    if (const char* reason = PaintedStack::unusable_reason()) GTEST_SKIP() << reason;
    if (table().needs == Isa::kNone) GTEST_SKIP() << "compiled kernels spill what their compiler likes";
    if (!covers(isa_of(cpu_features()), table().needs))
      GTEST_SKIP() << "this CPU lacks what " << table().name << " needs";
  }
  const Table& table() const { return *this->GetParam(); }

  // prepare(seed) makes the inputs, call() is what runs on the painted stack.
  template <class Prepare, class Call>
  void expect_nothing_left(const std::string& kernel, Prepare prepare, Call call) {
    std::vector<uint8_t> left[2];
    for (const unsigned seed : {0u, 1u, 0u, 1u}) {  // the first two also bind library functions
      prepare(seed);
      stack_.run(call);
      const auto octets = stack_.octets_below_thread();
      left[seed].assign(octets.begin(), octets.end());
    }
    size_t differ = 0;
    for (size_t i = 0; i < left[0].size(); ++i) differ += left[0][i] != left[1][i];
    EXPECT_EQ(differ, 0u) << kernel << " leaves octets that depend on its inputs";
  }

 private:
  PaintedStack stack_;
};

constexpr auto kTableName = [](const auto& shown) { return std::string(shown.param->name); };

using ArithStack = StackAfter<Arith>;
INSTANTIATE_TEST_SUITE_P(All, ArithStack, testing::ValuesIn(arith_tables().begin(), arith_tables().end()),
                         kTableName);

TEST_P(ArithStack, HoldsNothingOfThePolynomials) {
  const auto w = std::make_unique<cases::Workspace>();
  for (const cases::ArithCase& c : cases::kArithCases)
    if (!std::string(c.name).ends_with("_vartime"))  // whose input is public
      expect_nothing_left(
          c.name,
          [&](uint64_t seed) {
            cases::Source source(seed);
            cases::fill(c, table(), *w, source, Kind::kRandom);
          },
          [&] { c.call(table(), *w); });
}

using KeccakStack = StackAfter<Keccak>;
INSTANTIATE_TEST_SUITE_P(All, KeccakStack, testing::ValuesIn(keccak_tables().begin(), keccak_tables().end()),
                         kTableName);

TEST_P(KeccakStack, HoldsNothingOfTheStates) {
  const auto w = std::make_unique<cases::KeccakWorkspace>();
  uint8_t octets[kMaxWidth][8 * 21];
  for (const cases::KeccakCase& c : cases::kKeccakCases)
    for (const uint8_t words :
         {uint8_t{4}, uint8_t{17}, uint8_t{21}}) {  // a seed, a block, anything: they may go different ways
      if (!c.exists(table())) continue;
      expect_nothing_left(
          std::string(c.name) + " of " + std::to_string(words) + " words",
          [&](uint64_t seed) {
            cases::Source source(seed);
            for (uint64_t& word : w->wide.body) word = source.word();
            for (uint64_t& word : w->one.body) word = source.word();
            w->in = {};
            w->out = {};
            for (unsigned lane = 0; lane < table().width; ++lane) {
              for (uint8_t& octet : octets[lane]) octet = source.octet(Kind::kRandom);
              w->in.bytes[lane] = octets[lane];
              w->in.words[lane] = words;
              w->in.last[lane] = words <= 20 ? source.word() : 0;
              w->out.bytes[lane] = octets[lane];
              w->out.words[lane] = 21;
            }
          },
          [&] { c.call(table(), *w); });
    }
}

}  // namespace
}  // namespace mlkem::kernels
