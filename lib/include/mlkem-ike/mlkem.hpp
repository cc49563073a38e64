// SPDX-License-Identifier: Apache-2.0
// ML-KEM (FIPS 203) for C++20: lengths are checked by the compiler, secrets wipe themselves.
//
// Every function is thread-safe, keeps no state between calls, takes no heap memory and throws nothing.
// Outputs must not overlap inputs or each other; unlike in C that is not checked. After an error, outputs are
// zero. One operation takes up to 40 KiB of stack, a batch of any size up to 112 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mlkem-ike/export.h"
#include "mlkem-ike/secret.hpp"

namespace mlkem {

// A parameter set (FIPS 203, section 8) is a type.
template <int kRank, int kEta1Value, int kDuValue, int kDvValue>
struct MLKEM_API ParameterSet {
  static constexpr int kK = kRank;
  static constexpr int kEta1 = kEta1Value;
  static constexpr int kEta2 = 2;
  static constexpr int kDu = kDuValue;
  static constexpr int kDv = kDvValue;
  static constexpr size_t kEkBytes = 384 * kK + 32;
  static constexpr size_t kDkBytes = 768 * kK + 96;
  static constexpr size_t kCtBytes = 32 * (kDu * kK + kDv);
};
using MlKem512 = ParameterSet<2, 3, 10, 4>;
using MlKem768 = ParameterSet<3, 2, 10, 4>;
using MlKem1024 = ParameterSet<4, 2, 11, 5>;

inline constexpr size_t kSharedSecretBytes = 32;
inline constexpr size_t kSeedBytes = 64;     // d || z
inline constexpr size_t kMessageBytes = 32;  // m

using SharedSecret = Secret<kSharedSecretBytes>;
using Seed = Secret<kSeedBytes>;
template <class Set>
using DecapsulationKey = Secret<Set::kDkBytes>;

// The values are those of the C interface.
enum class [[nodiscard]] Status : int{
    kOk = 0,
    kArgument = -1,  // C interface only: null pointer, unknown set, overlapping buffers
    kLength = -2,    // C interface only: wrong length
    kEk = -3,        // a coefficient of ek is not below q (FIPS 203, section 7.2)
    kDk = -4,        // the hash of ek inside dk is wrong (FIPS 203, section 7.3)
    kRandom = -5,    // the random source failed or fell short
};

// Where randomness comes from: fill() writes all of `out` and returns true, or returns false.
struct RandomSource {
  bool (*fill)(void* argument, std::span<uint8_t> out);
  void* argument;
};
// The operating system's: getrandom(2) or getentropy(3).
MLKEM_API RandomSource system_random() noexcept;

// The names of the kernels chosen for this CPU, static storage.
MLKEM_API const char* backend() noexcept;

// Algorithm 19: a new key pair. Errors: kRandom.
template <class Set>
MLKEM_API Status keygen(std::span<uint8_t, Set::kEkBytes> out_ek, DecapsulationKey<Set>& out_dk,
                        RandomSource random = system_random()) noexcept;
// Algorithm 16: the key pair of the seed d || z; how a stored seed becomes a key again.
template <class Set>
MLKEM_API void keygen_from_seed(std::span<uint8_t, Set::kEkBytes> out_ek, DecapsulationKey<Set>& out_dk,
                                std::span<const uint8_t, kSeedBytes> d_z) noexcept;

// Algorithm 20: a shared secret and its ciphertext for ek, which is checked first. Errors: kEk, kRandom.
template <class Set>
MLKEM_API Status encaps(std::span<uint8_t, Set::kCtBytes> out_ct, SharedSecret& out_ss,
                        std::span<const uint8_t, Set::kEkBytes> ek,
                        RandomSource random = system_random()) noexcept;
// Algorithm 17 after the check of ek, with m in place of randomness. Errors: kEk.
template <class Set>
MLKEM_API Status encaps_from_m(std::span<uint8_t, Set::kCtBytes> out_ct, SharedSecret& out_ss,
                               std::span<const uint8_t, Set::kEkBytes> ek,
                               std::span<const uint8_t, kMessageBytes> m) noexcept;

// Algorithm 21: the shared secret of ct; dk's hash of ek is checked first. A ct that was not made for this
// key gives a secret that nobody else knows (implicit rejection), not an error. Errors: kDk.
template <class Set>
MLKEM_API Status decaps(SharedSecret& out_ss, std::span<const uint8_t, Set::kCtBytes> ct,
                        std::span<const uint8_t, Set::kDkBytes> dk) noexcept;

// The checks of sections 7.2 and 7.3 alone. Errors: kEk; kDk.
template <class Set>
MLKEM_API Status check_ek(std::span<const uint8_t, Set::kEkBytes> ek) noexcept;
template <class Set>
MLKEM_API Status check_dk(std::span<const uint8_t, Set::kDkBytes> dk) noexcept;

// A key pair that keeps what key generation or an import already computed (the matrix A above all), so that
// decaps() need not do it again: for an initiator that generates, sends ek and decapsulates a moment later.
// It holds about 6, 10 and 15 KiB in storage that the caller owns (a member, an automatic variable, a heap
// object), and wipes itself. Const members may run at the same time; the others need the object for themselves.
template <class Set>
class MLKEM_API ExpandedKey {
 public:
  ExpandedKey() noexcept;
  ~ExpandedKey();
  ExpandedKey(const ExpandedKey&) = delete;
  ExpandedKey& operator=(const ExpandedKey&) = delete;

