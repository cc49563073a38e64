// SPDX-License-Identifier: Apache-2.0
// The kernel tables: what lib/ may ask of a CPU, with every kernel's contract. The only header of kernels/
// that code outside it includes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mlkem::kernels {

inline constexpr int kN = 256;       // coefficients of a polynomial
inline constexpr int16_t kQ = 3329;  // the modulus

// A polynomial in standard order, or in the NTT domain in the order of the table that made it.
struct alignas(64) Poly {
  int16_t c[kN];
};

// What a table precomputes about one factor of many products; private to the table.
struct alignas(64) MulCache {
  int16_t c[kN / 2];
};

// What the CPU and the operating system report, unprocessed, so that a test can describe any machine.
struct CpuFeatures {
  uint32_t leaf1_ecx = 0;  // x86: CPUID leaf 1
  uint32_t leaf7_ebx = 0;  // x86: CPUID leaf 7, subleaf 0
  uint32_t leaf7_ecx = 0;
  uint64_t xcr0 = 0;   // x86: XGETBV(0), 0 where the operating system has not enabled it
  uint64_t hwcap = 0;  // Arm: AT_HWCAP
};

// A set of instruction-set extensions that are usable: the CPU has them and the operating system saves their
// registers.
enum class Isa : uint32_t {
  kNone = 0,
  kAvx2 = 1u << 0,      // AVX2, BMI1, BMI2
  kAvx512 = 1u << 1,    // AVX-512 F, BW, DQ, VL, VBMI, VBMI2
  kNeon = 1u << 2,      // Advanced SIMD
  kNeonSha3 = 1u << 3,  // EOR3, RAX1, XAR, BCAX
};
constexpr Isa operator|(Isa a, Isa b) {
  return Isa(uint32_t(a) | uint32_t(b));
}
constexpr bool covers(Isa have, Isa need) {
  return (uint32_t(have) & uint32_t(need)) == uint32_t(need);
}

Isa isa_of(const CpuFeatures& features) noexcept;  // pure

// The features of this machine, read once per process: CPUID traps under a hypervisor (10,000 ticks a call).
const CpuFeatures& cpu_features() noexcept;

// Arithmetic.
//
// Every kernel runs in constant time, except those named _vartime. Polynomials are aligned to 64 octets,
// octet strings need no alignment. Inputs and outputs do not overlap unless a parameter is said to be both
// ("in, out"). Three kinds of NTT-domain polynomials, all in the order of the table that made them:
//   transformed  what ntt() leaves: any int16_t, representing its value modulo q
//   operand      |c| <= 4096, the values themselves: what reject_vartime(), byte_decode_12() and
//                add_product() leave
//   product      what multiply_accumulate() leaves; range and Montgomery factor are private to the table
struct Arith {
  const char* name;
  Isa needs;

  // p: in, standard order, |c| <= q; out, transformed. FIPS 203, Algorithm 9.
  void (*ntt)(Poly& p) noexcept;
  // p: in, product; out, standard order, |c| < q, no Montgomery factor left. FIPS 203, Algorithm 10.
  void (*inverse_ntt)(Poly& p) noexcept;
  // out := whatever multiply_accumulate() wants to know about b beforehand. b: transformed or operand.
  void (*mul_cache)(MulCache& out, const Poly& b) noexcept;
  // out := sum over i < k of a[i * a_stride] o b[i], 1 <= k <= 4; cache[i] from mul_cache(b[i]).
  // a: operands. b: transformed or operands. out: product. FIPS 203, Algorithm 11.
  void (*multiply_accumulate)(Poly& out, const Poly* a, size_t a_stride, const Poly* b, const MulCache* cache,
                              unsigned k) noexcept;
  // p: in, product; out, operand: its value plus e. e: transformed.
  void (*add_product)(Poly& p, const Poly& e) noexcept;

  // r := r + a and r := r - a, coefficient by coefficient; the caller keeps the result within int16_t.
  void (*add)(Poly& r, const Poly& a) noexcept;
  void (*sub)(Poly& r, const Poly& a) noexcept;

  // Appends to p's first `have` coefficients (have < 256) those found in `bytes` octets (a multiple of 3) of
  // XOF output, in order, until there are 256. Returns how many there are now. Until it returns 256, p must
  // be touched by nobody else; then p is an operand in [0, q). Runs in variable time: the XOF's seed is
  // public. FIPS 203, Algorithm 7.
  unsigned (*reject_vartime)(Poly& p, unsigned have, const uint8_t* xof, size_t bytes) noexcept;
  // out: standard order, [-2, 2] and [-3, 3]. FIPS 203, Algorithm 8 with eta = 2 and 3.
  void (*cbd_2)(Poly& out, const uint8_t prf[128]) noexcept;
  void (*cbd_3)(Poly& out, const uint8_t prf[192]) noexcept;

  // p: transformed or operand; encodes its values modulo q, in standard order. FIPS 203, Algorithm 5, d = 12.
  void (*byte_encode_12)(uint8_t out[384], const Poly& p) noexcept;
  // out: operand, [0, 4095]. Returns 0 exactly if all coefficients are below q. FIPS 203, Algorithm 6, d =
  // 12, and the modulus check of section 7.2.
  uint32_t (*byte_decode_12)(Poly& out, const uint8_t in[384]) noexcept;

