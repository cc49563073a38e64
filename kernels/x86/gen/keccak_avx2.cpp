// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] (FIPS 202, section 3) on four states in 16 vector registers, on one state in 15 general ones, and on
// both in one stream of instructions. A round goes plane by plane from one set of lanes in memory to another; the two
// sets change places after every round, so that the loop is a single round.
#include <functional>

#include "kernels/x86/gen/kernels.hpp"
#include "kernels/x86/keccak_avx2_constants.hpp"

namespace mlkem::gen {
namespace {

using kernels::kKeccakLanes;
using kernels::kRotations;
using kernels::kRounds;
using kernels::pi_source;
using kernels::x86::KeccakConstants;
using Xbyak::Address;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr int kWideBytes = 32 * kKeccakLanes;
constexpr int kLeft8 = offsetof(KeccakConstants, left_8), kLeft56 = offsetof(KeccakConstants, left_56),
              kRoundsAt = offsetof(KeccakConstants, rounds);

// Instructions yet to be emitted, so that two independent sequences can be woven into one.
class Sequence {
 public:
  template <class Instruction>
  void operator()(Instruction instruction) {
    instructions_.push_back(instruction);
  }
  void emit() const {
    for (const auto& instruction : instructions_) instruction();
  }
  // The other sequence's instructions evenly among ours.
  void emit_with(const Sequence& other) const {
    const size_t ours = instructions_.size(), others = other.instructions_.size();
    for (size_t i = 0, j = 0; i < ours; ++i) {
      instructions_[i]();
      for (; j * ours < (i + 1) * others; ++j) other.instructions_[j]();
    }
  }

 private:
  std::vector<std::function<void()>> instructions_;
};

// The lane of plane y, after step pi, that comes from this column.
int from_column(int column, int y) {
  int x = 0;
  while (pi_source(x + 5 * y) % 5 != column) ++x;
  return x;
}

// Four states. Registers 0 to 4: planes 0 and 2, then the columns' parities; 5 to 9: theta's effects, then plane 4;
// 10 to 14: planes 1 and 3.
class Wide {
 public:
  explicit Wide(Emitter& e) : e_(e) {}

  Sequence parities(const Reg64& in) {
    Sequence add;
    for (int x = 0; x < 5; ++x) {
      add([=, this] { e_.vmovdqa(parity(x), e_.ptr[in + 32 * x]); });
      for (int y = 1; y < 5; ++y)
        add([=, this] { e_.vpxor(parity(x), parity(x), e_.ptr[in + 32 * (x + 5 * y)]); });
    }
    return add;
  }

  // `left_8` and `left_56`: the constants of those names.
  Sequence round(const Reg64& in, const Reg64& out, const Address& constant, const Address& left_8,
                 const Address& left_56) {
    Sequence add;
    for (int x : kColumns) {
      const Ymm to = effect(x), one = parity(x + 1), other = parity(x - 1);
      add([=, this] { e_.vpaddq(to, one, one); });
      add([=, this] { e_.vpsrlq(kFree, one, 63); });
      add([=, this] { e_.vpor(to, to, kFree); });
      add([=, this] { e_.vpxor(to, to, other); });
    }
    const auto load = [&](int y, auto lane) {
      for (int column : kColumns) {
        const Ymm b = lane(from_column(column, y));
        const int word = pi_source(from_column(column, y) + 5 * y);
        const auto by = uint8_t(kRotations[word]);
        add([=, this] { e_.vpxor(b, effect(column), e_.ptr[in + 32 * word]); });
        if (by == 8 || by == 56) {
          add([=, this] { e_.vpshufb(b, b, by == 8 ? left_8 : left_56); });
        } else if (by != 0) {
          add([=, this] { e_.vpsllq(kFree, b, by); });
          add([=, this] { e_.vpsrlq(b, b, uint8_t(64 - by)); });
          add([=, this] { e_.vpor(b, b, kFree); });
        }
      }
    };
    const auto chi = [&](int x, int y, auto lane) {
      const Ymm b0 = lane(x), b1 = lane((x + 1) % 5), b2 = lane((x + 2) % 5);
      add([=, this] { e_.vpandn(kFree, b1, b2); });
      add([=, this] { e_.vpxor(kFree, kFree, b0); });
      if (x == 0 && y == 0) {
        add([=, this] { e_.vpbroadcastq(b1, constant); });
        add([=, this] { e_.vpxor(kFree, kFree, b1); });
      }
      add([=, this] { e_.vmovdqa(e_.ptr[out + 32 * (x + 5 * y)], kFree); });
      if (y >= 3) add([=, this] { e_.vpxor(parity(x), parity(x), kFree); });
    };
    const auto even_plane = [](int x) { return Ymm(x); };
    const auto odd_plane = [](int x) { return Ymm(10 + x); };
    const auto last_plane = [](int x) { return effect(pi_source(x + 20) % 5); };
    const auto chi_of_plane = [&](int y, auto lane) {
      for (int x : {1, 2, 3, 4, 0}) chi(x, y, lane);  // 0 last: b1 is free then
    };
    // A plane is loaded before the one before it ends: 2 % faster than one after the other.
    load(0, even_plane);
    load(1, odd_plane);
    chi_of_plane(0, even_plane);
    load(2, even_plane);
    chi_of_plane(1, odd_plane);
    load(3, odd_plane);
    chi_of_plane(2, even_plane);
    load(4, last_plane);
    // Summed up from memory: to add each plane to the parities at once would take five registers from the planes.
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 5; ++x) {
        const Address lane = e_.ptr[out + 32 * (x + 5 * y)];
        if (y == 0)
          add([=, this] { e_.vmovdqa(parity(x), lane); });
        else
          add([=, this] { e_.vpxor(parity(x), parity(x), lane); });
      }
    // Parity by parity, in the order in which the next round, which waits for them, can use them.
    for (int x : {1, 4, 3, 0, 2}) {
      chi(x, 3, odd_plane);
      chi(x, 4, last_plane);
    }
    return add;
  }

