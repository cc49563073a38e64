// SPDX-License-Identifier: Apache-2.0
// The README's C++ example: one ML-KEM-768 round trip (FIPS 203).
#include <array>
#include <cstdio>
#include <mlkem-ike/mlkem.hpp>

int main() {
  using Set = mlkem::MlKem768;
  std::array<uint8_t, Set::kEkBytes> ek;
  std::array<uint8_t, Set::kCtBytes> ct;
  mlkem::DecapsulationKey<Set> dk;
  mlkem::SharedSecret ours, theirs;  // wipe themselves, compare in constant time
  if (mlkem::keygen<Set>(ek, dk) != mlkem::Status::kOk) return 1;
  if (mlkem::encaps<Set>(ct, theirs, ek) != mlkem::Status::kOk) return 1;
  if (mlkem::decaps<Set>(ours, ct, dk.expose()) != mlkem::Status::kOk) return 1;
  std::puts(ours == theirs ? "the same secret on both sides" : "different secrets");
  return ours == theirs ? 0 : 1;
}
