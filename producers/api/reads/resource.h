#ifndef API_READS_RESOURCE_H
#define API_READS_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/sealed.h"

/*
 * A resource that can be read: one constant per kind, in offer/. Derived from it are the statements (resource_plan.h), the JSON
 * (row_json.h), the query of a list (list_query.h), and the OpenAPI document of all these. Another resource is one more constant
 * and a row in its routes.
 *
 * Its SQL texts are constant pieces of a SELECT over the views that dcs_api may read (sql/0015_api.sql). A caller's values travel
 * as parameters only; a piece names them as columns of `q`: q.id, q.parent, q.owner, and a filter's own name. It names one of the
 * creditors that the caller is bound to as s.creditor, and the portfolios that bind the caller there as s.portfolios (null: all).
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
	COLUMN_ACTIONS, /* text[] of the operations that its state allows: shows those that the caller may perform */
	COLUMN_SEALED,  /* text sealed with the owner's salt for the place in `sealed`: RESOURCE_SEALED; null without the salt */
	COLUMN_ADDRESS, /* the same; masked for callers without one of `roles` */
	COLUMN_JSON,    /* text that is JSON already */
	COLUMN_EVENT,   /* framed bytes of an event: its fields as JSON */
	COLUMN_TYPE,    /* integer, the schema id of an event: its name */
	COLUMN_TOKEN_ROLES, /* of the caller: the token's roles that the user still has; SQL that is not null */
	COLUMN_TOKEN_END,   /* the same: the expiry of the caller's token */
	COLUMN_LINK,        /* no SQL: a path of the API, `link` with the id of column `of` in place of "%"; null if that id is */
};

struct column {
	const char *name; /* of the JSON member; "balances.cost": within an object, whose members are adjacent */
	enum column_kind kind;
	const char *sql;
	uint32_t roles; /* the roles that see it; for others the member is omitted. 0: all roles that may read the resource */
	bool is_detail; /* not in lists */
	const char *link, *of;
	const struct sealed_column *sealed; /* of SEALED and ADDRESS */
};

/* Null in a row whose text, or whose salt, was erased. */
static inline bool column_is_sealed(const struct column *column)
{
	return column->kind == COLUMN_SEALED || column->kind == COLUMN_ADDRESS;
}

/* The SQL of a sealed column, with its row's id and version, which are needed to open it. */
#define RESOURCE_SEALED(id, version, column) "api.sealed(" id ", " version ", " column ")"

/* An argument of a list's query. */
struct filter {
	const char *name;      /* "dueFrom"; its value is q.dueFrom, null if absent */
	enum column_kind kind; /* UUID, TEXT, DATE, INSTANT */
	const char *sql;       /* "d.due_on >= q.dueFrom" */
	const char *words;     /* of TEXT: "NEW ACTIVE PAID", the allowed values; NULL: any text */
	const char *needs;     /* another filter that is required with it; NULL: none */
	bool is_of_from;       /* `from` names q.<name>, which is null if absent; it has no `sql` of its own */
	bool is_range;         /* bounds the sort value: `sql` is true for null, so that an index scan can begin or end there */
	bool is_selective;     /* matches few rows, by an index: such lists never queue behind lists that scan many rows */
};

/* The time of creation: a range, and an order. */
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

/* An order of a list. `sort=dueOn` ascends, `sort=-dueOn` descends; equal values are in the order of their keys. */
struct sort {
	const char *name;
	enum column_kind kind; /* DATE, INSTANT, LONG; the first sort is the key itself: UUID or LONG */
	const char *sql;       /* never null */
	bool descends;         /* by default, that is, unless the caller chooses */
};

/*
 * A path from one creditor to its rows: an index by (creditor, sort, key) returns them in the default order of the list, from the
 * cursor on. The query bounds all three and orders by all three, so that PostgreSQL, which does not know how few rows the
 * creditor has, cannot choose an index over all creditors' rows for the order.
 */
struct reach {
	const char *from;     /* with the same names as the resource's */
	const char *creditor; /* "k.creditor_id" */
	const char *sort;     /* the default sort value of the list, as in the index: "k.created_at" */
	const char *key;      /* the key of the resource, as in the index: "k.customer_id" */
	const char *sql;      /* further conditions, above all that the row is in the portfolios */
};

/* True if one of `portfolios` (an array, of rows of the creditor) is in scope. */
#define RESOURCE_IN_PORTFOLIOS(portfolios) "public.dcs_in_portfolios(" portfolios ", s.portfolios)"

/* A customer is within a creditor's scope if the creditor knows the customer. */
#define RESOURCE_KNOWN(customer_id)                                                                                              \
	"EXISTS (SELECT FROM api.known_customer k WHERE k.creditor_id = s.creditor AND k.customer_id = " customer_id             \
	" AND " RESOURCE_IN_PORTFOLIOS("k.portfolio_ids") ")"

/* A child of a debt belongs to the creditor of the debt. */
#define RESOURCE_OF_DEBT(debt_id)                                                                                                \
	"EXISTS (SELECT FROM debts.debt k WHERE k.debt_id = " debt_id                                                            \
	" AND k.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("ARRAY[k.portfolio_id]") ")"

/* For a reach: the rows of `view` with the key of k, as `alias`. OFFSET 0 keeps PostgreSQL from starting the join at the view. */
#define RESOURCE_OF_KEY(view, id, alias) "CROSS JOIN LATERAL (SELECT * FROM " view " x WHERE x." id " = k." id " OFFSET 0) " alias

/* Figures are of a whole creditor, in no portfolio: a user who is bound to portfolios reads none. */
#define REPORT_OF_CREDITOR "r.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("NULL")

#define RESOURCE_REACHES_MAX 2

/*
 * The changes since some time, in the order of the log: partition by partition, each event of that time or later that is the last
 * one to change a row represents the row. For modules with the views of sql/0075_updated_since.sql.
 */
struct changes {
	const char *module;
	const char *last; /* whether event e is the last one of a row: "d.updated_seq = e.seq AND d.updated_at = e.at" */
};

struct resource {
	const char *name;     /* "debt": in statements' names and in "no such debt" */
	const char *from;     /* "debts.api_debt d" */
	const char *id;       /* SQL of its id, for reading one; NULL: only listed */
	const char *owner;    /* SQL of its customer; NULL: belongs to no customer, and portal users see none */
	const char *creditor; /* SQL that is true if it is about s.creditor, in s.portfolios; NULL: see `uncredited` */
	struct reach reaches[RESOURCE_REACHES_MAX]; /* for its list, if the list has no parent */
	const char *uncredited;                     /* the reason why creditors see none */
	const char *salt;    /* SQL of the customer's salt, which opens sealed columns; NULL: it has none */
	const char *version; /* the name of the column that is its ETag; NULL: none */
	const char *source;  /* the name of the column with its payment source; NULL: none */

	/* A list of a resource's children (/debts/:id/ledger): `parent_sql` joins it to q.parent. If the list is empty, the
	 * parent determines whether the answer is 404. */
	const struct resource *parent;
	const char *parent_sql;

	const struct column *columns;
	size_t columns_count;
	const struct filter *filters;
	size_t filters_count;
	/* the first is the unique key; NULL: no list. Instants must be whole milliseconds, or pages would skip rows */
	const struct sort *sorts;
	size_t sorts_count;
	size_t sort_default;           /* unless the caller chooses another */
	const struct changes *changes; /* for `updatedSince`; NULL: not supported. The key must be an id */
};

#define RESOURCE_COLUMNS_MAX 40
#define RESOURCE_FILTERS_MAX 16

#endif
