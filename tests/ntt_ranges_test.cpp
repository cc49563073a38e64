// SPDX-License-Identifier: Apache-2.0
// The largest coefficients after every layer of the transforms (FIPS 203, Algorithms 9 and 10), which
// kernels/README.md states. A model of each table's lazy arithmetic first finds out exactly which values every
// coefficient can take, for all inputs that the contract allows: a butterfly's two inputs have nothing to do with each
// other, so that sets of values are enough. Then it drives the coefficients to their extremes and the kernels with
// them: a table must leave the very octets of its model.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/portable/modular.hpp"
#include "tests/arith_reference.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem::kernels {
namespace {

using portable::Factor;

constexpr int kPairs = kN / 2;  // coefficients 2 i and 2 i + 1 are treated alike
constexpr int kLargestProduct = 18048;

// x - q round(10 x / 2^15), the reduction in three vector instructions.
int16_t reduce_by_tenths(int16_t x) {
  return int16_t(x - kQ * ((x * 10 + (1 << 14)) >> 15));
}

// What a transform does to all coefficients, or to the lower halves of a layer's butterflies.
struct Step {
  enum Kind {
    kForward,   // butterflies l + f u, l - f u
    kInverse,   // l + u, (u - l) f
    kPlain,     // l + u, l - u: the inverse's factor of the upper half is left out
    kDeferred,  // l + f u, l - f u: the same, but f makes up for what layers before left out of u, not of l
    kReduce,
    kReduceByTenths,
    kUnscale,
    kRest  // kUnscale and all that was left out
  } kind;
  int length;  // of the layer; for the others 0 for all coefficients or that of a layer whose lower halves are meant
  int worst;                  // the largest absolute value afterwards
  bool also_unscale = false;  // the layer's factors also do what kUnscale does
  bool is_layer() const { return kind <= kDeferred; }
};

struct Schedule {
  const char* table;
  std::vector<Step> forward, inverse;
  bool by_quotient = false;  // how factors multiply: see Times
};

const Schedule& schedule_of(const std::string& table) {
  static const std::vector<Step> kForward = {{Step::kForward, 128, 5031}, {Step::kForward, 64, 6798},
                                             {Step::kForward, 32, 8520},  {Step::kForward, 16, 10374},
                                             {Step::kForward, 8, 12265},  {Step::kForward, 4, 14130},
                                             {Step::kForward, 2, 16118}};
  static const Schedule kSchedules[] = {
      {"portable",
       kForward,
       {{Step::kReduce, 0, 1664},
        {Step::kInverse, 2, 3328},
        {Step::kInverse, 4, 6656},
        {Step::kInverse, 8, 13312},
        {Step::kInverse, 16, 26624},
        {Step::kReduce, 0, 1664},
        {Step::kInverse, 32, 3328},
        {Step::kInverse, 64, 6656},
        {Step::kInverse, 128, 13312},
        {Step::kUnscale, 0, 1935}}},
      {"avx2",
       kForward,
       {{Step::kReduceByTenths, 0, 1951},
        {Step::kInverse, 2, 3902},
        {Step::kInverse, 4, 7804},
        {Step::kInverse, 8, 15608},
        {Step::kInverse, 16, 31216},
        {Step::kReduceByTenths, 16, 2382},
        {Step::kInverse, 32, 4711},
        {Step::kInverse, 64, 9054},
        {Step::kInverse, 128, 17280, true},
        {Step::kUnscale, 128, 2032}}},
      {"avx512",
       kForward,
       {{Step::kReduceByTenths, 0, 1951},
        {Step::kPlain, 2, 3902},
        {Step::kDeferred, 4, 5604},
        {Step::kDeferred, 8, 7388},
        {Step::kDeferred, 16, 9129},
        {Step::kDeferred, 32, 10982},
        {Step::kDeferred, 64, 12878},
        {Step::kDeferred, 128, 14761},
        {Step::kRest, 0, 2035}}},
      {"neon",
       {{Step::kForward, 128, 5031},
        {Step::kForward, 64, 6904},
        {Step::kForward, 32, 8795},
        {Step::kForward, 16, 10832},
        {Step::kForward, 8, 12933},
        {Step::kForward, 4, 15003},
        {Step::kForward, 2, 17297}},
       {{Step::kReduceByTenths, 0, 1951},
        {Step::kInverse, 2, 3902},
        {Step::kInverse, 4, 7804},
        {Step::kInverse, 8, 15608},
        {Step::kInverse, 16, 31216},
        {Step::kReduceByTenths, 16, 3153},
        {Step::kInverse, 32, 5111},
        {Step::kInverse, 64, 9353},
        {Step::kInverse, 128, 18407, true},
        {Step::kUnscale, 128, 2196}},
       true},
  };
  for (const Schedule& schedule : kSchedules)
    if (schedule.table == table) return schedule;
  std::abort();
}

// Multiplication by a constant: Montgomery's way, or with the quotient by q known beforehand, as NEON does.
struct Times {
  Factor montgomery;
  int16_t factor, quotient;  // modulo q, and round(2^15 factor / q)

