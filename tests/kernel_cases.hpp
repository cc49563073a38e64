// SPDX-License-Identifier: Apache-2.0
// One list of kernel cases, which kernel_test.cpp and keccak_test.cpp run on every table and kernel_bench.cpp
// times: a kernel that is in the list is both tested and measured.
#pragma once

#include <array>
#include <cstring>
#include <random>

#include "kernels/kernels.hpp"

namespace mlkem::kernels::cases {

// What lies beside a buffer, to be found unchanged after a call.
template <class T>
struct Guarded {
  alignas(64) std::array<uint8_t, 64> front;
  T body;
  alignas(64) std::array<uint8_t, 64> back;

  Guarded() {
    front.fill(0xa5);
    back.fill(0x5a);
    std::memset(&body, 0xc3, sizeof body);
  }
  bool intact() const {
    for (const uint8_t octet : front)
      if (octet != 0xa5) return false;
    for (const uint8_t octet : back)
      if (octet != 0x5a) return false;
    return true;
  }
};

inline constexpr size_t kMaxIn = 1088, kMaxOut = 384, kMaxStride = 2;
inline constexpr size_t kMaxOffset = 63;  // from a boundary of 64 octets, of where octets go to

// Everything that any Arith kernel reads or writes.
struct Workspace {
  Guarded<Poly> p;                                  // in, out; what each case says
  Guarded<Poly> e;                                  // standard order, [-4096, 4096]
  Guarded<std::array<Poly, 3 * kMaxStride + 1>> a;  // operands, [-4096, 4096]
  Guarded<std::array<Poly, 4>> b;                   // transformed, any int16_t
  Guarded<std::array<MulCache, 4>> cache;           // of b
  Guarded<std::array<uint8_t, kMaxOut + kMaxOffset>> out;
  size_t out_offset = 0;
  std::array<uint8_t, kMaxIn> in_storage{}, second_in{};
  const uint8_t* in = in_storage.data();
  size_t a_stride = 1;
  uint64_t returned = 0;
};

// How inputs are drawn from their ranges.
enum class Kind { kZero, kHighest, kLowest, kAlternating, kBoundary, kRandom };
inline constexpr Kind kKinds[] = {Kind::kZero,        Kind::kHighest,  Kind::kLowest,
                                  Kind::kAlternating, Kind::kBoundary, Kind::kRandom};

class Source {
 public:
  explicit Source(uint64_t seed) : random_(seed) {}

