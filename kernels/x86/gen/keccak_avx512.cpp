// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] on eight states at once (FIPS 202, section 3): 25 lanes in 25 registers, one round a loop, so that
// the code stays small and cold calls cheap.
#include "kernels/keccak_constants.hpp"
#include "kernels/x86/gen/kernels.hpp"

namespace mlkem::gen {
namespace {

using kernels::kRotations;
using kernels::pi_source;
using Xbyak::Reg64;

constexpr int kXor3 = 0x96, kChi = 0xd2;  // a ^ b ^ c; a ^ (~b & c)

}  // namespace

template <class Vector>
void keccak_lanes(Emitter& e, const char* name, int bytes, int rounds_per_pass) {
  e.function(name, [&] {
    const Reg64 state = e.rdi, constants = e.rsi, count = e.eax.cvt64();
    int where[25];  // the register that holds each lane
    for (int word = 0; word < 25; ++word) where[word] = word;
    const auto a = [&](int word) { return Vector(where[word]); };
    const auto c = [](int x) { return Vector(25 + (x + 5) % 5); };
    const Vector t(30), u(31);

    for (int word = 0; word < 25; ++word) e.vmovdqa64(a(word), e.ptr[state + bytes * word]);
    e.mov(count.cvt32(), 24 / rounds_per_pass);
    Xbyak::Label loop;
    e.align(64);
    e.L(loop);
    for (int round = 0; round < rounds_per_pass; ++round) {
      for (int x = 0; x < 5; ++x) {
        e.vmovdqa64(c(x), a(x));
        e.vpternlogq(c(x), a(x + 5), a(x + 10), kXor3);
        e.vpternlogq(c(x), a(x + 15), a(x + 20), kXor3);
      }
      // theta's effect on column x, d(x) = c(x - 1) ^ rol(c(x + 1), 1), in two free registers and three of c's
      const Vector d[5] = {t, u, c(3), c(4), c(0)}, spare[2] = {c(1), c(2)};
      const auto effect = [&](Vector out, int rotated, int plain) {
        e.vprolq(out, c(rotated), 1);
        e.vpxorq(out, out, c(plain));
      };
      effect(d[0], 1, 4);
      effect(d[1], 2, 0);
      effect(d[4], 0, 3);
      effect(d[2], 3, 1);
      effect(d[3], 4, 2);
      // rho where the lanes are; pi renames them; chi row by row
      int next[25];
      for (int word = 0; word < 25; ++word) next[word] = where[pi_source(word)];
      const auto move = [&](int y) {
        for (int x = 0; x < 5; ++x) {
          const Vector b(next[x + 5 * y]);
          e.vpxorq(b, b, d[pi_source(x + 5 * y) % 5]);
        }
        for (int x = 0; x < 5; ++x) {
          const Vector b(next[x + 5 * y]);
          if (const int by = kRotations[pi_source(x + 5 * y)]) e.vprolq(b, b, by);
        }
      };
      const auto chi = [&](int y) {
        const auto b = [&](int x) { return Vector(next[x + 5 * y]); };
        const Vector b0 = spare[0], b1 = spare[1];
        e.vmovdqa64(b0, b(0));
        e.vmovdqa64(b1, b(1));
        e.vpternlogq(b(0), b(1), b(2), kChi);
        e.vpternlogq(b(1), b(2), b(3), kChi);
        e.vpternlogq(b(2), b(3), b(4), kChi);
        e.vpternlogq(b(3), b(4), b0, kChi);
        e.vpternlogq(b(4), b0, b1, kChi);
        if (y == 0) e.vpxorq(b(0), b(0), e.ptr_b[constants + 8 * round]);
      };
      const int ahead = 1;
      for (int y = 0; y < 5 + ahead; ++y) {
        if (y < 5) move(y);
        if (y >= ahead) chi(y - ahead);
      }
      for (int word = 0; word < 25; ++word) where[word] = next[word];
    }
    // bring the lanes home, cycle by cycle
    for (int start = 0; start < 25; ++start) {
      if (where[start] == start) continue;
      e.vmovdqa64(t, Vector(start));
      int to = start;
      while (where[to] != start) {
        e.vmovdqa64(Vector(to), Vector(where[to]));
        const int from = where[to];
        where[to] = to;
        to = from;
      }
      e.vmovdqa64(Vector(to), t);
      where[to] = to;
    }
    e.add(constants, 8 * rounds_per_pass);
    e.dec(count.cvt32());
    e.jnz(loop, Xbyak::CodeGenerator::T_NEAR);
    for (int w = 0; w < 25; ++w) e.vmovdqa64(e.ptr[state + bytes * w], a(w));
  });
}

void keccak_avx512(Emitter& e) {
  keccak_lanes<Xbyak::Zmm>(e, "mlkem_keccak_x8_avx512", 64, 1);
  keccak_lanes<Xbyak::Ymm>(e, "mlkem_keccak_x4_avx512vl", 32, 1);
}

}  // namespace mlkem::gen