  int16_t of(int16_t x, bool by_quotient) const {
    if (!by_quotient) return portable::multiply(x, montgomery);
    return int16_t(x * factor - ((x * quotient + (1 << 14)) >> 15) * kQ);
  }
};
consteval Times times(int64_t f) {
  const int16_t centered = portable::centered(f);
  const int twice = centered * 65536 / kQ;
  return {portable::factor(f), centered, int16_t((twice + (twice < 0 ? -1 : 1)) / 2)};
}
consteval std::array<Times, 256> powers_of_zeta(int scale) {
  std::array<Times, 256> out{};
  for (int i = 0; i < 256; ++i) out[size_t(i)] = times(portable::power_of_zeta(i) * scale);
  return out;
}
constexpr auto kPowers = powers_of_zeta(1), kUnscaledPowers = powers_of_zeta(512);  // 2^16 / 128

// Of the zetas, by block: the layer with n blocks takes elements n, ..., 2 n - 1.
constexpr auto kExponents = []() consteval {
  std::array<int, 128> out{};
  for (int i = 0; i < 128; ++i) out[size_t(i)] = portable::bit_reverse_7(i);
  return out;
}
();

// The power of 1 / zeta that coefficient i lacks when every layer up to this length left out its upper halves' factors.
// A coefficient that was in an upper half lacks what its partner lacks, and the factor of their block.
int left_out(int i, int length) {
  if (length < 2) return 0;
  if ((i & length) == 0) return left_out(i, length / 2);
  return left_out(i - length, length / 2) + kExponents[size_t(128 / length + i / (2 * length))];
}

// The exponent of zeta in a pair's factor. kInverse takes the blocks backwards: it subtracts the other way round.
int exponent_of(const Step& step, int pair) {
  const int i = 2 * pair, length = step.length;
  if (step.kind == Step::kForward) return kExponents[size_t(128 / length + i / (2 * length))];
  if (step.kind == Step::kInverse) return kExponents[size_t(256 / length - 1 - i / (2 * length))];
  if (step.kind == Step::kDeferred) return left_out(i, length / 2) - left_out(i + length, length / 2);
  return step.kind == Step::kRest ? -left_out(i, 128) : 0;
}

// What a step does to a pair's coefficients, or to what the butterfly multiplies whose lower half they are.
auto operation(const Step& step, int pair, bool by_quotient) {
  const auto& powers = step.is_layer() && !step.also_unscale ? kPowers : kUnscaledPowers;
  return [by_quotient, kind = step.kind, factor = powers[size_t(exponent_of(step, pair) & 255)]](int value) {
    const auto x = int16_t(value);
    if (kind == Step::kPlain) return x;
    if (kind == Step::kReduce) return portable::barrett_reduce(x);
    if (kind == Step::kReduceByTenths) return reduce_by_tenths(x);
    return factor.of(x, by_quotient);
  };
}

bool is_lower(const Step& step, int pair) {
  return (2 * pair & step.length) == 0;
}
// Whether a step that is no layer concerns this pair.
bool concerns(const Step& step, int pair) {
  return step.length == 0 || is_lower(step, pair);
}

// A set of numbers, as runs without gaps in ascending order.
class Values {
 public:
  static Values interval(int lowest, int highest) {
    Values out;
    out.runs_.push_back({lowest, highest});
    return out;
  }
  int lowest() const { return runs_.front().first; }
  int highest() const { return runs_.back().last; }
  int worst() const { return std::max(-lowest(), highest()); }
  bool has(int x) const {
    const auto run = std::lower_bound(runs_.begin(), runs_.end(), x,
                                      [](const Run& r, int value) { return r.last < value; });
    return run != runs_.end() && run->first <= x;
  }
  // The first number that f accepts, the ends and zero before the others.
  template <class F>
  int find(F f) const {
    for (const int x : {0, highest(), lowest()})
      if (has(x) && f(x)) return x;
    for (const Run& run : runs_)
      for (int x = run.first; x <= run.last; ++x)
        if (f(x)) return x;
    std::abort();
  }
  // What f makes of them.
  template <class F>
  Values image(F f) const {
    std::vector<uint8_t> marks(65536);
    for (const Run& run : runs_)
      for (int x = run.first; x <= run.last; ++x) marks[size_t(f(int16_t(x)) + 32768)] = 1;
    Values out;
    for (int i = 0; i < 65536; ++i)
      if (marks[size_t(i)]) out.append(i - 32768, i - 32768);
    return out;
  }
  Values negated() const {
    Values out;
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) out.append(-run->last, -run->first);
    return out;
  }
  friend Values operator+(const Values& a, const Values& b) {
    const int lowest = a.lowest() + b.lowest();
    std::vector<int> change(size_t(a.highest() + b.highest() - lowest + 2));
    for (const Run& x : a.runs_)
      for (const Run& y : b.runs_) {
        ++change[size_t(x.first + y.first - lowest)];
        --change[size_t(x.last + y.last + 1 - lowest)];
      }
    Values out;
    for (int i = 0, depth = 0; i < int(change.size()); ++i)
      if ((depth += change[size_t(i)]) > 0) out.append(lowest + i, lowest + i);
    return out;
  }

