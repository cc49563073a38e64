/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key work of IKEv2 with ML-KEM for gateways written in C: key exchange payload data, the key schedule, IntAuth,
 * PSK authentication, Child SA keys and rekeying (RFC 7296, RFC 9242, RFC 9370, draft-ietf-ipsecme-ikev2-mlkem).
 * Messages, negotiation, encryption and the data plane stay the gateway's.
 *
 * Secrets live behind opaque handles, which wipe what they hold when they are freed or consumed. Every handle belongs
 * to the caller. A handle and everything made with the same mlkem_ike_crypto may be used by one thread at a time; different
 * mlkem_ike_crypto objects are independent. Freeing a null handle does nothing.
 *
 * Every function that can fail returns MLKEM_IKE_OK or a negative code. After an error output handles are null, output
 * octets zero or untouched, and the object that the call was made on is as before, unless said otherwise.
 *
 * One hybrid IKE SA, as the initiator (the responder calls mlkem_ike_respond() in place of start and finish):
 *
 *   mlkem_ike_exchange_start(crypto, MLKEM_IKE_X25519, &exchange);       send its value as KEi(0)
 *   mlkem_ike_exchange_finish(&exchange, ker, ker_len, &secret);         KEr(0) has come
 *   mlkem_ike_sa_new(crypto, &parameters, secret, &sa);                  keys of generation 0: IKE_INTERMEDIATE
 *   mlkem_ike_exchange_start(crypto, MLKEM_IKE_MLKEM768, &exchange);     send its value as KEi(1)
 *   mlkem_ike_sa_int_auth(sa, MLKEM_IKE_INITIATOR, a, a_len, p, p_len);  for the request,
 *   mlkem_ike_sa_int_auth(sa, MLKEM_IKE_RESPONDER, a, a_len, p, p_len);  and for the response
 *   mlkem_ike_exchange_finish(&exchange, ker, ker_len, &secret);
 *   mlkem_ike_sa_chain(sa, secret);                                      keys of generation 1: IKE_AUTH
 */
#ifndef MLKEM_IKE_IKEV2_H
#define MLKEM_IKE_IKEV2_H

#include <stddef.h>
#include <stdint.h>

#include "mlkem-ike/export.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MLKEM_IKE_OK = 0,
  MLKEM_IKE_ERR_ARGUMENT = -1,  /* null pointer, unknown number, wrong length or order of calls: the caller's fault */
  MLKEM_IKE_ERR_PEER = -2,      /* the peer's value fails its recipient test: answer INVALID_SYNTAX (7) where due */
  MLKEM_IKE_ERR_CRYPTO = -3,    /* OpenSSL or the random source failed, or memory ran out */
  MLKEM_IKE_ERR_BUFFER = -4     /* the output buffer is too small; its needed length has been stored */
};
/* One line of English for a code, never null, static storage. */
MLKEM_API const char *mlkem_ike_strerror(int code);

/* Key exchange methods: IANA's transform type 4 ids. */
enum {
  MLKEM_IKE_MODP2048 = 14,
  MLKEM_IKE_MODP3072 = 15,
  MLKEM_IKE_MODP4096 = 16,
  MLKEM_IKE_ECP256 = 19,
  MLKEM_IKE_ECP384 = 20,
  MLKEM_IKE_ECP521 = 21,
  MLKEM_IKE_X25519 = 31,
  MLKEM_IKE_X448 = 32,
  MLKEM_IKE_MLKEM512 = 35,
  MLKEM_IKE_MLKEM768 = 36,
  MLKEM_IKE_MLKEM1024 = 37
};

typedef enum { MLKEM_IKE_INITIATOR = 0, MLKEM_IKE_RESPONDER = 1 } mlkem_ike_role;

/* What is costly to set up once; everything below is made with it and must be freed before it. */
typedef struct mlkem_ike_crypto mlkem_ike_crypto;
/* Errors: ARGUMENT, CRYPTO. */
MLKEM_API int mlkem_ike_crypto_new(mlkem_ike_crypto **out);
MLKEM_API void mlkem_ike_crypto_free(mlkem_ike_crypto *crypto);

/* Key exchange. */

/* A shared secret SK(n). */
typedef struct mlkem_ike_secret mlkem_ike_secret;
/* One that the gateway has computed itself, for instance in hardware: 1 to 512 octets, copied. Errors: ARGUMENT, CRYPTO. */
MLKEM_API int mlkem_ike_secret_new(const uint8_t *octets, size_t len, mlkem_ike_secret **out);
MLKEM_API void mlkem_ike_secret_free(mlkem_ike_secret *secret);

