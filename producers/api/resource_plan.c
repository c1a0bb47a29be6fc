#include "producers/api/resource_plan.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/must.h"

#define SQL_SIZE_MAX  8192
#define NAME_SIZE_MAX 64
#define LIST_TOGETHER 16

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
	case COLUMN_SEALED:
	case COLUMN_ADDRESS:
	case COLUMN_JSON:
	case COLUMN_EVENT:
	case COLUMN_TYPE:
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
	case DB_ARRAY_BOOL:
	case DB_ARRAY_INT16:
	case DB_ARRAY_INT32:
	case DB_ARRAY_BYTES:
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

static void write_owner(struct buf *sql, const struct resource *resource)
{
	buf_add_format(sql, "%s AS c_owner, %s AS c_salt", resource->owner == NULL ? "NULL::uuid" : resource->owner,
		       resource->salt == NULL ? "NULL::bytea" : resource->salt);
}

/* A list's rows leave details out: their places stay, so that a column's index is its place in both. */
static void write_columns(struct buf *sql, const struct resource *resource, bool is_list)
{
	for (size_t i = 0; i < resource->columns_count; i++) {
		const struct column *column = &resource->columns[i];

		buf_add_format(sql, ", %s AS c%zu", column->sql == NULL || (is_list && column->is_detail) ? "NULL" : column->sql,
			       i);
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

	(void)argument_add(&arguments, "id", DB_ARRAY_UUID);
	buf_reset(sql);
	buf_add_text(sql, "SELECT q.n, ");
	write_owner(sql, resource);
	if (is_whole)
		write_columns(sql, resource, false);
	buf_add_text(sql, " FROM ");
	write_questions(sql, &arguments);
	buf_add_format(sql, " CROSS JOIN %s WHERE %s = q.id", resource->from, resource->id);
	(void)snprintf(name, sizeof(name), "api_%s_%s", is_whole ? "one" : "owner", resource->name);
	return keep_statement(shape, sql, name, arena, err);
}

/* ---- lists ---- */

static uint32_t selective_filters(const struct resource *resource)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < resource->filters_count; i++)
		bits |= resource->filters[i].is_selective ? UINT32_C(1) << i : 0;
	return bits;
}

static void add_list_arguments(const struct resource *resource, uint32_t selected, bool is_limited, struct list_shape *list,
			       struct arguments *arguments)
{
	uint32_t selective = selective_filters(resource);

	list->parent_at = resource->parent_sql == NULL ? -1 : argument_add(arguments, "parent", DB_ARRAY_UUID);
	list->owner_at = is_limited ? argument_add(arguments, "owner", DB_ARRAY_UUID) : -1;
	for (size_t i = 0; i < resource->filters_count; i++) {
		bool is_left_out = (selective & ~selected & UINT32_C(1) << i) != 0;

		list->filter_at[i] =
			is_left_out ? -1
				    : argument_add(arguments, resource->filters[i].name, array_of(resource->filters[i].kind));
	}
	list->key_at = argument_add(arguments, "key", array_of(resource->sorts[0].kind));
	list->sort_at = list->sort == &resource->sorts[0] ? -1 : argument_add(arguments, "sort", array_of(list->sort->kind));
	list->limit_at = argument_add(arguments, "many", DB_ARRAY_INT64);
}

static void write_conditions(struct buf *sql, const struct resource *resource, const struct list_shape *list)
{
	const char *operator= list->descends ? "<" : ">";
	const char *key = resource->sorts[0].sql;

	if (list->sort_at >= 0)
		buf_add_format(sql, " WHERE (%s, %s) %s (q.sort, q.key)", list->sort->sql, key, operator);
	else
		buf_add_format(sql, " WHERE %s %s q.key", key, operator);
	if (list->parent_at >= 0)
		buf_add_format(sql, " AND %s", resource->parent_sql);
	if (list->owner_at >= 0)
		buf_add_format(sql, " AND %s = q.owner", resource->owner);
	for (size_t i = 0; i < resource->filters_count; i++) {
		const struct filter *filter = &resource->filters[i];

		if (list->filter_at[i] >= 0 && filter->is_selective)
			buf_add_format(sql, " AND %s", filter->sql);
		else if (list->filter_at[i] >= 0)
			buf_add_format(sql, " AND (q.%s IS NULL OR %s)", filter->name, filter->sql);
	}
}

static void write_order(struct buf *sql, const struct resource *resource, const struct list_shape *list)
{
	const char *direction = list->descends ? " DESC" : "";

	buf_add_text(sql, " ORDER BY ");
	if (list->sort_at >= 0)
		buf_add_format(sql, "%s%s, ", list->sort->sql, direction);
	buf_add_format(sql, "%s%s LIMIT q.many) r", resource->sorts[0].sql, direction);
}