  void wipe(const Reg64& scratch) {
    e_.vpxor(Xmm(0), Xmm(0), Xmm(0));
    for (int word = 0; word < kKeccakLanes; ++word) e_.vmovdqa(e_.ptr[scratch + 32 * word], Ymm(0));
  }

 private:
  static constexpr int kColumns[5] = {0, 2, 4, 1, 3};  // each one's effect needs one parity more
  static inline const Ymm kFree{15};
  static Ymm parity(int x) { return Ymm((x + 5) % 5); }
  static Ymm effect(int x) { return Ymm(5 + x); }

  Emitter& e_;
};

// One state: five registers for theta's effects and five for a plane. Once the last plane is loaded the effects make
// room for the parities.
class One {
 public:
  explicit One(Emitter& e) : e_(e) {}

  Sequence parities(const Reg64& in) {
    Sequence add;
    for (int x = 0; x < 5; ++x) {
      add([=, this] { e_.mov(parity(x), e_.ptr[in + 8 * x]); });
      for (int y = 1; y < 5; ++y) add([=, this] { e_.xor_(parity(x), e_.ptr[in + 8 * (x + 5 * y)]); });
    }
    return add;
  }

  Sequence round(const Reg64& in, const Reg64& out, const Address& constant) {
    Sequence add;
    const auto effect_of = [&](const Reg64& to, int x) {
      add([=, this] { e_.rorx(to, parity((x + 1) % 5), 63); });
      add([=, this] { e_.xor_(to, parity((x + 4) % 5)); });
    };
    effect_of(plane_[0], 0);
    effect_of(plane_[1], 1);
    for (int x : {4, 2, 3}) effect_of(effect_[x], x);
    for (int x : {0, 1}) add([=, this] { e_.mov(effect_[x], plane_[x]); });
    for (int y = 0; y < 5; ++y) {
      for (int column : {0, 1, 4, 2, 3}) {
        const int x = from_column(column, y), word = pi_source(x + 5 * y);
        const auto by = uint8_t(kRotations[word]);
        const Reg64 b = plane_[x];
        add([=, this] { e_.mov(b, e_.ptr[in + 8 * word]); });
        add([=, this] { e_.xor_(b, effect_[column]); });
        if (by != 0) add([=, this] { e_.rorx(b, b, uint8_t(64 - by)); });
      }
      for (int x : {1, 2, 0, 3, 4}) {
        const Reg64 result = y == 4 ? parity(x) : free_;
        add([=, this] { e_.andn(result, plane_[(x + 1) % 5], plane_[(x + 2) % 5]); });
        add([=, this] { e_.xor_(result, plane_[x]); });
        if (x == 0 && y == 0) add([=, this] { e_.xor_(result, constant); });
        add([=, this] { e_.mov(e_.ptr[out + 8 * (x + 5 * y)], result); });
        for (int above = 0; above < 4 && y == 4; ++above)
          add([=, this] { e_.xor_(result, e_.ptr[out + 8 * (x + 5 * above)]); });
      }
    }
    return add;
  }

  void wipe(const Reg64& scratch) {
    e_.vpxor(Xmm(0), Xmm(0), Xmm(0));
    for (int word = 0; word + 4 <= kKeccakLanes; word += 4) e_.vmovdqu(e_.ptr[scratch + 8 * word], Ymm(0));
    e_.vmovq(e_.ptr[scratch + 8 * 24], Xmm(0));
  }

