#include "producers/api/reads/resource_plan.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/must.h"

#define SQL_SIZE_MAX  8192
#define NAME_SIZE_MAX 64
#define LIST_TOGETHER 16
#define ONE_TOGETHER  64 /* each caller may have many creditors, and their parameters must fit (db_async.h) */

static enum db_array array_of(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_UUID:
		return DB_ARRAY_UUID;
	case COLUMN_TEXT:
		return DB_ARRAY_TEXT;
	case COLUMN_DATE:
		return DB_ARRAY_DATE;
	case COLUMN_INSTANT:
		return DB_ARRAY_INSTANT;
	case COLUMN_LONG:
		return DB_ARRAY_INT64;
	case COLUMN_BOOL:
	case COLUMN_INT:
	case COLUMN_MONEY:
	case COLUMN_TEXTS:
	case COLUMN_UUIDS:
	case COLUMN_ACTIONS:
	case COLUMN_SEALED:
	case COLUMN_ADDRESS:
	case COLUMN_JSON:
	case COLUMN_EVENT:
	case COLUMN_TYPE:
	case COLUMN_TOKEN_ROLES:
	case COLUMN_TOKEN_END:
	case COLUMN_LINK:
		break;
	}
	MUST_NOT_REACH("nobody filters or sorts by such a column");
}

static const char *type_of(enum db_array kind)
{
	switch (kind) {
	case DB_ARRAY_UUID:
		return "uuid[]";
	case DB_ARRAY_TEXT:
		return "text[]";
	case DB_ARRAY_DATE:
		return "date[]";
	case DB_ARRAY_INSTANT:
		return "timestamptz[]";
	case DB_ARRAY_INT64:
		return "bigint[]";
	case DB_ARRAY_BYTES:
		return "bytea[]";
	case DB_ARRAY_BOOL:
	case DB_ARRAY_INT16:
	case DB_ARRAY_INT32:
	case DB_ARRAY_TID:
		break;
	}
	MUST_NOT_REACH("no argument is of this kind");
}

/* ---- the pieces ---- */

/* The arguments so far: their kinds, and their names as columns of q. */
struct arguments {
	struct question_shape *shape;
	const char *names[QUESTION_ARGS_MAX];
};

static int argument_add(struct arguments *arguments, const char *name, enum db_array kind)
{
	struct question_shape *shape = arguments->shape;

	MUST(shape->args_count < QUESTION_ARGS_MAX);
	arguments->names[shape->args_count] = name;
	shape->kinds[shape->args_count] = kind;
	return (int)shape->args_count++;
}

static void write_questions(struct buf *sql, const struct arguments *arguments)
{
	const struct question_shape *shape = arguments->shape;

	buf_add_text(sql, "unnest(");
	for (size_t i = 0; i < shape->args_count; i++)
		buf_add_format(sql, "%s$%zu::%s", i > 0 ? ", " : "", i + 1, type_of(shape->kinds[i]));
	buf_add_text(sql, ") WITH ORDINALITY AS q (");
	for (size_t i = 0; i < shape->args_count; i++)
		buf_add_format(sql, "%s, ", arguments->names[i]);
	buf_add_text(sql, "n)");
}

/* SQL that is true if the row is about one of the caller's creditors. */
static void write_is_theirs(struct buf *sql, const struct resource *resource)
{
	buf_add_format(sql, "EXISTS (SELECT FROM api.scope(q.creditors, q.portfolios) AS s WHERE %s)", resource->creditor);
}

static void write_owner(struct buf *sql, const struct resource *resource)
{
	buf_add_format(sql, "%s AS c_owner, %s AS c_salt, ", resource->owner == NULL ? "NULL::uuid" : resource->owner,
		       resource->salt == NULL ? "NULL::bytea" : resource->salt);
}

/* Null for a caller who is not bound to creditors: the check is skipped. */
static void write_theirs(struct buf *sql, const struct resource *resource)
{
	if (resource->creditor == NULL) {
		buf_add_text(sql, "NULL::boolean AS c_theirs");
		return;
	}
	buf_add_text(sql, "CASE WHEN q.creditors IS NOT NULL THEN ");
	write_is_theirs(sql, resource);
	buf_add_text(sql, " END AS c_theirs");
}

static bool has_place(const struct column *column, bool is_list)
{
	return column->sql != NULL && !(is_list && column->is_detail);
}

