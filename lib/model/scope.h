#ifndef MODEL_SCOPE_H
#define MODEL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * The limits of an issuer's roles: the creditors it is bound to, optionally only some of their portfolios, and the payment
 * sources it may name. Creditors and portfolios limit the role `creditor`; sources limit every issuer that records payments. An
 * empty scope allows nothing: a zeroed scope has neither a creditor nor a source.
 *
 * Without portfolios, all debts of the creditors are in scope. With portfolios, a debt is in scope when both its creditor and its
 * portfolio are listed; a debt without a portfolio is not. Portfolios need listed creditors: they cannot be combined with "*".
 *
 * A token carries a service's scope (claims `creditors`, `portfolios`, `sources`), users.public_user a user's. Both use the same
 * list items: the id of a creditor or portfolio, the name of a source, or a single "*" for all. The struct is flat, so that it
 * can be copied as a value and kept as bytes.
 */
#define SCOPE_CREDITORS_MAX   32
#define SCOPE_PORTFOLIOS_MAX  32
#define SCOPE_PAIRS_MAX       64 /* portfolios times creditors: one command may look up each pair */
#define SCOPE_SOURCES_MAX     16
#define SCOPE_SOURCE_SIZE_MAX 32   /* bytes, as RecordPayment.source */
#define SCOPE_TEXT_SIZE_MAX   2048 /* of scope_write */

struct scope {
	bool all_creditors; /* no creditor is listed then */
	bool all_sources;
	size_t creditors_count;
	size_t portfolios_count; /* 0: all portfolios of the creditors */
	size_t sources_count;
	struct uuid creditors[SCOPE_CREDITORS_MAX];
	struct uuid portfolios[SCOPE_PORTFOLIOS_MAX];
	char sources[SCOPE_SOURCES_MAX][SCOPE_SOURCE_SIZE_MAX + 1]; /* terminated */
};

extern const struct scope scope_all;  /* every creditor, every source */
extern const struct scope scope_none; /* zeroed */

bool scope_is_empty(const struct scope *scope); /* neither a creditor nor a source */
bool scope_has_creditor(const struct scope *scope, const struct uuid *creditor_id);
bool scope_has_debt(const struct scope *scope, const struct uuid *creditor_id, const struct uuid *portfolio_id); /* nil: none */
bool scope_has_source(const struct scope *scope, struct str source);

/*
 * Adds one item of a list; creditors before portfolios. Returns false and adds nothing if the word is no id (or the nil UUID), no
 * name of a source (a TEXT_WORD of base/text.h in normal form, at most 32 bytes, without a comma), one item too many, "*"
 * together with another item, or a portfolio without a creditor. A repeated item counts once.
 */
MUST_CHECK bool scope_add_creditor(struct scope *scope, struct str word);
MUST_CHECK bool scope_add_portfolio(struct scope *scope, struct str word);
MUST_CHECK bool scope_add_source(struct scope *scope, struct str word);

/*
 * The scope as one line: the creditors, a slash and the portfolios if there are any, a semicolon, the sources; the items of a
 * list are separated by commas: "*;bank-1,bank-2", "<id>/<id>,<id>;". scope_read accepts the output of scope_write.
 */
void scope_write(const struct scope *scope, struct buf *buf);
MUST_CHECK bool scope_read(struct scope *ret_scope, struct str text);

/*
 * The pairs of creditor and portfolio that the debts in scope may have; without portfolios each creditor once, with a nil
 * portfolio. A scope with all creditors has no pairs.
 */
struct scope_pair {
	struct uuid creditor_id;
	struct uuid portfolio_id; /* nil: any or none */
};
size_t scope_pairs(const struct scope *scope);
struct scope_pair scope_pair(const struct scope *scope, size_t index);

/* A copy in the arena; scope_all and scope_none are returned uncopied. NULL when the arena is full. */
const struct scope *scope_keep(struct arena *arena, const struct scope *scope);

#endif
