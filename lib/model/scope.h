#ifndef MODEL_SCOPE_H
#define MODEL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * What an issuer's roles are about: the creditors he is bound to, of those perhaps some portfolios only, and the payment sources
 * he may name. Creditors and portfolios bind the role `creditor`; sources bind whoever records payments. Nothing is the least: a
 * zeroed scope has neither a creditor nor a source.
 *
 * No portfolio is listed: all debts of the creditors. Else a debt is in scope when its creditor and its portfolio are listed;
 * one without a portfolio is in none. Portfolios are of creditors that are named: they stand beside ids, never beside "*".
 *
 * A token carries a service's scope (claims `creditors`, `portfolios`, `sources`), users.public_user a user's. Both write the
 * same words: the id of a creditor or portfolio, a source's name, or one "*" for all. Flat, so that it is copied as a value and
 * kept as bytes.
 */
#define SCOPE_CREDITORS_MAX   32
#define SCOPE_PORTFOLIOS_MAX  32
#define SCOPE_PAIRS_MAX       64 /* portfolios times creditors: each pair may be looked up for one command */
#define SCOPE_SOURCES_MAX     16
#define SCOPE_SOURCE_SIZE_MAX 32   /* bytes, as RecordPayment.source */
#define SCOPE_TEXT_SIZE_MAX   2048 /* of scope_write */

struct scope {
	bool all_creditors; /* no creditor is listed then */
	bool all_sources;
	size_t creditors_count;
	size_t portfolios_count; /* 0: all of the creditors' */
	size_t sources_count;
	struct uuid creditors[SCOPE_CREDITORS_MAX];
	struct uuid portfolios[SCOPE_PORTFOLIOS_MAX];
	char sources[SCOPE_SOURCES_MAX][SCOPE_SOURCE_SIZE_MAX + 1]; /* terminated */
};

extern const struct scope scope_all;  /* every creditor, every source */
extern const struct scope scope_none; /* zeroed */

bool scope_is_empty(const struct scope *scope); /* neither a creditor nor a source */
bool scope_has_creditor(const struct scope *scope, const struct uuid *creditor_id);
bool scope_has_debt(const struct scope *scope, const struct uuid *creditor_id, const struct uuid *portfolio_id); /* none: zeros */
bool scope_has_source(const struct scope *scope, struct str source);

/*
 * Adds one word of a list; creditors before portfolios. False, and nothing is added: no id (all zeros is none), no name of a
 * source (a TEXT_WORD of base/text.h in normal form, at most 32 bytes, without a comma), one word more than there may be, "*"
 * beside another, a portfolio without a creditor. A word that is there counts once.
 */
MUST_CHECK bool scope_add_creditor(struct scope *scope, struct str word);
MUST_CHECK bool scope_add_portfolio(struct scope *scope, struct str word);
MUST_CHECK bool scope_add_source(struct scope *scope, struct str word);

/*
 * As one line: the creditors, with portfolios a slash and these, a semicolon, the sources; commas between: "*;bank-1,bank-2",
 * "<id>/<id>,<id>;". read takes what write has made.
 */
void scope_write(const struct scope *scope, struct buf *buf);
MUST_CHECK bool scope_read(struct scope *ret_scope, struct str text);

/*
 * The pairs of creditor and portfolio that the debts of a scope are of; without portfolios each creditor once, with a portfolio of
 * zeros. With all creditors there are none to list.
 */
struct scope_pair {
	struct uuid creditor_id;
	struct uuid portfolio_id; /* zeros: any, none too */
};
size_t scope_pairs(const struct scope *scope);
struct scope_pair scope_pair(const struct scope *scope, size_t index);

/* A copy in the arena (of the two constants themselves); NULL when the arena is full. */
const struct scope *scope_keep(struct arena *arena, const struct scope *scope);

#endif
