#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "model/scope.h"

/*
 * JWT (RFC 7519) with ES256 only, behind the checks that libjwt 1.10 does not make (lib/TRAPS.md 4; RFC 8725 checklist): size
 * limit, header parsed before decode, exactly `alg: ES256` and `typ: JWT`, no `crit`, key by `kid` (a look-up key only), no
 * duplicate members, `iss`, `aud`, `sub`, `iat`, `exp` mandatory. The only room that includes <jwt.h>.
 *
 * Keys are PEM files in one directory: <kid>.pem, a public key, verifies; a private key (mode 0600) also signs; <kid>.next.pem
 * only verifies, whether private or public. README.md describes key rotation. Call crypto_init first. A struct token_keys is
 * used from one thread at a time.
 */
struct token_keys;

#define TOKEN_SIZE_MAX    8192
#define TOKEN_SUBJECT_MAX 128
#define TOKEN_LIFE_MAX_MS (24 * INT64_C(3600000)) /* exp - iat: a leaked token is valid for a day at most */

struct token_claims {
	char subject[TOKEN_SUBJECT_MAX + 1];
	uint32_t roles; /* bits of model/command.h */
	struct scope
		scope;   /* claims `creditors`, `portfolios`, `sources`; a user's scope is read from the user's rights instead */
	int64_t version; /* claim `ver`: the account's version when it was signed (users.account.token_version); 0 without it
			  */
	int64_t issued_at_ms;
	int64_t not_before_ms; /* 0: none */
	int64_t expires_at_ms;
};

/* Loads every key of the directory. ERR_FATAL: no key, an unreadable one, not P-256, a private key that others can read. */
MUST_CHECK int token_keys_load(const char *directory, const char *issuer, const char *audience, struct token_keys **ret_keys,
			       struct err *err);
void token_keys_free(struct token_keys *keys);

/*
 * Scans the directory again. A change takes effect after two scans that agree, so no caller sees a directory in the middle of a
 * change. ERR_FATAL: the content could not be loaded; the keys stay as they were.
 */
MUST_CHECK int token_keys_look(struct token_keys *keys, bool *ret_changed, struct err *err);

/* Every public key as a JWK set (RFC 7517), the next one too: for verifiers of our tokens. */
void token_keys_write_set(const struct token_keys *keys, struct buf *buf);

/*
 * Verifies the signature and everything but time, from the cache when the same bytes were verified before (bounded, the whole
 * token is compared, not only its hash). The caller checks the time: of a command at its broker timestamp. ERR_POISON with a
 * text that never quotes the token.
 */
MUST_CHECK int token_verify(struct token_keys *keys, struct str token, struct token_claims *ret_claims, struct err *err);

/* not_before, issued - leeway <= at <= expires + leeway; leeway 60 s (lib/TRAPS.md J3). */
bool token_is_valid_at(const struct token_claims *claims, int64_t at_ms);

/*
 * Signs with the first private key, in the order of kids, that is not a next one. `ret_text` is terminated. ERR_POISON: claims
 * that token_verify would refuse.
 */
MUST_CHECK int token_sign(struct token_keys *keys, const struct token_claims *claims, char *ret_text, size_t text_size,
			  struct err *err);

/*
 * A token that a program signs for itself, to send with its commands. It is renewed when half of its life is over, when its
 * issue time is in the future now (the clock was wrong), and when the keys have changed, because its signing key may be gone.
 * Zeroed at first.
 */
struct own_token {
	char text[TOKEN_SIZE_MAX]; /* terminated */
	int64_t issued_at_ms, renew_at_ms;
	uint64_t keys_changes; /* of the keys when it was signed */
};

/* Its scope is empty: the commands of our own programs need no creditor and no source. */
MUST_CHECK int own_token_renew(struct own_token *own, struct token_keys *keys, const char *subject, uint32_t roles,
			       int64_t life_ms, int64_t now_ms, struct err *err);

#endif