 private:
  struct Run {
    int first, last;
  };
  void append(int first, int last) {
    if (!runs_.empty() && runs_.back().last + 1 == first)
      runs_.back().last = last;
    else
      runs_.push_back({first, last});
  }
  std::vector<Run> runs_;
};

// One transform: what each pair's coefficients can be before the first and after every step.
class Model {
 public:
  Model(const std::vector<Step>& steps, int largest, bool by_quotient)
      : steps_(steps), by_quotient_(by_quotient) {
    values_.emplace_back(size_t{kPairs}, Values::interval(-largest, largest));
    for (const Step& step : steps) {
      const std::vector<Values>& before = values_.back();
      std::vector<Values> after = before;
      for (int i = 0; i < kPairs; ++i) {
        if (!step.is_layer()) {
          if (concerns(step, i)) after[size_t(i)] = before[size_t(i)].image(operation(step, i, by_quotient_));
        } else if (is_lower(step, i)) {
          const size_t lower = size_t(i), upper = lower + size_t(step.length) / 2;
          if (step.kind != Step::kInverse) {
            const Values product = before[upper].image(operation(step, i, by_quotient_));
            after[lower] = before[lower] + product;
            after[upper] = before[lower] + product.negated();
          } else {
            after[lower] = before[lower] + before[upper];
            const Values difference = before[upper] + before[lower].negated();
            EXPECT_LE(difference.worst(), 32767) << "layer of length " << step.length;
            if (difference.worst() > 32767) return;
            after[upper] = difference.image(operation(step, i, by_quotient_));
            differences_.try_emplace({values_.size() - 1, i}, difference);
          }
        }
      }
      values_.push_back(std::move(after));
      EXPECT_LE(worst_after(values_.size() - 2), 32767) << "step " << values_.size() - 2;
      if (worst_after(values_.size() - 2) > 32767) return;
    }
  }
  bool complete() const { return values_.size() == steps_.size() + 1; }
  const Values& after(size_t step, int pair) const { return values_[step + 1][size_t(pair)]; }
  int worst_after(size_t step) const {
    int worst = 0;
    for (const Values& values : values_[step + 1]) worst = std::max(worst, values.worst());
    return worst;
  }

  // Sets inputs so that this coefficient of a pair becomes x in that step.
  void drive(Poly& p, size_t step_index, int pair, int parity, int x) const {
    const Step& step = steps_[step_index];
    const auto& before = values_[step_index];
    const auto drive_before = [&](int which, int value) {
      if (step_index == 0)
        p.c[2 * which + parity] = int16_t(value);
      else
        drive(p, step_index - 1, which, parity, value);
    };
    if (!step.is_layer()) {
      if (!concerns(step, pair)) return drive_before(pair, x);
      const auto reduce = operation(step, pair, by_quotient_);
      return drive_before(pair, before[size_t(pair)].find([&](int from) { return reduce(from) == x; }));
    }
    const int lower = is_lower(step, pair) ? pair : pair - step.length / 2, upper = lower + step.length / 2;
    const Values &lowers = before[size_t(lower)], &uppers = before[size_t(upper)];
    const auto product = operation(step, lower, by_quotient_);
    int u = 0, l = 0;
    if (step.kind != Step::kInverse) {
      const int sign = pair == lower ? 1 : -1;
      u = uppers.find([&](int value) { return lowers.has(x - sign * product(value)); });
      l = x - sign * product(u);
    } else {
      // A sum, or a difference whose product is x.
      const bool sum = pair == lower;
      const int target =
          sum ? x : differences_.at({step_index, lower}).find([&](int value) { return product(value) == x; });
      u = uppers.find([&](int value) { return lowers.has(sum ? target - value : value - target); });
      l = sum ? target - u : u - target;
    }
    drive_before(lower, l);
    drive_before(upper, u);
  }