  // A new key pair; errors: kRandom. Or that of a seed.
  Status generate(RandomSource random = system_random()) noexcept;
  void generate_from_seed(std::span<const uint8_t, kSeedBytes> d_z) noexcept;
  // From a dk that was stored; errors: kDk, and the object is empty then.
  Status import(std::span<const uint8_t, Set::kDkBytes> dk) noexcept;

  // False at first, after an error and after clear(); then ek() and dk() are zeros and decaps() fails.
  [[nodiscard]] bool has_key() const noexcept;
  [[nodiscard]] std::span<const uint8_t, Set::kEkBytes> ek() const noexcept;
  [[nodiscard]] std::span<const uint8_t, Set::kDkBytes> dk() const noexcept;
  // As mlkem::decaps. Errors: kDk without a key.
  Status decaps(SharedSecret& out_ss, std::span<const uint8_t, Set::kCtBytes> ct) const noexcept;
  void clear() noexcept;

 private:
  // A, t and s, 512 octets a polynomial; dk; alignment.
  alignas(64) unsigned char storage_[512 * Set::kK * (Set::kK + 2) + Set::kDkBytes + 192];
};

// n independent operations at once, as the batch functions of mlkem.h, except that nothing is checked: pointers
// must not be null and outputs must overlap nothing. Every job carries its own status; the result is kOk or the
// first other status.
template <class Set>
struct MLKEM_API KeygenJob {
  uint8_t* out_ek;     // Set::kEkBytes
  uint8_t* out_dk;     // Set::kDkBytes
  const uint8_t* d_z;  // kSeedBytes, or null for fresh randomness
  Status status;
};
template <class Set>
struct MLKEM_API EncapsJob {
  uint8_t* out_ct;    // Set::kCtBytes
  uint8_t* out_ss;    // kSharedSecretBytes
  const uint8_t* ek;  // Set::kEkBytes
  const uint8_t* m;   // kMessageBytes, or null for fresh randomness
  Status status;
};
template <class Set>
struct MLKEM_API DecapsJob {
  uint8_t* out_ss;    // kSharedSecretBytes
  const uint8_t* ct;  // Set::kCtBytes
  const uint8_t* dk;  // Set::kDkBytes
  Status status;
};
template <class Set>
MLKEM_API Status keygen_batch(std::span<KeygenJob<Set>> jobs, RandomSource random = system_random()) noexcept;
template <class Set>
MLKEM_API Status encaps_batch(std::span<EncapsJob<Set>> jobs, RandomSource random = system_random()) noexcept;
template <class Set>
MLKEM_API Status decaps_batch(std::span<DecapsJob<Set>> jobs) noexcept;

}  // namespace mlkem