static void write_columns(struct buf *sql, const struct resource *resource, bool is_list)
{
	for (size_t i = 0; i < resource->columns_count; i++) {
		if (has_place(&resource->columns[i], is_list))
			buf_add_format(sql, ", %s AS c%zu", resource->columns[i].sql, i);
	}
}

static int keep_statement(struct question_shape *shape, const struct buf *sql, const char *name, struct arena *arena,
			  struct err *err)
{
	struct str kept_sql = str_copy(arena, buf_str(sql));
	struct str kept_name = str_copy(arena, str_of(name));

	MUST(!sql->overflow);
	if (kept_sql.data == NULL || kept_name.data == NULL)
		return err_set(err, ERR_FATAL, "the statements of the resources do not fit their arena");
	shape->statement = (struct db_statement){ .name = kept_name.data, .sql = kept_sql.data };
	return 0;
}

/* ---- by id ---- */

static int plan_one(struct resource_plan *plan, bool is_whole, struct buf *sql, struct arena *arena, struct err *err)
{
	const struct resource *resource = plan->resource;
	struct question_shape *shape = is_whole ? &plan->one : &plan->owner;
	struct arguments arguments = { .shape = shape };
	char name[NAME_SIZE_MAX];

	MUST(argument_add(&arguments, "id", DB_ARRAY_UUID) == ONE_ID);
	MUST(argument_add(&arguments, "creditors", DB_ARRAY_BYTES) == ONE_SCOPE);
	(void)argument_add(&arguments, "portfolios", DB_ARRAY_BYTES);
	shape->together_max = ONE_TOGETHER;
	buf_reset(sql);
	buf_add_text(sql, "SELECT q.n, ");
	write_owner(sql, resource);
	write_theirs(sql, resource);
	if (is_whole)
		write_columns(sql, resource, false);
	buf_add_text(sql, " FROM ");
	write_questions(sql, &arguments);
	buf_add_format(sql, " CROSS JOIN %s WHERE %s = q.id", resource->from, resource->id);
	(void)snprintf(name, sizeof(name), "api_%s_%s", is_whole ? "one" : "owner", resource->name);
	return keep_statement(shape, sql, name, arena, err);
}

/* ---- lists ---- */

/* Chooses one of a list's statements. Filters that are not selective are all in it or none: most requests have none. */
struct list_kind {
	uint32_t selected; /* selective filters */
	bool has_others;
	bool is_changes; /* all filters, each of which may be null */
	enum limit limit;
};

static uint32_t selective_filters(const struct resource *resource)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < resource->filters_count; i++)
		bits |= resource->filters[i].is_selective ? UINT32_C(1) << i : 0;
	return bits;
}

static uint32_t filters_of_from(const struct resource *resource)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < resource->filters_count; i++)
		bits |= resource->filters[i].is_of_from ? UINT32_C(1) << i : 0;
	return bits;
}

static void add_list_arguments(const struct resource *resource, struct list_kind kind, struct list_shape *list,
			       struct arguments *arguments)
{
	uint32_t selective = selective_filters(resource);
	uint32_t others = kind.has_others ? ~selective : filters_of_from(resource);
	uint32_t asked = kind.is_changes ? UINT32_MAX : (selective & kind.selected) | others;

	list->parent_at = resource->parent_sql == NULL ? -1 : argument_add(arguments, "parent", DB_ARRAY_UUID);
	list->owner_at = kind.limit == LIMIT_CUSTOMER ? argument_add(arguments, "owner", DB_ARRAY_UUID) : -1;
	list->scope_at = argument_add(arguments, "creditors", DB_ARRAY_BYTES);
	(void)argument_add(arguments, "portfolios", DB_ARRAY_BYTES);
	for (size_t i = 0; i < resource->filters_count; i++) {
		bool is_asked = (asked >> i & 1) != 0;

		list->filter_at[i] =
			is_asked ? argument_add(arguments, resource->filters[i].name, array_of(resource->filters[i].kind)) : -1;
	}
	list->since_at = kind.is_changes ? argument_add(arguments, "since", DB_ARRAY_INSTANT) : -1;
	list->key_at = argument_add(arguments, "key", array_of(resource->sorts[0].kind));
	list->sort_at = list->sort == &resource->sorts[0] ? -1 : argument_add(arguments, "sort", array_of(list->sort->kind));
	list->limit_at = argument_add(arguments, "many", DB_ARRAY_INT64);
}

