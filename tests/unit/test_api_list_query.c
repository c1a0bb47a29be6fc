/* What lists are made of: cursors, queries, the statements of the resources, masks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/must.h"
#include "model/command.h"
#include "producers/api/http/route.h"
#include "producers/api/reads/list_query.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource_plan.h"
#include "producers/api/reads/row_json.h"

#define ID_1 "0198c0de-0000-7000-8000-00000000002a"
#define ID_2 "0198c0de-0000-7000-8000-00000000002b"

static const uint8_t key[32] = { 1, 2, 3 };

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

/* ---- cursors ---- */

static const uint8_t context[DIGEST_SIZE] = { 7 };

static void assert_round_trip(const struct cursor *cursor)
{
	struct cursor read = { .key_is_id = cursor->key_is_id, .has_sort = cursor->has_sort };
	char text[CURSOR_TEXT_SIZE];

	cursor_write(text, cursor, context, key);
	assert_true(cursor_read(&read, str_of(text), context, key));
	assert_memory_equal(&read.id, &cursor->id, sizeof(read.id));
	assert_int_equal(read.number, cursor->number);
	assert_int_equal(read.sort, cursor->sort);
}

static void test_api_list_query__a_cursor_is_read_as_it_was_written(void **state)
{
	(void)state;
	assert_round_trip(&(struct cursor){ .key_is_id = true, .id = id_of(ID_1) });
	assert_round_trip(&(struct cursor){ .key_is_id = true, .id = id_of(ID_1), .has_sort = true, .sort = -719162 });
	assert_round_trip(&(struct cursor){ .number = INT64_MAX });
	assert_round_trip(&(struct cursor){ .number = INT64_MIN, .has_sort = true, .sort = INT64_MAX });
}

static void test_api_list_query__a_cursor_opens_only_where_it_belongs(void **state)
{
	struct cursor cursor = { .key_is_id = true, .id = id_of(ID_1) };
	struct cursor other = { .key_is_id = true, .has_sort = true };
	uint8_t other_context[DIGEST_SIZE] = { 8 }, other_key[32] = { 9 };
	char text[CURSOR_TEXT_SIZE];

	(void)state;
	cursor_write(text, &cursor, context, key);
	assert_false(cursor_read(&cursor, str_of(text), other_context, key));
	assert_false(cursor_read(&cursor, str_of(text), context, other_key));
	assert_false(cursor_read(&other, str_of(text), context, key));
	for (size_t size = 0; size < strlen(text); size++)
		assert_false(cursor_read(&cursor, (struct str){ text, size }, context, key));
	for (size_t i = 0; text[i] != '\0'; i++) {
		char kept = text[i];

		text[i] = kept == '-' ? '_' : '-';
		assert_false(cursor_read(&cursor, str_of(text), context, key));
		text[i] = kept;
	}
	assert_true(cursor_read(&cursor, str_of(text), context, key));
}

/* ---- queries ---- */

static struct list_query query;

/* name, value, name, value ... NULL */
static bool read_query(const struct resource *resource, const struct uuid *owner, const char *const *arguments)
{
	list_query_init(&query, resource);
	for (size_t i = 0; arguments[i] != NULL; i += 2)
		list_query_take(&query, str_of(arguments[i]), str_of(arguments[i + 1]));
	return list_query_finish(&query, &(struct list_bounds){ .owner = owner }, key);
}

#define READ(resource, ...) read_query(&(resource), NULL, (const char *const[]){ __VA_ARGS__, NULL })

static void test_api_list_query__a_query_without_arguments_is_the_first_page(void **state)
{
	static const uint8_t highest[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };

	(void)state;
	assert_true(read_query(&debt_resource, NULL, (const char *const[]){ NULL }));
	assert_int_equal(query.limit, LIST_LIMIT_DEFAULT);
	assert_string_equal(debt_resource.sorts[query.sort].name, "createdAt");
	assert_true(query.descends);
	assert_int_equal(query.given, 0);
	assert_memory_equal(query.cursor.id.bytes, highest, 16);
	assert_true(query.cursor.sort > 253402300799999); /* after every instant */
}

