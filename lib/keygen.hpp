// SPDX-License-Identifier: Apache-2.0
// ML-KEM.KeyGen_internal (FIPS 203, Algorithms 13 and 16) as an operation of the lane scheduler.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/ct.hpp"
#include "lib/hashes.hpp"
#include "lib/public_key.hpp"

namespace mlkem {

template <class Set>
class KeygenOperation {
 public:
  static constexpr unsigned kK = Set::kK;
  static constexpr unsigned kJobH = 0, kJobG = 1;
  static constexpr uint32_t kChainJobs = 1u << kJobH | 1u << kJobG;

  ~KeygenOperation() { wipe(&secret_, sizeof secret_); }

  // All memory stays the caller's until done(), except d_z. out_ek may be null: dk has a copy. The result's A
  // and t are left in `expanded`.
  void begin(const kernels::Arith& arith, PublicKey<Set>& expanded, const uint8_t d_z[kSeedBytes],
             uint8_t* out_ek, uint8_t* out_dk) noexcept {
    arith_ = &arith;
    expanded_ = &expanded;
    std::memcpy(secret_.d_z, d_z, kSeedBytes);
    ct::mark_secret(secret_.d_z, kSeedBytes);
    out_ek_ = out_ek;
    out_dk_ = out_dk;
    missing_s_ = kK;
    for (unsigned i = 0; i < kK; ++i) missing_in_row_[i] = kK + 1;
    for (uint16_t& filled : filled_) filled = 0;
    rows_done_ = 0;
    ek_ready_words_ = 0;
    parked_h_.holds_state = false;
    h_waits_ = true;
    done_ = false;
    ready = 1u << kJobG;
  }

  uint32_t ready = 0;

  template <class Start>
  void start(unsigned id, const Start& start) noexcept {
    if (id == kJobG) return start(hashes::g_of_seed(secret_.d_z, Set::kK, secret_.rho_sigma));
    if (id == kJobH) {
      HashJob job = hashes::h(ek(), Set::kEkBytes, ek() + Set::kEkBytes);
      job.words_ready = &ek_ready_words_;
      job.parked = &parked_h_;
      return start(job);
    }
    const Name name = kNames[id];
    if (name.is_prf) return start(hashes::prf(Set::kEta1, secret_.rho_sigma + 32, name.i));
    return start(hashes::xof(secret_.rho_sigma, name.i, name.j));
  }

  unsigned complete(unsigned id, const uint8_t* buffer) noexcept {
    if (id == kJobG) {
      ct::declassify(secret_.rho_sigma, 32);  // rho, a part of ek
      std::memcpy(ek() + 384 * kK, secret_.rho_sigma, 32);
      ready = kAllJobs & ~(1u << kJobG | 1u << kJobH);
      return 0;
    }
    if (id == kJobH) {
      finish();
      return 0;
    }
    const Name name = kNames[id];
    unsigned row = name.i;
    if (!name.is_prf) {
      const unsigned element = name.i * kK + name.j;
      if (const unsigned more = take_xof(*arith_, expanded_->a[element], filled_[element], buffer))
        return more;
    } else if (name.i < kK) {
      take_s(name.i, buffer);
      if (--missing_s_ != 0) return 0;
      for (row = 0; row < kK; ++row)
        if (missing_in_row_[row] == 0) finish_row(row);
      return 0;
    } else {
      row = name.i - kK;
      take_prf<Set::kEta1>(*arith_, secret_.e[row], buffer);
      arith_->ntt(secret_.e[row]);
    }
    if (--missing_in_row_[row] == 0 && missing_s_ == 0) finish_row(row);
    return 0;
  }

  void parked(unsigned) noexcept {
    h_waits_ = true;
    offer_h();
  }

  bool done() const noexcept { return done_; }

 private:
  // The jobs in order of urgency: H, the longest chain, whenever there is something to absorb; then what the
  // first row of t needs, so that H can start; then the other rows.
  struct Name {
    bool is_prf;
    uint8_t i, j;  // XOF: A[i, j]; PRF: the i-th polynomial of s, then e
  };
  static constexpr unsigned kJobs = 2 + kK * (kK + 2);
  static constexpr uint32_t kAllJobs = uint32_t((uint64_t{1} << kJobs) - 1);
  static constexpr std::array<Name, kJobs> kNames = [] {
    std::array<Name, kJobs> names{};
    unsigned id = 2;
    for (uint8_t row = 0; row < kK; ++row) {
      for (uint8_t j = 0; j < kK; ++j) names[id++] = {false, row, j};
      for (uint8_t i = 0; row == 0 && i < kK; ++i) names[id++] = {true, i, 0};
      names[id++] = {true, uint8_t(kK + row), 0};
    }
    return names;
  }();

  // ek is made where dk wants it.
  uint8_t* ek() const noexcept { return out_dk_ + 384 * kK; }

  void take_s(unsigned i, const uint8_t* buffer) noexcept {
    kernels::Poly& s = secret_.s[i];
    take_prf<Set::kEta1>(*arith_, s, buffer);
    arith_->ntt(s);
    arith_->mul_cache(secret_.cache[i], s);
    arith_->byte_encode_12(out_dk_ + 384 * i, s);
  }

  // t[row] = A[row] o s + e[row].
  void finish_row(unsigned row) noexcept {
    kernels::Poly& t = expanded_->t[row];
    arith_->multiply_accumulate(t, &expanded_->a[row * kK], 1, secret_.s, secret_.cache, kK);
    arith_->add_product(t, secret_.e[row]);
    arith_->byte_encode_12(ek() + 384 * row, t);
    ct::declassify(ek() + 384 * row, 384);
    rows_done_ |= 1u << row;
    const auto in_sequence = unsigned(std::countr_one(rows_done_));
    ek_ready_words_ = in_sequence == kK ? Set::kEkBytes / 8 : 384 / 8 * in_sequence;
    offer_h();
  }

  // Makes H ready if it waits and can go a step further.
  void offer_h() noexcept {
    const uint32_t absorbed = parked_h_.holds_state ? parked_h_.absorbed_words : 0;
    if (!h_waits_ ||
        ek_ready_words_ < std::min<uint32_t>(absorbed + hashes::kSha3_256Rate, Set::kEkBytes / 8))
      return;
    h_waits_ = false;
    ready |= 1u << kJobH;
  }

  // dk = s | ek | H(ek) | z: z is all that is missing.
  void finish() noexcept {
    if (out_ek_) std::memcpy(out_ek_, ek(), Set::kEkBytes);
    std::memcpy(out_dk_ + Set::kDkBytes - 32, secret_.d_z + 32, 32);
    done_ = true;
  }

  const kernels::Arith* arith_;
  PublicKey<Set>* expanded_;
  uint8_t *out_ek_, *out_dk_;
  uint32_t ek_ready_words_;
  uint32_t rows_done_;                      // bits
  uint8_t missing_s_, missing_in_row_[kK];  // polynomials: of s; of A's row and e
  uint16_t filled_[kK * kK];
  bool h_waits_, done_;
  ParkedHash parked_h_;
  struct {
    kernels::Poly s[kK], e[kK];
    kernels::MulCache cache[kK];
    uint8_t d_z[kSeedBytes];
    uint8_t rho_sigma[64];
  } secret_;
};

}  // namespace mlkem