static void write_filters(struct buf *sql, const struct resource *resource, const struct list_shape *list)
{
	for (size_t i = 0; i < resource->filters_count; i++) {
		const struct filter *filter = &resource->filters[i];

		if (filter->is_of_from)
			continue;
		if (list->filter_at[i] >= 0 && ((filter->is_selective && list->since_at < 0) || filter->is_range))
			buf_add_format(sql, " AND %s", filter->sql);
		else if (list->filter_at[i] >= 0)
			buf_add_format(sql, " AND (q.%s IS NULL OR %s)", filter->name, filter->sql);
	}
}

/* The columns that a list is ordered by, the last of which is its key; NULL ones are omitted. */
struct order {
	const char *creditor, *sort, *key;
};

static void write_order(struct buf *sql, const struct order *order, const struct list_shape *list)
{
	const char *direction = list->descends ? " DESC" : "";

	buf_add_text(sql, " ORDER BY ");
	if (order->creditor != NULL)
		buf_add_format(sql, "%s%s, ", order->creditor, direction);
	if (order->sort != NULL)
		buf_add_format(sql, "%s%s, ", order->sort, direction);
	buf_add_format(sql, "%s%s LIMIT q.many", order->key, direction);
}

/* On a reach, if its index is in the order of the list: the creditor comes first. */
static struct order order_of(const struct resource *resource, const struct list_shape *list, const struct reach *reach)
{
	bool is_indexed = reach->creditor != NULL && list->sort == &resource->sorts[resource->sort_default];

	return (struct order){ .creditor = is_indexed ? reach->creditor : NULL,
			       .sort = list->sort_at < 0 ? NULL : (is_indexed ? reach->sort : list->sort->sql),
			       .key = reach->key };
}

/* Behind the cursor, and of the creditor: a range of the creditor's index, if the index is in the order of the list. */
static void write_behind(struct buf *sql, const struct list_shape *list, const struct reach *reach, const struct order *order)
{
	const char *operator= list->descends ? "<" : ">";

	buf_add_format(sql, " WHERE (%s%s%s%s%s) %s (%s%sq.key)", order->creditor != NULL ? order->creditor : "",
		       order->creditor != NULL ? ", " : "", order->sort != NULL ? order->sort : "",
		       order->sort != NULL ? ", " : "", order->key, operator, order->creditor != NULL ? "s.creditor, " : "",
		       order->sort != NULL ? "q.sort, " : "");
	if (order->creditor != NULL)
		buf_add_format(sql, " AND %s %s= s.creditor", order->creditor, list->descends ? ">" : "<");
	else if (reach->creditor != NULL)
		buf_add_format(sql, " AND %s = s.creditor", reach->creditor);
}

/* The first rows behind the cursor on one reach. */
static void write_rows(struct buf *sql, const struct resource *resource, const struct list_shape *list, enum limit limit,
		       const struct reach *reach)
{
	const struct order order = order_of(resource, list, reach);

	buf_add_text(sql, "SELECT ");
	write_owner(sql, resource);
	if (reach->creditor != NULL)
		buf_add_text(sql, "true AS c_theirs");
	else
		write_theirs(sql, resource);
	buf_add_format(sql, ", %s AS c_key, %s AS c_sort", order.key, order.sort == NULL ? "NULL" : order.sort);
	buf_add_text(sql, ", NULL::timestamptz AS c_as_of");
	write_columns(sql, resource, true);
	buf_add_format(sql, " FROM %s", reach->from);
	write_behind(sql, list, reach, &order);
	if (reach->sql != NULL)
		buf_add_format(sql, " AND %s", reach->sql);
	if (list->parent_at >= 0)
		buf_add_format(sql, " AND %s", resource->parent_sql);
	if (list->owner_at >= 0)
		buf_add_format(sql, " AND %s = q.owner", resource->owner);
	if (limit == LIMIT_CREDITORS && reach->creditor == NULL) {
		buf_add_text(sql, " AND ");
		write_is_theirs(sql, resource);
	}
	write_filters(sql, resource, list);
	write_order(sql, &order, list);
}

