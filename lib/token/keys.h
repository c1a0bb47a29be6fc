#ifndef TOKEN_KEYS_H
#define TOKEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/pem.h"

/*
 * The keys of one directory, sorted by kid. A kid is only compared with the names that were read: it never becomes a path.
 *
 *   <kid>.pem        private: signs and verifies; public: verifies
 *   <kid>.next.pem   private or public: verifies only. The next key, to be distributed before it signs
 */
#define KEYRING_MAX 32
#define KID_MAX     64

struct keyring_key {
	char kid[KID_MAX + 1];
	bool is_next; /* does not sign yet */
	struct pem_key pem;
};

struct keyring {
	struct keyring_key keys[KEYRING_MAX];
	size_t keys_count;
};

MUST_CHECK int keyring_load(struct keyring *ret_ring, const char *directory,
			    struct err *err); /* ERR_FATAL, also for an empty directory */
MUST_CHECK int keyring_read(struct keyring *ret_ring, const char *directory, struct err *err); /* may be empty */
bool keyring_equal(const struct keyring *a, const struct keyring *b);

bool kid_is_valid(struct str kid);                                                  /* [A-Za-z0-9_-]{1,64} */
const struct keyring_key *keyring_find(const struct keyring *ring, struct str kid); /* NULL: unknown */
const struct keyring_key *keyring_signer(const struct keyring *ring);               /* the first that signs, or NULL */

#endif
