// SPDX-License-Identifier: Apache-2.0
// Exhaustive: every value that a contract in kernels.hpp allows, in every coefficient, for the kernels that work
// coefficient by coefficient (unrolled code may treat each in its own way); and the portable table's modular arithmetic.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/portable/modular.hpp"
#include "tests/arith_reference.hpp"
#include "tests/expect_inputs.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem::kernels {
namespace {

using test::expect_inputs;

class KernelRanges : public testing::TestWithParam<const Arith*> {
 protected:
  void SetUp() override {
    if (!covers(isa_of(cpu_features()), table().needs))
      GTEST_SKIP() << "this CPU lacks what " << table().name << " needs";
  }
  const Arith& table() const { return *GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, KernelRanges, testing::ValuesIn(arith_tables().begin(), arith_tables().end()),
                         [](const auto& shown) { return std::string(shown.param->name); });

// Calls f with polynomials that together hold lowest, ..., highest in each coefficient. Returns how many pairs of value
// and place there were.
template <class F>
size_t for_all_values(int lowest, int highest, F f) {
  std::vector<uint8_t> seen(size_t{kN} << 16);
  for (int shift = 0; shift < kN; ++shift)
    for (int first = lowest - shift; first <= highest; first += kN) {
      Poly p;
      for (int i = 0; i < kN; ++i) {
        const int x = first + i;
        p.c[i] = int16_t(x < lowest ? lowest : x > highest ? highest : x);
        seen[size_t(i) << 16 | uint16_t(p.c[i])] = 1;
      }
      f(p);
    }
  return size_t(std::count(seen.begin(), seen.end(), 1));
}

using Compress = void (*)(uint8_t*, const Poly&) noexcept;
using Decompress = void (*)(Poly&, const uint8_t*) noexcept;
struct Width {
  size_t d;
  Compress Arith::*compress;
  Decompress Arith::*decompress;
};
const Width kWidths[] = {{1, &Arith::compress_1, &Arith::decompress_1},
                         {4, &Arith::compress_4, &Arith::decompress_4},
                         {5, &Arith::compress_5, &Arith::decompress_5},
                         {10, &Arith::compress_10, &Arith::decompress_10},
                         {11, &Arith::compress_11, &Arith::decompress_11}};

TEST_P(KernelRanges, CompressIsExact) {
  size_t inputs = 0;
  for (const Width& width : kWidths) {
    // Decoded by hand, so that a wrong value is named.
    uint32_t expected[4 * kQ];
    for (int x = 1 - 2 * kQ; x < 2 * kQ; ++x) {
      const int64_t canonical = (x % kQ + kQ) % kQ;
      expected[x + 2 * kQ] = uint32_t(((canonical << (width.d + 1)) + kQ) / (2 * kQ) % (1 << width.d));
    }
    inputs += for_all_values(1 - 2 * kQ, 2 * kQ - 1, [&](const Poly& p) {
      uint8_t out[352];
      (table().*width.compress)(out, p);
      for (size_t i = 0; i < kN; ++i) {
        uint32_t value = 0;
        for (size_t b = 0; b < width.d; ++b) {
          const size_t bit = i * width.d + b;
          value |= uint32_t(out[bit / 8] >> bit % 8 & 1) << b;
        }
        ASSERT_EQ(value, expected[p.c[i] + 2 * kQ]) << "compress_" << width.d << " of " << p.c[i];
      }
    });
  }
  expect_inputs(inputs, size_t{5} * kN * (4 * kQ - 1));
}

TEST_P(KernelRanges, DecompressIsExact) {
  size_t inputs = 0;
  for (const Width& width : kWidths)
    inputs += for_all_values(0, (1 << width.d) - 1, [&](const Poly& p) {
      uint8_t in[352] = {};
      for (size_t bit = 0; bit < kN * width.d; ++bit)
        in[bit / 8] |= uint8_t((p.c[bit / width.d] >> bit % width.d & 1) << bit % 8);
      Poly out;
      (table().*width.decompress)(out, in);
      for (int i = 0; i < kN; ++i)
        ASSERT_EQ(out.c[i], (2 * kQ * p.c[i] + (1 << width.d)) >> (width.d + 1))
            << "decompress_" << width.d << " of " << p.c[i];
    });
  expect_inputs(inputs, size_t{kN} * (2 + 16 + 32 + 1024 + 2048));
}

TEST_P(KernelRanges, ByteEncode12AndToStandardReduceEveryNumber) {
  const auto order = cases::order_of(table());
  const size_t inputs = for_all_values(-32768, 32767, [&](const Poly& p) {
    const Poly ours = cases::in_order(order, p);
    uint8_t out[384], expected[384];
    table().byte_encode_12(out, ours);
    kArithReference.byte_encode_12(expected, p);
    ASSERT_EQ(std::memcmp(out, expected, sizeof out), 0) << "from " << p.c[0];
    Poly standard = ours, reduced = p;
    table().to_standard(standard);
    kArithReference.to_standard(reduced);
    ASSERT_EQ(std::memcmp(&standard, &reduced, sizeof reduced), 0) << "from " << p.c[0];
  });
  expect_inputs(inputs, size_t{kN} * 65536);
}

TEST_P(KernelRanges, AddProductReducesEveryNumber) {
  const auto order = cases::order_of(table());
  const size_t inputs = for_all_values(-32768, 32767, [&](const Poly& e) {
    Poly p = {}, reduced = e;  // zero is zero with any Montgomery factor
    table().add_product(p, cases::in_order(order, e));
    for (const int16_t c : p.c) ASSERT_TRUE(c >= -4096 && c <= 4096) << c;
    table().to_standard(p);
    kArithReference.to_standard(reduced);
    ASSERT_EQ(std::memcmp(&p, &reduced, sizeof p), 0) << "from " << e.c[0];
  });
  expect_inputs(inputs, size_t{kN} * 65536);
}

// FIPS 203, section 7.2: one coefficient of q or more among 256 is found, whatever the others are.
TEST_P(KernelRanges, ByteDecode12ChecksEveryNumberInEveryPlace) {
  size_t inputs = 0;
  const auto order = cases::order_of(table());
  for (const int others : {0, kQ - 1}) {
    uint8_t in[384];
    for (size_t i = 0; i < kN; i += 2) {
      in[i / 2 * 3] = uint8_t(others);
      in[i / 2 * 3 + 1] = uint8_t(others >> 8 | others << 4);
      in[i / 2 * 3 + 2] = uint8_t(others >> 4);
    }
    Poly expected;
    for (int16_t& c : expected.c) c = int16_t(others);
    for (size_t i = 0; i < kN; ++i) {
      const size_t place = order[i];
      uint8_t* pair = in + place / 2 * 3;
      const uint8_t saved[3] = {pair[0], pair[1], pair[2]};
      // All values once; beside others that are large, those around q.
      for (int value = others ? kQ - 2 : 0; value < (others ? kQ + 2 : 4096); ++value) {
        if (place % 2 == 0) {
          pair[0] = uint8_t(value);
          pair[1] = uint8_t((pair[1] & 0xf0) | value >> 8);
        } else {
          pair[1] = uint8_t((pair[1] & 0x0f) | value << 4);
          pair[2] = uint8_t(value >> 4);
        }
        expected.c[i] = int16_t(value);
        ++inputs;
        Poly out;
        ASSERT_EQ(table().byte_decode_12(out, in) != 0, value >= kQ) << value << " in place " << place;
        ASSERT_EQ(std::memcmp(&out, &expected, sizeof out), 0) << value << " in place " << place;
      }
      expected.c[i] = int16_t(others);
      std::memcpy(pair, saved, sizeof saved);
    }
  }
  expect_inputs(inputs, size_t{kN} * (4096 + 4));
}

// FIPS 203, Algorithm 8: a coefficient is made of 4 or 6 bits, which take all values in every place.
TEST_P(KernelRanges, CbdIsExact) {
  size_t inputs = 0;
  for (const int eta : {2, 3})
    for (int shift = 0; shift < 1 << (2 * eta); ++shift) {
      uint8_t prf[192] = {};
      Poly out, expected;
      for (int i = 0; i < kN; ++i) {
        const int bits = (i + shift) % (1 << (2 * eta)), low = bits & ((1 << eta) - 1), high = bits >> eta;
        expected.c[i] = int16_t(__builtin_popcount(unsigned(low)) - __builtin_popcount(unsigned(high)));
        for (int b = 0; b < 2 * eta; ++b)
          prf[(2 * eta * i + b) / 8] |= uint8_t((bits >> b & 1) << (2 * eta * i + b) % 8);
        ++inputs;
      }
      (eta == 2 ? table().cbd_2 : table().cbd_3)(out, prf);
      ASSERT_EQ(std::memcmp(&out, &expected, sizeof out), 0) << "eta " << eta << ", shift " << shift;
    }
  expect_inputs(inputs, size_t{kN} * (16 + 64));
}

// The pieces of the portable table.
TEST(Modular, BarrettReductionIsCentered) {
  size_t inputs = 0;
  for (int a = -32768; a < 32768; ++a, ++inputs) {
    const int r = portable::barrett_reduce(int16_t(a)), c = portable::canonical(int16_t(a));
    ASSERT_EQ((a - r) % kQ, 0) << a;
    ASSERT_LE(std::abs(r), (kQ - 1) / 2) << a;
    ASSERT_EQ(c, (a % kQ + kQ) % kQ) << a;
  }
  expect_inputs(inputs, 65536);
}

// Every factor by every number.
TEST(Modular, MultiplicationIsMontgomerysAndBounded) {
  size_t inputs = 0;
  for (int value = -(kQ - 1) / 2; value <= (kQ - 1) / 2; ++value) {
    const portable::Factor f{int16_t(value), portable::low(int16_t(value), portable::kQInverse)};
    int wrong = 0;
    for (int a = -32768; a < 32768; ++a, ++inputs) {
      const int r = portable::multiply(int16_t(a), f), magnitude = std::abs(r);
      wrong += (r * 65536 - a * value) % kQ != 0 || magnitude > 2496 ||
               65536 * magnitude > std::abs(a) * 1664 + 32768 * kQ;
    }
    ASSERT_EQ(wrong, 0) << "times " << value;
  }
  expect_inputs(inputs, size_t{kQ} * 65536);
}

TEST(Modular, MontgomeryReductionIsBounded) {
  cases::Source source(3);
  const auto check = [](int32_t a) {
    const int64_t r = portable::montgomery_reduce(a);
    ASSERT_EQ((r * 65536 - a) % kQ, 0) << a;
    ASSERT_LE(std::abs(r), 18048) << a;
  };
  for (int32_t a = -70000; a <= 70000; ++a) {
    check(a);
    check((1 << 30) - std::abs(a));
    check(std::abs(a) - (1 << 30));
    check(int32_t(source.below(1u << 31)) - (1 << 30));
  }
}

}  // namespace
}  // namespace mlkem::kernels
