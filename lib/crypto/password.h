#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Passwords: argon2id with 19 MiB and two passes (OWASP's floor), 20 to 40 ms. That is the point, so these two run in threads
 * of their own, few of them: each call takes its 19 MiB. The hash is text with its salt and cost in it, so a later cost needs no
 * migration.
 */
#define PASSWORD_HASH_SIZE 128 /* terminated */

/* ERR_RETRY: no memory for it now. */
MUST_CHECK int password_hash(char ret_hash[PASSWORD_HASH_SIZE], struct str password, struct err *err);

/* Constant time; a hash that is none fits no password. */
MUST_CHECK bool password_fits(const char *hash, struct str password);

#endif
