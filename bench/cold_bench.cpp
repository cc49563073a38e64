// SPDX-License-Identifier: Apache-2.0
// What an operation costs a gateway that did something else before: warm, after a walk over 2 MiB of other data, and
// after 64 MiB; and how much code it runs through. Prints Markdown; time-stamp counter ticks, medians.
#include <cstdio>
#include <memory>
#include <set>

#include "bench/operations.hpp"
#include "bench/single_step.hpp"

namespace mlkem {
namespace {

using namespace bench;

constexpr size_t kLineBytes = 64;

// Other data: every line of it is read and written.
class OtherData {
 public:
  void walk(size_t bytes) {
    for (size_t i = 0; i < bytes; i += kLineBytes) ++data_[i];
  }

 private:
  std::vector<uint8_t> data_ = std::vector<uint8_t>(size_t{64} << 20);
};

template <class Set, class Operate>
void print_row(const Tables& tables, const char* operation, OtherData& other, Operate operate) {
  const auto operations = std::make_unique<Operations<Set>>(tables, 1);
  const auto prepare = [&] {
    operations->refresh_seeds();
    (void)operations->keygen();
    (void)operations->encaps();
  };
  const auto ticks_after = [&](size_t walk_bytes, int repetitions) {
    std::vector<double> ticks;
    for (int i = 0; i < repetitions; ++i) {
      prepare();
      (void)operate(*operations);
      other.walk(walk_bytes);
      const uint64_t start = ticks_now();
      (void)operate(*operations);
      ticks.push_back(double(ticks_now() - start));
    }
    return median(ticks);
  };
  (void)ticks_after(0, 801);  // until the clock has settled
  const double warm = ticks_after(0, 801), cold = ticks_after(size_t{2} << 20, 401),
               colder = ticks_after(size_t{64} << 20, 31);
  std::printf("| %d | %s | %s | %.1fk | %.1fk | %.2f | %.1fk | %.2f |", 256 * Set::kK, operation,
              tables.arith.name, warm / 1000, cold / 1000, cold / warm, colder / 1000, colder / warm);
  if (Set::kK != 3) {  // of which the code hardly depends
    std::puts(" | |");
    return;
  }
  prepare();
  std::set<uint64_t> lines;
  uint64_t executed = 0;
  for (const auto& [address, count] : single_step([&] { (void)operate(*operations); })) {
    lines.insert(address / kLineBytes);
    executed += count;
  }
  std::printf(" %.1f | %.0fk |\n", double(lines.size() * kLineBytes) / 1024, double(executed) / 1000);
  std::fflush(stdout);
}

template <class Set>
void print_set(OtherData& other) {
  const kernels::Isa have = kernels::isa_of(kernels::cpu_features());
  using Ops = Operations<Set>;
  for (size_t i = 0; i < kernels::arith_tables().size(); ++i) {
    const Tables tables{*kernels::arith_tables()[i], *kernels::keccak_tables()[i]};
    if (!kernels::covers(have, tables.arith.needs | tables.keccak.needs)) continue;
    print_row<Set>(tables, "keygen", other, [](Ops& o) { return o.keygen(); });
    print_row<Set>(tables, "encaps", other, [](Ops& o) { return o.encaps(); });
    print_row<Set>(tables, "decaps", other, [](Ops& o) { return o.decaps(); });
  }
}

}  // namespace
}  // namespace mlkem

int main() {
  mlkem::OtherData other;
  std::puts(
      "| set | operation | tables | warm | after 2 MiB | ratio | after 64 MiB | ratio | KiB of code touched "
      "| "
      "instructions |\n|---|---|---|---|---|---|---|---|---|---|");
  mlkem::print_set<mlkem::MlKem512>(other);
  mlkem::print_set<mlkem::MlKem768>(other);
  mlkem::print_set<mlkem::MlKem1024>(other);
}
