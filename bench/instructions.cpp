// SPDX-License-Identifier: Apache-2.0
// Runs one operation of ML-KEM a given number of times, for tools/count_instructions, which counts what that executes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bench/operations.hpp"

namespace mlkem::bench {
namespace {

// The table of that name, if this CPU can run it.
template <class Table>
const Table* find(std::span<const Table* const> tables, std::string_view name) {
  for (const Table* table : tables)
    if (name == table->name && covers(kernels::isa_of(kernels::cpu_features()), table->needs)) return table;
  return nullptr;
}

template <class Set>
int repeat(const Tables& tables, std::string_view operation, int times) {
  Operations<Set> operations(tables, 1);
  operations.refresh_seeds();
  bool good = operations.keygen() == Status::kOk && operations.encaps() == Status::kOk;
  for (int i = 0; i < times; ++i) {
    const Status status = operation == "keygen"   ? operations.keygen()
                          : operation == "encaps" ? operations.encaps()
                                                  : operations.decaps();
    good = good && status == Status::kOk;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace mlkem::bench

int main(int argc, char** argv) {
  using namespace mlkem;
  if (argc != 6) {
    std::fputs("usage: instructions ARITH-TABLE KECCAK-TABLE 512|768|1024 keygen|encaps|decaps TIMES\n",
               stderr);
    return 2;
  }
  const kernels::Arith* const arith = bench::find(kernels::arith_tables(), argv[1]);
  const kernels::Keccak* const keccak = bench::find(kernels::keccak_tables(), argv[2]);
  if (!arith || !keccak) {
    std::fputs("instructions: no such table, or not for this CPU\n", stderr);
    return 77;
  }
  const Tables tables{*arith, *keccak};
  const int times = std::atoi(argv[5]);
  if (std::strcmp(argv[3], "512") == 0) return bench::repeat<MlKem512>(tables, argv[4], times);
  if (std::strcmp(argv[3], "768") == 0) return bench::repeat<MlKem768>(tables, argv[4], times);
  return bench::repeat<MlKem1024>(tables, argv[4], times);
}