/* The first rows of each creditor on each reach; a row that two of them reach is returned once. */
static void write_by_creditor(struct buf *sql, const struct resource *resource, const struct list_shape *list)
{
	const struct order order = { .sort = list->sort_at >= 0 ? "x.c_sort" : NULL, .key = "x.c_key" };

	MUST(resource->reaches[0].from != NULL);
	buf_add_format(sql, "SELECT DISTINCT ON (%s) x.* FROM api.scope(q.creditors, q.portfolios) AS s CROSS JOIN LATERAL (",
		       order.sort == NULL ? "x.c_key" : "x.c_sort, x.c_key");
	for (size_t i = 0; i < RESOURCE_REACHES_MAX && resource->reaches[i].from != NULL; i++) {
		buf_add_text(sql, i > 0 ? " UNION ALL (" : "(");
		write_rows(sql, resource, list, LIMIT_CREDITORS, &resource->reaches[i]);
		buf_add_u8(sql, ')');
	}
	buf_add_text(sql, ") x");
	write_order(sql, &order, list);
}

/* ---- changes ---- */

/* The number of a partition and the number of an event in it, combined into one number of the same order. */
#define PLACE      "(e.part::bigint << 44 | e.seq)"
#define PLACE_PART "(q.sort >> 44)"
#define PLACE_SEQ  "(q.sort & 17592186044415)"

/*
 * The events from the cursor on, or else from the given time on, in order; each with its number, from 1. Nested loops over sorted
 * inputs keep the order: a sort would have to read all events first.
 */
static void write_events(struct buf *sql, const char *module)
{
	buf_add_format(
		sql,
		"(SELECT w.*, row_number() OVER () AS number FROM (SELECT e.* FROM (SELECT h.part FROM %s.api_head h WHERE "
		"h.part >= " PLACE_PART " ORDER BY h.part) h CROSS JOIN LATERAL (SELECT e.* FROM %s.api_change e WHERE e.part = "
		"h.part AND e.seq >= CASE WHEN h.part = " PLACE_PART " THEN " PLACE_SEQ
		" ELSE %s.log_from(h.part, q.since) END ORDER BY e.seq LIMIT %d) e LIMIT %d) w) e",
		module, module, module, CHANGES_EVENTS_MAX, CHANGES_EVENTS_MAX);
}

/* The rows whose last event is one of these, in the order of their keys. */
static void write_changed(struct buf *sql, const struct resource *resource, const struct list_shape *list, enum limit limit)
{
	const char *key = resource->sorts[0].sql;

	buf_add_text(sql, "(SELECT ");
	write_owner(sql, resource);
	write_theirs(sql, resource);
	buf_add_format(sql, ", %s AS c_key, " PLACE " AS c_sort, (SELECT %s.as_of()) AS c_as_of", key, resource->changes->module);
	write_columns(sql, resource, true);
	buf_add_format(sql, " FROM %s WHERE %s = ANY (e.subjects) AND %s AND (" PLACE ", %s) > (q.sort, q.key)", resource->from,
		       key, resource->changes->last, key);
	if (list->owner_at >= 0)
		buf_add_format(sql, " AND %s = q.owner", resource->owner);
	if (limit == LIMIT_CREDITORS) {
		buf_add_text(sql, " AND ");
		write_is_theirs(sql, resource);
	}
	write_filters(sql, resource, list);
	buf_add_format(sql, " ORDER BY %s)", key);
}

/* The last scanned event, ordered behind all its rows. */
static void write_end(struct buf *sql, const struct resource *resource)
{
	buf_add_format(sql,
		       " UNION ALL (SELECT NULL, NULL, NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, " PLACE
		       ", (SELECT %s.as_of())",
		       resource->changes->module);
	for (size_t i = 0; i < resource->columns_count; i++) {
		if (has_place(&resource->columns[i], true))
			buf_add_text(sql, ", NULL");
	}
	buf_add_format(sql, " WHERE e.number = %d)", CHANGES_EVENTS_MAX);
}

