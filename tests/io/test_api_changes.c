/* What was changed since some time (`updatedSince`), against a real PostgreSQL: each thing once, by its last event, in the order of the
 * log; and whoever follows by `asOf` misses nothing. */

#include "tests/io/api_lists.h"

#include "base/array.h"

#define CUSTOMER(n) "019a0000-0000-7000-8000-00430000000" n
#define DEBT(n)     "019a0000-0000-7000-8000-00440000000" n
#define MESSAGE(n)  "019a0000-0000-7000-8000-004d0000000" n
#define CREDITOR(n) "019a0000-0000-7000-8000-00520000000" n

#define EVENT_COLUMNS                                                                                                            \
	" (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, command_offset, body, hash) SELECT "
#define EVENT_REST ", 0, '', '' "

/* Six debts of three customers in two partitions, each made in a minute of its own: 1, 3, 5 in partition 1, 2, 4, 6 in 0. Then 1 was
 * paid (00:10), 2 amended (00:11). Odd ones are creditor 1's. */
static void fill_debts(void)
{
	SQL("fill_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref, "
	    "created_at) SELECT ('019a0000-0000-7000-8000-00440000000' || n)::uuid, ('019a0000-0000-7000-8000-00430000000' || "
	    "1 + n % 3)::uuid, CASE n % 2 WHEN 1 THEN '" CREDITOR("1") "'::uuid ELSE '" CREDITOR(
		    "2") "' END, 1, (n + 1) / 2, 0, 0, 0, 5, 0, 1, 1, n % 2, '2025-01-01', '2025-01-01', 'EUR', 'D-' || n, "
			 "'2026-01-01Z'::timestamptz + n * interval '1 min' FROM generate_series(1, 6) n");
	SQL("fill_made",
	    "INSERT INTO debts.event_row" EVENT_COLUMNS
	    "part, last_entry_seq, gen_random_uuid(), 1032, customer_id, debt_id, debt_id, debt_id, created_at" EVENT_REST
	    "FROM debts.debt");
	SQL("fill_paid",
	    "INSERT INTO debts.event_row" EVENT_COLUMNS "1, 4, gen_random_uuid(), 1033, customer_id, debt_id, debt_id, "
	    "debt_id, '2026-01-01T00:10Z'" EVENT_REST "FROM debts.debt WHERE debt_id = '" DEBT("1") "'");
	SQL("fill_entry", "UPDATE debts.debt SET last_entry_seq = 4, version = 2 WHERE debt_id = '" DEBT("1") "'");
	SQL("fill_amended", "INSERT INTO debts.event_row" EVENT_COLUMNS "0, 4, gen_random_uuid(), 1038, customer_id, debt_id, "
			    "debt_id, debt_id, '2026-01-01T00:11Z'" EVENT_REST "FROM debts.debt WHERE debt_id = '" DEBT("2") "'");
	SQL("fill_terms",
	    "UPDATE debts.debt SET amended_at = '2026-01-01T00:11Z', amended_seq = 4 WHERE debt_id = '" DEBT("2") "'");
}

