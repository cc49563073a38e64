// SPDX-License-Identifier: Apache-2.0
#include "tests/keccak_reference.hpp"

#include "kernels/portable/interleave.hpp"
#include "kernels/portable/portable.hpp"
#include "kernels/portable/scratch.hpp"

namespace mlkem::kernels {
namespace {

void permute_one(uint64_t state[kStateWords]) noexcept {
  kKeccakPortable.permute_one(state);
}

template <unsigned kWidth>
void permute_wide(uint64_t* state, const LaneInputs* in) noexcept {
  if (in) absorb<kWidth>(state, *in);
  for (unsigned lane = 0; lane < kWidth; ++lane) {
    uint64_t single[kStateWords];
    for (unsigned i = 0; i < kStateWords; ++i) single[i] = state[i * kWidth + lane];
    permute_one(single);
    for (unsigned i = 0; i < kStateWords; ++i) state[i * kWidth + lane] = single[i];
    wipe_scratch(single);
  }
}

template <unsigned kWidth>
void permute_both(uint64_t* wide, const LaneInputs* in, uint64_t one[kStateWords]) noexcept {
  permute_wide<kWidth>(wide, in);
  permute_one(one);
}

// Costs in the proportions of real machines, so that the scheduler's choices are those that it makes there.
template <unsigned kWidth>
consteval Keccak reference(const char* name, unsigned one_cost, unsigned wide_cost) {
  return {.name = name,
          .needs = Isa::kNone,
          .width = kWidth,
          .one_cost = one_cost,
          .wide_cost = wide_cost,
          .permute_one = permute_one,
          .permute_wide = permute_wide<kWidth>,
          .permute_both = nullptr,
          .squeeze = squeeze<kWidth>};
}
consteval Keccak with_both(Keccak table, decltype(Keccak::permute_both) permute_both) {
  table.permute_both = permute_both;
  return table;
}

constexpr Keccak kReference2 = reference<2>("reference 2", 540, 620);
constexpr Keccak kReference4 = reference<4>("reference 4", 540, 950);
constexpr Keccak kReference8 = reference<8>("reference 8", 540, 530);
constexpr Keccak kReference4And1 = with_both(reference<4>("reference 4+1", 540, 950), permute_both<4>);
static_assert(complete(kReference2) && complete(kReference4) && complete(kReference8) &&
              complete(kReference4And1));

}  // namespace

std::span<const Keccak* const> reference_keccak_tables() noexcept {
  static constexpr const Keccak* kTables[] = {&kReference2, &kReference4, &kReference8, &kReference4And1};
  return kTables;
}

}  // namespace mlkem::kernels
