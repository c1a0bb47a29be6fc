#include "producers/api/reads/list_query.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/must.h"
#include "producers/api/http/faults.h"

#define CONTEXT_SIZE_MAX (2048 + RESOURCE_FILTERS_MAX * QUESTION_TEXT_MAX)

void list_query_init(struct list_query *query, const struct resource *resource)
{
	*query = (struct list_query){ .resource = resource, .limit = LIST_LIMIT_DEFAULT };
	MUST(resource->sorts_count > 0);
	query->sort = resource->sort_default;
	query->descends = resource->sorts[query->sort].descends;
}

static void add_fault(struct list_query *query, struct str name, const char *code, const char *detail)
{
	if (query->faults_count < LIST_FAULTS_MAX)
		query->faults[query->faults_count++] = (struct fault){ .pointer = name, .code = code, .detail = str_of(detail) };
}

/* ---- values ---- */

static bool is_word_of(const char *words, struct str text)
{
	struct str rest = str_of(words);

	while (rest.size > 0) {
		if (str_equal(str_cut(rest, ' ', &rest), text))
			return true;
	}
	return false;
}

static void refuse_word(struct list_query *query, const struct filter *filter)
{
	if (query->faults_count == LIST_FAULTS_MAX)
		return;
	(void)snprintf(query->texts[query->faults_count], LIST_FAULT_TEXT, "must be one of: %s", filter->words);
	add_fault(query, str_of(filter->name), "not_allowed", query->texts[query->faults_count]);
}

static void take_text(struct list_query *query, const struct filter *filter, struct str text, struct question_value *ret_value)
{
	struct str name = str_of(filter->name);

	if (!str_is_text(text))
		add_fault(query, name, "not_text", "must be UTF-8 text");
	else if (str_characters(text) > QUESTION_CHARACTERS_MAX)
		add_fault(query, name, "too_long", "is too long");
	else if (filter->words != NULL && !is_word_of(filter->words, text))
		refuse_word(query, filter);
	else
		ret_value->text = text;
}

/* Of days, of entries: what is counted. */
static void take_number(struct list_query *query, struct str name, struct str text, struct question_value *ret_value)
{
	long long number = 0;

	if (!str_to_int64(text, &number) || number < 0 || number > INT32_MAX)
		add_fault(query, name, "bad_format", "must be a whole number, 0 to 2147483647");
	else
		ret_value->number = number;
}

static void take_value(struct list_query *query, const struct filter *filter, struct str text, struct question_value *ret_value)
{
	struct str name = str_of(filter->name);
	int32_t day;

	switch (filter->kind) {
	case COLUMN_UUID:
		if (!uuid_parse(&ret_value->id, text))
			add_fault(query, name, "bad_format", "must be a UUID");
		else if (uuid_is_none(&ret_value->id))
			add_fault(query, name, "bad_format", "the id is all zeros");
		return;
	case COLUMN_DATE:
		if (day_parse(text, &day))
			ret_value->number = day;
		else
			add_fault(query, name, "bad_format", "must be a date, YYYY-MM-DD");
		return;
	case COLUMN_INSTANT:
		if (!instant_parse(text, &ret_value->number))
			add_fault(query, name, "bad_format", "must be an instant as in RFC 3339, e.g. 2026-11-22T15:04:05Z");
		return;
	case COLUMN_TEXT:
		take_text(query, filter, text, ret_value);
		return;
	case COLUMN_LONG:
		take_number(query, name, text, ret_value);
		return;
	case COLUMN_BOOL:
	case COLUMN_INT:
	case COLUMN_MONEY:
	case COLUMN_TEXTS:
	case COLUMN_UUIDS:
	case COLUMN_ACTIONS:
	case COLUMN_SEALED:
	case COLUMN_ADDRESS:
	case COLUMN_EVENT:
	case COLUMN_TYPE:
	case COLUMN_TOKEN_ROLES:
	case COLUMN_TOKEN_END:
	case COLUMN_LINK:
	case COLUMN_JSON:
		break;
	}
	MUST_NOT_REACH("nobody filters by such a column");
}

/* ---- arguments ---- */

static void take_filter(struct list_query *query, size_t index, struct str value)
{
	const struct filter *filter = &query->resource->filters[index];

	if ((query->given >> index & 1) != 0) {
		add_fault(query, str_of(filter->name), "repeated", "stands twice");
		return;
	}
	query->given |= UINT32_C(1) << index;
	take_value(query, filter, value, &query->filters[index]);
}

static void take_sort(struct list_query *query, struct str value)
{
	bool descends = value.size > 0 && value.data[0] == '-';
	struct str name = descends ? (struct str){ .data = value.data + 1, .size = value.size - 1 } : value;

	for (size_t i = 0; i < query->resource->sorts_count; i++) {
		if (!str_is(name, query->resource->sorts[i].name))
			continue;
		query->sort = i;
		query->descends = descends;
		return;
	}
	add_fault(query, STR("sort"), "not_allowed", "this list cannot be sorted so");
}

static void take_limit(struct list_query *query, struct str value)
{
	long long limit;

	if (str_to_int64(value, &limit) && limit >= 1 && limit <= LIST_LIMIT_MAX)
		query->limit = limit;
	else
		add_fault(query, STR("limit"), "out_of_range", "must be a number from 1 to 200");
}

static void take_cursor(struct list_query *query, struct str value)
{
	query->has_cursor = true;
	query->cursor_text = value;
}

static void take_since(struct list_query *query, struct str value)
{
	query->has_since = true;
	if (!instant_parse(value, &query->since_ms))
		add_fault(query, STR("updatedSince"), "bad_format",
			  "must be an instant as in RFC 3339, e.g. 2026-11-22T15:04:05Z");
}

