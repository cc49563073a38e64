// SPDX-License-Identifier: Apache-2.0
// ML-KEM.Decaps_internal (FIPS 203, Algorithm 18) as an operation of the lane scheduler, with the check of
// section 7.3.
#pragma once

#include <cstring>

#include "lib/ct.hpp"
#include "lib/encryption.hpp"

namespace mlkem {

// K-PKE.Decrypt (FIPS 203, Algorithm 15). s: operands.
template <class Set>
void decrypt(const kernels::Arith& arith, const kernels::Poly s[Set::kK], const uint8_t* c,
             uint8_t out_m[kMessageBytes]) noexcept {
  constexpr unsigned kK = Set::kK;
  struct {
    kernels::Poly u[kK], v, product;
    kernels::MulCache cache[kK];
  } secret;
  for (unsigned i = 0; i < kK; ++i) {
    if constexpr (Set::kDu == 11)
      arith.decompress_11(secret.u[i], c + 32 * Set::kDu * i);
    else
      arith.decompress_10(secret.u[i], c + 32 * Set::kDu * i);
    arith.ntt(secret.u[i]);
    arith.mul_cache(secret.cache[i], secret.u[i]);
  }
  if constexpr (Set::kDv == 5)
    arith.decompress_5(secret.v, c + 32 * Set::kDu * kK);
  else
    arith.decompress_4(secret.v, c + 32 * Set::kDu * kK);
  arith.multiply_accumulate(secret.product, s, 1, secret.u, secret.cache, kK);
  arith.inverse_ntt(secret.product);
  arith.sub(secret.v, secret.product);
  arith.compress_1(out_m, secret.v);
  wipe(&secret, sizeof secret);
}

// The secret parts of a stored dk: s and z. The ek and H(ek) between them are public.
template <class Set>
void mark_secret_parts(const uint8_t* dk) noexcept {
  ct::mark_secret(dk, 384 * Set::kK);
  ct::mark_secret(dk + Set::kDkBytes - 32, 32);
}

template <class Set>
class DecapsOperation {
 public:
  static constexpr unsigned kK = Set::kK;
  // In order of urgency: the noise waits for G; J and H are long chains.
  static constexpr unsigned kJobG = 0, kJobJ = 1, kJobH = 2, kFirstInner = 3;
  static constexpr uint32_t kChainJobs = 1u << kJobG | 1u << kJobJ | 1u << kJobH;

  ~DecapsOperation() { wipe(&secret_, sizeof secret_); }

  // All memory stays the caller's until done(). s: dk's first part, decoded; `expanded`: dk's ek, with t, and
  // with A if out_a is null, else out_a is where A is to go. With check_h, H(ek) inside dk is recomputed. The
  // status is kOk, or kDk with a zero secret.
  void begin(const kernels::Arith& arith, const PublicKey<Set>& expanded, kernels::Poly* out_a,
             const kernels::Poly s[kK], bool check_h, const uint8_t* dk, const uint8_t* ct, uint8_t* out_ss,
             Status& out_status) noexcept {
    arith_ = &arith;
    ek_ = dk + 384 * kK;
    ct_ = ct;
    out_ss_ = out_ss;
    out_status_ = &out_status;
    done_ = false;
    checks_h_ = check_h;
    decrypt<Set>(arith, s, ct, secret_.m);
    encryption_.begin(arith, expanded, out_a, ek_ + 384 * kK, secret_.m, secret_.k_r + 32, secret_.ct_again);
    missing_hashes_ = check_h ? 2 : 1;
    ready = 1u << kJobG | 1u << kJobJ | (check_h ? 1u << kJobH : 0) |
            (out_a ? Encryption<Set>::kMatrixJobs << kFirstInner : 0);
  }

  uint32_t ready = 0;

  template <class Start>
  void start(unsigned id, const Start& start) noexcept {
    const uint8_t* const h = ek_ + Set::kEkBytes;
    const uint8_t* const z = h + 32;
    if (id == kJobG) return start(hashes::g(secret_.m, h, secret_.k_r));
    if (id == kJobJ) return start(hashes::j(z, ct_, Set::kCtBytes, secret_.k_bar));
    if (id == kJobH) return start(hashes::h(ek_, Set::kEkBytes, h_again_));
    return encryption_.start(id - kFirstInner, start);
  }

  unsigned complete(unsigned id, const uint8_t* buffer) noexcept {
    if (id == kJobG) {
      ready |= Encryption<Set>::kNoiseJobs << kFirstInner;
    } else if (id == kJobJ || id == kJobH) {
      --missing_hashes_;
    } else if (const unsigned more = encryption_.complete(id - kFirstInner, buffer)) {
      return more;
    }
    if (missing_hashes_ == 0 && encryption_.done()) finish();
    return 0;
  }

  void parked(unsigned) noexcept {}

  bool done() const noexcept { return done_; }

 private:
  void finish() noexcept {
    const uint64_t rejected = ct::mask_if_nonzero(arith_->differ(ct_, secret_.ct_again, Set::kCtBytes));
    ct::select(out_ss_, rejected, secret_.k_bar, secret_.k_r, kSharedSecretBytes);
    *out_status_ = Status::kOk;
    if (checks_h_ && !equal_constant_time(h_again_, ek_ + Set::kEkBytes, 32)) {
      std::memset(out_ss_, 0, kSharedSecretBytes);
      *out_status_ = Status::kDk;
    }
    done_ = true;
  }

  const kernels::Arith* arith_;
  const uint8_t *ek_, *ct_;
  uint8_t* out_ss_;
  uint8_t missing_hashes_;
  bool checks_h_, done_;
  Status* out_status_;
  uint8_t h_again_[32];
  Encryption<Set> encryption_;
  struct {
    uint8_t m[kMessageBytes];
    uint8_t k_r[64];
    uint8_t k_bar[32];
    uint8_t ct_again[Set::kCtBytes];
  } secret_;
};

}  // namespace mlkem
