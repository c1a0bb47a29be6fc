#ifndef API_READS_RESOURCE_H
#define API_READS_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/sealed.h"

/*
 * What can be shown: one constant for each kind of thing, in offer/. From it come the statements (resource_plan.h), the
 * JSON (row_json.h), what a list's query may hold (list_query.h), and what the OpenAPI document says about all of it. A later
 * resource is one more constant and a row in its routes.
 *
 * The SQL in it are constant pieces of a SELECT over the views that dcs_api may read (sql/0015_api.sql). What a caller says
 * travels in parameters only; a piece names them by the columns of `q`: q.id, q.parent, q.owner, and a filter's own name; and one
 * of the creditors that the caller is bound to by s.creditor, with the portfolios that bind him there by s.portfolios (null: all).
 */
enum column_kind {
	COLUMN_UUID,
	COLUMN_TEXT,
	COLUMN_BOOL,
	COLUMN_INT,     /* integer */
	COLUMN_LONG,    /* bigint */
	COLUMN_DATE,    /* "YYYY-MM-DD" */
	COLUMN_INSTANT, /* RFC 3339 */
	COLUMN_MONEY,   /* bigint of minor units: {"amountMinor": 1, "currency": "EUR"} with the row's column "currency" */
	COLUMN_TEXTS,   /* text[] */
	COLUMN_UUIDS,   /* uuid[] */
	COLUMN_ACTIONS, /* text[] of operations that its state allows: those of them that the caller may do with it */
	COLUMN_SEALED, /* text of the owner's, sealed for the place that `sealed` names: RESOURCE_SEALED; null without his salt */
	COLUMN_ADDRESS,     /* the same; masked for those whose roles are not in `roles` */
	COLUMN_JSON,        /* text that is JSON already */
	COLUMN_EVENT,       /* framed bytes of an event: its fields as JSON */
	COLUMN_TYPE,        /* integer, the schema id of an event: its name */
	COLUMN_TOKEN_ROLES, /* of the caller and not of the row: what his token leaves him of his roles; SQL that is not null */
	COLUMN_TOKEN_END,   /* the same: when his token expires */
	COLUMN_LINK,        /* no SQL: a path of ours, `link` with the id of column `of` for its "%"; null when that is */
};

struct column {
	const char *name; /* JSON; "balances.cost": within an object, whose members stand together */
	enum column_kind kind;
	const char *sql;
	uint32_t roles; /* who sees it; others get no such member. 0: whoever may read the thing */
	bool is_detail; /* not in lists */
	const char *link, *of;
	const struct sealed_column *sealed; /* of SEALED and ADDRESS */
};

/* The SQL of a sealed column: with its row's id and version, which it is opened by. */
#define RESOURCE_SEALED(id, version, column) "api.sealed(" id ", " version ", " column ")"

/* An argument of a list's query. */
struct filter {
	const char *name;      /* "dueFrom"; its value is q.dueFrom, null when it is not given */
	enum column_kind kind; /* UUID, TEXT, DATE, INSTANT */
	const char *sql;       /* "d.due_on >= q.dueFrom" */
	const char *words;     /* of TEXT: "NEW ACTIVE PAID", the only ones allowed; NULL: any text */
	const char *needs;     /* another filter that must be given with it; NULL: none */
	bool is_range; /* bounds what the list is sorted by: `sql` is true for null, so that an index can begin or end there */
	bool is_selective; /* leaves few rows, by an index: such lists never wait behind those that look through much */
};

/* When a thing was made: a range, and an order. */
#define RESOURCE_CREATED_FILTERS(created_at)                                                                                     \
	{ .name = "createdFrom",                                                                                                 \
	  .kind = COLUMN_INSTANT,                                                                                                \
	  .sql = created_at " >= coalesce(q.createdFrom, '-infinity')",                                                          \
	  .is_range = true },                                                                                                    \
	{                                                                                                                        \
		.name = "createdTo", .kind = COLUMN_INSTANT, .sql = created_at " < coalesce(q.createdTo, 'infinity')",           \
		.is_range = true                                                                                                 \
	}
#define RESOURCE_CREATED_SORT(created_at)                                                                                        \
	{                                                                                                                        \
		.name = "createdAt", .kind = COLUMN_INSTANT, .sql = (created_at), .descends = true                               \
	}

