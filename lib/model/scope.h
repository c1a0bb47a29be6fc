#ifndef MODEL_SCOPE_H
#define MODEL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * What an issuer's roles are about: the creditors he is bound to, and the payment sources he may name. Creditors bind the role
 * `creditor`; sources bind whoever records payments. Nothing is the least: a zeroed scope has neither a creditor nor a source.
 *
 * A token carries a service's scope (claims `creditors` and `sources`), users.public_user a user's. Both write the same words: a
 * creditor's id, a source's name, or one "*" for all. Flat, so that it is copied as a value and kept as bytes.
 */
#define SCOPE_CREDITORS_MAX   32
#define SCOPE_SOURCES_MAX     16
#define SCOPE_SOURCE_SIZE_MAX 32   /* bytes, as RecordPayment.source */
#define SCOPE_TEXT_SIZE_MAX   2048 /* of scope_write */

struct scope {
	bool all_creditors; /* no creditor is listed then */
	bool all_sources;
	size_t creditors_count;
	size_t sources_count;
	struct uuid creditors[SCOPE_CREDITORS_MAX];
	char sources[SCOPE_SOURCES_MAX][SCOPE_SOURCE_SIZE_MAX + 1]; /* terminated */
};

extern const struct scope scope_all;  /* every creditor, every source */
extern const struct scope scope_none; /* zeroed */

bool scope_is_empty(const struct scope *scope); /* neither a creditor nor a source */
bool scope_has_creditor(const struct scope *scope, const struct uuid *creditor_id);
bool scope_has_source(const struct scope *scope, struct str source);

/*
 * Adds one word of a list. False, and nothing is added: no id (all zeros is none), no name of a source (a TEXT_WORD of
 * base/text.h in normal form, at most 32 bytes, without a comma), one word more than there may be, "*" beside another. A word
 * that is there counts once.
 */
MUST_CHECK bool scope_add_creditor(struct scope *scope, struct str word);
MUST_CHECK bool scope_add_source(struct scope *scope, struct str word);

/* As one line: the creditors, a semicolon, the sources; commas between: "*;bank-1,bank-2". read takes what write has made. */
void scope_write(const struct scope *scope, struct buf *buf);
MUST_CHECK bool scope_read(struct scope *ret_scope, struct str text);

/* A copy in the arena (of the two constants themselves); NULL when the arena is full. */
const struct scope *scope_keep(struct arena *arena, const struct scope *scope);

#endif