static int plan_changes(struct resource_plan *plan, enum limit limit, struct buf *sql, struct arena *arena, struct err *err)
{
	static const struct sort order = { .name = "updatedAt", .kind = COLUMN_LONG };
	const struct resource *resource = plan->resource;
	struct list_shape *list = &plan->changes[limit];
	struct arguments arguments = { .shape = &list->question };
	char name[NAME_SIZE_MAX];

	MUST(resource->parent_sql == NULL);
	list->sort = &order;
	list->question.together_max = LIST_TOGETHER;
	add_list_arguments(resource, (struct list_kind){ .is_changes = true, .limit = limit }, list, &arguments);
	buf_reset(sql);
	buf_add_text(sql, "SELECT q.n, r.* FROM ");
	write_questions(sql, &arguments);
	buf_add_text(sql, " CROSS JOIN LATERAL (SELECT x.* FROM ");
	write_events(sql, resource->changes->module);
	buf_add_text(sql, " CROSS JOIN LATERAL (");
	write_changed(sql, resource, list, limit);
	write_end(sql, resource);
	buf_add_text(sql, ") x LIMIT q.many) r");
	(void)snprintf(name, sizeof(name), "api_changes_%s_%u", resource->name, (unsigned)limit);
	return keep_statement(&list->question, sql, name, arena, err);
}

static int plan_list(const struct resource *resource, struct list_kind kind, struct list_shape *list, struct buf *sql,
		     size_t number, struct arena *arena, struct err *err)
{
	const struct reach plain = { .from = resource->from, .key = resource->sorts[0].sql };
	struct arguments arguments = { .shape = &list->question };
	char name[NAME_SIZE_MAX];

	list->question.together_max = LIST_TOGETHER;
	add_list_arguments(resource, kind, list, &arguments);
	buf_reset(sql);
	buf_add_text(sql, "SELECT q.n, r.* FROM ");
	write_questions(sql, &arguments);
	buf_add_text(sql, " CROSS JOIN LATERAL (");
	if (kind.limit == LIMIT_CREDITORS && kind.selected == 0 && list->parent_at < 0)
		write_by_creditor(sql, resource, list);
	else
		write_rows(sql, resource, list, kind.limit, &plain);
	buf_add_text(sql, ") r");
	(void)snprintf(name, sizeof(name), "api_list_%s_%zu", resource->name, number);
	return keep_statement(&list->question, sql, name, arena, err);
}

/* Spreads the bits of a number that counts only selective filters to the filters' positions; compress is the inverse. */
static uint32_t spread(const struct resource *resource, uint32_t compact)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < resource->filters_count; i++) {
		if (!resource->filters[i].is_selective)
			continue;
		bits |= (compact & 1) << i;
		compact >>= 1;
	}
	return bits;
}

static uint32_t compact(const struct resource *resource, uint32_t bits)
{
	uint32_t number = 0;
	unsigned place = 0;

	for (size_t i = 0; i < resource->filters_count; i++) {
		if (resource->filters[i].is_selective)
			number |= (bits >> i & 1) << place++;
	}
	return number;
}

bool resource_has_limit(const struct resource *resource, enum limit limit)
{
	if (limit == LIMIT_CUSTOMER)
		return resource->owner != NULL; /* no owner: portal users see none */
	return limit != LIMIT_CREDITORS || resource->creditor != NULL;
}

/* The order of the shapes: (((set of filters * 2 + others) * sorts + sort) * 2 + descends) * LIMITS + limit. */
static int plan_lists(struct resource_plan *plan, struct buf *sql, struct arena *arena, struct err *err)
{
	const struct resource *resource = plan->resource;
	size_t sorts = resource->sorts_count;
	size_t selective = (size_t)__builtin_popcount(selective_filters(resource));
	size_t others = resource->filters_count - selective;

	plan->lists_count = ((size_t)1 << selective) * sorts * 4 * LIMITS;
	plan->lists = arena_take(arena, plan->lists_count, sizeof(plan->lists[0]));
	if (plan->lists == NULL)
		return err_set(err, ERR_FATAL, "the lists of the resources do not fit their arena");
	for (size_t i = 0; i < plan->lists_count; i++) {
		struct list_shape *list = &plan->lists[i];
		size_t set = i / LIMITS / 2 / sorts;
		const struct list_kind kind = { .selected = spread(resource, (uint32_t)(set / 2)),
						.has_others = set % 2 == 1,
						.limit = (enum limit)(i % LIMITS) };

		list->descends = i / LIMITS % 2 == 1;
		list->sort = &resource->sorts[i / LIMITS / 2 % sorts];
		if (!resource_has_limit(resource, kind.limit) || (kind.has_others && others == 0))
			continue;
		if (plan_list(resource, kind, list, sql, i, arena, err) != 0)
			return -1;
	}
	return 0;
}

