// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] on two interleaved states, a round a loop, all lanes in registers, without a move between them
// (FIPS 202, section 3): with NEON alone in 162 instructions a round, with Arm's SHA3 extension in 69.
#include <string>

#include "kernels/keccak_constants.hpp"
#include "kernels/neon/gen/emitter.hpp"
#include "kernels/neon/gen/keccak_moves.hpp"
#include "kernels/neon/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kKeccakLanes;
using kernels::kRotations;

// Registers: x0 the state, x1 the next round constant, x2 their end. Between rounds lane i is in v<i>. Theta's parities
// are in v25 to v29; its results, what is added to a column, take the places of parities that are done with.
constexpr int kParity = 25;
constexpr int kTheta[5] = {kParity + 2, 30, kParity + 4, 31, kParity + 1};
// Free once theta is done.
constexpr int kSpare[2] = {kParity, kParity + 3};
constexpr int kTemporary = 30;  // in chi

std::string lane(int number) {
  return std::string("v").append(std::to_string(number)).append(".16b");
}
std::string doubleword(int number) {
  return std::string("v").append(std::to_string(number)).append(".2d");
}

constexpr int place_before_chi(int word) {
  return gen::place_before_chi(word, kSpare);
}
constexpr auto kMoves = moves(kSpare);

struct KeccakX2 {
  Emitter& e;
  bool sha3;

  void logic(const char* operation, int out, int a, int b) {
    e.line("# #, #, #", operation, lane(out), lane(a), lane(b));
  }
  void xor3(int out, int a, int b, int c) {
    if (sha3) return e.line("eor3 #, #, #, #", lane(out), lane(a), lane(b), lane(c));
    logic("eor", out, a, b);
    logic("eor", out, out, c);
  }
  // out = a ^ rotl(b, 1); out is neither.
  void xor_rotated(int out, int a, int b) {
    if (sha3) return e.line("rax1 #, #, #", doubleword(out), doubleword(a), doubleword(b));
    e.line("add #, #, #", doubleword(out), doubleword(b), doubleword(b));
    e.line("sri #, #, 63", doubleword(out), doubleword(b));
    logic("eor", out, out, a);
  }
  // out = rotl(a ^ b, count), and a is lost; out is neither.
  void xor_and_rotate(int out, int a, int b, int count) {
    if (count == 0) return logic("eor", out, a, b);
    if (sha3) return e.line("xar #, #, #, #", doubleword(out), doubleword(a), doubleword(b), 64 - count);
    logic("eor", a, a, b);
    e.line("shl #, #, #", doubleword(out), doubleword(a), count);
    e.line("sri #, #, #", doubleword(out), doubleword(a), 64 - count);
  }
  // out = a ^ (b & ~c); out may be a.
  void xor_and_not(int out, int a, int b, int c) {
    if (sha3) return e.line("bcax #, #, #, #", lane(out), lane(a), lane(b), lane(c));
    const int product = out == a ? kTemporary : out;
    logic("bic", product, b, c);
    logic("eor", out, product, a);
  }

  void theta() {
    for (int x = 0; x < 5; ++x) {
      xor3(kParity + x, x, x + 5, x + 10);
      xor3(kParity + x, kParity + x, x + 15, x + 20);
    }
    for (const int x : {1, 3, 0, 2, 4}) xor_rotated(kTheta[x], kParity + (x + 4) % 5, kParity + (x + 1) % 5);
  }

  void rho_and_pi() {
    for (const KeccakMove& move : kMoves)
      xor_and_rotate(move.to, move.from, kTheta[move.from % 5], kRotations[size_t(move.from)]);
  }

  void chi() {
    for (int row = 0; row < 5; ++row)
      for (int x = 0; x < 5; ++x) {
        const auto in = [&](int column) { return place_before_chi(5 * row + column % 5); };
        xor_and_not(5 * row + x, in(x), in(x + 2), in(x + 1));
      }
  }

  void function(const std::string& name) {
    e.vector_function(name, [&] {
      for (int i = 0; i < kKeccakLanes - 1; i += 2) e.line("ldp q#, q#, [x0, #]", i, i + 1, 16 * i);
      e.line("ldr q24, [x0, 384]");
      e.line("add x2, x1, #", 8 * kernels::kRounds);
      e.label(".L" + name + "_round");
      theta();
      rho_and_pi();
      chi();
      e.line("ld1r {#}, [x1], 8", doubleword(kTemporary));
      logic("eor", 0, 0, kTemporary);
      e.line("cmp x1, x2");
      e.line("b.ne .L#_round", name);
      for (int i = 0; i < kKeccakLanes - 1; i += 2) e.line("stp q#, q#, [x0, #]", i, i + 1, 16 * i);
      e.line("str q24, [x0, 384]");
    });
  }
};

}  // namespace

void keccak_x2(Emitter& e) {
  KeccakX2{e, false}.function("mlkem_keccak_x2_neon");
  e.line(".arch armv8.2-a+sha3");
  KeccakX2{e, true}.function("mlkem_keccak_x2_neon_sha3");
}

}  // namespace mlkem::gen