  // The transform itself; stops after `steps` of them.
  void run(Poly& p, size_t steps) const {
    for (size_t s = 0; s < steps; ++s) {
      const Step& step = steps_[s];
      for (int i = 0; i < kN; ++i) {
        if (!step.is_layer()) {
          if (concerns(step, i / 2)) p.c[i] = operation(step, i / 2, by_quotient_)(p.c[i]);
        } else if (is_lower(step, i / 2)) {
          int16_t &lower = p.c[i], &upper = p.c[i + step.length];
          const bool inverse = step.kind == Step::kInverse;
          const int l = lower, u = upper, multiplied = inverse ? u - l : u;
          ASSERT_LE(std::abs(multiplied), 32767) << "step " << s;
          const int product = operation(step, i / 2, by_quotient_)(multiplied);
          const int new_lower = inverse ? l + u : l + product, new_upper = inverse ? product : l - product;
          ASSERT_TRUE(std::abs(new_lower) <= 32767 && std::abs(new_upper) <= 32767) << "step " << s;
          lower = int16_t(new_lower);
          upper = int16_t(new_upper);
        }
      }
    }
  }

 private:
  const std::vector<Step>& steps_;
  const bool by_quotient_;
  std::vector<std::vector<Values>> values_;
  std::map<std::pair<size_t, int>, Values> differences_;  // kInverse: by step and lower pair
};

class NttRanges : public testing::TestWithParam<const Arith*> {
 protected:
  void SetUp() override {
    if (!covers(isa_of(cpu_features()), table().needs))
      GTEST_SKIP() << "this CPU lacks what " << table().name << " needs";
  }
  const Arith& table() const { return *GetParam(); }

  // All of the table's stated bounds, each reached by a kernel's input.
  void drive_to_extremes(bool forward, int largest) {
    const Schedule& schedule = schedule_of(table().name);
    const std::vector<Step>& steps = forward ? schedule.forward : schedule.inverse;
    const Model model(steps, largest, schedule.by_quotient);
    ASSERT_TRUE(model.complete());
    const auto order = cases::order_of(table());
    unsigned inputs = 0;
    int mixed = 0;  // bits of a pair's number that the layers so far have mixed
    for (size_t step = 0; step < steps.size(); ++step) {
      EXPECT_EQ(model.worst_after(step), steps[step].worst) << "after step " << step << ", " << table().name;
      if (steps[step].is_layer()) mixed |= steps[step].length / 2;
      // Pairs that have nothing in common yet go to their extremes at once: one coefficient up, one down.
      for (int member = 0; member < kPairs; ++member) {
        if ((member & ~mixed) != 0) continue;
        Poly p;
        for (int pair = 0; pair < kPairs; ++pair)
          if ((pair & mixed) == member) {
            model.drive(p, step, pair, 0, model.after(step, pair).highest());
            model.drive(p, step, pair, 1, model.after(step, pair).lowest());
          }
        for (const int16_t c : p.c) ASSERT_LE(std::abs(c), largest);
        Poly reached = p, expected = p;
        model.run(reached, step + 1);
        for (int pair = 0; pair < kPairs; ++pair)
          if ((pair & mixed) == member) {
            ASSERT_EQ(reached.c[2 * pair], model.after(step, pair).highest());
            ASSERT_EQ(reached.c[2 * pair + 1], model.after(step, pair).lowest());
          }
        model.run(expected, steps.size());
        ASSERT_NO_FATAL_FAILURE(expect_kernel_agrees(forward, order, p, expected)) << "step " << step;
        ++inputs;
      }
    }
    EXPECT_GE(inputs, 254u);  // 2 + 4 + ... + 128, as many as layers have mixed
    RecordProperty("inputs", int(inputs));
  }

 private:
  void expect_kernel_agrees(bool forward, const std::array<uint8_t, kN>& order, const Poly& in,
                            const Poly& expected) {
    Poly ours = forward ? in : cases::in_order(order, in), theirs = in;
    (forward ? table().ntt : table().inverse_ntt)(ours);
    const Poly model = forward ? cases::in_order(order, expected) : expected;
    for (int i = 0; i < kN; ++i) ASSERT_EQ(ours.c[i], model.c[i]) << "coefficient " << i;
    const Arith& portable = *arith_tables().back();
    (forward ? portable.ntt : portable.inverse_ntt)(theirs);
    for (int i = 0; i < kN; ++i)
      ASSERT_EQ((model.c[i] - (forward ? theirs.c[order[size_t(i)]] : theirs.c[i])) % kQ, 0)
          << "coefficient " << i;
  }
};
INSTANTIATE_TEST_SUITE_P(All, NttRanges, testing::ValuesIn(arith_tables().begin(), arith_tables().end()),
                         [](const auto& shown) { return std::string(shown.param->name); });

TEST_P(NttRanges, ForwardStaysWithinItsBoundsAndReachesThem) {
  drive_to_extremes(true, kQ);
}

TEST_P(NttRanges, InverseStaysWithinItsBoundsAndReachesThem) {
  drive_to_extremes(false, kLargestProduct);
}

}  // namespace
}  // namespace mlkem::kernels
