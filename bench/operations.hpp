// SPDX-License-Identifier: Apache-2.0
// What the programs that time whole operations share: buffers and jobs with fresh inputs, the time-stamp counter, medians.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "lib/operations.hpp"

namespace mlkem::bench {

inline uint64_t ticks_now() {
#if defined(__x86_64__) || defined(__i386__)
  return __rdtsc();
#else
  return 0;
#endif
}

inline RandomSource no_random() {
  return {[](void*, std::span<uint8_t>) { return false; }, nullptr};
}

// The buffers of n operations of every kind, and jobs over them.
template <class Set>
class Operations {
 public:
  Operations(const Tables& tables, size_t n) : tables_(tables), slots_(n) {
    for (Slot& slot : slots_) {
      keygens_.push_back({slot.ek, slot.dk, slot.seed, Status::kOk});
      encapses_.push_back({slot.ct, slot.ss, slot.ek, slot.m, Status::kOk});
      decapses_.push_back({slot.back, slot.ct, slot.dk, Status::kOk});
    }
  }

  void refresh_seeds() {
    for (Slot& slot : slots_) {
      randomize(slot.seed);
      randomize(slot.m);
    }
  }
  Status keygen() { return keygen_batch<Set>(tables_, std::span(keygens_), no_random()); }
  Status encaps() { return encaps_batch<Set>(tables_, std::span(encapses_), no_random()); }
  Status decaps() { return decaps_batch<Set>(tables_, std::span(decapses_)); }

  size_t size() const { return slots_.size(); }
  std::span<const uint8_t, kSeedBytes> seed() const { return slots_[0].seed; }
  std::span<const uint8_t, Set::kCtBytes> ct() const { return slots_[0].ct; }

 private:
  struct Slot {
    uint8_t seed[kSeedBytes], m[kMessageBytes], ss[kSharedSecretBytes], back[kSharedSecretBytes];
    uint8_t ek[Set::kEkBytes], dk[Set::kDkBytes], ct[Set::kCtBytes];
  };

  template <size_t N>
  void randomize(uint8_t (&out)[N]) {
    for (uint8_t& octet : out) octet = uint8_t(random_());
  }

  const Tables tables_;
  std::vector<Slot> slots_;
  std::vector<KeygenJob<Set>> keygens_;
  std::vector<EncapsJob<Set>> encapses_;
  std::vector<DecapsJob<Set>> decapses_;
  std::mt19937_64 random_;
};

inline double median(std::vector<double>& values) {
  const auto middle = values.begin() + ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace mlkem::bench
