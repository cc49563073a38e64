// SPDX-License-Identifier: Apache-2.0
// Exhaustive: every value that a contract in kernels.hpp allows, in every place of a vector, for the kernels
// that work coefficient by coefficient; and the portable table's modular arithmetic.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "kernels/portable/modular.hpp"
#include "tests/arith_reference.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem::kernels {
namespace {

constexpr int kPlaces = 32;  // 16-bit numbers in the widest vector

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

// Calls f with polynomials that together hold lowest, ..., highest in each of kPlaces places.
template <class F>
void for_all_values(int lowest, int highest, F f) {
  for (int shift = 0; shift < kPlaces; ++shift)
    for (int first = lowest - shift; first <= highest; first += kN) {
      Poly p;
      for (int i = 0; i < kN; ++i) {
        const int x = first + i;
        p.c[i] = int16_t(x < lowest ? lowest : x > highest ? highest : x);
      }
      f(p);
    }
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
  for (const Width& width : kWidths) {
    // Decoded by hand, so that a wrong value is named.
    uint32_t expected[4 * kQ];
    for (int x = 1 - 2 * kQ; x < 2 * kQ; ++x) {
      const int64_t canonical = (x % kQ + kQ) % kQ;
      expected[x + 2 * kQ] = uint32_t(((canonical << (width.d + 1)) + kQ) / (2 * kQ) % (1 << width.d));
    }
    for_all_values(1 - 2 * kQ, 2 * kQ - 1, [&](const Poly& p) {
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
}

TEST_P(KernelRanges, DecompressIsExact) {
  for (const Width& width : kWidths)
    for_all_values(0, (1 << width.d) - 1, [&](const Poly& p) {
      uint8_t in[352] = {};
      for (size_t bit = 0; bit < kN * width.d; ++bit)
        in[bit / 8] |= uint8_t((p.c[bit / width.d] >> bit % width.d & 1) << bit % 8);
      Poly out;
      (table().*width.decompress)(out, in);
      for (int i = 0; i < kN; ++i)
        ASSERT_EQ(out.c[i], (2 * kQ * p.c[i] + (1 << width.d)) >> (width.d + 1))
            << "decompress_" << width.d << " of " << p.c[i];
    });
}

TEST_P(KernelRanges, ByteEncode12AndToStandardReduceEveryNumber) {
  const auto order = cases::order_of(table());
  for_all_values(-32768, 32767, [&](const Poly& p) {
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
}

TEST_P(KernelRanges, AddProductReducesEveryNumber) {
  const auto order = cases::order_of(table());
  for_all_values(-32768, 32767, [&](const Poly& e) {
    Poly p = {}, reduced = e;  // zero is zero with any Montgomery factor
    table().add_product(p, cases::in_order(order, e));
    for (const int16_t c : p.c) ASSERT_TRUE(c >= -4096 && c <= 4096) << c;
    table().to_standard(p);
    kArithReference.to_standard(reduced);
    ASSERT_EQ(std::memcmp(&p, &reduced, sizeof p), 0) << "from " << e.c[0];
  });
}

// FIPS 203, section 7.2: one coefficient of q or more among 256 is found, whatever the others are.
TEST_P(KernelRanges, ByteDecode12ChecksEveryNumberInEveryPlace) {
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
        Poly out;
        ASSERT_EQ(table().byte_decode_12(out, in) != 0, value >= kQ) << value << " in place " << place;
        ASSERT_EQ(std::memcmp(&out, &expected, sizeof out), 0) << value << " in place " << place;
      }
      expected.c[i] = int16_t(others);
      std::memcpy(pair, saved, sizeof saved);
    }
  }
}

// The pieces of the portable table.
TEST(Modular, BarrettReductionIsCentered) {
  for (int a = -32768; a < 32768; ++a) {
    const int r = portable::barrett_reduce(int16_t(a)), c = portable::canonical(int16_t(a));
    ASSERT_EQ((a - r) % kQ, 0) << a;
    ASSERT_LE(std::abs(r), (kQ - 1) / 2) << a;
    ASSERT_EQ(c, (a % kQ + kQ) % kQ) << a;
  }
}

TEST(Modular, MultiplicationIsMontgomerysAndBounded) {
  for (int value = -(kQ - 1) / 2; value <= (kQ - 1) / 2; value += 7) {
    const portable::Factor f{int16_t(value), portable::low(int16_t(value), portable::kQInverse)};
    for (int a = -32768; a < 32768; a += 3) {
      const int64_t r = portable::multiply(int16_t(a), f);
      ASSERT_EQ((r * 65536 - int64_t{a} * value) % kQ, 0) << a << " * " << value;
      ASSERT_LE(std::abs(r), 2496) << a << " * " << value;
      ASSERT_LE(2 * 65536 * std::abs(r), 2 * std::abs(a) * 1664 + 65536 * kQ) << a << " * " << value;
    }
  }
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
