// SPDX-License-Identifier: Apache-2.0
// ML-KEM over given kernel tables: what the public functions call with the tables chosen for this CPU, and
// the tests with every table there is. A single operation is a batch of one.
#pragma once

#include "kernels/kernels.hpp"
#include "mlkem-ike/mlkem.hpp"

namespace mlkem {

struct Tables {
  const kernels::Arith& arith;
  const kernels::Keccak& keccak;
};

// The best tables that this CPU can run.
const Tables& chosen_tables() noexcept;

template <class Set>
Status keygen_batch(const Tables& tables, std::span<KeygenJob<Set>> jobs, RandomSource random) noexcept;
template <class Set>
Status encaps_batch(const Tables& tables, std::span<EncapsJob<Set>> jobs, RandomSource random) noexcept;
template <class Set>
Status decaps_batch(const Tables& tables, std::span<DecapsJob<Set>> jobs) noexcept;

}  // namespace mlkem
