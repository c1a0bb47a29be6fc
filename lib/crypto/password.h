#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Passwords: argon2id with 19 MiB and two passes (OWASP's minimum), 20 to 40 ms. It is slow on purpose, so these two functions
 * run in a few threads of their own: each call takes its 19 MiB. The hash is text that includes its salt and cost, so a later
 * cost needs no migration.
 */
#define PASSWORD_HASH_SIZE 128 /* terminated */

/* ERR_RETRY: not enough memory now. */
MUST_CHECK int password_hash(char ret_hash[PASSWORD_HASH_SIZE], struct str password, struct err *err);

/* Constant time; a malformed hash fits no password. */
MUST_CHECK bool password_fits(const char *hash, struct str password);

#endif