/* The arguments of every list; the last one only of lists with changes. */
static const struct {
	const char *name;
	void (*take)(struct list_query *query, struct str value);
} common[] = { { "sort", take_sort }, { "limit", take_limit }, { "cursor", take_cursor }, { "updatedSince", take_since } };
enum { COMMON_SORT, COMMON_LIMIT, COMMON_CURSOR, COMMON_SINCE };

#define COMMON_COUNT COUNT(common)

static void take_common(struct list_query *query, size_t index, struct str value)
{
	if ((query->seen >> index & 1) != 0)
		add_fault(query, str_of(common[index].name), "repeated", "stands twice");
	else
		common[index].take(query, value);
	query->seen |= UINT32_C(1) << index;
}

void list_query_take(struct list_query *query, struct str name, struct str value)
{
	for (size_t i = 0; i < query->resource->filters_count; i++) {
		if (str_is(name, query->resource->filters[i].name)) {
			take_filter(query, i, value);
			return;
		}
	}
	for (size_t i = 0; i < COMMON_COUNT; i++) {
		if (str_is(name, common[i].name) && (i != COMMON_SINCE || query->resource->changes != NULL)) {
			take_common(query, i, value);
			return;
		}
	}
	add_fault(query, faults_shown_name(name), "unknown_argument", "this list takes no such argument");
}

/* ---- the whole query ---- */

static void check_needs(struct list_query *query)
{
	for (size_t i = 0; i < query->resource->filters_count; i++) {
		const struct filter *filter = &query->resource->filters[i];

		if (filter->needs == NULL || (query->given >> i & 1) == 0)
			continue;
		for (size_t other = 0; other < query->resource->filters_count; other++) {
			if (strcmp(query->resource->filters[other].name, filter->needs) == 0 && (query->given >> other & 1) == 0)
				add_fault(query, str_of(filter->needs), "missing", "another argument needs it");
		}
	}
}

static void add_id(struct buf *bytes, const struct uuid *id)
{
	buf_add_u8(bytes, id != NULL);
	if (id != NULL)
		buf_add(bytes, id->bytes, sizeof(id->bytes));
}

static void add_ids(struct buf *bytes, const struct str *ids)
{
	buf_add_be32(bytes, ids == NULL ? UINT32_MAX : (uint32_t)ids->size);
	if (ids != NULL)
		buf_add_str(bytes, *ids);
}

static void add_value(struct buf *bytes, const struct filter *filter, const struct question_value *value)
{
	if (filter->kind == COLUMN_UUID)
		add_id(bytes, &value->id);
	else if (filter->kind == COLUMN_TEXT)
		buf_add_be32(bytes, (uint32_t)value->text.size);
	else
		buf_add_be64(bytes, (uint64_t)value->number);
	if (filter->kind == COLUMN_TEXT)
		buf_add_str(bytes, value->text);
}

static void digest_context(struct list_query *query, const struct list_bounds *bounds)
{
	unsigned char memory[CONTEXT_SIZE_MAX + 1];
	struct buf bytes = { .data = memory, .capacity = CONTEXT_SIZE_MAX, .size_max = CONTEXT_SIZE_MAX };

	buf_add_text(&bytes, query->resource->name);
	buf_add_u8(&bytes, query->has_since ? UINT8_MAX : (uint8_t)query->sort);
	buf_add_be64(&bytes, (uint64_t)query->since_ms);
	buf_add_u8(&bytes, query->descends);
	add_id(&bytes, bounds->owner);
	add_id(&bytes, bounds->parent);
	add_ids(&bytes, bounds->creditors);
	add_ids(&bytes, bounds->portfolios);
	buf_add_be32(&bytes, query->given);
	for (size_t i = 0; i < query->resource->filters_count; i++)
		if ((query->given >> i & 1) != 0)
			add_value(&bytes, &query->resource->filters[i], &query->filters[i]);
	MUST(!bytes.overflow);
	digest_of(query->context, buf_str(&bytes));
}

/* Beyond every day and instant that PostgreSQL can hold, and every id except all ones. */
static int64_t end_of(enum column_kind kind, bool is_high)
{
	if (kind == COLUMN_DATE)
		return is_high ? DAY_MAX + 1 : DAY_MIN - 1;
	if (kind == COLUMN_INSTANT)
		return is_high ? (DAY_MAX + 2) * DAY_MS : (DAY_MIN - 1) * DAY_MS;
	return is_high ? INT64_MAX : INT64_MIN;
}

static void begin(struct list_query *query)
{
	const struct resource *resource = query->resource;

	memset(query->cursor.id.bytes, query->descends ? 0xFF : 0, sizeof(query->cursor.id.bytes));
	query->cursor.number = end_of(resource->sorts[0].kind, query->descends);
	query->cursor.sort = end_of(query->has_since ? COLUMN_LONG : resource->sorts[query->sort].kind, query->descends);
}

bool list_query_finish(struct list_query *query, const struct list_bounds *bounds, const uint8_t cursor_key[32])
{
	check_needs(query);
	if (query->has_since && (query->seen >> COMMON_SORT & 1) != 0)
		add_fault(query, STR("sort"), "not_allowed", "what was changed comes in the order in which it was changed");
	if (query->has_since)
		query->descends = false;
	if (query->faults_count > 0)
		return false;
	query->cursor.key_is_id = query->resource->sorts[0].kind == COLUMN_UUID;
	query->cursor.has_sort = query->has_since || query->sort > 0;
	digest_context(query, bounds);
	begin(query);
	if (query->has_cursor && !cursor_read(&query->cursor, query->cursor_text, query->context, cursor_key))
		add_fault(query, STR("cursor"), "bad_cursor",
			  "is not one of this list: filters and order must be those it was given with");
	return query->faults_count == 0;
}