/* An order of a list. `sort=dueOn` ascends, `sort=-dueOn` descends; equal ones are in the order of their keys. */
struct sort {
	const char *name;
	enum column_kind kind; /* DATE, INSTANT, LONG; of the first, which is the key itself: UUID or LONG */
	const char *sql;       /* never null */
	bool descends;         /* the default one: unless the caller says otherwise */
};

/*
 * A way from one creditor to his things: an index by (creditor, sort, key) gives them in the default order of the list, from the
 * cursor on. It is asked for by ranges of all three and in the order of all three, so that PostgreSQL, which does not know how
 * few are his, cannot take the order from an index over everybody's.
 */
struct reach {
	const char *from;     /* with the same names as the resource's */
	const char *creditor; /* "k.creditor_id" */
	const char *sort; /* what the list is sorted by unless the caller says otherwise, as the index has it: "k.created_at" */
	const char *key;  /* the key of the resource, as the index has it: "k.customer_id" */
	const char *sql;  /* what else must hold, that it is in the portfolios above all */
};

/* What is in `portfolios` (an array) and is the creditor's is in scope. */
#define RESOURCE_IN_PORTFOLIOS(portfolios) "public.dcs_in_portfolios(" portfolios ", s.portfolios)"

/* A customer is a creditor's when he is known to him. */
#define RESOURCE_KNOWN(customer_id)                                                                                              \
	"EXISTS (SELECT FROM api.known_customer k WHERE k.creditor_id = s.creditor AND k.customer_id = " customer_id             \
	" AND " RESOURCE_IN_PORTFOLIOS("k.portfolio_ids") ")"

/* What hangs on a debt is the debt's creditor's. */
#define RESOURCE_OF_DEBT(debt_id)                                                                                                \
	"EXISTS (SELECT FROM debts.debt k WHERE k.debt_id = " debt_id                                                            \
	" AND k.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("ARRAY[k.portfolio_id]") ")"

/* For a reach: the rows of `view` by the key of k, as `alias`. OFFSET 0 keeps PostgreSQL from beginning with the view. */
#define RESOURCE_OF_KEY(view, id, alias) "CROSS JOIN LATERAL (SELECT * FROM " view " x WHERE x." id " = k." id " OFFSET 0) " alias

/* Figures are of a whole creditor: they are in no portfolio, and who is bound to some reads none. */
#define REPORT_OF_CREDITOR "r.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("NULL")

#define RESOURCE_REACHES_MAX 2

/*
 * What was changed since some time, in the order of the log: partition by partition, each event of that time or later that was the
 * last one to change a thing stands for the thing. Of a module as sql/0075_updated_since.sql shows it.
 */
struct changes {
	const char *module;
	const char *last; /* what tells of a row which event e was its last: "d.updated_seq = e.seq AND d.updated_at = e.at" */
};

struct resource {
	const char *name;     /* "debt": for statements' names and "no such debt" */
	const char *from;     /* "debts.api_debt d" */
	const char *id;       /* SQL of its id, for one by id; NULL: it is only listed */
	const char *owner;    /* SQL of the customer it belongs to; NULL: nobody's, and portal users see none */
	const char *creditor; /* SQL that is true when it is about s.creditor, in his portfolios; NULL: `uncredited` says why */
	struct reach reaches[RESOURCE_REACHES_MAX]; /* of its list, if that hangs on no parent */
	const char *uncredited;
	const char *salt;    /* SQL of that customer's salt, which opens what is sealed; NULL: nothing is */
	const char *version; /* name of the column that is its ETag; NULL: none */
	const char *source;  /* name of the column that is the payment source it came in at; NULL: none */

	/* A list that hangs on a thing in the path (/debts/:id/ledger): `parent_sql` ties it to q.parent. The parent tells
	 * whether there is such a thing when the list is empty. */
	const struct resource *parent;
	const char *parent_sql;

	const struct column *columns;
	size_t columns_count;
	const struct filter *filters;
	size_t filters_count;
	const struct sort *sorts; /* the first is the unique key; NULL: no list. Instants must be whole milliseconds, or pages
				     would skip rows */
	size_t sorts_count;
	size_t sort_default;           /* the order unless the caller says another */
	const struct changes *changes; /* for `updatedSince`; NULL: the list does not take it. The key is an id */
};

#define RESOURCE_COLUMNS_MAX 40
#define RESOURCE_FILTERS_MAX 10

#endif