/* The initiator's half of one key exchange, with a fresh key that answers once. */
typedef struct mlkem_ike_exchange mlkem_ike_exchange;
/* Errors: ARGUMENT, CRYPTO. */
MLKEM_API int mlkem_ike_exchange_start(mlkem_ike_crypto *crypto, uint16_t method, mlkem_ike_exchange **out);
/* The data of KEi: *value stays valid until the exchange is finished or freed. Errors: ARGUMENT. */
MLKEM_API int mlkem_ike_exchange_value(const mlkem_ike_exchange *exchange, const uint8_t **value, size_t *value_len);
/* The shared secret with the data of KEr. Frees *exchange and sets it to null, whatever comes out: a key never answers
 * twice. A damaged ML-KEM ciphertext of the right length is no error; it gives another secret, and the next message's
 * integrity check fails. Errors: ARGUMENT, PEER, CRYPTO. */
MLKEM_API int mlkem_ike_exchange_finish(mlkem_ike_exchange **exchange, const uint8_t *peer_value, size_t peer_len,
                                        mlkem_ike_secret **out);
MLKEM_API void mlkem_ike_exchange_free(mlkem_ike_exchange *exchange);

/* The responder's half in one step: the peer's KEi data in, KEr data and the secret out. *value_len is the room in value
 * (1,568 octets are enough for every method) and becomes the length used, or on ERR_BUFFER the length needed. value must
 * not overlap peer_value. Errors: ARGUMENT, PEER, CRYPTO, BUFFER. */
MLKEM_API int mlkem_ike_respond(mlkem_ike_crypto *crypto, uint16_t method, const uint8_t *peer_value, size_t peer_len,
                                uint8_t *value, size_t *value_len, mlkem_ike_secret **out);

/* IKE SA. */

/* IANA's transform ids and the SA's public inputs. Everything is copied. */
typedef struct {
  uint16_t prf;        /* 2, 5, 6, 7: HMAC-SHA1, -SHA2-256, -384, -512 */
  uint16_t encr;       /* 12, 13, 16, 20, 28: AES-CBC, -CTR, -CCM-16, -GCM-16, ChaCha20-Poly1305 */
  uint16_t key_bits;   /* 128, 192, 256 for AES, 0 for ChaCha20-Poly1305 */
  uint16_t integ;      /* 2, 12, 13, 14: HMAC-SHA1-96, SHA2-256-128, -384-192, -512-256; 0 exactly with an AEAD */
  const uint8_t *ni;   /* nonce data, 16 to 256 octets */
  size_t ni_len;
  const uint8_t *nr;
  size_t nr_len;
  uint8_t spi_i[8], spi_r[8];
} mlkem_ike_sa_parameters;

/* The keys of an IKE SA: the newest generation, the IntAuth of both directions, the inputs. */
typedef struct mlkem_ike_sa mlkem_ike_sa;
/* Generation 0, from IKE_SA_INIT. Errors: ARGUMENT, CRYPTO. */
MLKEM_API int mlkem_ike_sa_new(mlkem_ike_crypto *crypto, const mlkem_ike_sa_parameters *parameters,
                               const mlkem_ike_secret *secret, mlkem_ike_sa **out);
MLKEM_API void mlkem_ike_sa_free(mlkem_ike_sa *sa);
/* The next generation, after one IKE_INTERMEDIATE key exchange (RFC 9370): up to seven. The keys of the generation before
 * are wiped, so take with mlkem_ike_sa_keys() what is needed to answer retransmissions first. Errors: ARGUMENT, also
 * while the IntAuth of one of that exchange's two messages is missing; CRYPTO. */
MLKEM_API int mlkem_ike_sa_chain(mlkem_ike_sa *sa, const mlkem_ike_secret *secret);

typedef struct {
  const uint8_t *data;
  size_t len;
} mlkem_ike_octets;

/* The newest generation's keys, valid until the next chain or free. sk_ei and sk_er hold key, then salt; sk_ai and sk_ar
 * are empty with an AEAD. */
typedef struct {
  mlkem_ike_octets sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr;
  unsigned generation;
} mlkem_ike_keys;
/* Errors: ARGUMENT. */
MLKEM_API int mlkem_ike_sa_keys(const mlkem_ike_sa *sa, mlkem_ike_keys *out);