static void test_api_list_query__values_are_of_their_kind(void **state)
{
	struct uuid customer = id_of(ID_1);

	(void)state;
	assert_true(READ(debt_resource, "customer", ID_1, "dueFrom", "1970-01-03", "sort", "dueOn", "limit", "200", "currency",
			 "EUR"));
	assert_true(uuid_equal(&query.filters[0].id, &customer));
	assert_string_equal(debt_resource.sorts[query.sort].name, "dueOn");
	assert_false(query.descends);
	assert_int_equal(query.limit, 200);
	assert_int_equal(query.faults_count, 0);
	assert_true(query.cursor.sort < -719162); /* before every day */
	assert_true(READ(debt_resource, "sort", "-dueOn"));
	assert_true(query.descends);
	assert_true(query.cursor.sort > 2932896);
	assert_true(READ(timeline_resource, "since", "2026-01-01T00:00:00+01:00"));
	assert_int_equal(query.filters[1].number, 1767222000000);
}

static void test_api_list_query__an_id_of_zeros_is_a_fault(void **state)
{
	(void)state;
	assert_false(READ(debt_resource, "customer", "00000000-0000-0000-0000-000000000000"));
	assert_int_equal(query.faults_count, 1);
	assert_string_equal(query.faults[0].code, "bad_format");
}

static void test_api_list_query__faults_are_bounded(void **state)
{
	(void)state;
	list_query_init(&query, &debt_resource);
	for (int i = 0; i < 100; i++) {
		list_query_take(&query, STR("nothing"), STR("x"));
		list_query_take(&query, STR("lifecycle"), STR("x"));
	}
	assert_false(list_query_finish(&query, &(struct list_bounds){ .owner = NULL }, key));
	assert_int_equal(query.faults_count, LIST_FAULTS_MAX);
}

/* What a cursor is bound to: whatever makes it another list. */
static void test_api_list_query__every_list_has_a_context_of_its_own(void **state)
{
	static const char *const lists[][5] = { { NULL },
						{ "sort", "id", NULL },
						{ "sort", "dueOn", NULL },
						{ "currency", "EUR", NULL },
						{ "currency", "EU", NULL },
						{ "creditor", ID_1, NULL },
						{ "customer", ID_1, NULL },
						{ "customer", ID_2, NULL },
						{ "dueFrom", "2026-01-01", NULL },
						{ "dueTo", "2026-01-01", NULL },
						{ "currency", "EUR", "dueTo", "2026-01-01", NULL } };
	enum { LISTS = COUNT(lists) };
	uint8_t contexts[LISTS + 1][DIGEST_SIZE];
	struct uuid owner = id_of(ID_1);

	(void)state;
	for (size_t i = 0; i < LISTS; i++) {
		assert_true(read_query(&debt_resource, NULL, lists[i]));
		memcpy(contexts[i], query.context, DIGEST_SIZE);
	}
	assert_true(read_query(&debt_resource, &owner, lists[0]));
	memcpy(contexts[LISTS], query.context, DIGEST_SIZE);
	for (size_t i = 0; i <= LISTS; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(contexts[i], contexts[j], DIGEST_SIZE);
	assert_true(READ(debt_resource, "limit", "3"));
	assert_memory_equal(query.context, contexts[0], DIGEST_SIZE);
}

/* Of two creditors who ask the same, neither can go on where the other was, nor where somebody was who sees all. */
static void test_api_list_query__a_cursor_is_good_for_its_creditors_only(void **state)
{
	const struct str creditors[] = { STR(""), STR("0123456789abcdef"), STR("0123456789abcdeg"),
					 STR("0123456789abcdef0123456789abcdeg") };
	enum { SETS = COUNT(creditors) };
	struct cursor cursor = { .key_is_id = true, .has_sort = true, .id = id_of(ID_1) };
	char texts[SETS + 1][CURSOR_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i <= SETS; i++) {
		const struct list_bounds bounds = { .creditors = i < SETS ? &creditors[i] : NULL };

		list_query_init(&query, &debt_resource);
		assert_true(list_query_finish(&query, &bounds, key));
		cursor_write(texts[i], &cursor, query.context, key);
	}
	for (size_t i = 0; i <= SETS; i++) {
		for (size_t j = 0; j <= SETS; j++) {
			const struct list_bounds bounds = { .creditors = i < SETS ? &creditors[i] : NULL };

			list_query_init(&query, &debt_resource);
			list_query_take(&query, STR("cursor"), str_of(texts[j]));
			assert_int_equal(list_query_finish(&query, &bounds, key), i == j);
		}
	}
}

/* ---- statements ---- */

static void assert_balanced(const struct question_shape *shape)
{
	const char *sql = shape->statement.sql;
	char last[16];
	int depth = 0;

	for (const char *at = sql; *at != '\0'; at++)
		depth += (*at == '(') - (*at == ')');
	assert_int_equal(depth, 0);
	assert_true(shape->args_count <= QUESTION_ARGS_MAX);
	(void)snprintf(last, sizeof(last), "$%zu::", shape->args_count);
	assert_non_null(strstr(sql, last));
	(void)snprintf(last, sizeof(last), "$%zu::", shape->args_count + 1);
	assert_null(strstr(sql, last));
	assert_null(strchr(sql, '%'));
}

/* Prepared for good on one connection, so they must be few; and their names must differ. */
static void test_api_list_query__all_resources_have_their_statements(void **state)
{
	static const char *names[900];
	struct resource_plan plan;
	struct err err = ERR_INIT;
	struct arena arena;
	size_t count = 0;

	(void)state;
	assert_int_equal(arena_init(&arena, 2 << 20, &err), 0);
	for (size_t i = 0; api_resources[i] != NULL; i++) {
		assert_int_equal(resource_plan_init(&plan, api_resources[i], &arena, &err), 0);
		if (plan.resource->id != NULL) {
			assert_balanced(&plan.one);
			names[count++] = plan.one.statement.name;
			names[count++] = plan.owner.statement.name;
		}
		for (size_t list = 0; list < plan.lists_count; list++) {
			if (plan.lists[list].question.args_count == 0)
				continue; /* of nobody's things there is no list of one's own */
			assert_balanced(&plan.lists[list].question);
			names[count++] = plan.lists[list].question.statement.name;
		}
	}
	assert_true(count < 900);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	arena_release(&arena);
}

/* Whether a row of the table opens the resource to creditors, or the list of it. */
static bool is_for_creditors(const struct resource *resource)
{
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (row->kind != ROUTE_WRITE && (row->access & ROLE_CREDITOR) != 0 && row->resource == resource)
			return true;
	}
	return false;
}

