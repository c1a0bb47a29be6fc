#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A signing key from a file: read and checked here by OpenSSL, and passed on as text that we wrote ourselves. So the text that
 * lib/token gives to libjwt is never encrypted (a prompt on the terminal), never another kind of key and never on another
 * curve: libjwt checks none of that (lib/TRAPS.md J2, J8).
 */
#define PEM_SIZE_MAX        512 /* of a P-256 key as written here: 178 and 241 bytes */
#define PEM_COORDINATE_SIZE 32

struct pem_key {
	bool can_sign;
	size_t public_size;
	size_t private_size;                                    /* 0: !can_sign */
	uint8_t x[PEM_COORDINATE_SIZE], y[PEM_COORDINATE_SIZE]; /* the public point, as a JWK has it */
	char public_pem[PEM_SIZE_MAX];
	char private_pem[PEM_SIZE_MAX];
};

/*
 * A private or public key in PEM (PKCS #8, SEC 1 or SubjectPublicKeyInfo). ERR_FATAL: not a key, encrypted, not on P-256, a
 * point off the curve, halves that do not belong together.
 */
MUST_CHECK int pem_read(struct pem_key *ret_key, struct str pem, struct err *err);

/* A new private key. ERR_FATAL: OpenSSL cannot make one. */
MUST_CHECK int pem_make(struct pem_key *ret_key, struct err *err);

/* Whether an ES256 signature (RFC 7518 3.4: two numbers of 32 bytes) of a text was made with the private half of the key. */
#define PEM_SIGNATURE_SIZE 64
MUST_CHECK bool pem_signed(const struct pem_key *key, struct str text, const uint8_t signature[PEM_SIGNATURE_SIZE]);

#endif
