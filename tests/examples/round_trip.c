/* SPDX-License-Identifier: Apache-2.0 */
/* The README's C example: one ML-KEM-768 round trip (FIPS 203). */
#include <mlkem-ike/mlkem.h>
#include <stdio.h>

int main(void) {
  static uint8_t ek[1184], dk[2400], ct[1088], ours[32], theirs[32];
  uint8_t differ = 0;
  if (mlkem_keygen(MLKEM_768, ek, dk) != MLKEM_OK) return 1;
  if (mlkem_encaps(MLKEM_768, ct, theirs, ek, sizeof ek) != MLKEM_OK) return 1;
  if (mlkem_decaps(MLKEM_768, ours, ct, sizeof ct, dk, sizeof dk) != MLKEM_OK) return 1;
  for (int i = 0; i < 32; ++i) differ |= (uint8_t)(ours[i] ^ theirs[i]);
  puts(differ ? "different secrets" : "the same secret on both sides");
  return differ != 0;
}
