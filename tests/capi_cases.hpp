// SPDX-License-Identifier: Apache-2.0
// Every function of mlkem.h as data: its buffers and how it is called, for tests that go through all of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "mlkem-ike/mlkem.h"

namespace mlkem::test {

using Bytes = std::vector<uint8_t>;

inline constexpr mlkem_set kSets[] = {MLKEM_512, MLKEM_768, MLKEM_1024};

// A buffer that a function takes; the octets of inputs come from a valid exchange.
struct Buffer {
  const char* name;
  Bytes content;
  bool is_output;
  bool may_be_null = false;
};

// A function with all its buffers; call() gets them in the same order.
struct Function {
  const char* name;
  std::vector<Buffer> buffers;
  std::function<int(uint8_t* const*)> call;
};

inline int fill_with_ones(void*, uint8_t* out, size_t len) {
  std::fill_n(out, len, uint8_t(1));
  return 0;
}
inline int fail_halfway(void*, uint8_t* out, size_t len) {
  std::fill_n(out, len / 2, uint8_t(1));
  return 1;
}

// A valid key pair, a ciphertext and what they were made of.
struct Exchange {
  explicit Exchange(mlkem_set set)
      : ek(mlkem_ek_bytes(set)), dk(mlkem_dk_bytes(set)), ct(mlkem_ct_bytes(set)) {
    EXPECT_EQ(mlkem_keygen_from_seed(set, ek.data(), dk.data(), seed.data()), 0);
    EXPECT_EQ(mlkem_encaps_from_m(set, ct.data(), ss.data(), ek.data(), ek.size(), m.data()), 0);
  }
  Bytes seed = Bytes(64, 3), m = Bytes(32, 4), ss = Bytes(32);
  Bytes ek, dk, ct;
};

inline std::vector<Function> functions(mlkem_set set) {
  const Exchange e(set);
  const size_t ek_len = e.ek.size(), dk_len = e.dk.size(), ct_len = e.ct.size();
  const Buffer out_ek{"ek", Bytes(ek_len), true}, out_dk{"dk", Bytes(dk_len), true},
      out_ct{"ct", Bytes(ct_len), true}, out_ss{"ss", Bytes(32), true}, ek{"ek", e.ek, false},
      dk{"dk", e.dk, false}, ct{"ct", e.ct, false}, seed{"d_z", e.seed, false}, m{"m", e.m, false},
      any_seed{"d_z", e.seed, false, true}, any_m{"m", e.m, false, true};
  using P = uint8_t* const*;
  return {
      {"keygen", {out_ek, out_dk}, [=](P p) { return mlkem_keygen(set, p[0], p[1]); }},
      {"keygen_from_seed",
       {out_ek, out_dk, seed},
       [=](P p) { return mlkem_keygen_from_seed(set, p[0], p[1], p[2]); }},
      {"keygen_with",
       {out_ek, out_dk},
       [=](P p) { return mlkem_keygen_with(set, p[0], p[1], fill_with_ones, nullptr); }},
      {"encaps", {out_ct, out_ss, ek}, [=](P p) { return mlkem_encaps(set, p[0], p[1], p[2], ek_len); }},
      {"encaps_from_m",
       {out_ct, out_ss, ek, m},
       [=](P p) { return mlkem_encaps_from_m(set, p[0], p[1], p[2], ek_len, p[3]); }},
      {"encaps_with",
       {out_ct, out_ss, ek},
       [=](P p) { return mlkem_encaps_with(set, p[0], p[1], p[2], ek_len, fill_with_ones, nullptr); }},
      {"decaps", {out_ss, ct, dk}, [=](P p) { return mlkem_decaps(set, p[0], p[1], ct_len, p[2], dk_len); }},
      {"check_ek", {ek}, [=](P p) { return mlkem_check_ek(set, p[0], ek_len); }},
      {"check_dk", {dk}, [=](P p) { return mlkem_check_dk(set, p[0], dk_len); }},
      {"keygen_batch",
       {out_ek, out_dk, any_seed, out_ek, out_dk, any_seed},
       [=](P p) {
         mlkem_keygen_job jobs[] = {{p[0], p[1], p[2], 99}, {p[3], p[4], p[5], 99}};
         return mlkem_keygen_batch(set, jobs, 2);
       }},
      {"encaps_batch",
       {out_ct, out_ss, ek, any_m, out_ct, out_ss, ek, any_m},
       [=](P p) {
         mlkem_encaps_job jobs[] = {{p[0], p[1], p[2], p[3], 99}, {p[4], p[5], p[6], p[7], 99}};
         return mlkem_encaps_batch(set, jobs, 2);
       }},
      {"decaps_batch",
       {out_ss, ct, dk, out_ss, ct, dk},
       [=](P p) {
         mlkem_decaps_job jobs[] = {{p[0], p[1], p[2], 99}, {p[3], p[4], p[5], 99}};
         return mlkem_decaps_batch(set, jobs, 2);
       }},
  };
}

// Memory with every buffer of a function in it, far from each other, and room around them.
class Arena {
 public:
  explicit Arena(const Function& function) : memory_((function.buffers.size() + 2) * kSpacing, 0xa5) {
    for (size_t i = 0; i < function.buffers.size(); ++i)
      place(function, i, memory_.data() + (i + 1) * kSpacing);
  }
  void place(const Function& function, size_t index, uint8_t* where) {
    pointers_.resize(std::max(pointers_.size(), index + 1));
    pointers_[index] = where;
    if (!function.buffers[index].is_output)
      std::copy(function.buffers[index].content.begin(), function.buffers[index].content.end(), where);
  }
  uint8_t*& operator[](size_t index) { return pointers_[index]; }
  uint8_t* const* pointers() const { return pointers_.data(); }
  const Bytes& memory() const { return memory_; }

 private:
  static constexpr size_t kSpacing = 3 * 3168;  // beyond the longest buffer on both sides
  Bytes memory_;
  std::vector<uint8_t*> pointers_;
};

inline bool is_batch(const Function& function) {
  return std::string(function.name).ends_with("_batch");
}

}  // namespace mlkem::test
