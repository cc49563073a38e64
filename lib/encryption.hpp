// SPDX-License-Identifier: Apache-2.0
// K-PKE.Encrypt (FIPS 203, Algorithm 14), taking A and the noise as their hashes finish; encapsulation and
// the re-encryption of decapsulation share it.
#pragma once

#include "lib/hashes.hpp"
#include "lib/public_key.hpp"

namespace mlkem {

template <class Set>
class Encryption {
 public:
  static constexpr unsigned kK = Set::kK;
  static constexpr unsigned kNoisePolys = 2 * kK + 1;  // y, e1, e2

  // Its jobs, numbered from 0: A column by column, then the noise, whose short jobs fill what is left of the
  // lanes. An owner numbers them behind its own.
  static constexpr unsigned kFirstNoise = kK * kK, kJobs = kFirstNoise + kNoisePolys;
  static constexpr uint32_t kMatrixJobs = (1u << kFirstNoise) - 1;
  static constexpr uint32_t kNoiseJobs = (1u << kJobs) - 1 - kMatrixJobs;

  ~Encryption() { wipe(&secret_, sizeof secret_); }

  // Encrypts m into out_c under a public key whose t is there. out_a: where the matrix jobs put the key's A,
  // or null if it is there too. The noise jobs may start once r is there.
  void begin(const kernels::Arith& arith, const PublicKey<Set>& key, kernels::Poly* out_a,
             const uint8_t rho[32], const uint8_t m[kMessageBytes], const uint8_t r[32],
             uint8_t* out_c) noexcept {
    arith_ = &arith;
    key_ = &key;
    out_a_ = out_a;
    rho_ = rho;
    r_ = r;
    out_c_ = out_c;
    missing_noise_ = kNoisePolys;
    for (uint8_t& missing : missing_in_column_) missing = out_a ? kK : 0;
    for (uint16_t& filled : filled_) filled = 0;
    missing_parts_ = kK + 1;
    arith.decompress_1(secret_.mu, m);
  }

  template <class Start>
  void start(unsigned id, const Start& start) const noexcept {
    if (id < kFirstNoise) return start(hashes::xof(rho_, row(id), column(id)));
    const unsigned n = id - kFirstNoise;
    return start(hashes::prf(n < kK ? Set::kEta1 : Set::kEta2, r_, n));
  }

  unsigned complete(unsigned id, const uint8_t* buffer) noexcept {
    if (id >= kFirstNoise) {
      take_noise(id - kFirstNoise, buffer);
      return 0;
    }
    const unsigned element = row(id) * kK + column(id);
    if (const unsigned more = take_xof(*arith_, out_a_[element], filled_[element], buffer)) return more;
    if (--missing_in_column_[column(id)] == 0 && missing_noise_ == 0) finish_u(column(id));
    return 0;
  }

  bool done() const noexcept { return missing_parts_ == 0; }

 private:
  static constexpr unsigned row(unsigned id) noexcept { return id % kK; }
  static constexpr unsigned column(unsigned id) noexcept { return id / kK; }

  void take_noise(unsigned n, const uint8_t* buffer) noexcept {
    if (n < kK) {
      take_prf<Set::kEta1>(*arith_, secret_.y[n], buffer);
      arith_->ntt(secret_.y[n]);
      arith_->mul_cache(secret_.cache[n], secret_.y[n]);
    } else {
      take_prf<Set::kEta2>(*arith_, n < 2 * kK ? secret_.e1[n - kK] : secret_.e2, buffer);
    }
    if (--missing_noise_ != 0) return;
    finish_v();
    for (unsigned i = 0; i < kK; ++i)
      if (missing_in_column_[i] == 0) finish_u(i);
  }

  // u[i] = A^T[i] o y + e1[i], compressed into c1.
  void finish_u(unsigned i) noexcept {
    kernels::Poly& u = secret_.sum;
    arith_->multiply_accumulate(u, &key_->a[i], kK, secret_.y, secret_.cache, kK);
    arith_->inverse_ntt(u);
    arith_->add(u, secret_.e1[i]);
    uint8_t* const out = out_c_ + 32 * Set::kDu * i;
    if constexpr (Set::kDu == 11)
      arith_->compress_11(out, u);
    else
      arith_->compress_10(out, u);
    --missing_parts_;
  }

  // v = t o y + e2 + mu, compressed into c2.
  void finish_v() noexcept {
    kernels::Poly& v = secret_.sum;
    arith_->multiply_accumulate(v, key_->t, 1, secret_.y, secret_.cache, kK);
    arith_->inverse_ntt(v);
    arith_->add(v, secret_.e2);
    arith_->add(v, secret_.mu);
    uint8_t* const out = out_c_ + 32 * Set::kDu * kK;
    if constexpr (Set::kDv == 5)
      arith_->compress_5(out, v);
    else
      arith_->compress_4(out, v);
    --missing_parts_;
  }

  const kernels::Arith* arith_;
  const PublicKey<Set>* key_;
  kernels::Poly* out_a_;
  const uint8_t *rho_, *r_;
  uint8_t* out_c_;
  uint16_t filled_[kK * kK];
  uint8_t missing_noise_, missing_in_column_[kK], missing_parts_;
  struct {
    kernels::Poly y[kK], e1[kK], e2, mu, sum;
    kernels::MulCache cache[kK];
  } secret_;
};

}  // namespace mlkem