/*
 * On every way from a creditor to his things the portfolios are asked for. A creditor itself is in none: somebody bound to one of its
 * portfolios reads how it is described.
 */
static void assert_asks_for_portfolios(const struct resource *resource)
{
	if (resource == &creditor_resource)
		return;
	if (resource->creditor != NULL && strstr(resource->creditor, "dcs_in_portfolios(") == NULL)
		fail_msg("%s: whoever is bound to a portfolio sees the creditor's others", resource->name);
	for (size_t i = 0; i < RESOURCE_REACHES_MAX && resource->reaches[i].from != NULL; i++)
		if (resource->reaches[i].sql == NULL || strstr(resource->reaches[i].sql, "dcs_in_portfolios(") == NULL)
			fail_msg("%s: a list of whoever is bound to a portfolio holds the creditor's others", resource->name);
}

/* Nothing is shown to a creditor without a way from his creditors to it. */
static void test_api_list_query__every_resource_says_whose_creditors_it_is(void **state)
{
	size_t of_creditors = 0;

	(void)state;
	for (const struct resource *const *at = api_resources; *at != NULL; at++) {
		const struct resource *resource = *at;

		if ((resource->creditor == NULL) != (resource->uncredited != NULL && resource->uncredited[0] != '\0'))
			fail_msg("%s: neither a way to its creditor nor a reason why there is none, or both", resource->name);
		if (is_for_creditors(resource) && resource->creditor == NULL)
			fail_msg("%s: creditors read it, all of it", resource->name);
		assert_asks_for_portfolios(resource);
		assert_true(resource_has_limit(resource, LIMIT_CREDITORS) == (resource->creditor != NULL));
		of_creditors += resource->creditor != NULL;
	}
	assert_true(of_creditors >= 8);
}