  int16_t coefficient(Kind kind, int lowest, int highest) {
    static constexpr int kEdges[] = {-4096, -kQ - 1, -kQ,        -kQ / 2, -1, 0,
                                     1,     kQ / 2,  kQ / 2 + 1, kQ - 1,  kQ, 4095};
    const uint64_t r = random_();
    int x = 0;
    switch (kind) {
      case Kind::kZero:
        break;
      case Kind::kHighest:
        x = highest;
        break;
      case Kind::kLowest:
        x = lowest;
        break;
      case Kind::kAlternating:
        x = (alternate_ = !alternate_) ? highest : lowest;
        break;
      case Kind::kBoundary:
        x = r % 14 < 12 ? kEdges[r % 14] : r % 14 == 12 ? lowest : highest;
        break;
      case Kind::kRandom:
        x = lowest + int(r % uint64_t(highest - lowest + 1));
        break;
    }
    return int16_t(x < lowest ? lowest : x > highest ? highest : x);
  }
  // 0xd00, 0xd01: q - 1 and q in twelve bits.
  uint8_t octet(Kind kind) {
    static constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xd0, 0x0d, 0x1d, 0xfe};
    const uint64_t r = random_();
    switch (kind) {
      case Kind::kZero:
      case Kind::kLowest:
        return 0;
      case Kind::kHighest:
        return 0xff;
      case Kind::kAlternating:
        return (alternate_ = !alternate_) ? 0xff : 0;
      case Kind::kBoundary:
        return kEdges[r % std::size(kEdges)];
      case Kind::kRandom:
        break;
    }
    return uint8_t(r);
  }
  uint64_t word() { return random_(); }
  uint64_t below(uint64_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_;
  bool alternate_ = false;
};

// The standard index of every coefficient of a table's NTT order: byte_decode_12 shows it.
inline std::array<uint8_t, kN> order_of(const Arith& table) {
  uint8_t encoded[384] = {};
  for (unsigned i = 0; i < kN; i += 2) {
    encoded[i / 2 * 3] = uint8_t(i);
    encoded[i / 2 * 3 + 1] = uint8_t((i + 1) << 4);
    encoded[i / 2 * 3 + 2] = uint8_t((i + 1) >> 4);
  }
  Poly p;
  table.byte_decode_12(p, encoded);
  std::array<uint8_t, kN> order;
  for (size_t i = 0; i < kN; ++i) order[i] = uint8_t(p.c[i]);
  return order;
}
inline Poly in_order(const std::array<uint8_t, kN>& order, const Poly& standard) {
  Poly p;
  for (size_t i = 0; i < kN; ++i) p.c[i] = standard.c[order[i]];
  return p;
}

struct ArithCase {
  const char* name;
  int lowest, highest;  // of p before the call
  bool ntt_order;       // p's, before the call
  size_t in_bytes, out_bytes;
  // Makes what only the table itself can make of the inputs.
  void (*prepare)(const Arith&, Workspace&);
  void (*call)(const Arith&, Workspace&);
  int out_lowest, out_highest;  // of p after the call
  // Makes p comparable between tables.
  void (*finish)(const Arith&, Workspace&);
  bool modulo_q = false;  // compare p modulo q, not exactly
};

// Fills the inputs that `c` reads; the same source gives the same inputs to every table.
inline void fill(const ArithCase& c, const Arith& table, Workspace& w, Source& source, Kind kind) {
  const auto order = order_of(table);
  const auto draw = [&](Poly& p, int lowest, int highest) {
    for (int16_t& x : p.c) x = source.coefficient(kind, lowest, highest);
  };
  draw(w.p.body, c.lowest, c.highest);
  if (c.ntt_order) w.p.body = in_order(order, w.p.body);
  draw(w.e.body, -4096, 4096);
  for (Poly* p = w.a.body.data(); p != w.a.body.data() + w.a.body.size(); ++p) {
    draw(*p, -4096, 4096);
    *p = in_order(order, *p);
  }
  for (Poly& p : w.b.body) {
    draw(p, -32768, 32767);
    p = in_order(order, p);
  }
  for (uint8_t& octet : w.in_storage) octet = source.octet(kind);
  w.second_in = w.in_storage;
  if (kind == Kind::kRandom) w.second_in[source.below(w.second_in.size())] ^= uint8_t(1 << source.below(8));
  if (c.prepare) c.prepare(table, w);
}

inline constexpr int kAny = 32768;

namespace steps {

template <unsigned k>
void cache(const Arith& t, Workspace& w) {
  for (unsigned i = 0; i < k; ++i) t.mul_cache(w.cache.body[i], w.b.body[i]);
}
template <unsigned k>
void multiply(const Arith& t, Workspace& w) {
  t.multiply_accumulate(w.p.body, w.a.body.data(), w.a_stride, w.b.body.data(), w.cache.body.data(), k);
}
template <unsigned k>
void make_product(const Arith& t, Workspace& w) {
  cache<k>(t, w);
  multiply<k>(t, w);
}
inline void to_standard(const Arith& t, Workspace& w) {
  t.to_standard(w.p.body);
}
inline void product_to_standard(const Arith& t, Workspace& w) {
  alignas(64) const Poly zero = {};
  t.add_product(w.p.body, zero);
  t.to_standard(w.p.body);
}

// A Poly from octets, octets from a Poly, and products of several pairs.
template <auto member>
constexpr ArithCase decoder(const char* name, size_t in_bytes, int lowest, int highest) {
  return {name,     -kAny,   kAny - 1, false,
          in_bytes, 0,       nullptr,  [](const Arith& t, Workspace& w) { (t.*member)(w.p.body, w.in); },
          lowest,   highest, nullptr};
}
template <auto member>
constexpr ArithCase encoder(const char* name, size_t out_bytes, int lowest, int highest, bool ntt_order) {
  return {
      name,    lowest,
      highest, ntt_order,
      0,       out_bytes,
      nullptr, [](const Arith& t, Workspace& w) { (t.*member)(w.out.body.data() + w.out_offset, w.p.body); },
      lowest,  highest,
      nullptr};
}
template <auto member>
constexpr ArithCase compressor(const char* name, size_t out_bytes) {
  return encoder<member>(name, out_bytes, 1 - 2 * kQ, 2 * kQ - 1, false);
}
template <unsigned k>
constexpr ArithCase multiply_accumulate(const char* name) {
  return {name, -kAny, kAny - 1, false, 0, 0, cache<k>, multiply<k>, -kAny, kAny - 1, product_to_standard};
}

inline void reject(const Arith& t, Workspace& w) {
  w.returned = t.reject_vartime(w.p.body, 0, w.in, 504);
  if (w.returned < kN) w.p.body = {};  // not for anybody else to look at yet
}
inline void decode_12(const Arith& t, Workspace& w) {
  w.returned = t.byte_decode_12(w.p.body, w.in) != 0;
}
inline void differ(const Arith& t, Workspace& w) {
  w.returned = t.differ(w.in, w.second_in.data(), kMaxIn) != 0;
}

}  // namespace steps

inline constexpr ArithCase kArithCases[] = {
    {"ntt", -kQ, kQ, false, 0, 0, nullptr, [](const Arith& t, Workspace& w) { t.ntt(w.p.body); }, -kAny,
     kAny - 1, steps::to_standard},
    {"inverse_ntt", -kAny, kAny - 1, true, 0, 0, steps::make_product<4>,
     [](const Arith& t, Workspace& w) { t.inverse_ntt(w.p.body); }, 1 - kQ, kQ - 1, nullptr, true},
    {"mul_cache", -kAny, kAny - 1, true, 0, 0, nullptr, steps::cache<1>, -kAny, kAny - 1,
     [](const Arith& t, Workspace& w) {
       steps::multiply<1>(t, w);
       steps::product_to_standard(t, w);
     }},
    steps::multiply_accumulate<1>("multiply_accumulate_1"),
    steps::multiply_accumulate<2>("multiply_accumulate_2"),
    steps::multiply_accumulate<3>("multiply_accumulate_3"),
    steps::multiply_accumulate<4>("multiply_accumulate_4"),
    {"add_product", -kAny, kAny - 1, true, 0, 0, steps::make_product<4>,
     [](const Arith& t, Workspace& w) { t.add_product(w.p.body, w.b.body[0]); }, -4096, 4096,
     steps::to_standard},
    {"add", -28671, 28671, false, 0, 0, nullptr,
     [](const Arith& t, Workspace& w) { t.add(w.p.body, w.e.body); }, -kAny, kAny - 1, nullptr},
    {"sub", -28671, 28671, false, 0, 0, nullptr,
     [](const Arith& t, Workspace& w) { t.sub(w.p.body, w.e.body); }, -kAny, kAny - 1, nullptr},
    {"reject_vartime", -kAny, kAny - 1, false, 504, 0, nullptr, steps::reject, 0, kQ - 1, steps::to_standard},
    steps::decoder<&Arith::cbd_2>("cbd_2", 128, -2, 2),
    steps::decoder<&Arith::cbd_3>("cbd_3", 192, -3, 3),
    steps::encoder<&Arith::byte_encode_12>("byte_encode_12", 384, -kAny, kAny - 1, true),
    {"byte_decode_12", -kAny, kAny - 1, false, 384, 0, nullptr, steps::decode_12, 0, 4095,
     steps::to_standard},
    steps::compressor<&Arith::compress_1>("compress_1", 32),
    steps::compressor<&Arith::compress_4>("compress_4", 128),
    steps::compressor<&Arith::compress_5>("compress_5", 160),
    steps::compressor<&Arith::compress_10>("compress_10", 320),
    steps::compressor<&Arith::compress_11>("compress_11", 352),
    steps::decoder<&Arith::decompress_1>("decompress_1", 32, 0, kQ - 1),
    steps::decoder<&Arith::decompress_4>("decompress_4", 128, 0, kQ - 1),
    steps::decoder<&Arith::decompress_5>("decompress_5", 160, 0, kQ - 1),
    steps::decoder<&Arith::decompress_10>("decompress_10", 320, 0, kQ - 1),
    steps::decoder<&Arith::decompress_11>("decompress_11", 352, 0, kQ - 1),
    {"differ", -kAny, kAny - 1, false, kMaxIn, 0, nullptr, steps::differ, -kAny, kAny - 1, nullptr},
    {"to_standard", -kAny, kAny - 1, true, 0, 0, nullptr, steps::to_standard, 0, kQ - 1, nullptr},
};

// A wide state, a single one, and what enters and leaves the lanes of the wide one.
struct KeccakWorkspace {
  Guarded<std::array<uint64_t, kStateWords * kMaxWidth>> wide;
  Guarded<std::array<uint64_t, kStateWords>> one;
  LaneInputs in{};
  LaneOutputs out{};
};

struct KeccakCase {
  const char* name;
  bool (*exists)(const Keccak&);
  void (*call)(const Keccak&, KeccakWorkspace&);
  // The same on a workspace of width 1, for each lane of the wide state; null where that stays as it is.
  void (*call_lane)(const Keccak&, KeccakWorkspace&);
  bool call_one;  // whether the single state is permuted
};

namespace steps {

inline bool always(const Keccak&) {
  return true;
}
inline void permute_wide(const Keccak& t, KeccakWorkspace& w) {
  t.permute_wide(w.wide.body.data(), nullptr);
}
inline void absorb(const Keccak& t, KeccakWorkspace& w) {
  t.permute_wide(w.wide.body.data(), &w.in);
}
inline void squeeze(const Keccak& t, KeccakWorkspace& w) {
  t.squeeze(w.wide.body.data(), w.out);
}

}  // namespace steps

inline constexpr KeccakCase kKeccakCases[] = {
    {"permute_one", steps::always,
     [](const Keccak& t, KeccakWorkspace& w) { t.permute_one(w.one.body.data()); }, nullptr, true},
    {"permute_wide", steps::always, steps::permute_wide, steps::permute_wide, false},
    {"permute_both", [](const Keccak& t) { return t.permute_both != nullptr; },
     [](const Keccak& t, KeccakWorkspace& w) {
       t.permute_both(w.wide.body.data(), &w.in, w.one.body.data());
     },
     steps::absorb, true},
    {"absorb_permute", steps::always, steps::absorb, steps::absorb, false},
    {"squeeze", steps::always, steps::squeeze, steps::squeeze, false},
};

}  // namespace mlkem::kernels::cases
