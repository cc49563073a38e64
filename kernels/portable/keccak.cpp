// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] in plain C++ (FIPS 202, section 3), shaped for CPUs of sixteen registers and without an
// and-not instruction; kernels/README.md has the measurements.
#include <bit>

#include "kernels/keccak_constants.hpp"
#include "kernels/portable/interleave.hpp"
#include "kernels/portable/portable.hpp"
#include "kernels/portable/scratch.hpp"

namespace mlkem::kernels {
namespace {

// Lane complementing: between rounds these words hold the complement of their lanes. chi's and-nots then
// become plain ands and ors, and of 25 complements a round 8 are left.
constexpr size_t kComplemented[] = {1, 2, 8, 12, 17, 20};
constexpr bool is_complemented(int word) {
  for (size_t i : kComplemented)
    if (i == size_t(word)) return true;
  return false;
}
// After theta: a column's parity is complemented if an odd number of its lanes is.
constexpr bool parity_is_complemented(int x) {
  bool r = false;
  for (int y = 0; y < 5; ++y) r ^= is_complemented(x % 5 + 5 * y);
  return r;
}
// After pi: lane (x, y) of chi's input was lane (x + 3 y, x).
constexpr int pi_column(int x, int y) {
  return (x + 3 * y) % 5;
}
constexpr bool chi_input_is_complemented(int x, int y) {
  const int column = pi_column(x % 5, y);
  return is_complemented(column + 5 * (x % 5)) ^ parity_is_complemented(column + 4) ^
         parity_is_complemented(column + 1);
}

// Lane (x, y) of chi's result, b0 ^ (~b1 & b2), as its word holds it, from b0, b1, b2 as theirs do.
template <int x, int y>
constexpr uint64_t chi(uint64_t b0, uint64_t b1, uint64_t b2) {
  constexpr bool kFirst = chi_input_is_complemented(x + 1, y), kSecond = chi_input_is_complemented(x + 2, y);
  // Whether the and-not, combined with b0 as it stands, must be complemented.
  constexpr bool kComplement = chi_input_is_complemented(x, y) ^ is_complemented(x + 5 * y);
  if constexpr (kFirst && kSecond) return b0 ^ (kComplement ? ~b1 | b2 : b1 & ~b2);
  if constexpr (!kFirst && !kSecond) return b0 ^ (kComplement ? b1 | ~b2 : ~b1 & b2);
  if constexpr (kFirst && !kSecond) return (kComplement ? ~b0 : b0) ^ (b1 & b2);
  if constexpr (!kFirst && kSecond) return (kComplement ? b0 : ~b0) ^ (b1 | b2);
}

// Lane (x, y) of chi's input.
template <int x, int y>
inline uint64_t chi_input(const uint64_t* in, const uint64_t theta[5]) {
  constexpr int kColumn = pi_column(x, y), kWord = kColumn + 5 * x;
  return std::rotl(in[kWord] ^ theta[kColumn], kRotations[kWord]);
}

// Plane y of a round's result.
template <int y>
[[gnu::always_inline]] inline void plane(uint64_t* out, const uint64_t* in, const uint64_t theta[5]) {
  const uint64_t b0 = chi_input<0, y>(in, theta), b1 = chi_input<1, y>(in, theta),
                 b2 = chi_input<2, y>(in, theta), b3 = chi_input<3, y>(in, theta),
                 b4 = chi_input<4, y>(in, theta);
  out[5 * y] = chi<0, y>(b0, b1, b2);
  out[5 * y + 1] = chi<1, y>(b1, b2, b3);
  out[5 * y + 2] = chi<2, y>(b2, b3, b4);
  out[5 * y + 3] = chi<3, y>(b3, b4, b0);
  out[5 * y + 4] = chi<4, y>(b4, b0, b1);
}

// One round from one set of lanes to another, a plane of the result at a time: five lanes are alive then
// besides theta's five words, which is what sixteen registers can hold.
[[gnu::always_inline]] inline void round(uint64_t* out, const uint64_t* in, uint64_t constant) {
  uint64_t parity[5], theta[5];
  for (size_t x = 0; x < 5; ++x) parity[x] = in[x] ^ in[x + 5] ^ in[x + 10] ^ in[x + 15] ^ in[x + 20];
  for (size_t x = 0; x < 5; ++x) theta[x] = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
  plane<0>(out, in, theta);
  plane<1>(out, in, theta);
  plane<2>(out, in, theta);
  plane<3>(out, in, theta);
  plane<4>(out, in, theta);
  out[0] ^= constant;
}

// Two rounds a pass, so that no lane moves: one round a pass costs 2 % more, all twenty-four in a row 50 %.
void permute_one(uint64_t state[kStateWords]) noexcept {
  uint64_t other[kStateWords];
  for (size_t i : kComplemented) state[i] = ~state[i];
  for (size_t i = 0; i < kRounds; i += 2) {
    round(other, state, kRoundConstants[i]);
    round(state, other, kRoundConstants[i + 1]);
  }
  for (size_t i : kComplemented) state[i] = ~state[i];
  wipe_scratch(other);
}

void permute_wide(uint64_t* state, const LaneInputs* in) noexcept {
  if (in) absorb<1>(state, *in);
  permute_one(state);
}

}  // namespace

constexpr Keccak kKeccakPortable = {.name = "portable",
                                    .needs = Isa::kNone,
                                    .width = 1,
                                    .one_cost = 600,
                                    .wide_cost = 600,
                                    .permute_one = permute_one,
                                    .permute_wide = permute_wide,
                                    .permute_both = nullptr,
                                    .squeeze = squeeze<1>};
static_assert(complete(kKeccakPortable));

}  // namespace mlkem::kernels