 private:
  // Where the effects that are computed last find their first operand: they take its place.
  const Reg64& parity(int x) const {
    static constexpr int kPlaces[5] = {4, 0, 1, 2, 3};
    return effect_[kPlaces[x]];
  }

  Emitter& e_;
  const Reg64 effect_[5] = {e_.rax, e_.rbx, e_.rcx, e_.r15, e_.r8};
  const Reg64 plane_[5] = {e_.r9, e_.r10, e_.r11, e_.r12, e_.r13};
  const Reg64 free_ = e_.r14;
};

template <class Body>
void loop(Emitter& e, const Xbyak::Reg& count, Body body) {
  Xbyak::Label again;
  e.align(64);
  e.L(again);
  body();
  e.dec(count);
  e.jnz(again, Xbyak::CodeGenerator::T_NEAR);
}

// keccak_x4(state, scratch, constants)
void keccak_x4(Emitter& e) {
  const Reg64 in = e.rdi, out = e.rsi, constants = e.rdx, constant = e.rcx;
  Wide wide(e);
  wide.parities(in).emit();
  e.lea(constant, e.ptr[constants + kRoundsAt]);
  e.mov(e.eax, kRounds);
  loop(e, e.eax, [&] {
    wide.round(in, out, e.ptr[constant], e.ptr[constants + kLeft8], e.ptr[constants + kLeft56]).emit();
    e.add(constant, 8);
    e.xchg(in, out);
  });
  wide.wipe(out);
}

// keccak_x1(state, scratch, constants)
void keccak_x1(Emitter& e) {
  const Reg64 in = e.rdi, out = e.rsi, constant = e.rdx, count = e.rbp;
  e.with_saved({e.rbx, e.rbp, e.r12, e.r13, e.r14, e.r15}, [&] {
    One one(e);
    one.parities(in).emit();
    e.add(constant, kRoundsAt);
    e.mov(count, kRounds);
    loop(e, count, [&] {
      one.round(in, out, e.ptr[constant]).emit();
      e.add(constant, 8);
      e.xchg(in, out);
    });
    one.wipe(out);
  });
}

// keccak_x4_x1(wide, one, scratch, constants). Four pointers leave no register for what else the loop needs: that is in
// the 128 octets below rsp, a leaf function's own (System V ABI, section 3.2.2), and between rounds passes through
// registers of the single state.
void keccak_x4_x1(Emitter& e) {
  const Reg64 wide_in = e.rdi, wide_out = e.rdx, one_in = e.rsi, one_out = e.rbp;
  const Reg64 pointer = e.r14, word = e.r13, count = pointer;
  const Address left_8 = e.ptr[e.rsp - 32], left_56 = e.ptr[e.rsp - 64], constant = e.ptr[e.rsp - 72],
                next_constant = e.ptr[e.rsp - 80], rounds_left = e.ptr[e.rsp - 88];
  e.with_saved({e.rbx, e.rbp, e.r12, e.r13, e.r14, e.r15}, [&] {
    Wide wide(e);
    One one(e);
    e.mov(count, kRounds);
    e.mov(rounds_left, count);
    e.mov(pointer, e.rcx);
    e.vmovdqa(Ymm(0), e.ptr[pointer + kLeft8]);
    e.vmovdqa(Ymm(1), e.ptr[pointer + kLeft56]);
    e.vmovdqu(left_8, Ymm(0));
    e.vmovdqu(left_56, Ymm(1));
    e.add(pointer, kRoundsAt);
    e.mov(next_constant, pointer);
    e.lea(one_out, e.ptr[wide_out + kWideBytes]);
    wide.parities(wide_in).emit_with(one.parities(one_in));
    Xbyak::Label again;
    e.align(64);
    e.L(again);
    e.mov(pointer, next_constant);
    e.mov(word, e.ptr[pointer]);
    e.mov(constant, word);
    e.add(pointer, 8);
    e.mov(next_constant, pointer);
    wide.round(wide_in, wide_out, constant, left_8, left_56).emit_with(one.round(one_in, one_out, constant));
    e.xchg(wide_in, wide_out);
    e.xchg(one_in, one_out);
    e.mov(count, rounds_left);
    e.dec(count);
    e.mov(rounds_left, count);
    e.jnz(again, Xbyak::CodeGenerator::T_NEAR);
    wide.wipe(wide_out);
    one.wipe(one_out);
  });
}

}  // namespace

void keccak_avx2(Emitter& e) {
  e.function("mlkem_keccak_x1_bmi", [&] { keccak_x1(e); });
  e.function("mlkem_keccak_x4_avx2", [&] { keccak_x4(e); });
  e.function("mlkem_keccak_x4_x1_avx2", [&] { keccak_x4_x1(e); });
}

}  // namespace mlkem::gen
