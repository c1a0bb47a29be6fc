/* Lists: the query becomes a question, its rows a page. */

#include <stdio.h>

#include "base/day.h"
#include "base/must.h"
#include "producers/api/reads/list_query.h"
#include "producers/api/reads/reads_inside.h"

#define LINK_SIZE_MAX 700 /* of the memory for an answer's headers (call.h) */

/* A call that waits for a page. */
struct listing {
	struct reads *reads;
	struct call *call;
	const struct resource_plan *plan;
	const struct list_shape *list;
	int64_t limit;
	struct uuid parent; /* none: the list has no parent */
	int64_t since_ms;   /* of a list of changes */
	uint8_t context[DIGEST_SIZE];
	bool has_cursor;
};

_Static_assert(sizeof(struct listing) <= QUESTION_NOTES_MAX, "what a page needs fits a question's notes");

/* ---- the next page ---- */

static void cursor_of_row(const struct listing *listing, const struct db_result *result, int row, char text[CURSOR_TEXT_SIZE])
{
	const struct list_shape *list = listing->list;
	struct cursor cursor = { .key_is_id = listing->plan->resource->sorts[0].kind == COLUMN_UUID,
				 .has_sort = list->sort_at >= 0 };

	if (cursor.key_is_id)
		cursor.id = db_uuid(result, row, ROW_KEY);
	else
		cursor.number = db_int64(result, row, ROW_KEY);
	if (cursor.has_sort && list->sort->kind == COLUMN_DATE)
		cursor.sort = db_date(result, row, ROW_SORT);
	else if (cursor.has_sort && list->sort->kind == COLUMN_INSTANT)
		cursor.sort = db_instant(result, row, ROW_SORT);
	else if (cursor.has_sort)
		cursor.sort = db_int64(result, row, ROW_SORT);
	cursor_write(text, &cursor, listing->context, listing->reads->cursor_key);
}

static void add_escaped(struct buf *buf, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
				byte == '-' || byte == '_' || byte == '.';

		if (!is_plain)
			buf_add_u8(buf, '%');
		buf_add_u8(buf, is_plain ? byte : (uint8_t)digits[byte >> 4]);
		if (!is_plain)
			buf_add_u8(buf, (uint8_t)digits[byte & 15]);
	}
}

static void add_argument(void *buf_arg, struct str name, struct str value)
{
	struct buf *buf = buf_arg;

	if (str_is(name, "cursor"))
		return;
	add_escaped(buf, name);
	buf_add_u8(buf, '=');
	add_escaped(buf, value);
	buf_add_u8(buf, '&');
}

/* Link: <?the same arguments&cursor=...>; rel="next" (RFC 8288), left out when the arguments are very long. */
static void set_link(struct call *call, const char *cursor)
{
	unsigned char memory[LINK_SIZE_MAX + 1];
	struct buf link = { .data = memory, .capacity = LINK_SIZE_MAX, .size_max = LINK_SIZE_MAX };

	buf_add_text(&link, "<?");
	call_each_argument(call, add_argument, &link);
	buf_add_text(&link, "cursor=");
	buf_add_text(&link, cursor);
	buf_add_text(&link, ">; rel=\"next\"");
	if (!link.overflow)
		call_set_header(call, "Link", buf_str(&link));
}

/* ---- the page ---- */

/* The last row of a list of changes may only mark the position where the scan was cut. */
static bool is_looked_through_in_part(const struct listing *listing, const struct answer *answer)
{
	return listing->list->since_at >= 0 && answer->count > 0 &&
	       db_is_null(answer->result, answer->first + answer->count - 1, ROW_OWNER);
}

/* The time for the next `updatedSince`. Without changes: the time of this request. */
static void write_as_of(const struct listing *listing, const struct answer *answer)
{
	int64_t as_of_ms = answer->count > 0 ? db_instant(answer->result, answer->first, ROW_AS_OF) : listing->since_ms;
	char text[32];

	instant_format(text, as_of_ms);
	buf_add_format(&listing->reads->body, ",\"asOf\":\"%s\"", text);
}

static void write_page(const struct listing *listing, const struct answer *answer)
{
	struct reads *reads = listing->reads;
	bool is_cut = is_looked_through_in_part(listing, answer);
	int found = answer->count - is_cut;
	int shown = found > (int)listing->limit ? (int)listing->limit : found;
	const struct principal *viewer = call_principal(listing->call);
	char cursor[CURSOR_TEXT_SIZE];

	buf_reset(&reads->body);
	buf_add_text(&reads->body, "{\"items\":[");
	for (int i = 0; i < shown; i++) {
		if (i > 0)
			buf_add_u8(&reads->body, ',');
		row_write(&reads->writer, &reads->body, listing->plan, answer->result, answer->first + i, true, viewer);
	}
	if (shown < answer->count) {
		cursor_of_row(listing, answer->result, answer->first + (shown < found ? shown : answer->count) - 1, cursor);
		set_link(listing->call, cursor);
		buf_add_format(&reads->body, "],\"nextCursor\":\"%s\"", cursor);
	} else {
		buf_add_text(&reads->body, "],\"nextCursor\":null");
	}
	if (listing->list->since_at >= 0)
		write_as_of(listing, answer);
	buf_add_text(&reads->body, "}\n");
	MUST(!reads->body.overflow);
	call_answer(listing->call, 200, CALL_JSON, buf_str(&reads->body));
}

