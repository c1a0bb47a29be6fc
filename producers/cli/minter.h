#ifndef CLI_MINTER_H
#define CLI_MINTER_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "bus/bus.h"
#include "token/token.h"

/*
 * The token of the CLI's commands: read from a file, or signed with the key of DCS_KEYS_DIR for a subject and its roles, and
 * signed anew when half of its hour is over, so that a long import never sends an expired one.
 */
struct minter {
	struct token_keys *keys; /* NULL: the token came from a file */
	struct token_claims claims;
	char token[TOKEN_SIZE_MAX + 1];
};

#define MINTER_MINUTES 60

/* "creditor, agent" -> bits; ERR_FATAL on an unknown word or an empty list. */
MUST_CHECK int roles_parse(const char *words, uint32_t *ret_roles, struct err *err);

/* A scope as given by the flags --creditor, --portfolio and --source: three lists with commas. */
struct scope_words {
	const char *creditors;  /* ids, or codes as in the rows of `dcs import`; *: all */
	const char *portfolios; /* the same, of the named creditors; empty: all of theirs */
	const char *sources;    /* names; *: all */
};

/* Empty creditors or sources are none. ERR_FATAL: an invalid word, or too many. */
MUST_CHECK int scope_of_words(const struct scope_words *words, struct scope *ret_scope, struct err *err);

/*
 * As scope_of_words, but missing creditors or sources mean all of them, which only an operator with the key may have: a note on
 * standard error says so.
 */
MUST_CHECK int scope_parse(const struct scope_words *words, struct scope *ret_scope, struct err *err);

/* The claims of a token: a subject, its roles as words, and their scope. */
struct mandate {
	const char *subject, *roles;
	struct scope scope;
};

MUST_CHECK int minter_open(struct minter *minter, const char *keys_dir, const char *issuer, const char *audience,
			   const struct mandate *mandate, int64_t minutes, struct err *err);
MUST_CHECK int minter_open_file(struct minter *minter, const char *path, struct err *err);
void minter_close(struct minter *minter); /* accepts a zeroed one */

/* The token to use now; borrows until the next call. */
MUST_CHECK int minter_token(struct minter *minter, int64_t now_ms, struct str *ret_token, struct err *err);

/* Call it before the first token, which is checked at the broker's time (bus_now_ms), whatever this host's clock shows. */
void minter_ask_time(struct bus_producer *producer);

#endif
