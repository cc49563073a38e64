// SPDX-License-Identifier: Apache-2.0
// ML-KEM.Encaps_internal (FIPS 203, Algorithm 17) as an operation of the lane scheduler.
#pragma once

#include <cstring>

#include "lib/ct.hpp"
#include "lib/encryption.hpp"

namespace mlkem {

template <class Set>
class EncapsOperation {
 public:
  static constexpr unsigned kK = Set::kK;
  // In order of urgency: H, G and the noise are one chain; A needs nothing but ek.
  static constexpr unsigned kJobH = 0, kJobG = 1, kFirstInner = 2;
  static constexpr uint32_t kChainJobs = 1u << kJobH | 1u << kJobG;

  ~EncapsOperation() { wipe(&secret_, sizeof secret_); }

  // ek has been decoded into expanded.t; A is left there too. All memory stays the caller's until done().
  void begin(const kernels::Arith& arith, PublicKey<Set>& expanded, const uint8_t* ek,
             const uint8_t m[kMessageBytes], uint8_t* out_ct, uint8_t* out_ss) noexcept {
    ek_ = ek;
    out_ct_ = out_ct;
    out_ss_ = out_ss;
    std::memcpy(secret_.m, m, kMessageBytes);
    ct::mark_secret(secret_.m, kMessageBytes);
    encryption_.begin(arith, expanded, expanded.a, ek + 384 * kK, secret_.m, secret_.k_r + 32, out_ct);
    ready = 1u << kJobH | Encryption<Set>::kMatrixJobs << kFirstInner;
  }

  uint32_t ready = 0;

  template <class Start>
  void start(unsigned id, const Start& start) noexcept {
    if (id == kJobH) return start(hashes::h(ek_, Set::kEkBytes, h_));
    if (id == kJobG) return start(hashes::g(secret_.m, h_, secret_.k_r));
    return encryption_.start(id - kFirstInner, start);
  }

  unsigned complete(unsigned id, const uint8_t* buffer) noexcept {
    if (id == kJobH) {
      ready |= 1u << kJobG;
    } else if (id == kJobG) {
      std::memcpy(out_ss_, secret_.k_r, kSharedSecretBytes);
      ready |= Encryption<Set>::kNoiseJobs << kFirstInner;
    } else {
      const unsigned more = encryption_.complete(id - kFirstInner, buffer);
      if (encryption_.done()) ct::declassify(out_ct_, Set::kCtBytes);
      return more;
    }
    return 0;
  }

  void parked(unsigned) noexcept {}

  bool done() const noexcept { return encryption_.done(); }

 private:
  const uint8_t* ek_;
  uint8_t *out_ct_, *out_ss_;
  uint8_t h_[32];
  Encryption<Set> encryption_;
  struct {
    uint8_t m[kMessageBytes];
    uint8_t k_r[64];
  } secret_;
};

}  // namespace mlkem
