#ifndef TOKEN_KEYS_H
#define TOKEN_KEYS_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/pem.h"

/*
 * The keys of one directory, <kid>.pem each, sorted by kid. A kid is compared with names that were read at start and nothing
 * else: it never becomes a path.
 */
#define KEYRING_MAX 32
#define KID_MAX     64

struct keyring_key {
	char kid[KID_MAX + 1];
	struct pem_key pem;
};

struct keyring {
	struct keyring_key keys[KEYRING_MAX];
	size_t keys_count;
};

MUST_CHECK int keyring_load(struct keyring *ret_ring, const char *directory, struct err *err); /* ERR_FATAL */

bool kid_is_valid(struct str kid);                                                  /* [A-Za-z0-9_-]{1,64} */
const struct keyring_key *keyring_find(const struct keyring *ring, struct str kid); /* NULL: unknown */
const struct keyring_key *keyring_signer(const struct keyring *ring);               /* the first that can sign, or NULL */

#endif