static int plan_list(const struct resource *resource, uint32_t selected, bool is_limited, struct list_shape *list,
		     struct buf *sql, size_t number, struct arena *arena, struct err *err)
{
	struct arguments arguments = { .shape = &list->question };
	char name[NAME_SIZE_MAX];

	list->question.together_max = LIST_TOGETHER;
	add_list_arguments(resource, selected, is_limited, list, &arguments);
	buf_reset(sql);
	buf_add_text(sql, "SELECT q.n, r.* FROM ");
	write_questions(sql, &arguments);
	buf_add_text(sql, " CROSS JOIN LATERAL (SELECT ");
	write_owner(sql, resource);
	buf_add_format(sql, ", %s AS c_key, %s AS c_sort", resource->sorts[0].sql, list->sort_at >= 0 ? list->sort->sql : "NULL");
	write_columns(sql, resource, true);
	buf_add_format(sql, " FROM %s", resource->from);
	write_conditions(sql, resource, list);
	write_order(sql, resource, list);
	(void)snprintf(name, sizeof(name), "api_list_%s_%zu", resource->name, number);
	return keep_statement(&list->question, sql, name, arena, err);
}

/* The n-th filter's bit of a number that counts only selective ones, spread to where the filters are; and back. */
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

/* The order of the shapes: ((set of filters * sorts + sort) * 2 + descends) * 2 + limited. */
static int plan_lists(struct resource_plan *plan, struct buf *sql, struct arena *arena, struct err *err)
{
	const struct resource *resource = plan->resource;
	uint32_t selective = selective_filters(resource);
	size_t sets = (size_t)1 << (unsigned)__builtin_popcount(selective);

	plan->lists_count = sets * resource->sorts_count * 4;
	plan->lists = arena_take(arena, plan->lists_count, sizeof(plan->lists[0]));
	if (plan->lists == NULL)
		return err_set(err, ERR_FATAL, "the lists of the resources do not fit their arena");
	for (size_t i = 0; i < plan->lists_count; i++) {
		struct list_shape *list = &plan->lists[i];
		bool is_limited = i % 2 == 1;

		list->descends = i / 2 % 2 == 1;
		list->sort = &resource->sorts[i / 4 % resource->sorts_count];
		if (is_limited && resource->owner == NULL)
			continue; /* nobody's things: portal users see none */
		if (plan_list(resource, spread(resource, (uint32_t)(i / 4 / resource->sorts_count)), is_limited, list, sql, i,
			      arena, err) != 0)
			return -1;
	}
	return 0;
}

const struct list_shape *resource_plan_list(const struct resource_plan *plan, uint32_t selected, size_t sort, bool descends,
					    bool is_limited)
{
	const struct resource *resource = plan->resource;
	size_t index = ((compact(resource, selected) * resource->sorts_count + sort) * 2 + descends) * 2 + is_limited;

	MUST(sort < resource->sorts_count);
	MUST(index < plan->lists_count);
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

static int column_of(const struct resource *resource, const char *name)
{
	for (size_t i = 0; i < resource->columns_count; i++) {
		if (strcmp(resource->columns[i].name, name) == 0)
			return (int)i;
	}
	MUST_NOT_REACH("a link to a column that is not there");
}

static int plan_members(struct resource_plan *plan, struct arena *arena, struct err *err)
{
	const struct resource *resource = plan->resource;

	MUST(resource->columns_count <= RESOURCE_COLUMNS_MAX);
	MUST(resource->filters_count <= RESOURCE_FILTERS_MAX);
	for (size_t i = 0; i < resource->columns_count; i++) {
		const struct column *column = &resource->columns[i];

		if (plan_member(&plan->members[i], column, arena, err) != 0)
			return -1;
		if (column->kind == COLUMN_LINK)
			plan->members[i].of = column_of(resource, column->of);
		if (str_is(str_of(column->name), "currency"))
			plan->currency = (int)i;
		if (resource->version != NULL && str_is(str_of(column->name), resource->version))
			plan->version = (int)i;
	}
	return 0;
}

int resource_plan_init(struct resource_plan *plan, const struct resource *resource, struct arena *arena, struct err *err)
{
	struct buf sql;
	int result = -1;

	*plan = (struct resource_plan){ .resource = resource, .currency = -1, .version = -1 };
	buf_init(&sql, SQL_SIZE_MAX);
	if (plan_members(plan, arena, err) != 0)
		goto out;
	if (resource->id != NULL && (plan_one(plan, true, &sql, arena, err) != 0 || plan_one(plan, false, &sql, arena, err) != 0))
		goto out;
	if (resource->sorts_count > 0 && plan_lists(plan, &sql, arena, err) != 0)
		goto out;
	result = 0;
out:
	buf_release(&sql);
	return result;
}