/* Adds an IKE_INTERMEDIATE message to the IntAuth of the side that sent it (RFC 9242, section 3.3.2): A and P as the RFC
 * names them. To be called for both messages of an exchange, before mlkem_ike_sa_chain(): the generation that protected
 * the messages is the one that counts. Errors: ARGUMENT, also for a second message of one side in the same generation;
 * CRYPTO. */
MLKEM_API int mlkem_ike_sa_int_auth(mlkem_ike_sa *sa, mlkem_ike_role sender, const uint8_t *a, size_t a_len,
                                    const uint8_t *p, size_t p_len);
/* What both sides append to the octets that AUTH covers: IntAuth_iN | IntAuth_rN | message id of the first IKE_AUTH
 * request; nothing if there was no IKE_INTERMEDIATE. *out_len is the room in out (132 octets are enough) and becomes the
 * length used or needed. Errors: ARGUMENT, also if the two sides have not the same number of messages; BUFFER. */
MLKEM_API int mlkem_ike_sa_int_auth_suffix(const mlkem_ike_sa *sa, uint32_t auth_message_id, uint8_t *out,
                                           size_t *out_len);
/* The data of `sender`'s AUTH payload with a pre-shared key (RFC 7296, section 2.15), with the IntAuth suffix.
 * real_message: that side's own IKE_SA_INIT message, the last one after a retry, without non-ESP marker. id_body: the
 * body of its IDi or IDr. As above for out and out_len (64 octets are enough). To check a peer's AUTH, use
 * mlkem_ike_sa_psk_verify(), which compares in constant time; PEER then means AUTHENTICATION_FAILED (24). */
MLKEM_API int mlkem_ike_sa_psk_auth(mlkem_ike_sa *sa, mlkem_ike_role sender, const uint8_t *psk, size_t psk_len,
                                    const uint8_t *real_message, size_t real_message_len, const uint8_t *id_body,
                                    size_t id_body_len, uint32_t auth_message_id, uint8_t *out, size_t *out_len);
MLKEM_API int mlkem_ike_sa_psk_verify(mlkem_ike_sa *sa, mlkem_ike_role sender, const uint8_t *psk, size_t psk_len,
                                      const uint8_t *real_message, size_t real_message_len, const uint8_t *id_body,
                                      size_t id_body_len, uint32_t auth_message_id, const uint8_t *auth,
                                      size_t auth_len);

/* The IKE SA that replaces `old` (RFC 7296 section 2.18, RFC 9370): parameters are the new SA's, with the nonces of that
 * CREATE_CHILD_SA and the new SPIs; secrets are SK(0) ... SK(count - 1) in the order of the exchanges, 1 to 8. `old` stays
 * as it is. expand_with_old_prf: 0, or 1 for strongSwan up to 6.1 where the rekey changes the PRF. Errors: ARGUMENT,
 * CRYPTO. */
MLKEM_API int mlkem_ike_sa_rekey(const mlkem_ike_sa *old, const mlkem_ike_sa_parameters *parameters,
                                 const mlkem_ike_secret *const *secrets, size_t count, int expand_with_old_prf,
                                 mlkem_ike_sa **out);

/* Child SA. */

typedef struct mlkem_ike_child mlkem_ike_child;
typedef struct {
  uint16_t encr, key_bits, integ; /* as in mlkem_ike_sa_parameters */
  const uint8_t *ni;              /* nonces of the exchange that makes the Child SA; of IKE_SA_INIT for the first */
  size_t ni_len;
  const uint8_t *nr;
  size_t nr_len;
} mlkem_ike_child_parameters;
/* The keys of a Child SA (RFC 7296 section 2.17, RFC 9370). secrets: SK(0) ... of the CREATE_CHILD_SA and its
 * IKE_FOLLOWUP_KEs, at most 8; none for the first Child SA and for one without its own key exchange. Errors: ARGUMENT,
 * CRYPTO. */
MLKEM_API int mlkem_ike_sa_child(mlkem_ike_sa *sa, const mlkem_ike_child_parameters *parameters,
                                 const mlkem_ike_secret *const *secrets, size_t count, mlkem_ike_child **out);
MLKEM_API void mlkem_ike_child_free(mlkem_ike_child *child);
/* i is the side that started the exchange. Valid until the child is freed; integrity keys are empty with an AEAD. */
typedef struct {
  mlkem_ike_octets encryption_i, integrity_i, encryption_r, integrity_r;
} mlkem_ike_child_keys;
/* Errors: ARGUMENT. */
MLKEM_API int mlkem_ike_child_get(const mlkem_ike_child *child, mlkem_ike_child_keys *out);

#ifdef __cplusplus
}
#endif

#endif
