// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] on one state in general registers, a round a loop (FIPS 202, section 3). Rotations cost nothing where
// a lane is the second operand of an instruction: a lane lies in its register as rho's rotation finds it, and whoever
// reads it rotates it. (Becker and Kannwischer, Hybrid scalar/vector implementations of Keccak, have the idea.)
#include <string>

#include "kernels/keccak_constants.hpp"
#include "kernels/neon/gen/emitter.hpp"
#include "kernels/neon/gen/keccak_moves.hpp"
#include "kernels/neon/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kKeccakLanes;
using kernels::kRotations;

// Registers: x0 the state, x1 to x17 and x19 to x24 lanes 0 to 22; lanes 23 and 24 stay in the state's memory. The six
// others are theta's parities and one more; its results take the places of parities that are done with. On the stack:
// the next round constant, and their end.
constexpr int kInRegisters = 23;
std::string home(int word) {
  return std::string("x").append(std::to_string(word < 17 ? word + 1 : word + 2));
}
const std::string kParity[5] = {"x25", "x26", "x27", "x28", "x29"};
const std::string kTheta[5] = {kParity[4], "x30", kParity[1], kParity[2], kParity[3]};

// Numbers of places that are no lane's between rounds: the first parity's register, and theta's result for column 0.
constexpr int kSpare[2] = {25, 26};
constexpr auto kMoves = moves(kSpare);
std::string place(int number) {
  return number == kSpare[0] ? kParity[0] : number == kSpare[1] ? kTheta[0] : home(number);
}
// Free in chi: what theta left for columns 2 to 4, and 1.
const std::string kTemporary = kTheta[2], kMemoryLanes[2] = {kTheta[3], kTheta[4]}, kConstant = kTheta[1];

// A lane is its register rotated to the left by as much as rho rotates it.
int pending(int word) {
  return kRotations[size_t(kernels::pi_source(word))];
}

struct KeccakX1 {
  Emitter& e;

  static bool in_memory(int number) { return number >= kInRegisters && number < kKeccakLanes; }
  void load(const std::string& to, int word) { e.line("ldr #, [x0, #]", to, 8 * word); }
  void store(const std::string& from, int word) { e.line("str #, [x0, #]", from, 8 * word); }

  // out = a operation rotr(b, count), count modulo 64.
  void logic(const char* operation, const std::string& out, const std::string& a, const std::string& b,
             int count) {
    count = (count + 64) % 64;
    if (count == 0) return e.line("# #, #, #", operation, out, a, b);
    e.line("# #, #, #, ror #", operation, out, a, b, count);
  }
  void rotate_right(const std::string& lane, int count) {
    if (count % 64 != 0) e.line("ror #, #, #", lane, lane, count % 64);
  }

  // Parities are without pending rotations, after one instruction for each of four columns.
  void theta() {
    for (int x = 0; x < 5; ++x) {
      const int first = in_memory(x + 20) ? x + 20 : x;
      std::string sum = home(first);
      if (in_memory(first)) load(sum = kParity[x], first);
      for (int y = 0; y < 5; ++y)
        if (const int word = x + 5 * y; word != first) {
          logic("eor", kParity[x], sum, home(word), pending(first) - pending(word));
          sum = kParity[x];
        }
      rotate_right(kParity[x], 64 - pending(first));
    }
    for (const int x : {1, 3, 0, 2, 4})
      logic("eor", kTheta[x], kParity[(x + 4) % 5], kParity[(x + 1) % 5], 64 - 1);
  }

  // Takes a lane's pending rotation away; rho's is pending afterwards.
  void move_lanes() {
    for (const KeccakMove& move : kMoves) {
      const std::string& column = kTheta[move.from % 5];
      const int count = 64 - pending(move.from);
      const bool to_memory = in_memory(move.to);
      const std::string to = to_memory ? place(move.from) : place(move.to);
      if (in_memory(move.from)) load(to, move.from);
      logic("eor", to, column, in_memory(move.from) ? to : place(move.from), count);
      if (to_memory) store(to, move.to);
    }
  }

  void chi() {
    for (int row = 0; row < 5; ++row) {
      const auto word = [&](int x) { return 5 * row + x % 5; };
      const auto in = [&](int x) {
        return in_memory(word(x)) ? kMemoryLanes[word(x) - kInRegisters]
                                  : place(place_before_chi(word(x), kSpare));
      };
      for (int x = 0; x < 5; ++x)
        if (in_memory(word(x))) load(in(x), word(x));
      for (int x = 0; x < 5; ++x) {
        const int p0 = pending(word(x)), p1 = pending(word(x + 1)), p2 = pending(word(x + 2));
        logic("bic", kTemporary, in(x + 2), in(x + 1), p2 - p1);
        const std::string out = in_memory(word(x)) ? in(x) : home(word(x));
        logic("eor", out, in(x), kTemporary, p0 - p2);
        if (in_memory(word(x))) store(out, word(x));
      }
    }
  }

  // Lane by lane: in rotates it as the rounds keep it, out back.
  void rotate_all(bool in) {
    for (int word = 0; word < kKeccakLanes; ++word) {
      const std::string lane = in_memory(word) ? kTemporary : home(word);
      if (in || in_memory(word)) load(lane, word);
      rotate_right(lane, in ? pending(word) : 64 - pending(word));
      if (!in || in_memory(word)) store(lane, word);
    }
  }

  void function(const std::string& name) {
    e.general_function(name, [&] {
      e.line("add x2, x1, #", 8 * kernels::kRounds);
      e.line("stp x1, x2, [sp]");
      rotate_all(true);
      e.label(".L" + name + "_round");
      theta();
      move_lanes();
      chi();
      const std::string &next = kTemporary, &end = kMemoryLanes[0];
      e.line("ldp #, #, [sp]", next, end);
      e.line("ldr #, [#], 8", kConstant, next);
      e.line("str #, [sp]", next);
      logic("eor", home(0), home(0), kConstant, 0);
      e.line("cmp #, #", next, end);
      e.line("b.ne .L#_round", name);
      rotate_all(false);
    });
  }
};

}  // namespace

void keccak_x1(Emitter& e) {
  KeccakX1{e}.function("mlkem_keccak_x1_aarch64");
}

}  // namespace mlkem::gen
