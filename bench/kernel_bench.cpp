// SPDX-License-Identifier: Apache-2.0
// Every kernel of every table that this CPU can run: operation/table.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "tests/keccak_reference.hpp"
#include "tests/kernel_cases.hpp"

namespace {

using namespace mlkem::kernels;

void run_arith(benchmark::State& state, const Arith& table, const cases::ArithCase& c) {
  const auto workspace = std::make_unique<cases::Workspace>();
  cases::Source source(1);
  cases::fill(c, table, *workspace, source, cases::Kind::kRandom);
  for (auto _ : state) {
    c.call(table, *workspace);
    benchmark::ClobberMemory();
  }
}

// Four words in and 21 out of every lane: SHAKE128 of a seed.
void run_keccak(benchmark::State& state, const Keccak& table, const cases::KeccakCase& c) {
  const auto workspace = std::make_unique<cases::KeccakWorkspace>();
  static uint8_t octets[kMaxWidth][168];
  for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
    workspace->in.bytes[lane] = octets[lane];
    workspace->in.words[lane] = 4;
    workspace->in.end[lane] = 20;
    workspace->out.bytes[lane] = octets[lane];
    workspace->out.words[lane] = 21;
  }
  for (auto _ : state) {
    c.call(table, *workspace);
    benchmark::ClobberMemory();
  }
}

void register_keccak(const Keccak& table) {
  for (const cases::KeccakCase& c : cases::kKeccakCases)
    if (c.exists(table))
      benchmark::RegisterBenchmark((std::string(c.name) + "/" + table.name).c_str(),
                                   [&](benchmark::State& state) { run_keccak(state, table, c); });
}

}  // namespace

int main(int argc, char** argv) {
  const Isa have = isa_of(cpu_features());
  for (const Arith* table : arith_tables())
    if (covers(have, table->needs))
      for (const cases::ArithCase& c : cases::kArithCases)
        benchmark::RegisterBenchmark((std::string(c.name) + "/" + table->name).c_str(),
                                     [table, &c](benchmark::State& state) { run_arith(state, *table, c); });
  for (const Keccak* table : keccak_tables())
    if (covers(have, table->needs)) register_keccak(*table);
  for (const Keccak* table : reference_keccak_tables()) register_keccak(*table);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
