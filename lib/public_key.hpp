// SPDX-License-Identifier: Apache-2.0
// The expanded form of an encapsulation key: the matrix A and the vector t, both in the NTT domain.
#pragma once

#include "lib/lanes.hpp"
#include "mlkem-ike/mlkem.hpp"

namespace mlkem {

template <class Set>
struct PublicKey {
  static constexpr unsigned kK = Set::kK;
  kernels::Poly a[kK * kK];  // A[i, j] at i * k + j
  kernels::Poly t[kK];
};

// Takes what the XOF has put out for one element of A (FIPS 203, Algorithm 7). Returns how many more words it
// takes. `filled` counts the element's coefficients: 0 at the first call.
inline unsigned take_xof(const kernels::Arith& arith, kernels::Poly& element, uint16_t& filled,
                         const uint8_t* buffer) noexcept {
  const size_t bytes = filled == 0 ? kXofBytes : kMostRateBytes;
  filled = uint16_t(arith.reject_vartime(element, filled, buffer, bytes));
  return filled < kernels::kN ? kMostRateBytes / 8 : 0;
}

// Samples a polynomial of SamplePolyCBD_eta from the PRF's output (FIPS 203, Algorithm 8).
template <int kEta>
void take_prf(const kernels::Arith& arith, kernels::Poly& out, const uint8_t* buffer) noexcept {
  if constexpr (kEta == 3)
    arith.cbd_3(out, buffer);
  else
    arith.cbd_2(out, buffer);
}

// Decodes a vector of k polynomials of 12-bit coefficients: t at the front of ek, s at the front of dk. False
// if a coefficient is not below q (the modulus check of FIPS 203, section 7.2; it concerns t alone).
template <class Set>
bool decode_vector(const kernels::Arith& arith, kernels::Poly out[Set::kK], const uint8_t* in) noexcept {
  uint32_t too_large = 0;
  for (unsigned i = 0; i < unsigned(Set::kK); ++i) too_large |= arith.byte_decode_12(out[i], in + 384 * i);
  return too_large == 0;
}

}  // namespace mlkem