/* Three customers, of whom 1 was changed again; two messages to 2, which one withdrawal took back, and one to 3. */
static void fill_people(void)
{
	SQL("fill_customers",
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, "
	    "key_salt, updated_at, updated_seq) SELECT ('019a0000-0000-7000-8000-00430000000' || n)::uuid, 'C-' || n, 'natural', "
	    "'active', 'de', 'DE', 1, '', '', '2026-01-01Z'::timestamptz + s * interval '1 min', s FROM (VALUES (1, 4), (2, 2), "
	    "(3, 3)) c (n, s)");
	SQL("fill_customer_events",
	    "INSERT INTO customers.event_row" EVENT_COLUMNS
	    "0, s, gen_random_uuid(), 1121, c, c, c, c, '2026-01-01Z'::timestamptz + s * interval '1 min'" EVENT_REST
	    "FROM (SELECT s, ('019a0000-0000-7000-8000-00430000000' || n)::uuid c FROM (VALUES (1, 1), (2, 2), (3, 3), (1, 4)) v "
	    "(n, "
	    "s)) e");
	SQL("fill_messages",
	    "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
	    "requested_on, message_class, template_name, template_version, language, updated_at, updated_seq) SELECT "
	    "('019a0000-0000-7000-8000-004d0000000' || n)::uuid, ('019a0000-0000-7000-8000-00430000000' || c)::uuid, 1, 0, "
	    "'cancelled', 'email', '2026-01-01', 'demand', 'first', 1, 'de', '2026-01-01Z'::timestamptz + s * interval '1 min', "
	    "s "
	    "FROM (VALUES (1, 2, 4), (2, 2, 4), (3, 3, 3)) m (n, c, s)");
	SQL("fill_message_events",
	    "INSERT INTO communications.event_row" EVENT_COLUMNS
	    "0, s, gen_random_uuid(), 1234, c::uuid, m::uuid, m::uuid, m::uuid, '2026-01-01Z'::timestamptz + s * interval '1 "
	    "min'" EVENT_REST "FROM (VALUES (1, '" CUSTOMER("2") "', '" MESSAGE("1") "'), (2, '" CUSTOMER("2") "', '" MESSAGE(
		    "2") "'), (3, '" CUSTOMER("3") "', '" MESSAGE("3") "'), (4, '" CUSTOMER("2") "', '" CUSTOMER("2") "')) e (s, "
														      "c, m)");
}

static int fill(void **state)
{
	if (api_world_start(state) != 0)
		return -1;
	SQL("fill_debts_heads", "INSERT INTO debts.partition_head (part, epoch, owner, next_offset, log_seq, log_hash, tick_at) "
				"VALUES (0, 1, 'x', 9, 4, "
				"'', '2026-01-01T00:20Z'), (1, 1, 'x', 9, 4, '', '2026-01-01T00:15Z')");
	SQL("fill_customers_heads",
	    "INSERT INTO customers.partition_head (part, epoch, owner, next_offset, log_seq, log_hash) VALUES "
	    "(0, 1, 'x', 9, 4, '')");
	SQL("fill_communications_heads", "INSERT INTO communications.partition_head (part, epoch, owner, next_offset, log_seq, "
					 "log_hash) VALUES (0, 1, 'x', 9, 4, '')");
	fill_people();
	fill_debts();
	return 0;
}

static int set_up(void **state)
{
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_AGENT));
	return api_set_up(state);
}

/* Page by page, in pages of 1 to 7. ids: with a space behind each. */
static void assert_changed(const char *path, const char *query, const char *ids)
{
	for (int limit = 1; limit < 8; limit++) {
		size_t count = 0;

		list_all(path, query, limit, &listed);
		for (const char *at = ids; *at != '\0'; at += strcspn(at, " ") + 1) {
			if (count == listed.count || strncmp(listed.texts[count], at, UUID_TEXT_SIZE) != 0)
				fail_msg("%s%s, by %d: item %zu is not %.36s", path, query, limit, count, at);
			count++;
		}
		assert_int_equal(listed.count, count);
	}
}

static void test_api_changes__each_thing_comes_once_by_its_last_event(void **state)
{
	(void)state;
	assert_changed("/debts", "?updatedSince=2026-01-01T00:00:00Z",
		       DEBT("4") " " DEBT("6") " " DEBT("2") " " DEBT("3") " " DEBT("5") " " DEBT("1") " ");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:05:00Z", DEBT("6") " " DEBT("2") " " DEBT("5") " " DEBT("1") " ");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:10:00.001Z", DEBT("2") " ");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:11:00.001Z", "");
	assert_changed("/customers", "?updatedSince=2026-01-01T00:00:00Z", CUSTOMER("2") " " CUSTOMER("3") " " CUSTOMER("1") " ");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:00:00Z&customer=" CUSTOMER("1"), DEBT("6") " " DEBT("3") " ");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:00:00Z&createdTo=2026-01-01T00:03:00Z",
		       DEBT("2") " " DEBT("1") " ");
}

/* A withdrawal changes several messages by one event, which is about the customer. */
static void test_api_changes__what_a_withdrawal_took_back_has_changed(void **state)
{
	(void)state;
	assert_changed("/communications", "?updatedSince=2026-01-01T00:00:00Z",
		       MESSAGE("3") " " MESSAGE("1") " " MESSAGE("2") " ");
	assert_changed("/communications", "?updatedSince=2026-01-01T00:04:00Z", MESSAGE("1") " " MESSAGE("2") " ");
}

