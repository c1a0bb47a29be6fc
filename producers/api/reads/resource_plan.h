#ifndef API_READS_RESOURCE_PLAN_H
#define API_READS_RESOURCE_PLAN_H

#include "base/arena.h"
#include "base/err.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/questions.h"
#include "producers/api/reads/resource.h"

/*
 * The statements of a resource, made once at start-up of its constant pieces and nothing else. Each is a question_shape:
 *
 *   one:   SELECT q.n, owner, columns FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n) CROSS JOIN ... WHERE ... = q.id
 *   lists: SELECT q.n, r.* FROM unnest($1::uuid[], ...) WITH ORDINALITY AS q (parent, ..., n)
 *          CROSS JOIN LATERAL (SELECT owner, key, columns FROM ... WHERE ... ORDER BY ... LIMIT ...) r
 *
 * LATERAL with a LIMIT can only be run as a loop over the questions, whatever the planner thinks of the tables, so each page
 * stands together and in its order. Whoever is bound to creditors gets the first rows of each of them, of which the first are the
 * page: a creditor's own index gives them in their order, so nothing of others is looked at. With a selective filter there are
 * few rows, and each is asked whose it is. Pure but for the arena.
 */

/* Of every row: its question's number, whose it is and what opens it, whether it is about a creditor that the caller is bound to
 * (null: he named none), then of a list its key, what it is sorted by, and of one of changes how far the log was; then the columns. A
 * list of changes may end with a row without owner: as far as was looked for now, to be gone on from. */
enum { ROW_NUMBER, ROW_OWNER, ROW_SALT, ROW_THEIRS, ROW_KEY, ROW_SORT, ROW_AS_OF };
#define ROW_COLUMNS_ONE  ROW_KEY
#define ROW_COLUMNS_LIST (ROW_AS_OF + 1)

/* How a column is written, and where it stands: after the first ROW_COLUMNS_* of a row. A link stands where its id does. */
struct member {
	const struct column *column;
	int at_one, at_list; /* a list's rows leave details out */
	struct str object;   /* "balances", empty: at the top */
	struct str name;     /* with quotes and colon: "\"cost\":" */
};

/* A list in one order, by one set of selective filters, with or without others. Places of its arguments among the question's
 * values; -1: it has no such.
 */
struct list_shape {
	struct question_shape question;
	const struct sort *sort;
	bool descends;
	int parent_at, owner_at, scope_at, since_at, key_at, sort_at, limit_at;
	int filter_at[RESOURCE_FILTERS_MAX];
};

/* Arguments of `one` and `owner`; the scope is two (reads_fill_scope). */
enum { ONE_ID, ONE_SCOPE };

struct resource_plan {
	const struct resource *resource;
	struct question_shape one;   /* id -> all columns; without `id` in the resource: none */
	struct question_shape owner; /* id -> ROW_OWNER to ROW_THEIRS only */
	struct list_shape *lists;
	size_t lists_count;
	struct list_shape changes[LIMITS]; /* with `changes` in the resource */
	struct member members[RESOURCE_COLUMNS_MAX];
	const struct member *currency; /* that money is in; NULL: none */
	const struct member *version;  /* that is the ETag; NULL: none */
	const struct member *source;   /* the payment source that it came in at; NULL: none */
};

/* How many events are looked at for a page of changes: most may be of things that changed again, or of others. */
#define CHANGES_EVENTS_MAX 5000

/* Everything lives in the arena. ERR_FATAL: it is full. A resource that says nonsense is a bug. */
MUST_CHECK int resource_plan_init(struct resource_plan *plan, const struct resource *resource, struct arena *arena,
				  struct err *err);

/* Whether anything of the resource is within such a limit. */
bool resource_has_limit(const struct resource *resource, enum limit limit);

/* The shape of a list, within a limit that the resource has: `selected` has a bit for each filter that is given (of others than
 * selective ones only whether there is any matters). */
const struct list_shape *resource_plan_list(const struct resource_plan *plan, uint32_t selected, size_t sort, bool descends,
					    enum limit limit);

#endif