/* The list is empty: either the parent has no such children, or it does not exist. */
static void take_parent(const void *listing_notes, const struct answer *answer, const struct err *failure)
{
	const struct listing *listing = listing_notes;
	const struct resource *parent = listing->plan->resource->parent;

	if (answer == NULL)
		reads_refuse_failed(listing->call, parent, failure);
	else if (answer->count == 0 ||
		 reads_is_hidden(call_principal(listing->call), route_access(call_route(listing->call)), answer))
		reads_refuse_unknown(listing->call, parent);
	else
		write_page(listing, &(struct answer){ .result = answer->result });
}

static void ask_parent(const struct listing *listing)
{
	const struct resource_plan *parent = reads_plan(listing->reads, listing->plan->resource->parent);
	struct question_value *values =
		questions_ask(listing->reads->questions, &parent->owner, take_parent, listing, sizeof(*listing));

	if (values == NULL) {
		reads_refuse_away(listing->call);
		return;
	}
	values[ONE_ID].id = listing->parent;
	reads_fill_scope(&values[ONE_SCOPE], call_principal(listing->call));
}

static void take_rows(const void *listing_notes, const struct answer *answer, const struct err *failure)
{
	const struct listing *listing = listing_notes;

	if (answer == NULL)
		reads_refuse_failed(listing->call, listing->plan->resource, failure);
	else if (answer->count == 0 && listing->list->parent_at >= 0 && !listing->has_cursor)
		ask_parent(listing);
	else
		write_page(listing, answer);
}

/* ---- the question ---- */

static void refuse_query(struct call *call, const struct list_query *query)
{
	const struct problem problem = { .status = 400,
					 .code = "bad_query",
					 .detail = STR("the query is not one that this list understands"),
					 .faults = query->faults,
					 .faults_count = query->faults_count };

	call_refuse_problem(call, &problem);
}

static void take_argument(void *query_arg, struct str name, struct str value)
{
	list_query_take(query_arg, name, value);
}

/* A list that scans few rows: by an index, or the first rows in the default order. */
static bool is_quick(const struct list_query *query, const struct list_shape *list)
{
	const struct resource *resource = query->resource;
	bool is_narrowed = false; /* a filter that skips rows of a scan */

	if (query->has_since)
		return false;
	if (list->parent_at >= 0 || list->owner_at >= 0)
		return true;
	for (size_t i = 0; i < resource->filters_count; i++) {
		if (resource->filters[i].is_selective && (query->given >> i & 1) != 0)
			return true;
		is_narrowed |= !resource->filters[i].is_range && (query->given >> i & 1) != 0;
	}
	return !is_narrowed && query->sort == resource->sort_default;
}

static void fill_values(struct question_value *values, const struct list_query *query, const struct list_shape *list,
			const struct list_bounds *bounds, const struct principal *principal)
{
	MUST((bounds->parent != NULL) == (list->parent_at >= 0));
	MUST((bounds->owner != NULL) == (list->owner_at >= 0));
	if (bounds->parent != NULL)
		values[list->parent_at].id = *bounds->parent;
	if (bounds->owner != NULL)
		values[list->owner_at].id = *bounds->owner;
	reads_fill_scope(&values[list->scope_at], principal);
	for (size_t i = 0; i < query->resource->filters_count; i++) {
		if (list->filter_at[i] < 0)
			continue;
		values[list->filter_at[i]] = query->filters[i];
		values[list->filter_at[i]].is_null = (query->given >> i & 1) == 0;
	}
	if (list->since_at >= 0)
		values[list->since_at].number = query->since_ms;
	values[list->key_at].id = query->cursor.id;
	values[list->key_at].number = query->cursor.number;
	if (list->sort_at >= 0)
		values[list->sort_at].number = query->cursor.sort;
	values[list->limit_at].number = query->limit + 1;
}

static void ask_page(struct reads *reads, struct call *call, const struct list_query *query, enum limit limit,
		     const struct list_bounds *bounds)
{
	const struct resource_plan *plan = reads_plan(reads, query->resource);
	const struct list_shape *list = query->has_since
						? &plan->changes[limit]
						: resource_plan_list(plan, query->given, query->sort, query->descends, limit);
	struct questions *questions = is_quick(query, list) ? reads->questions : reads->searches;
	struct listing listing = { .reads = reads,
				   .call = call,
				   .plan = plan,
				   .list = list,
				   .limit = query->limit,
				   .has_cursor = query->has_cursor,
				   .since_ms = query->since_ms };
	struct question_value *values;

	memcpy(listing.context, query->context, sizeof(listing.context));
	if (bounds->parent != NULL)
		listing.parent = *bounds->parent;
	values = questions_ask(questions, &list->question, take_rows, &listing, sizeof(listing));
	if (values == NULL)
		reads_refuse_away(call);
	else
		fill_values(values, query, list, bounds, call_principal(call));
}

void reads_answer_list(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *parent_id)
{
	const struct principal *principal = call_principal(call);
	enum limit limit = principal_limit(principal, route_access(call_route(call)));
	struct list_bounds bounds = { .parent = parent_id };
	struct list_query query;
	struct str creditors, portfolios;

	MUST((parent_id != NULL) == (resource->parent_sql != NULL));
	if (!resource_has_limit(resource, limit)) {
		reads_refuse_unknown(call, resource);
		return;
	}
	if (limit == LIMIT_CUSTOMER)
		bounds.owner = &principal->customer_id;
	if (limit == LIMIT_CREDITORS && principal_creditors(principal, &creditors))
		bounds.creditors = &creditors;
	if (limit == LIMIT_CREDITORS && principal_portfolios(principal, &portfolios))
		bounds.portfolios = &portfolios;
	list_query_init(&query, resource);
	call_each_argument(call, take_argument, &query);
	if (list_query_finish(&query, &bounds, reads->cursor_key))
		ask_page(reads, call, &query, limit, &bounds);
	else
		refuse_query(call, &query);
}