  // ByteEncode_d(Compress_d(p)); p: standard order, |c| < 2q. FIPS 203, section 4.2.1. Sizes: 32 d octets.
  void (*compress_1)(uint8_t out[32], const Poly& p) noexcept;
  void (*compress_4)(uint8_t out[128], const Poly& p) noexcept;
  void (*compress_5)(uint8_t out[160], const Poly& p) noexcept;
  void (*compress_10)(uint8_t out[320], const Poly& p) noexcept;
  void (*compress_11)(uint8_t out[352], const Poly& p) noexcept;
  // Decompress_d(ByteDecode_d(in)); out: standard order, [0, q).
  void (*decompress_1)(Poly& out, const uint8_t in[32]) noexcept;
  void (*decompress_4)(Poly& out, const uint8_t in[128]) noexcept;
  void (*decompress_5)(Poly& out, const uint8_t in[160]) noexcept;
  void (*decompress_10)(Poly& out, const uint8_t in[320]) noexcept;
  void (*decompress_11)(Poly& out, const uint8_t in[352]) noexcept;

  // Returns 0 exactly if a and b are equal; bytes is a multiple of 32.
  uint64_t (*differ)(const uint8_t* a, const uint8_t* b, size_t bytes) noexcept;

  // p: in, transformed or operand; out, its values in the order of FIPS 203, [0, q). For tests and
  // inspection.
  void (*to_standard)(Poly& p) noexcept;
};

// Keccak.
//
// A wide state holds `width` Keccak states interleaved word by word: word i of lane l is state[i * width +
// l], as a native integer. It is aligned to 64 octets. Lane words and octet strings correspond as in FIPS 202
// (little-endian).

inline constexpr unsigned kMaxWidth = 8;
inline constexpr unsigned kStateWords = 25;

// What enters the lanes, lane by lane. The octets bytes[l] .. bytes[l] + 8 * words[l] are XORed into lane l's first
// words (words[l] <= 21; nothing beyond them is read, but bytes[l] points at something readable even where there are
// none). Then last[l] is XORed into word number words[l] (0 if that is 21), and, unless end[l] is 0, the highest bit of
// word number end[l] (8, 16 or 20) is flipped. A fresh lane counts as zero before. Lanes that are not fresh and whose
// words, last and end are 0 stay as they are.
struct LaneInputs {
  const uint8_t* bytes[kMaxWidth];
  uint64_t last[kMaxWidth];
  alignas(8) uint8_t words[kMaxWidth];
  alignas(8) uint8_t end[kMaxWidth];
  uint32_t fresh;  // bits
};

// Where the first words[l] * 8 octets of lane l go (words[l] <= 21); nothing is written beyond them. bytes[l] points at
// something writable even where there are none: a masked store that nobody may make takes hundreds of cycles.
struct LaneOutputs {
  uint8_t* bytes[kMaxWidth];
  alignas(8) uint8_t words[kMaxWidth];
};

struct Keccak {
  const char* name;
  Isa needs;
  unsigned width;  // 1, 2, 4 or 8
  // What a call costs, in any common unit: decides where a job that is alone runs. One of kMaxWidth
  // lanes stays there: a table of that width has one_cost >= wide_cost and no permute_both.
  unsigned one_cost, wide_cost;

  // Keccak-f[1600] on one state; on a wide one, after what enters it (null: nothing); on a wide one in the same way and
  // a single one beside it, null where that does not pay. FIPS 202, sections 3.3 and 4.
  void (*permute_one)(uint64_t state[kStateWords]) noexcept;
  void (*permute_wide)(uint64_t* state, const LaneInputs* in) noexcept;
  void (*permute_both)(uint64_t* wide, const LaneInputs* in, uint64_t one[kStateWords]) noexcept;

  // What comes out of a wide state. Here and above, lanes from `width` on are ignored.
  void (*squeeze)(const uint64_t* state, const LaneOutputs& out) noexcept;
};

// Best first, the portable one last; each is complete.
std::span<const Arith* const> arith_tables() noexcept;
std::span<const Keccak* const> keccak_tables() noexcept;

// The first table whose needs are covered; the last one's needs are taken for granted. Pure.
template <class Table>
constexpr const Table& first_covered(std::span<const Table* const> tables, Isa have) noexcept {
  for (const Table* table : tables)
    if (covers(have, table->needs)) return *table;
  return *tables.back();
}

// True if no member is missing that must be there. Under UndefinedBehaviorSanitizer, which takes every
// address for a possible null, gcc can't answer that at compile time; every other build does.
#ifdef MLKEM_UBSAN
consteval bool complete(const Arith&) {
  return true;
}
consteval bool complete(const Keccak&) {
  return true;
}
#else
consteval bool complete(const Arith& t) {
  return t.name && t.ntt && t.inverse_ntt && t.mul_cache && t.multiply_accumulate && t.add_product && t.add &&
         t.sub && t.reject_vartime && t.cbd_2 && t.cbd_3 && t.byte_encode_12 && t.byte_decode_12 &&
         t.compress_1 && t.compress_4 && t.compress_5 && t.compress_10 && t.compress_11 && t.decompress_1 &&
         t.decompress_4 && t.decompress_5 && t.decompress_10 && t.decompress_11 && t.differ && t.to_standard;
}

consteval bool complete(const Keccak& t) {
  return t.name && t.width >= 1 && t.width <= kMaxWidth && kMaxWidth % t.width == 0 && t.one_cost &&
         t.wide_cost && (t.width < kMaxWidth || (!t.permute_both && t.one_cost >= t.wide_cost)) &&
         t.permute_one && t.permute_wide && t.squeeze;
}
#endif

}  // namespace mlkem::kernels
