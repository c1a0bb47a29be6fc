#ifndef API_READS_RESOURCE_PLAN_H
#define API_READS_RESOURCE_PLAN_H

#include "base/arena.h"
#include "base/err.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/questions.h"
#include "producers/api/reads/resource.h"

/*
 * The statements of a resource, made once at start-up from its constant pieces and nothing else. Each is a question_shape:
 *
 *   one:   SELECT q.n, owner, columns FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n) CROSS JOIN ... WHERE ... = q.id
 *   lists: SELECT q.n, r.* FROM unnest($1::uuid[], ...) WITH ORDINALITY AS q (parent, ..., n)
 *          CROSS JOIN LATERAL (SELECT owner, key, columns FROM ... WHERE ... ORDER BY ... LIMIT ...) r
 *
 * LATERAL with a LIMIT can only run as a loop over the questions, independent of the planner's statistics, so the rows of a page
 * are adjacent and ordered. For a caller bound to creditors the statement reads the first rows of each creditor and takes the
 * page from these: a creditor's own index has them in order, so rows of other creditors are not read. With a selective filter
 * there are few rows, and each is checked for its creditor. Pure except for the arena.
 */

/*
 * The first columns of every row: the number of its question, its owner and the salt, whether it is about a creditor of the
 * caller's (null: the caller is not bound); in lists then its key, its sort value, and in lists of changes the position of the
 * log; then the resource's columns. A list of changes may end with a row without owner: the scan was cut there and continues on
 * the next page.
 */
enum { ROW_NUMBER, ROW_OWNER, ROW_SALT, ROW_THEIRS, ROW_KEY, ROW_SORT, ROW_AS_OF };
#define ROW_COLUMNS_ONE  ROW_KEY
#define ROW_COLUMNS_LIST (ROW_AS_OF + 1)

/* The text and the position of a column, counted from behind the first ROW_COLUMNS_* of a row. A link is at its id's position. */
struct member {
	const struct column *column;
	int at_one, at_list; /* -1 in a list: a detail */
	struct str object;   /* "balances", empty: at the top */
	struct str name;     /* with quotes and colon: "\"cost\":" */
};

/*
 * A list in one order, with one set of selective filters, with or without others. Positions of its arguments in the question's
 * values; -1: not an argument.
 */
struct list_shape {
	struct question_shape question;
	const struct sort *sort;
	bool descends;
	int parent_at, owner_at, scope_at, since_at, key_at, sort_at, limit_at;
	int filter_at[RESOURCE_FILTERS_MAX];
};

/* Arguments of `one` and `owner`; the scope is two arguments (reads_fill_scope). */
enum { ONE_ID, ONE_SCOPE };

struct resource_plan {
	const struct resource *resource;
	struct question_shape one;   /* id -> all columns; unset if the resource has no `id` */
	struct question_shape owner; /* id -> only ROW_OWNER to ROW_THEIRS */
	struct list_shape *lists;
	size_t lists_count;
	struct list_shape changes[LIMITS]; /* if the resource has `changes` */
	struct member members[RESOURCE_COLUMNS_MAX];
	const struct member *currency; /* the currency of its amounts; NULL: none */
	const struct member *version;  /* the ETag; NULL: none */
	const struct member *source;   /* its payment source; NULL: none */
};

/* The most events that are scanned for a page of changes: most of them may be about rows that changed again, or of others. */
#define CHANGES_EVENTS_MAX 5000

/* Everything lives in the arena. ERR_FATAL: it is full. An inconsistent resource is a bug. */
MUST_CHECK int resource_plan_init(struct resource_plan *plan, const struct resource *resource, struct arena *arena,
				  struct err *err);

/* Whether a caller with this limit can see any of the resource. */
bool resource_has_limit(const struct resource *resource, enum limit limit);

/*
 * The shape of a list, for a limit that the resource has: `selected` has a bit for each given filter. Filters that are not
 * selective are all in the statement or none of them.
 */
const struct list_shape *resource_plan_list(const struct resource_plan *plan, uint32_t selected, size_t sort, bool descends,
					    enum limit limit);

#endif