/* As far as every partition is; ten seconds less. */
static void test_api_changes__the_answer_says_when_to_ask_from_next(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts?updatedSince=2026-01-01T00:00:00Z", token), 200);
	assert_contains("\"nextCursor\":null,\"asOf\":\"2026-01-01T00:14:50.000Z\"}\n");
	assert_int_equal(api_get("/customers?updatedSince=2026-01-01T00:00:00Z", token), 200);
	assert_contains(",\"asOf\":\"2026-01-01T00:03:50.000Z\"}\n"); /* no Tick yet: by its last event */
	assert_int_equal(api_get("/debts?updatedSince=2026-02-01T00:00:00Z", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null,\"asOf\":\"2026-02-01T00:00:00.000Z\"}\n");
	assert_int_equal(api_get("/debts", token), 200);
	assert_lacks("asOf");
}

static void test_api_changes__a_creditor_follows_his_own(void **state)
{
	struct scope scope = scope_none;

	(void)state;
	assert_true(scope_add_creditor(&scope, STR(CREDITOR("1"))));
	(void)snprintf(token, sizeof(token), "%s", api_bound_token("erp", ROLE_CREDITOR, &scope));
	assert_changed("/debts", "?updatedSince=2026-01-01T00:00:00Z", DEBT("3") " " DEBT("5") " " DEBT("1") " ");
	assert_changed("/customers", "?updatedSince=2026-01-01T00:00:00Z", CUSTOMER("2") " " CUSTOMER("3") " " CUSTOMER("1") " ");
	assert_changed("/communications", "?updatedSince=2026-01-01T00:00:00Z", ""); /* they name no debts of his */
	(void)snprintf(token, sizeof(token), "%s", api_bound_token("erp", ROLE_CREDITOR, &scope_none));
	assert_changed("/debts", "?updatedSince=2026-01-01T00:00:00Z", "");
}

static void test_api_changes__what_is_no_such_question_is_refused(void **state)
{
	char cursor[CURSOR_TEXT_SIZE], target[256];

	(void)state;
	assert_int_equal(api_get("/debts?updatedSince=yesterday", token), 400);
	assert_contains("{\"pointer\":\"updatedSince\",\"code\":\"bad_format\"");
	assert_int_equal(api_get("/debts?updatedSince=2026-01-01T00:00:00Z&sort=-createdAt", token), 400);
	assert_contains("{\"pointer\":\"sort\",\"code\":\"not_allowed\"");
	assert_int_equal(api_get("/debts?updatedSince=2026-01-01T00:00:00Z&updatedSince=2026-01-01T00:00:00Z", token), 400);
	assert_contains("\"repeated\"");
	assert_int_equal(api_get("/templates?updatedSince=2026-01-01T00:00:00Z", token), 400);
	assert_contains("\"unknown_argument\"");
	assert_int_equal(api_get("/debts?updatedSince=2026-01-01T00:00:00Z&limit=1", token), 200);
	assert_true(take_cursor(cursor));
	(void)snprintf(target, sizeof(target), "/debts?updatedSince=2026-01-01T00:00:01Z&cursor=%s", cursor);
	assert_int_equal(api_get(target, token), 400);
	(void)snprintf(target, sizeof(target), "/debts?cursor=%s", cursor);
	assert_int_equal(api_get(target, token), 400);
}

/* Of many events only so many are looked at for a page: it may hold less than was asked for, and there is more. The last test: 2 changes
 * and changes. */
static void test_api_changes__a_page_costs_so_many_events_at_most(void **state)
{
	char cursor[CURSOR_TEXT_SIZE], target[256];

	(void)state;
	SQL("many_events",
	    "INSERT INTO debts.event_row" EVENT_COLUMNS
	    "0, 4 + n, gen_random_uuid(), 1033, d.customer_id, d.debt_id, d.debt_id, d.debt_id, '2026-01-01T00:11Z'" EVENT_REST
	    "FROM debts.debt d, generate_series(1, 12000) n WHERE d.debt_id = '" DEBT("2") "'");
	SQL("many_heads", "UPDATE debts.partition_head SET log_seq = 12004 WHERE part = 0");
	SQL("many_entries", "UPDATE debts.debt SET last_entry_seq = 12004 WHERE debt_id = '" DEBT("2") "'");
	assert_int_equal(api_get("/debts?updatedSince=2026-01-01T00:06:00Z&limit=200", token), 200);
	assert_contains("{\"items\":[{\"id\":\"" DEBT("6") "\"");
	assert_lacks(DEBT("2"));
	assert_true(take_cursor(cursor));
	(void)snprintf(target, sizeof(target), "/debts?updatedSince=2026-01-01T00:06:00Z&limit=200&cursor=%s", cursor);
	assert_int_equal(api_get(target, token), 200);
	assert_contains("{\"items\":[],\"nextCursor\":\"");
	assert_contains(",\"asOf\":\"2026-01-01T00:14:50.000Z\"}\n");
	assert_changed("/debts", "?updatedSince=2026-01-01T00:06:00Z", DEBT("6") " " DEBT("2") " " DEBT("1") " ");
}

/* From the first event on, a page of one. */
static void write_asked(const struct list_shape *list, char *text, size_t size)
{
	const struct given given[] = { { list->since_at, "ARRAY['2026-01-01Z'::timestamptz]" },
				       { list->key_at, "ARRAY['00000000-0000-0000-0000-000000000000'::uuid]" },
				       { list->sort_at, "ARRAY['-9223372036854775808'::bigint]" },
				       { list->limit_at, "ARRAY[1::bigint]" } };

	write_arguments(list, given, COUNT(given), text, size);
}

/* Nothing is sorted that would have to be read whole before: of 12,000 events a page of one thing reads a few. */
static void test_api_changes__a_page_reads_no_further_than_it_shows(void **state)
{
	static char sql[9000], execute[2000], arguments[1800];
	struct db_statement prepare = { "", sql };
	struct db_statement explain = { "", execute };
	static const struct db_statement generic = { "", "SET plan_cache_mode = force_generic_plan" };
	struct db_result result = { 0 };
	struct resource_plan plan;
	struct arena arena;
	struct db *reader;
	bool is_met = false;

	(void)state;
	api_connect("test_api", "dcs_api", &reader);
	api_must(arena_init(&arena, 8 << 20, &world.err));
	api_must(resource_plan_init(&plan, &debt_resource, &arena, &world.err));
	(void)snprintf(sql, sizeof(sql), "PREPARE changes AS %s", plan.changes[LIMIT_NONE].question.statement.sql);
	write_asked(&plan.changes[LIMIT_NONE], arguments, sizeof(arguments));
	(void)snprintf(execute, sizeof(execute), "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE changes (%s)", arguments);
	api_must(db_run(reader, &generic, NULL, NULL, &world.err));
	api_must(db_run(reader, &prepare, NULL, NULL, &world.err));
	api_must(db_run(reader, &explain, NULL, &result, &world.err));
	for (int row = 0; row < result.rows; row++) {
		char line[1024];
		const char *rows;

		(void)snprintf(line, sizeof(line), "%.*s", (int)db_str(&result, row, 0).size, db_str(&result, row, 0).data);
		rows = strstr(line, "(actual rows=");
		assert_null(strstr(line, "Seq Scan on event_row"));
		if (strstr(line, "event_log_pkey on event_row e ") == NULL || rows == NULL)
			continue;
		is_met = true;
		if (strtod(rows + 13, NULL) > 50)
			fail_msg("%s", line);
	}
	assert_true(is_met);
	db_result_release(&result);
	arena_release(&arena);
	db_close(reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, api_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_changes__each_thing_comes_once_by_its_last_event),
		TEST(test_api_changes__what_a_withdrawal_took_back_has_changed),
		TEST(test_api_changes__the_answer_says_when_to_ask_from_next),
		TEST(test_api_changes__a_creditor_follows_his_own),
		TEST(test_api_changes__what_is_no_such_question_is_refused),
		TEST(test_api_changes__a_page_costs_so_many_events_at_most),
		TEST(test_api_changes__a_page_reads_no_further_than_it_shows),
	};

	return cmocka_run_group_tests(tests, fill, api_world_end);
}
