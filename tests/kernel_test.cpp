// SPDX-License-Identifier: Apache-2.0
// Every Arith table against the portable one, and the portable one against FIPS 203 written out; the algebra;
// rejection.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/arith_reference.hpp"
#include "tests/expect_inputs.hpp"
#include "tests/guard_page.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem::kernels {
namespace {

using cases::ArithCase;
using cases::Kind;
using cases::Source;
using cases::Workspace;

const Arith& portable() {
  return *arith_tables().back();
}
// What a table is compared with.
const Arith& oracle(const Arith& table) {
  return &table == &portable() ? kArithReference : portable();
}
bool runs_here(const Arith& table) {
  return covers(isa_of(cpu_features()), table.needs);
}

template <class T>
bool same(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Fills a workspace, puts the case's octets before a guard page, calls, checks what may be seen of the call
// itself.
void run(const ArithCase& c, const Arith& table, Workspace& w, uint64_t seed, Kind kind) {
  static const test::GuardPage page;
  Source source(seed);
  w.a_stride = 1 + seed % cases::kMaxStride;
  w.out_offset = seed * 5 % (cases::kMaxOffset + 1);
  cases::fill(c, table, w, source, kind);
  uint8_t* in = page.last(c.in_bytes + seed % 3);  // unaligned in two of three
  std::copy_n(w.in_storage.data(), c.in_bytes, in);
  w.in = in;

  const auto before = std::make_unique<Workspace>(w);
  c.call(table, w);
  EXPECT_TRUE(w.p.intact() && w.e.intact() && w.a.intact() && w.b.intact() && w.cache.intact() &&
              w.out.intact());
  EXPECT_TRUE(same(w.e.body, before->e.body) && same(w.a.body, before->a.body) &&
              same(w.b.body, before->b.body));
  EXPECT_TRUE(std::equal(in, in + c.in_bytes, before->in_storage.begin()));
  const auto first = std::ptrdiff_t(w.out_offset), last = first + std::ptrdiff_t(c.out_bytes);
  EXPECT_TRUE(std::equal(w.out.body.begin(), w.out.body.begin() + first, before->out.body.begin()) &&
              std::equal(w.out.body.begin() + last, w.out.body.end(), before->out.body.begin() + last))
      << "octets beside the output";
  const auto [lowest, highest] = std::minmax_element(w.p.body.c, w.p.body.c + kN);
  EXPECT_GE(*lowest, c.out_lowest);
  EXPECT_LE(*highest, c.out_highest);
  if (c.finish) c.finish(table, w);
}

class ArithKernel : public testing::TestWithParam<std::tuple<const Arith*, ArithCase>> {};

TEST_P(ArithKernel, AgreesWithItsOracle) {
  const auto& [table, c] = GetParam();
  if (!runs_here(*table)) GTEST_SKIP() << "this CPU lacks what " << table->name << " needs";
  for (const Kind kind : cases::kKinds) {
    const uint64_t repetitions = kind == Kind::kRandom ? 300 : kind == Kind::kBoundary ? 60 : 6;
    for (uint64_t seed = 0; seed < repetitions; ++seed) {
      const auto ours = std::make_unique<Workspace>(), theirs = std::make_unique<Workspace>();
      run(c, *table, *ours, seed, kind);
      run(c, oracle(*table), *theirs, seed, kind);
      for (size_t i = 0; i < kN; ++i) {
        const int a = ours->p.body.c[i], b = theirs->p.body.c[i];
        ASSERT_TRUE(c.modulo_q ? (a - b) % kQ == 0 : a == b)
            << "coefficient " << i << ": " << a << ", not " << b << "; kind " << int(kind) << ", seed "
            << seed;
      }
      ASSERT_EQ(ours->out.body, theirs->out.body) << "kind " << int(kind) << ", seed " << seed;
      ASSERT_EQ(ours->returned, theirs->returned) << "kind " << int(kind) << ", seed " << seed;
      ASSERT_FALSE(HasFailure()) << "kind " << int(kind) << ", seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ArithKernel,
                         testing::Combine(testing::ValuesIn(arith_tables().begin(), arith_tables().end()),
                                          testing::ValuesIn(cases::kArithCases)),
                         [](const auto& shown) {
                           return std::string(std::get<1>(shown.param).name) + "_" +
                                  std::get<0>(shown.param)->name;
                         });

class ArithTable : public testing::TestWithParam<const Arith*> {
 protected:
  void SetUp() override {
    if (!runs_here(table())) GTEST_SKIP() << "this CPU lacks what " << table().name << " needs";
  }
  const Arith& table() const { return *GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, ArithTable, testing::ValuesIn(arith_tables().begin(), arith_tables().end()),
                         [](const auto& shown) { return std::string(shown.param->name); });

// Every sign pattern that depends on the bits of the index drives other butterflies to their bounds.
TEST_P(ArithTable, NttHoldsForExtremeInputs) {
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    Poly ours, theirs;
    for (unsigned i = 0; i < kN; ++i) ours.c[i] = __builtin_parity(i & pattern) ? -kQ : kQ;
    theirs = ours;
    // One coefficient off q, or everything would be a multiple of it.
    ours.c[pattern] = theirs.c[pattern] = kQ - 1;
    table().ntt(ours);
    kArithReference.ntt(theirs);
    table().to_standard(ours);
    ASSERT_TRUE(same(ours, theirs)) << "pattern " << pattern;
  }
}

// FIPS 203, section 4.3.1: products of transforms are transforms of products modulo X^256 + 1.
TEST_P(ArithTable, TransformedProductsAreNegacyclicProducts) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Source source(seed);
    const Kind kind = cases::kKinds[seed % std::size(cases::kKinds)];
    const unsigned k = 1 + unsigned(seed % 4);
    Poly a[4], b[4], sum;
    MulCache cache[4];
    int64_t expected[kN] = {};
    for (unsigned n = 0; n < k; ++n) {
      for (int i = 0; i < kN; ++i) {
        a[n].c[i] = source.coefficient(kind, -kQ, kQ);
        b[n].c[i] = source.coefficient(kind, -kQ, kQ);
      }
      for (int i = 0; i < kN; ++i)
        for (int j = 0; j < kN; ++j) {
          const int64_t product = a[n].c[i] * b[n].c[j];
          expected[(i + j) % kN] += i + j < kN ? product : -product;
        }
      table().ntt(a[n]);
      table().ntt(b[n]);
      table().mul_cache(cache[n], b[n]);
      // The only way to an operand in the table's order: through octets.
      uint8_t octets[384];
      table().byte_encode_12(octets, a[n]);
      ASSERT_EQ(table().byte_decode_12(a[n], octets), 0u);
    }
    table().multiply_accumulate(sum, a, 1, b, cache, k);
    table().inverse_ntt(sum);
    for (int i = 0; i < kN; ++i) ASSERT_EQ((sum.c[i] - expected[i]) % kQ, 0) << "seed " << seed << ", " << i;
  }
}

TEST_P(ArithTable, DifferSeesEveryBitAndNoMore) {
  size_t inputs = 0;
  for (const size_t bytes : {size_t{32}, size_t{768}, size_t{1088}, size_t{1568}}) {
    std::vector<uint8_t> a(bytes + 2, 0x3c), b(bytes + 1, 0x3c);
    a.front() = a.back() = 0;  // a is unaligned, and the octets around it differ
    b.back() = 1;
    EXPECT_EQ(table().differ(a.data() + 1, b.data(), bytes), 0u);
    for (size_t bit = 0; bit < 8 * bytes; ++bit, ++inputs) {
      b[bit / 8] ^= uint8_t(1 << bit % 8);
      ASSERT_NE(table().differ(a.data() + 1, b.data(), bytes), 0u) << bit;
      b[bit / 8] ^= uint8_t(1 << bit % 8);
    }
  }
  test::expect_inputs(inputs, 8 * (32 + 768 + 1088 + 1568));
}

// Two candidates of 12 bits as three octets.
void append(std::vector<uint8_t>& xof, unsigned d1, unsigned d2) {
  xof.insert(xof.end(), {uint8_t(d1), uint8_t(d1 >> 8 | d2 << 4), uint8_t(d2 >> 4)});
}

// Feeds `xof` in pieces of the given length (drawn where 0), each before a guard page; the result in standard
// order.
unsigned reject_in_pieces(const Arith& table, const std::vector<uint8_t>& xof, size_t piece, Source& source,
                          Poly& out) {
  static const test::GuardPage page;
  const auto p = std::make_unique<cases::Guarded<Poly>>();
  unsigned have = 0;
  for (size_t at = 0; at < xof.size() && have < kN;) {
    const size_t bytes = std::min(xof.size() - at, piece ? piece : 3 * source.below(60));
    uint8_t* in = page.last(bytes);
    std::copy_n(xof.data() + at, bytes, in);
    const unsigned before = have;
    have = table.reject_vartime(p->body, have, in, bytes);
    EXPECT_GE(have, before);
    EXPECT_LE(have, std::min<size_t>(kN, before + bytes / 3 * 2));
    EXPECT_TRUE(p->intact());
    at += bytes;
  }
  if (have == kN) {
    out = p->body;
    table.to_standard(out);
  }
  return have;
}

void expect_rejection_agrees(const Arith& table, const std::vector<uint8_t>& xof, const char* what) {
  Poly expected{}, ours{};
  const unsigned count = kArithReference.reject_vartime(expected, 0, xof.data(), xof.size());
  Source source(1);
  for (const size_t piece :
       {size_t{0}, size_t{0}, size_t{0}, size_t{3}, size_t{6}, size_t{9}, size_t{12}, size_t{15}, size_t{24},
        size_t{48}, size_t{96}, size_t{168}, size_t{504}, size_t{840}}) {
    ASSERT_EQ(reject_in_pieces(table, xof, piece, source, ours), count) << what << ", pieces of " << piece;
    ASSERT_TRUE(count < kN || same(ours, expected)) << what << ", pieces of " << piece;
  }
}

TEST_P(ArithTable, RejectionAgreesInPieces) {
  Source source(7);
  for (int i = 0; i < 60; ++i) {
    std::vector<uint8_t> xof(840);
    const Kind kind = i % 2 ? Kind::kRandom : Kind::kBoundary;
    for (uint8_t& octet : xof) octet = source.octet(kind);
    expect_rejection_agrees(table(), xof, "drawn octets");
  }
}

TEST_P(ArithTable, RejectionTakesWhatIsBelowQ) {
  for (const unsigned few : {0u, 1u, 2u, 7u, 100u, 255u, 256u, 257u}) {
    // `few` acceptable candidates among those that are not, in either position of their three octets.
    for (const unsigned shift : {0u, 1u}) {
      std::vector<uint8_t> xof;
      for (unsigned i = 0; i < 280; ++i) {
        const unsigned good = i < few ? kQ - 1 - i : 4095 - i % 700, bad = i % 2 ? unsigned{kQ} : 4095;
        shift ? append(xof, bad, good) : append(xof, good, bad);
      }
      expect_rejection_agrees(table(), xof, "sparse candidates");
    }
  }
  for (const unsigned first : {0u, 1u, 5u}) {  // every place filled by a pair, or the last pair cut in two
    std::vector<uint8_t> xof;
    for (unsigned i = 0; i < first; ++i) append(xof, i, kQ);
    for (unsigned i = 0; i < 140; ++i) append(xof, 2 * i, 2 * i + 1);
    expect_rejection_agrees(table(), xof, "dense candidates");
  }
  std::vector<uint8_t> exact;
  for (unsigned i = 0; i < 128; ++i) append(exact, i, kQ - 1 - i);
  expect_rejection_agrees(table(), exact, "exactly enough");
}

// Values 0 to 4095 in every place of a table's vectors.
TEST_P(ArithTable, RejectionDrawsTheLineAtQ) {
  std::vector<uint8_t> xof;
  for (unsigned i = 0; i < 140; ++i) append(xof, 100 + i, 500 + i);
  int inputs = 0;
  for (unsigned place = 0; place < 64; ++place) {
    uint8_t* pair = xof.data() + place / 2 * 3;
    const uint8_t saved[3] = {pair[0], pair[1], pair[2]};
    for (unsigned d = 0; d < 4096; ++d, ++inputs) {
      if (place % 2 == 0) {
        pair[0] = uint8_t(d);
        pair[1] = uint8_t((saved[1] & 0xf0) | d >> 8);
      } else {
        pair[1] = uint8_t((saved[1] & 0x0f) | d << 4);
        pair[2] = uint8_t(d >> 4);
      }
      Poly ours, expected;
      ASSERT_EQ(table().reject_vartime(ours, 0, xof.data(), xof.size()), unsigned{kN});
      kArithReference.reject_vartime(expected, 0, xof.data(), xof.size());
      table().to_standard(ours);
      ASSERT_TRUE(same(ours, expected)) << "value " << d << " in place " << place;
    }
    std::copy_n(saved, 3, pair);
  }
  test::expect_inputs(size_t(inputs), size_t{64} * 4096);
}

}  // namespace
}  // namespace mlkem::kernels