const struct list_shape *resource_plan_list(const struct resource_plan *plan, uint32_t selected, size_t sort, bool descends,
					    enum limit limit)
{
	const struct resource *resource = plan->resource;
	bool has_others = (selected & ~selective_filters(resource)) != 0;
	size_t set = (size_t)compact(resource, selected) * 2 + has_others;
	size_t index = ((set * resource->sorts_count + sort) * 2 + descends) * LIMITS + limit;

	MUST(sort < resource->sorts_count);
	MUST(index < plan->lists_count);
	MUST(resource_has_limit(resource, limit));
	return &plan->lists[index];
}

/* ---- members ---- */

static int plan_member(struct member *member, const struct column *column, struct arena *arena, struct err *err)
{
	struct str last;
	struct str first = str_cut(str_of(column->name), '.', &last);
	char quoted[NAME_SIZE_MAX];

	member->column = column;
	member->object = last.size > 0 ? first : STR("");
	(void)snprintf(quoted, sizeof(quoted), "\"%s\":", last.size > 0 ? last.data : column->name);
	member->name = str_copy(arena, str_of(quoted));
	return member->name.data == NULL ? err_set(err, ERR_FATAL, "the names of the resources do not fit their arena") : 0;
}

static const struct member *member_of(const struct resource_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->resource->columns_count; i++) {
		if (strcmp(plan->resource->columns[i].name, name) == 0)
			return &plan->members[i];
	}
	return NULL;
}

/* A link's id is placed before it, and also in lists if the link is. */
static void place_member(struct resource_plan *plan, struct member *member, int *next_one, int *next_list)
{
	const struct member *of = member->column->kind == COLUMN_LINK ? member_of(plan, member->column->of) : NULL;

	if (member->column->kind == COLUMN_LINK) {
		MUST(of != NULL);
		MUST(of < member);
		MUST(member->column->is_detail || !of->column->is_detail);
		member->at_one = of->at_one;
		member->at_list = of->at_list;
		return;
	}
	member->at_one = (*next_one)++;
	member->at_list = member->column->is_detail ? -1 : (*next_list)++;
}

static int plan_members(struct resource_plan *plan, struct arena *arena, struct err *err)
{
	const struct resource *resource = plan->resource;
	int next_one = 0;
	int next_list = 0;

	MUST((resource->creditor == NULL) == (resource->uncredited != NULL));
	MUST(resource->columns_count <= RESOURCE_COLUMNS_MAX);
	MUST(resource->filters_count <= RESOURCE_FILTERS_MAX);
	MUST(resource->sorts_count == 0 || resource->sort_default < resource->sorts_count);
	for (size_t i = 0; i < resource->columns_count; i++) {
		MUST((resource->columns[i].kind == COLUMN_LINK) == (resource->columns[i].sql == NULL));
		MUST(column_is_sealed(&resource->columns[i]) == (resource->columns[i].sealed != NULL));
		if (plan_member(&plan->members[i], &resource->columns[i], arena, err) != 0)
			return -1;
		place_member(plan, &plan->members[i], &next_one, &next_list);
	}
	plan->currency = member_of(plan, "currency");
	plan->source = resource->source == NULL ? NULL : member_of(plan, resource->source);
	plan->version = resource->version == NULL ? NULL : member_of(plan, resource->version);
	return 0;
}

int resource_plan_init(struct resource_plan *plan, const struct resource *resource, struct arena *arena, struct err *err)
{
	struct buf sql;
	int result = -1;

	*plan = (struct resource_plan){ .resource = resource };
	buf_init(&sql, SQL_SIZE_MAX);
	if (plan_members(plan, arena, err) != 0)
		goto out;
	if (resource->id != NULL && (plan_one(plan, true, &sql, arena, err) != 0 || plan_one(plan, false, &sql, arena, err) != 0))
		goto out;
	if (resource->sorts_count > 0 && plan_lists(plan, &sql, arena, err) != 0)
		goto out;
	for (unsigned limit = 0; resource->changes != NULL && limit < LIMITS; limit++) {
		if (plan_changes(plan, (enum limit)limit, &sql, arena, err) != 0)
			goto out;
	}
	result = 0;
out:
	buf_release(&sql);
	return result;
}
