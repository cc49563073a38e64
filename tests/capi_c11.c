/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the C interface, called from C11. capi_test.cpp runs it. */
#include <stdlib.h>
#include <string.h>

#include "mlkem-ike/mlkem.h"

#define REQUIRE(condition)  \
  do {                      \
    if (!(condition)) {     \
      failure = #condition; \
      goto out;             \
    }                       \
  } while (0)

static int counting_source(void* arg, uint8_t* out, size_t len) {
  size_t* calls = arg;
  memset(out, (int)++*calls, len);
  return 0;
}

/* Returns the condition that does not hold, or NULL. */
const char* capi_c11_first_failure(int set_number) {
  const mlkem_set set = (mlkem_set)set_number;
  const char* failure = NULL;
  const size_t ek_len = mlkem_ek_bytes(set), dk_len = mlkem_dk_bytes(set), ct_len = mlkem_ct_bytes(set);
  uint8_t *ek = malloc(ek_len), *dk = malloc(dk_len), *ct = malloc(ct_len);
  uint8_t seed[64] = {1}, m[32] = {2}, ss[32], back[32];
  size_t calls = 0;

  REQUIRE(ek && dk && ct);
  REQUIRE(mlkem_strerror(MLKEM_OK) != NULL && mlkem_version() != NULL && mlkem_backend() != NULL);

  REQUIRE(mlkem_keygen(set, ek, dk) == MLKEM_OK);
  REQUIRE(mlkem_check_ek(set, ek, ek_len) == MLKEM_OK);
  REQUIRE(mlkem_check_dk(set, dk, dk_len) == MLKEM_OK);
  REQUIRE(mlkem_encaps(set, ct, ss, ek, ek_len) == MLKEM_OK);
  REQUIRE(mlkem_decaps(set, back, ct, ct_len, dk, dk_len) == MLKEM_OK);
  REQUIRE(memcmp(ss, back, sizeof ss) == 0);

  REQUIRE(mlkem_keygen_from_seed(set, ek, dk, seed) == MLKEM_OK);
  REQUIRE(mlkem_encaps_from_m(set, ct, ss, ek, ek_len, m) == MLKEM_OK);
  REQUIRE(mlkem_decaps(set, back, ct, ct_len, dk, dk_len) == MLKEM_OK);
  REQUIRE(memcmp(ss, back, sizeof ss) == 0);

  REQUIRE(mlkem_keygen_with(set, ek, dk, counting_source, &calls) == MLKEM_OK && calls == 1);
  REQUIRE(mlkem_encaps_with(set, ct, ss, ek, ek_len, counting_source, &calls) == MLKEM_OK && calls == 2);
  REQUIRE(mlkem_decaps(set, back, ct, ct_len, dk, dk_len) == MLKEM_OK);
  REQUIRE(memcmp(ss, back, sizeof ss) == 0);

  {
    mlkem_keygen_job keygen = {ek, dk, NULL, MLKEM_ERR_ARGUMENT};
    mlkem_encaps_job encaps = {ct, ss, ek, NULL, MLKEM_ERR_ARGUMENT};
    mlkem_decaps_job decaps = {back, ct, dk, MLKEM_ERR_ARGUMENT};
    REQUIRE(mlkem_keygen_batch(set, &keygen, 1) == MLKEM_OK && keygen.status == MLKEM_OK);
    REQUIRE(mlkem_encaps_batch(set, &encaps, 1) == MLKEM_OK && encaps.status == MLKEM_OK);
    REQUIRE(mlkem_decaps_batch(set, &decaps, 1) == MLKEM_OK && decaps.status == MLKEM_OK);
    REQUIRE(memcmp(ss, back, sizeof ss) == 0);
  }

out:
  free(ek);
  free(dk);
  free(ct);
  return failure;
}
