// SPDX-License-Identifier: Apache-2.0
// The public C++ functions: the batches with the tables that are best for this CPU.
#include "mlkem-ike/mlkem.hpp"

#include <cstring>

#include "lib/expanded_key.hpp"
#include "lib/operations.hpp"

namespace mlkem {

const Tables& chosen_tables() noexcept {
  static const Tables tables = [] {
    const kernels::Isa isa = kernels::isa_of(kernels::cpu_features());
    return Tables{kernels::first_covered(kernels::arith_tables(), isa),
                  kernels::first_covered(kernels::keccak_tables(), isa)};
  }();
  return tables;
}

const char* backend() noexcept {
  static const struct Text {
    char characters[64] = {};

    Text() {
      const Tables& tables = chosen_tables();
      for (const char* part : {tables.arith.name, " arith, ", tables.keccak.name, " keccak"})
        std::strncat(characters, part, sizeof characters - std::strlen(characters) - 1);
    }
  } text;
  return text.characters;
}

template <class Set>
Status keygen(std::span<uint8_t, Set::kEkBytes> out_ek, DecapsulationKey<Set>& out_dk,
              RandomSource random) noexcept {
  KeygenJob<Set> job{out_ek.data(), out_dk.expose_mutable().data(), nullptr, Status::kOk};
  return keygen_batch<Set>(std::span(&job, 1), random);
}

template <class Set>
void keygen_from_seed(std::span<uint8_t, Set::kEkBytes> out_ek, DecapsulationKey<Set>& out_dk,
                      std::span<const uint8_t, kSeedBytes> d_z) noexcept {
  KeygenJob<Set> job{out_ek.data(), out_dk.expose_mutable().data(), d_z.data(), Status::kOk};
  (void)keygen_batch<Set>(std::span(&job, 1));
}

template <class Set>
Status encaps(std::span<uint8_t, Set::kCtBytes> out_ct, SharedSecret& out_ss,
              std::span<const uint8_t, Set::kEkBytes> ek, RandomSource random) noexcept {
  EncapsJob<Set> job{out_ct.data(), out_ss.expose_mutable().data(), ek.data(), nullptr, Status::kOk};
  return encaps_batch<Set>(std::span(&job, 1), random);
}

template <class Set>
Status encaps_from_m(std::span<uint8_t, Set::kCtBytes> out_ct, SharedSecret& out_ss,
                     std::span<const uint8_t, Set::kEkBytes> ek,
                     std::span<const uint8_t, kMessageBytes> m) noexcept {
  EncapsJob<Set> job{out_ct.data(), out_ss.expose_mutable().data(), ek.data(), m.data(), Status::kOk};
  return encaps_batch<Set>(std::span(&job, 1));
}

template <class Set>
Status decaps(SharedSecret& out_ss, std::span<const uint8_t, Set::kCtBytes> ct,
              std::span<const uint8_t, Set::kDkBytes> dk) noexcept {
  DecapsJob<Set> job{out_ss.expose_mutable().data(), ct.data(), dk.data(), Status::kOk};
  return decaps_batch<Set>(std::span(&job, 1));
}

template <class Set>
Status check_ek(std::span<const uint8_t, Set::kEkBytes> ek) noexcept {
  kernels::Poly t[Set::kK];
  return decode_vector<Set>(chosen_tables().arith, t, ek.data()) ? Status::kOk : Status::kEk;
}

template <class Set>
Status check_dk(std::span<const uint8_t, Set::kDkBytes> dk) noexcept {
  ImportOperation<Set> operation(chosen_tables().arith, dk.data(), nullptr);
  run_one(chosen_tables().keccak, operation);
  return operation.hash_matches() ? Status::kOk : Status::kDk;
}

template <class Set>
Status keygen_batch(std::span<KeygenJob<Set>> jobs, RandomSource random) noexcept {
  return keygen_batch<Set>(chosen_tables(), jobs, random);
}

template <class Set>
Status encaps_batch(std::span<EncapsJob<Set>> jobs, RandomSource random) noexcept {
  return encaps_batch<Set>(chosen_tables(), jobs, random);
}

template <class Set>
Status decaps_batch(std::span<DecapsJob<Set>> jobs) noexcept {
  return decaps_batch<Set>(chosen_tables(), jobs);
}

template <class Set>
ExpandedKey<Set>::ExpandedKey() noexcept {
  static_assert(sizeof(ExpandedKeyStorage<Set>) <= sizeof storage_);
  ::new (storage_) ExpandedKeyStorage<Set>;
  clear();
}

template <class Set>
ExpandedKey<Set>::~ExpandedKey() {
  clear();
}

template <class Set>
Status ExpandedKey<Set>::generate(RandomSource random) noexcept {
  Seed d_z;
  if (!random.fill(random.argument, d_z.expose_mutable())) {
    clear();
    return Status::kRandom;
  }
  generate_from_seed(d_z.expose());
  return Status::kOk;
}

template <class Set>
void ExpandedKey<Set>::generate_from_seed(std::span<const uint8_t, kSeedBytes> d_z) noexcept {
  ExpandedKeyStorage<Set>::in(storage_).generate(chosen_tables(), d_z.data());
}

template <class Set>
Status ExpandedKey<Set>::import(std::span<const uint8_t, Set::kDkBytes> dk) noexcept {
  return ExpandedKeyStorage<Set>::in(storage_).import(chosen_tables(), dk.data());
}

template <class Set>
bool ExpandedKey<Set>::has_key() const noexcept {
  return ExpandedKeyStorage<Set>::in(storage_).tables != nullptr;
}

template <class Set>
std::span<const uint8_t, Set::kEkBytes> ExpandedKey<Set>::ek() const noexcept {
  return dk().template subspan<384 * Set::kK, Set::kEkBytes>();
}

template <class Set>
std::span<const uint8_t, Set::kDkBytes> ExpandedKey<Set>::dk() const noexcept {
  return ExpandedKeyStorage<Set>::in(storage_).dk;
}

template <class Set>
Status ExpandedKey<Set>::decaps(SharedSecret& out_ss,
                                std::span<const uint8_t, Set::kCtBytes> ct) const noexcept {
  return ExpandedKeyStorage<Set>::in(storage_).decaps(out_ss.expose_mutable().data(), ct.data());
}

template <class Set>
void ExpandedKey<Set>::clear() noexcept {
  wipe(storage_, sizeof storage_);
}

#define INSTANTIATE(Set)                                                                         \
  template Status keygen<Set>(std::span<uint8_t, Set::kEkBytes>, DecapsulationKey<Set>&,         \
                              RandomSource) noexcept;                                            \
  template void keygen_from_seed<Set>(std::span<uint8_t, Set::kEkBytes>, DecapsulationKey<Set>&, \
                                      std::span<const uint8_t, kSeedBytes>) noexcept;            \
  template Status encaps<Set>(std::span<uint8_t, Set::kCtBytes>, SharedSecret&,                  \
                              std::span<const uint8_t, Set::kEkBytes>, RandomSource) noexcept;   \
  template Status encaps_from_m<Set>(std::span<uint8_t, Set::kCtBytes>, SharedSecret&,           \
                                     std::span<const uint8_t, Set::kEkBytes>,                    \
                                     std::span<const uint8_t, kMessageBytes>) noexcept;          \
  template Status decaps<Set>(SharedSecret&, std::span<const uint8_t, Set::kCtBytes>,            \
                              std::span<const uint8_t, Set::kDkBytes>) noexcept;                 \
  template Status check_ek<Set>(std::span<const uint8_t, Set::kEkBytes>) noexcept;               \
  template Status check_dk<Set>(std::span<const uint8_t, Set::kDkBytes>) noexcept;               \
  template Status keygen_batch<Set>(std::span<KeygenJob<Set>>, RandomSource) noexcept;           \
  template Status encaps_batch<Set>(std::span<EncapsJob<Set>>, RandomSource) noexcept;           \
  template Status decaps_batch<Set>(std::span<DecapsJob<Set>>) noexcept;                         \
  template class ExpandedKey<Set>;
INSTANTIATE(MlKem512)
INSTANTIATE(MlKem768)
INSTANTIATE(MlKem1024)
#undef INSTANTIATE

}  // namespace mlkem
