// SPDX-License-Identifier: Apache-2.0
// How the lanes of Keccak travel between registers so that after each round they are where they were, without a move
// for its own sake (FIPS 202, sections 3.2.3 and 3.2.4).
#pragma once

#include <array>
#include <cstdlib>

#include "kernels/keccak_constants.hpp"

namespace mlkem::gen {

// Places are numbers: those of lanes between rounds are 0 to 24, others are spare. Where rho and pi leave chi's inputs:
// chi's results 0 and 1 of a row go to places that are free, and free those of its inputs 0 and 1, which are read until
// the end of the row: they are where results 0 and 1 of the next row belong. Those of rows 0 and 2 change places, or a
// lane would stay where it is.
constexpr int place_before_chi(int word, const int (&spare)[2]) {
  const int row = word / 5, x = word % 5;
  if (x >= 2) return word;
  if (row == 4) return spare[x];
  return 5 * (row + 1) + (row == 0 || row == 2 ? 1 - x : x);
}

// The way there: from each free place backwards, as what belongs there comes from a lane's place, which is free then.
// The second spare place is not touched before kSecondChain, and columns 0, 2 and 4 are done by then.
struct KeccakMove {
  int from, to;
};
inline constexpr size_t kSecondChain = 22;
consteval std::array<KeccakMove, kernels::kKeccakLanes> moves(const int (&spare)[2]) {
  std::array<int, 64> word_at;
  word_at.fill(-1);
  for (int word = 0; word < kernels::kKeccakLanes; ++word)
    word_at[size_t(place_before_chi(word, spare))] = word;
  std::array<KeccakMove, kernels::kKeccakLanes> out{};
  size_t count = 0;
  for (int free : spare) {
    if (free == spare[1] && count != kSecondChain) std::abort();
    while (word_at[size_t(free)] >= 0) {
      const int from = kernels::pi_source(word_at[size_t(free)]);
      out[count++] = {from, free};
      free = from;
    }
  }
  if (count != out.size()) std::abort();  // not at compile time: a lane that stays where it is has no way
  for (size_t i = kSecondChain; i < count; ++i)
    if (out[i].from % 5 % 2 == 0) std::abort();
  return out;
}

}  // namespace mlkem::gen