static void test_api_list_query__the_shape_follows_from_the_query(void **state)
{
	const struct list_shape *one, *other;
	struct resource_plan plan;
	struct err err = ERR_INIT;
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 2 << 20, &err), 0);
	assert_int_equal(resource_plan_init(&plan, &debt_resource, &arena, &err), 0);
	one = resource_plan_list(&plan, 0, debt_resource.sort_default, true, LIMIT_NONE);
	assert_int_equal(one->owner_at, -1);
	assert_int_equal(one->filter_at[0], -1); /* customer: selective */
	assert_int_equal(one->filter_at[1], -1); /* no others are asked for */
	assert_non_null(strstr(one->question.statement.sql, "ORDER BY d.created_at DESC, d.debt_id DESC"));
	other = resource_plan_list(&plan, 1 << 0, 2, false, LIMIT_CUSTOMER);
	assert_true(other->owner_at >= 0);
	assert_true(other->filter_at[0] >= 0);
	assert_non_null(strstr(other->question.statement.sql, "(d.due_on, d.debt_id) > (q.sort, q.key)"));
	one = resource_plan_list(&plan, 1 << 1, 0, true, LIMIT_NONE); /* not selective: with it come all others that are not */
	assert_int_equal(one->filter_at[0], -1);
	assert_true(one->filter_at[1] >= 0);
	assert_true(one->filter_at[3] >= 0);
	assert_ptr_equal(resource_plan_list(&plan, 1 << 3, 0, true, LIMIT_NONE), one);
	assert_non_null(strstr(one->question.statement.sql, " AND d.created_at >= coalesce(q.createdFrom, '-infinity')"));
	one = resource_plan_list(&plan, 0, 1, true, LIMIT_CREDITORS); /* creditor by creditor, each in the order of his index */
	assert_non_null(strstr(one->question.statement.sql,
			       "(d.creditor_id, d.created_at, d.debt_id) < (s.creditor, q.sort, q.key) AND d.creditor_id >= "
			       "s.creditor AND public.dcs_in_portfolios(ARRAY[d.portfolio_id], s.portfolios) ORDER BY "
			       "d.creditor_id DESC, d.created_at DESC, d.debt_id DESC LIMIT q.many)) x ORDER "
			       "BY x.c_sort DESC, x.c_key DESC LIMIT q.many) r"));
	one = resource_plan_list(&plan, 0, 0, true, LIMIT_CREDITORS); /* another order: of all that are his */
	assert_non_null(strstr(one->question.statement.sql, " WHERE (d.debt_id) < (q.key) AND d.creditor_id = s.creditor AND "));
	one = resource_plan_list(&plan, 1 << 0, 0, true, LIMIT_CREDITORS); /* the customer's few, and whose each is */
	assert_non_null(
		strstr(one->question.statement.sql,
		       "EXISTS (SELECT FROM api.scope(q.creditors, q.portfolios) AS s WHERE d.creditor_id = s.creditor AND "
		       "public.dcs_in_portfolios(ARRAY[d.portfolio_id], s.portfolios)) AND d.customer_id = q.customer ORDER BY"));
	arena_release(&arena);
}

/* ---- masks ---- */

static void assert_mask(const char *address, const char *masked)
{
	char text[64];
	struct buf buf;

	buf_init(&buf, 256);
	address_mask(&buf, str_of(address));
	(void)snprintf(text, sizeof(text), "%.*s", (int)buf.size, (const char *)buf.data);
	assert_string_equal(text, masked);
	buf_release(&buf);
}

static void test_api_list_query__masks_leave_what_helps_to_tell_apart(void **state)
{
	(void)state;
	assert_mask("anna.berg@example.com", "a***@e***");
	assert_mask("\xC3\xA4nne@example.com", "\xC3\xA4***@e***");
	assert_mask("ab@example.com", "***@e***");
	assert_mask("+491701234567", "+49***67");
	assert_mask("+4917", "***");
	assert_mask("Anna Berg\nLange Gasse 1\n1010 Wien", "***");
	assert_mask("", "***");
	assert_mask("\xF0\x9F\x98\x80", "***");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_api_list_query__a_cursor_is_read_as_it_was_written),
		cmocka_unit_test(test_api_list_query__a_cursor_opens_only_where_it_belongs),
		cmocka_unit_test(test_api_list_query__a_query_without_arguments_is_the_first_page),
		cmocka_unit_test(test_api_list_query__values_are_of_their_kind),
		cmocka_unit_test(test_api_list_query__an_id_of_zeros_is_a_fault),
		cmocka_unit_test(test_api_list_query__faults_are_bounded),
		cmocka_unit_test(test_api_list_query__every_list_has_a_context_of_its_own),
		cmocka_unit_test(test_api_list_query__all_resources_have_their_statements),
		cmocka_unit_test(test_api_list_query__a_cursor_is_good_for_its_creditors_only),
		cmocka_unit_test(test_api_list_query__every_resource_says_whose_creditors_it_is),
		cmocka_unit_test(test_api_list_query__the_shape_follows_from_the_query),
		cmocka_unit_test(test_api_list_query__masks_leave_what_helps_to_tell_apart),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests_name("api_list_query", tests, NULL, NULL);
}
