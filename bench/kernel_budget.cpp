// SPDX-License-Identifier: Apache-2.0
// Where the time of an ML-KEM-768 exchange goes, for bench/budget, which makes tables of what this prints: calls of each
// kernel by operation, counted by tables that count; ticks of a call; and the instructions that a call executes.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "bench/operations.hpp"
#include "bench/single_step.hpp"
#include "tests/kernel_cases.hpp"

namespace mlkem {
namespace {

using namespace bench;
using namespace kernels;
using Set = MlKem768;

template <auto member>
constexpr bool is(auto other) {
  if constexpr (std::is_same_v<decltype(member), decltype(other)>)
    return member == other;
  else
    return false;
}

// Calls f.operator()<member>(name) for every kernel of a table.
template <class F>
void for_each_kernel(const Arith&, F f) {
  f.template operator()<&Arith::ntt>("ntt");
  f.template operator()<&Arith::inverse_ntt>("inverse_ntt");
  f.template operator()<&Arith::mul_cache>("mul_cache");
  f.template operator()<&Arith::multiply_accumulate>("multiply_accumulate_3");
  f.template operator()<&Arith::add_product>("add_product");
  f.template operator()<&Arith::add>("add");
  f.template operator()<&Arith::sub>("sub");
  f.template operator()<&Arith::reject_vartime>("reject_vartime");
  f.template operator()<&Arith::cbd_2>("cbd_2");
  f.template operator()<&Arith::byte_encode_12>("byte_encode_12");
  f.template operator()<&Arith::byte_decode_12>("byte_decode_12");
  f.template operator()<&Arith::compress_1>("compress_1");
  f.template operator()<&Arith::compress_4>("compress_4");
  f.template operator()<&Arith::compress_10>("compress_10");
  f.template operator()<&Arith::decompress_1>("decompress_1");
  f.template operator()<&Arith::decompress_4>("decompress_4");
  f.template operator()<&Arith::decompress_10>("decompress_10");
  f.template operator()<&Arith::differ>("differ");
}
template <class F>
void for_each_kernel(const Keccak& table, F f) {
  f.template operator()<&Keccak::permute_one>("permute_one");
  f.template operator()<&Keccak::permute_wide>("absorb_permute");
  if (table.permute_both) f.template operator()<&Keccak::permute_both>("permute_both");
  f.template operator()<&Keccak::squeeze>("squeeze");
}

// What is counted, and what was asked of the kernels whose time depends on it.
template <class Table>
const Table* counted = nullptr;
template <auto member>
uint64_t calls = 0;
struct Rejected {
  unsigned have;
  std::vector<uint8_t> xof;
};
struct Entered {
  bool anything;
  LaneInputs in;
};
std::vector<Entered> entered;
std::vector<LaneOutputs> squeezed;
std::vector<Rejected> rejected;

template <auto member, class Member = decltype(member)>
struct Counting;
template <auto member, class Table, class Result, class... Arguments>
struct Counting<member, Result (*Table::*)(Arguments...) noexcept> {
  static Result call(Arguments... arguments) noexcept {
    ++calls<member>;
    if constexpr (is<member>(&Keccak::permute_wide) || is<member>(&Keccak::permute_both))
      [](auto, const LaneInputs* in, auto...) {
        entered.push_back({in != nullptr, in ? *in : LaneInputs{}});
      }(arguments...);
    if constexpr (is<member>(&Keccak::squeeze))
      [](auto, const LaneOutputs& out) { squeezed.push_back(out); }(arguments...);
    if constexpr (is<member>(&Arith::reject_vartime))
      [](auto&, unsigned have, const uint8_t* xof, size_t bytes) {
        rejected.push_back({have, {xof, xof + bytes}});
      }(arguments...);
    return (counted<Table>->*member)(arguments...);
  }
};

template <class Table>
Table counting(const Table& table) {
  Table out = table;
  counted<Table> = &table;
  for_each_kernel(
      table, [&]<auto member>(const char*) { out.*member = Counting<member>::call; });
  return out;
}

void print_calls(const char* tier, const Tables& tables, Operations<Set>& operations) {
  std::vector<std::pair<std::string, std::array<uint64_t, 3>>> rows;
  const std::array operate = {&Operations<Set>::keygen, &Operations<Set>::encaps, &Operations<Set>::decaps};
  operations.refresh_seeds();
  for (size_t i = 0; i < operate.size(); ++i) {
    size_t row = 0;
    const auto reset = [&]<auto member>(const char*) {
      calls<member> = 0;
    };
    const auto note = [&]<auto member>(const char* name) {
      if (row == rows.size()) rows.push_back({name, {}});
      rows[row++].second[i] = calls<member>;
    };
    for_each_kernel(tables.arith, reset);
    for_each_kernel(tables.keccak, reset);
    (void)(operations.*operate[i])();
    for_each_kernel(tables.arith, note);
    for_each_kernel(tables.keccak, note);
  }
  for (const auto& [name, count] : rows)
    std::printf("calls %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tier, name.c_str(), count[0], count[1],
                count[2]);
}

// Median ticks of one call of f, which makes `calls_inside` of them.
template <class F>
double ticks_of(F f, size_t calls_inside = 1) {
  std::vector<double> ticks;
  for (int i = 0; i < 41; ++i) {
    constexpr int kRepetitions = 200;
    const uint64_t start = ticks_now();
    for (int j = 0; j < kRepetitions; ++j) f();
    ticks.push_back(double(ticks_now() - start) / kRepetitions / double(calls_inside));
  }
  return median(ticks);
}

template <class F>
void print_kernel(const char* tier, const char* name, F call, double ticks) {
  std::printf("ticks %s %s %.1f\nsteps %s %s", tier, name, ticks, tier, name);
  for (const auto& [address, count] : single_step(call)) std::printf(" %" PRIx64 ":%" PRIu64, address, count);
  std::puts("");
  std::fflush(stdout);
}

void print_kernels(const char* tier, const Tables& tables) {
  const auto w = std::make_unique<cases::Workspace>();
  for (const cases::ArithCase& c : cases::kArithCases) {
    cases::Source source(1);
    cases::fill(c, tables.arith, *w, source, cases::Kind::kRandom);
    double ticks = ticks_of([&] { c.call(tables.arith, *w); });
    if (std::strcmp(c.name, "reject_vartime") == 0)
      ticks = ticks_of(
          [&] {
            for (const Rejected& r : rejected)
              tables.arith.reject_vartime(w->p.body, r.have, r.xof.data(), r.xof.size());
          },
          rejected.size());
    print_kernel(
        tier, c.name, [&] { c.call(tables.arith, *w); }, ticks);
  }
  const auto k = std::make_unique<cases::KeccakWorkspace>();
  static uint8_t octets[kMaxWidth][8 * 21];
  for (Entered& each : entered)
    for (unsigned lane = 0; lane < kMaxWidth; ++lane) each.in.bytes[lane] = octets[lane];
  for (LaneOutputs& out : squeezed)
    for (unsigned lane = 0; lane < kMaxWidth; ++lane) out.bytes[lane] = octets[lane];
  for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
    k->in.bytes[lane] = octets[lane];
    k->in.words[lane] = 4;
    k->in.end[lane] = 20;
    k->out.bytes[lane] = octets[lane];
    k->out.words[lane] = 21;
  }
  const Keccak& keccak = tables.keccak;
  for (const cases::KeccakCase& c : cases::kKeccakCases) {
    if (!c.exists(keccak)) continue;
    double ticks = ticks_of([&] { c.call(keccak, *k); });
    if (std::strcmp(c.name, "absorb_permute") == 0)
      ticks = ticks_of(
          [&] {
            for (const Entered& each : entered)
              keccak.permute_wide(k->wide.body.data(), each.anything ? &each.in : nullptr);
          },
          entered.size());
    if (std::strcmp(c.name, "squeeze") == 0)
      ticks = ticks_of(
          [&] {
            for (const LaneOutputs& out : squeezed) keccak.squeeze(k->wide.body.data(), out);
          },
          squeezed.size());
    print_kernel(
        tier, c.name, [&] { c.call(keccak, *k); }, ticks);
  }
}

void print_tier(const Tables& tables) {
  const char* tier = tables.arith.name;
  entered.clear();
  squeezed.clear();
  rejected.clear();
  const Arith arith = counting(tables.arith);
  const Keccak keccak = counting(tables.keccak);
  const Tables counters{arith, keccak};
  {
    const auto operations = std::make_unique<Operations<Set>>(counters, 1);
    print_calls(tier, tables, *operations);
  }
  const auto operations = std::make_unique<Operations<Set>>(tables, 1);
  std::array<std::vector<double>, 3> ticks;
  for (int i = 0; i < 4001; ++i) {
    operations->refresh_seeds();
    const uint64_t t0 = ticks_now();
    (void)operations->keygen();
    const uint64_t t1 = ticks_now();
    (void)operations->encaps();
    const uint64_t t2 = ticks_now();
    (void)operations->decaps();
    const uint64_t t3 = ticks_now();
    ticks[0].push_back(double(t1 - t0));
    ticks[1].push_back(double(t2 - t1));
    ticks[2].push_back(double(t3 - t2));
  }
  std::printf("operations %s %.0f %.0f %.0f\n", tier, median(ticks[0]), median(ticks[1]), median(ticks[2]));
  print_kernels(tier, tables);
}

// Core cycles in a tick: rotations that wait for each other take one cycle each.
void print_core_clock() {
#if defined(__x86_64__)
  constexpr int kRotations = 1000;
  const double ticks = ticks_of([] {
    uint64_t x = 0;
    for (int i = 0; i < kRotations / 10; ++i)
      asm volatile(
          "ror $1, %0\n ror $1, %0\n ror $1, %0\n ror $1, %0\n ror $1, %0\n"
          "ror $3, %0\n ror $3, %0\n ror $3, %0\n ror $3, %0\n ror $3, %0"
          : "+r"(x));
  });
  std::printf("cycles_per_tick %.3f\n", kRotations / ticks);
#endif
}

}  // namespace
}  // namespace mlkem

int main() {
  using namespace mlkem;
  const Isa have = isa_of(cpu_features());
  print_core_clock();
  for (size_t i = 0; i < arith_tables().size(); ++i) {
    const Tables tables{*arith_tables()[i], *keccak_tables()[i]};
    if (covers(have, tables.arith.needs | tables.keccak.needs)) print_tier(tables);
  }
}
