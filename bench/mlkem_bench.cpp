// SPDX-License-Identifier: Apache-2.0
// ML-KEM by operation, set and tables, one at a time and in batches, with fresh random inputs in every
// iteration. `ns` and `ticks` (of the time-stamp counter) are medians for one operation.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bench/operations.hpp"

namespace mlkem {
namespace {

using namespace bench;

// Times operate() alone; prepare() brings new inputs.
template <class Prepare, class Operate>
void measure(benchmark::State& state, size_t operations, Prepare prepare, Operate operate) {
  std::vector<double> ns, ticks;
  for (auto _ : state) {
    prepare();
    const auto start = std::chrono::steady_clock::now();
    const uint64_t start_ticks = ticks_now();
    const Status status = operate();
    const uint64_t end_ticks = ticks_now();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (status != Status::kOk) return state.SkipWithError("an operation failed");
    state.SetIterationTime(seconds.count());
    ns.push_back(seconds.count() * 1e9 / double(operations));
    ticks.push_back(double(end_ticks - start_ticks) / double(operations));
  }
  if (ns.empty()) return;
  state.counters["ns"] = median(ns);
  if (ticks_now() != 0) state.counters["ticks"] = median(ticks);
}

template <class Set>
void add_tables(const std::string& tier, const Tables& tables, size_t n) {
  const std::string suffix =
      (n == 1 ? "/" : "_batch" + std::to_string(n) + "/") + std::to_string(256 * Set::kK) + "/" + tier;
  const auto add = [&](const char* operation, auto prepare, auto operate) {
    benchmark::RegisterBenchmark((operation + suffix).c_str(), [=](benchmark::State& state) {
      auto operations = std::make_unique<Operations<Set>>(tables, n);
      measure(
          state, n, [&] { prepare(*operations); }, [&] { return operate(*operations); });
    })->UseManualTime();
  };
  using Ops = Operations<Set>;
  add(
      "keygen", [](Ops& o) { o.refresh_seeds(); }, [](Ops& o) { return o.keygen(); });
  add(
      "encaps", [](Ops& o) { o.refresh_seeds(), (void)o.keygen(); }, [](Ops& o) { return o.encaps(); });
  add(
      "decaps", [](Ops& o) { o.refresh_seeds(), (void)o.keygen(), (void)o.encaps(); },
      [](Ops& o) { return o.decaps(); });
  add(
      "triple", [](Ops& o) { o.refresh_seeds(); },
      [](Ops& o) {
        const Status keygen = o.keygen(), encaps = o.encaps(), decaps = o.decaps();
        return keygen != Status::kOk ? keygen : encaps != Status::kOk ? encaps : decaps;
      });
}

// An initiator's two steps, over the tables that the library chose.
template <class Set>
void add_expanded() {
  const std::string suffix = "/" + std::to_string(256 * Set::kK) + "/chosen";
  struct Initiator {
    Operations<Set> operations{chosen_tables(), 1};
    ExpandedKey<Set> key;
    SharedSecret ss;
  };
  benchmark::RegisterBenchmark(("expanded_generate" + suffix).c_str(), [](benchmark::State& state) {
    const auto i = std::make_unique<Initiator>();
    measure(
        state, 1, [&] { i->operations.refresh_seeds(); },
        [&] {
          i->key.generate_from_seed(i->operations.seed());
          return Status::kOk;
        });
  })->UseManualTime();
  benchmark::RegisterBenchmark(("expanded_decaps" + suffix).c_str(), [](benchmark::State& state) {
    const auto i = std::make_unique<Initiator>();
    measure(
        state, 1,
        [&] {
          i->operations.refresh_seeds();
          (void)i->operations.keygen();
          (void)i->operations.encaps();
          i->key.generate_from_seed(i->operations.seed());
        },
        [&] { return i->key.decaps(i->ss, i->operations.ct()); });
  })->UseManualTime();
}

template <class Set>
void add_set() {
  const kernels::Isa have = kernels::isa_of(kernels::cpu_features());
  for (const kernels::Arith* arith : kernels::arith_tables())
    for (const kernels::Keccak* keccak : kernels::keccak_tables()) {
      if (!kernels::covers(have, arith->needs | keccak->needs)) continue;
      std::string tier = arith->name;
      if (tier != keccak->name) (tier += '+') += keccak->name;
      for (const size_t n : {1u, 8u, 16u}) add_tables<Set>(tier, Tables{*arith, *keccak}, n);
    }
  add_expanded<Set>();
}

}  // namespace
}  // namespace mlkem

int main(int argc, char** argv) {
  mlkem::add_set<mlkem::MlKem512>();
  mlkem::add_set<mlkem::MlKem768>();
  mlkem::add_set<mlkem::MlKem1024>();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
