/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ML-KEM (FIPS 203) for C and for every language that can call C.
 *
 * Every function is thread-safe and keeps no state between calls. Buffers belong to the caller. The sizes of ek, dk
 * and ct depend on the parameter set (mlkem_ek_bytes and so on); a shared secret has 32 octets.
 *
 * A null pointer, an unknown set, and an output that overlaps an input or another output are MLKEM_ERR_ARGUMENT and
 * leave the outputs untouched. One operation takes up to 40 KiB of stack, a batch of any size up to 112 KiB, the heap
 * is never used. After any other error the outputs are untouched or zero. A caller who keeps a dk or
 * a shared secret wipes it when it is no longer needed.
 */
#ifndef MLKEM_IKE_MLKEM_H
#define MLKEM_IKE_MLKEM_H

#include <stddef.h>
#include <stdint.h>

#include "mlkem-ike/export.h"

#define MLKEM_VERSION_MAJOR 0
#define MLKEM_VERSION_MINOR 1
#define MLKEM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { MLKEM_512 = 512, MLKEM_768 = 768, MLKEM_1024 = 1024 } mlkem_set;

enum {
  MLKEM_OK = 0,
  MLKEM_ERR_ARGUMENT = -1, /* null pointer, unknown set, overlapping buffers */
  MLKEM_ERR_LENGTH = -2,   /* ek, dk or ct has not the length of its set */
  MLKEM_ERR_EK = -3,       /* a coefficient of ek is not below q (FIPS 203, section 7.2) */
  MLKEM_ERR_DK = -4,       /* the hash of ek inside dk is wrong (FIPS 203, section 7.3) */
  MLKEM_ERR_RANDOM = -5    /* the random source failed or fell short */
};

/* One line of English for a code, never null, static storage. */
MLKEM_API const char *mlkem_strerror(int code);
/* "major.minor.patch" of the library that is running, static storage. */
MLKEM_API const char *mlkem_version(void);
/* The kernels chosen for this CPU, for example "portable arith, portable keccak", static storage. */
MLKEM_API const char *mlkem_backend(void);

/* Sizes in octets: ek 800 / 1184 / 1568, dk 1632 / 2400 / 3168, ct 768 / 1088 / 1568; 0 for an unknown set. */
MLKEM_API size_t mlkem_ek_bytes(mlkem_set set);
MLKEM_API size_t mlkem_dk_bytes(mlkem_set set);
MLKEM_API size_t mlkem_ct_bytes(mlkem_set set);

/* A new key pair from the operating system's randomness (FIPS 203, Algorithm 19). Errors: ARGUMENT, RANDOM. */
MLKEM_API int mlkem_keygen(mlkem_set set, uint8_t *ek, uint8_t *dk);
/* The key pair of the seed d || z (Algorithm 16). Errors: ARGUMENT. */
MLKEM_API int mlkem_keygen_from_seed(mlkem_set set, uint8_t *ek, uint8_t *dk, const uint8_t d_z[64]);

/* A shared secret and its ciphertext for ek, which is checked first (Algorithm 20). Errors: ARGUMENT, LENGTH, EK,
 * RANDOM. */
MLKEM_API int mlkem_encaps(mlkem_set set, uint8_t *ct, uint8_t ss[32], const uint8_t *ek, size_t ek_len);
/* The same with the message m in place of randomness (Algorithm 17): for tests, or where the caller brings fresh
 * secret randomness. Errors: ARGUMENT, LENGTH, EK. */
MLKEM_API int mlkem_encaps_from_m(mlkem_set set, uint8_t *ct, uint8_t ss[32], const uint8_t *ek, size_t ek_len,
                                  const uint8_t m[32]);

/* The shared secret of ct (Algorithm 21). dk's hash of ek is checked first. A ct of the right length is never an
 * error: for one that ek's owner's peer did not make, ss is a secret that only dk's owner can compute (implicit
 * rejection). Errors: ARGUMENT, LENGTH, DK. */
MLKEM_API int mlkem_decaps(mlkem_set set, uint8_t ss[32], const uint8_t *ct, size_t ct_len, const uint8_t *dk,
                           size_t dk_len);

/* The checks of sections 7.2 and 7.3 alone. Errors: ARGUMENT, LENGTH, EK or DK. */
MLKEM_API int mlkem_check_ek(mlkem_set set, const uint8_t *ek, size_t ek_len);
MLKEM_API int mlkem_check_dk(mlkem_set set, const uint8_t *dk, size_t dk_len);

/* A random source: fills all len octets of out and returns 0, or returns anything else. arg is passed through. */
typedef int (*mlkem_random)(void *arg, uint8_t *out, size_t len);
/* As mlkem_keygen and mlkem_encaps, drawing from the caller's source: one call for 64 octets, d then z, or for the
 * 32 octets m. */
MLKEM_API int mlkem_keygen_with(mlkem_set set, uint8_t *ek, uint8_t *dk, mlkem_random random, void *arg);
MLKEM_API int mlkem_encaps_with(mlkem_set set, uint8_t *ct, uint8_t ss[32], const uint8_t *ek, size_t ek_len,
                                mlkem_random random, void *arg);

/*
 * n independent operations at once, which share the lanes of wide Keccak kernels where the CPU has them. Every job
 * carries its own result code in status; all buffers have the length of the set. The return value is 0 or the first
 * status that is not 0, in order of jobs. A job that fails leaves the others valid. n = 0 returns 0; jobs may be null
 * then.
 * Randomness is drawn once for each group of at most eight jobs; if that fails, those jobs of this group and of all
 * later ones that needed it report MLKEM_ERR_RANDOM with zeroed outputs.
 * No output of any job may overlap an input or output of any job (both jobs report MLKEM_ERR_ARGUMENT then, and stay
 * as they were); inputs may be shared. Looking for that takes one pass over the jobs where every kind of output stands in ascending
 * order, as in arrays, and grows with the square of n otherwise.
 */
typedef struct {
  uint8_t *ek, *dk;
  const uint8_t *d_z; /* 64 octets, or NULL for fresh randomness */
  int status;
} mlkem_keygen_job;
typedef struct {
  uint8_t *ct, *ss;
  const uint8_t *ek, *m; /* m: 32 octets, or NULL for fresh randomness */
  int status;
} mlkem_encaps_job;
typedef struct {
  uint8_t *ss;
  const uint8_t *ct, *dk;
  int status;
} mlkem_decaps_job;
MLKEM_API int mlkem_keygen_batch(mlkem_set set, mlkem_keygen_job *jobs, size_t n);
MLKEM_API int mlkem_encaps_batch(mlkem_set set, mlkem_encaps_job *jobs, size_t n);
MLKEM_API int mlkem_decaps_batch(mlkem_set set, mlkem_decaps_job *jobs, size_t n);

#ifdef __cplusplus
}
#endif

#endif
