/* lib/db against a real PostgreSQL (DCS_TEST_PG; tests/io/with-postgres.sh gives one). */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/day.h"
#include "db/db.h"
#include "db/db_stream.h"

#define TIMEOUT_MS 20000

static struct err err;
static struct db *db;
static struct db *other; /* a second session: looks from outside, kills */
static struct db_params params;

static struct db *open_one(void)
{
	struct db *one = NULL;

	if (db_open(getenv("DCS_TEST_PG"), "test_db", TIMEOUT_MS, &one, &err) != 0)
		fail_msg("%s", err.text);
	return one;
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	db = open_one();
	other = NULL;
	db_params_init(&params, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_params_release(&params);
	db_close(other);
	db_close(db);
	return 0;
}

static void must(int rc)
{
	if (rc != 0)
		fail_msg("unexpected failure: %s", err.text);
}

static void run(const struct db_statement *statement)
{
	must(db_run(db, statement, NULL, NULL, &err));
}

static int64_t count_of(struct db *on, const struct db_statement *statement)
{
	struct db_result result = { 0 };
	int64_t count;

	must(db_run(on, statement, NULL, &result, &err));
	count = db_int64(&result, 0, 0);
	db_result_release(&result);
	return count;
}

static int32_t session(void)
{
	static const struct db_statement statement_pid = { "pid", "SELECT pg_backend_pid()" };
	struct db_result result = { 0 };
	int32_t pid;

	must(db_run(db, &statement_pid, NULL, &result, &err));
	pid = db_int32(&result, 0, 0);
	db_result_release(&result);
	return pid;
}

/* Ends a session from another one. When this returns, the server has ended it. */
static void kill_session_of(int32_t pid)
{
	static const struct db_statement statement_kill = { "kill", "SELECT pg_terminate_backend($1, 10000)" };
	struct db_result result = { 0 };

	db_params_reset(&params);
	db_param_int32(&params, pid);
	other = open_one();
	must(db_run(other, &statement_kill, &params, &result, &err));
	assert_true(db_bool(&result, 0, 0));
	db_result_release(&result);
	db_params_reset(&params);
}

static void kill_session(void)
{
	kill_session_of(session());
}

static const struct db_statement statement_one = { "one", "SELECT 1::bigint" };
static const struct db_statement statement_table = {
	"table", "CREATE TEMP TABLE thing (id bigint PRIMARY KEY, name text CONSTRAINT thing_name CHECK (name <> 'bad'))"
};
static const struct db_statement statement_insert = { "insert", "INSERT INTO thing VALUES ($1, $2)" };
static const struct db_statement statement_count = { "count", "SELECT count(*) FROM thing" };
static const struct db_statement statement_broken = { "broken", "SELECT nothing FROM nowhere" };
static const struct db_statement statement_divide = { "divide", "SELECT 1 / $1" };

static const struct db_params *thing(int64_t id, const char *name)
{
	db_params_reset(&params);
	db_param_int64(&params, id);
	db_param_text(&params, str_of(name));
	return &params;
}

/* ---- values ---- */

static const struct uuid some_id = { { 1, 2, 3, 4, 5, 6, 0x71, 8, 0x99, 10, 11, 12, 13, 14, 15, 255 } };

static void test_db__every_type_of_parameter_comes_back_unchanged(void **state)
{
	static const struct db_statement statement = {
		"echo",
		"SELECT $1, $2, $3, $4, $5, $6, $7, $8, $4 = '2026-02-28'::date, $5 = '1969-12-31 23:59:59.999Z'::timestamptz"
	};
	struct db_result result = { 0 };
	struct uuid id;

	(void)state;
	db_param_bool(&params, true);
	db_param_int32(&params, INT32_MIN);
	db_param_int64(&params, INT64_MIN);
	db_param_date(&params, day_of(2026, 2, 28));
	db_param_instant(&params, -1);
	db_param_uuid(&params, &some_id);
	db_param_text(&params, STR("Grüße € 𝄞"));
	db_param_bytes(&params, STR("a\0b\377"));
	must(db_run(db, &statement, &params, &result, &err));
	assert_int_equal(result.rows, 1);
	assert_int_equal(result.affected, 1);
	assert_true(db_bool(&result, 0, 0));
	assert_int_equal(db_int32(&result, 0, 1), INT32_MIN);
	assert_true(db_int64(&result, 0, 2) == INT64_MIN);
	assert_int_equal(db_date(&result, 0, 3), day_of(2026, 2, 28));
	assert_int_equal(db_int32(&result, 0, 3), day_of(2026, 2, 28));
	assert_true(db_instant(&result, 0, 4) == -1);
	id = db_uuid(&result, 0, 5);
	assert_true(uuid_equal(&id, &some_id));
	assert_true(str_equal(db_str(&result, 0, 6), STR("Grüße € 𝄞")));
	assert_true(str_equal(db_str(&result, 0, 7), STR("a\0b\377")));
	assert_true(db_bool(&result, 0, 8));
	assert_true(db_bool(&result, 0, 9));
	db_result_release(&result);
}

static void test_db__empty_text_is_not_null_and_null_is(void **state)
{
	static const struct db_statement statement = { "nulls", "SELECT $1 = '', $2 = ''::bytea, $3::bigint, $4::uuid, $1" };
	struct db_result result = { 0 };

	(void)state;
	db_param_text(&params, STR(""));
	db_param_bytes(&params, STR(""));
	db_param_null(&params);
	db_param_null(&params);
	must(db_run(db, &statement, &params, &result, &err));
	assert_true(db_bool(&result, 0, 0));
	assert_true(db_bool(&result, 0, 1));
	assert_true(db_is_null(&result, 0, 2));
	assert_true(db_is_null(&result, 0, 3));
	assert_int_equal(db_str(&result, 0, 3).size, 0);
	assert_false(db_is_null(&result, 0, 4));
	db_result_release(&result);
}

static void add_arrays(bool empty)
{
	db_array_begin(&params, DB_ARRAY_BOOL);
	if (!empty) {
		db_array_bool(&params, true);
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_INT32);
	if (!empty) {
		db_array_int32(&params, -7);
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_INT64);
	if (!empty) {
		db_array_int64(&params, INT64_MAX);
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_DATE);
	if (!empty) {
		db_array_int32(&params, day_of(1999, 12, 31));
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_INSTANT);
	if (!empty) {
		db_array_instant(&params, 1234567890123);
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_UUID);
	if (!empty) {
		db_array_uuid(&params, &some_id);
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_TEXT);
	if (!empty) {
		db_array_text(&params, STR(""));
		db_array_text(&params, STR("{\"quoted\", \\}"));
	}
	db_array_begin(&params, DB_ARRAY_BYTES);
	if (!empty) {
		db_array_text(&params, STR("\0\1"));
		db_array_null(&params);
	}
	db_array_begin(&params, DB_ARRAY_TID);
	if (!empty) {
		db_array_tid(&params, (uint64_t)70000 << 16 | 3);
		db_array_null(&params);
	}
}

static const struct db_statement statement_unnest = {
	"unnest",
	"SELECT * FROM unnest($1::bool[], $2::int[], $3::bigint[], $4::date[], $5::timestamptz[], $6::uuid[], $7::text[],"
	" $8::bytea[], $9::tid[])"
};

static void test_db__every_type_of_array_comes_back_unchanged(void **state)
{
	struct db_result result = { 0 };
	struct uuid id;

	(void)state;
	add_arrays(false);
	must(db_run(db, &statement_unnest, &params, &result, &err));
	assert_int_equal(result.rows, 2);
	assert_true(db_bool(&result, 0, 0));
	assert_int_equal(db_int32(&result, 0, 1), -7);
	assert_true(db_int64(&result, 0, 2) == INT64_MAX);
	assert_int_equal(db_date(&result, 0, 3), day_of(1999, 12, 31));
	assert_true(db_instant(&result, 0, 4) == 1234567890123);
	id = db_uuid(&result, 0, 5);
	assert_true(uuid_equal(&id, &some_id));
	assert_false(db_is_null(&result, 0, 6));
	assert_int_equal(db_str(&result, 0, 6).size, 0);
	assert_true(str_is(db_str(&result, 1, 6), "{\"quoted\", \\}"));
	assert_true(str_equal(db_str(&result, 0, 7), STR("\0\1")));
	assert_true(db_tid(&result, 0, 8) == ((uint64_t)70000 << 16 | 3));
	for (int column = 0; column < 9; column++)
		assert_int_equal(db_is_null(&result, 1, column), column != 6);
	db_result_release(&result);
}

static void test_db__empty_arrays_have_no_items(void **state)
{
	static const struct db_statement statement = {
		"empty",
		"SELECT cardinality($1::bool[]), cardinality($2::int[]), cardinality($3::bigint[]), cardinality($4::date[]),"
		" cardinality($5::timestamptz[]), cardinality($6::uuid[]), cardinality($7::text[]), cardinality($8::bytea[]),"
		" cardinality($9::tid[])"
	};
	struct db_result result = { 0 };

	(void)state;
	add_arrays(true);
	must(db_run(db, &statement, &params, &result, &err));
	for (int column = 0; column < 9; column++)
		assert_int_equal(db_int32(&result, 0, column), 0);
	db_result_release(&result);
}

static void test_db__a_row_is_found_again_by_its_locator(void **state)
{
	static const struct db_statement statement_where = { "where", "SELECT ctid, name FROM thing" };
	static const struct db_statement statement_by_tid = { "by_tid", "SELECT name FROM thing WHERE ctid = ANY($1::tid[])" };
	struct db_result result = { 0 };

	(void)state;
	run(&statement_table);
	must(db_run(db, &statement_insert, thing(1, "first"), NULL, &err));
	must(db_run(db, &statement_where, NULL, &result, &err));
	assert_true(db_tid(&result, 0, 0) != 0);
	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_TID);
	db_array_tid(&params, db_tid(&result, 0, 0));
	db_result_release(&result);
	must(db_run(db, &statement_by_tid, &params, &result, &err));
	assert_int_equal(result.rows, 1);
	assert_true(str_is(db_str(&result, 0, 0), "first"));
	db_result_release(&result);
}

static void test_db__a_day_or_instant_that_postgres_cannot_hold_is_poison(void **state)
{
	static const struct db_statement statement_day = { "day", "SELECT $1 + 0" };
	static const struct db_statement statement_instant = { "instant", "SELECT $1" };
	const int64_t bad_instants[] = { INT64_MIN, INT64_MAX, INT64_MAX / 1000 + 10957 * DAY_MS };
	const int32_t bad_days[] = { INT32_MIN, INT32_MAX, INT32_MIN + 10957 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		db_params_reset(&params);
		db_param_instant(&params, bad_instants[i]);
		assert_int_equal(db_run(db, &statement_instant, &params, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
		assert_string_equal(db_sqlstate(db), "22008");
		db_params_reset(&params);
		db_param_date(&params, bad_days[i]);
		assert_int_equal(db_run(db, &statement_day, &params, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
	}
	assert_true(db_is_alive(db));
}

static void test_db__parameters_over_the_limit_are_poison_and_send_nothing(void **state)
{
	struct db_params small;

	(void)state;
	run(&statement_table);
	db_params_init(&small, 64);
	db_param_int64(&small, 1);
	db_param_text(&small, STR("a text that together with the number before it does not fit in 64 bytes"));
	assert_true(small.overflow);
	assert_int_equal(db_run(db, &statement_insert, &small, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(count_of(db, &statement_count), 0);
	db_params_reset(&small);
	db_array_begin(&small, DB_ARRAY_UUID);
	for (int i = 0; i < 10; i++)
		db_array_uuid(&small, &some_id);
	assert_true(small.overflow);
	db_params_release(&small);
}

static void test_db__rows_changed_are_counted(void **state)
{
	static const struct db_statement statement_update = { "update", "UPDATE thing SET name = name || '!' WHERE id > 1" };
	struct db_result result = { 0 };

	(void)state;
	run(&statement_table);
	for (int64_t id = 1; id <= 3; id++)
		must(db_run(db, &statement_insert, thing(id, "x"), NULL, &err));
	must(db_run(db, &statement_update, NULL, &result, &err));
	assert_int_equal(result.affected, 2);
	assert_int_equal(result.rows, 0);
	db_result_release(&result);
}

static void test_db__the_session_is_utf8_utc_and_uses_generic_plans(void **state)
{
	static const struct db_statement statement = {
		"session",
		"SELECT current_setting('client_encoding'), current_setting('TimeZone'), current_setting('plan_cache_mode'),"
		" current_setting('statement_timeout'), current_setting('application_name')"
	};
	const char *const expected[] = { "UTF8", "UTC", "force_generic_plan", "20s", "test_db" };
	struct db_result result = { 0 };

	(void)state;
	must(db_run(db, &statement, NULL, &result, &err));
	for (int column = 0; column < 5; column++)
		assert_true(str_is(db_str(&result, 0, column), expected[column]));
	db_result_release(&result);
}

/* ---- failures ---- */

static void test_db__a_unique_violation_is_told_by_sqlstate_and_constraint_without_values(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_run(db, &statement_insert, thing(4711, "secret"), NULL, &err));
	assert_int_equal(db_run(db, &statement_insert, thing(4711, "secret"), NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(db), DB_UNIQUE_VIOLATION);
	assert_non_null(strstr(err.text, "thing_pkey"));
	assert_null(strstr(err.text, "4711"));
	assert_int_equal(db_run(db, &statement_insert, thing(5, "bad"), NULL, &err), -1);
	assert_string_equal(db_sqlstate(db), "23514");
	assert_non_null(strstr(err.text, "thing_name"));
	assert_true(db_is_alive(db));
	run(&statement_count);
	assert_string_equal(db_sqlstate(db), "");
}

static void test_db__the_text_of_a_bad_value_is_not_repeated(void **state)
{
	static const struct db_statement statement = { "cast", "SELECT $1::text::bigint" };

	(void)state;
	db_param_text(&params, STR("Erika Mustermann"));
	assert_int_equal(db_run(db, &statement, &params, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(db), "22P02");
	assert_null(strstr(err.text, "Erika"));
}

static void test_db__our_own_wrong_sql_is_fatal_and_leaves_the_connection_usable(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) { /* the second time it is not taken for prepared */
		assert_int_equal(db_run(db, &statement_broken, NULL, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_FATAL);
		assert_string_equal(db_sqlstate(db), "42P01");
		assert_non_null(strstr(err.text, "broken"));
	}
	assert_int_equal(count_of(db, &statement_one), 1);
}

static void test_db__a_statement_over_its_time_is_retried(void **state)
{
	static const struct db_statement statement_sleep = { "sleep", "SELECT pg_sleep(600)" };
	struct db *hasty = NULL;

	(void)state;
	must(db_open(getenv("DCS_TEST_PG"), "test_db", 500, &hasty, &err));
	assert_int_equal(db_run(hasty, &statement_sleep, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_string_equal(db_sqlstate(hasty), "57014");
	assert_true(db_is_alive(hasty));
	db_close(hasty);
}

static int meanwhile_calls;

/* The server answers when this has ended the statement. */
static void end_sleep(void *pid_arg, int fd, int max_ms)
{
	assert_true(fd >= 0);
	assert_in_range(max_ms, 0, DB_MEANWHILE_MS);
	if (meanwhile_calls++ == 2)
		assert_int_equal(kill(*(pid_t *)pid_arg, SIGINT), 0); /* cancels the statement */
}

static void test_db__the_program_works_meanwhile(void **state)
{
	static const struct db_statement statement_sleep = { "sleep_long", "SELECT pg_sleep(600)" };
	static const struct db_statement statement_pid = { "pid_of", "SELECT pg_backend_pid()" };
	struct db_result result = { 0 };
	pid_t pid;

	(void)state;
	must(db_run(db, &statement_pid, NULL, &result, &err));
	pid = db_int32(&result, 0, 0);
	db_result_release(&result);
	must(db_run(db, &statement_one, NULL, NULL, &err));
	db_set_meanwhile(end_sleep, &pid);
	assert_int_equal(db_run(db, &statement_sleep, NULL, NULL, &err), -1);
	db_set_meanwhile(NULL, NULL);
	assert_string_equal(db_sqlstate(db), "57014");
	assert_true(meanwhile_calls > 2);
}

static void test_db__nobody_to_connect_to_is_retried_and_told_with_address_and_setting(void **state)
{
	struct db *nobody = NULL;

	(void)state;
	assert_int_equal(db_open("host=/nowhere port=17 dbname=x user=y password=secret", "test_db", 0, &nobody, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_string_equal(err.text, "cannot connect to the database (DCS_PG: host /nowhere, port 17, database x, user y): "
				      "No such file or directory");
	assert_null(nobody);
	assert_int_equal(db_open("password", "test_db", 0, &nobody, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
}

static void test_db__a_session_killed_between_statements_is_lost(void **state)
{
	(void)state;
	run(&statement_one);
	kill_session();
	assert_int_equal(db_run(db, &statement_one, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	assert_int_equal(db_run(db, &statement_one, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_int_equal(db_begin(db, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	db_rollback(db);
}

static void test_db__a_session_that_ends_within_a_statement_is_lost(void **state)
{
	static const struct db_statement statement_suicide = { "suicide", "SELECT pg_terminate_backend(pg_backend_pid())" };

	(void)state;
	must(db_begin(db, &err));
	assert_int_equal(db_run(db, &statement_suicide, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_string_equal(db_sqlstate(db), "57P01");
	assert_false(db_is_alive(db));
	db_rollback(db);
	assert_false(db_is_alive(db));
}

static void test_db__a_frozen_server_is_not_waited_for_without_end(void **state)
{
	static const struct db_statement statement_pid = { "pid", "SELECT pg_backend_pid()" };
	struct db_result result = { 0 };
	struct db *hasty = NULL;
	pid_t pid;

	(void)state;
	must(db_open(getenv("DCS_TEST_PG"), "test_db", 1000, &hasty, &err));
	must(db_run(hasty, &statement_pid, NULL, &result, &err));
	pid = db_int32(&result, 0, 0);
	db_result_release(&result);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(db_run(hasty, &statement_one, NULL, NULL, &err), -1);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(hasty));
	db_rollback(hasty);
	db_close(hasty);
}

/* ---- pipeline ---- */

static void test_db__a_pipeline_answers_in_order_and_prepares_on_its_way(void **state)
{
	struct db_result result = { 0 };

	(void)state;
	run(&statement_table);
	for (int round = 0; round < 2; round++) {
		must(db_pipeline_begin(db, &err));
		for (int64_t id = 1; id <= 100; id++)
			must(db_send(db, &statement_insert, thing(round * 100 + id, "x"), &err));
		must(db_send(db, &statement_count, NULL, &err));
		must(db_pipeline_flush(db, &err));
		for (int i = 0; i < 100; i++) {
			must(db_receive(db, &result, &err));
			assert_int_equal(result.affected, 1);
			db_result_release(&result);
		}
		must(db_receive(db, &result, &err));
		assert_int_equal(db_int64(&result, 0, 0), round * 100 + 100);
		db_result_release(&result);
		must(db_pipeline_end(db, &err));
	}
	assert_int_equal(count_of(db, &statement_count), 200);
}

static void test_db__a_pipeline_may_be_flushed_more_than_once(void **state)
{
	struct db_result result = { 0 };

	(void)state;
	run(&statement_table);
	must(db_pipeline_begin(db, &err));
	for (int64_t id = 1; id <= 3; id++) {
		must(db_send(db, &statement_insert, thing(id, "x"), &err));
		must(db_send(db, &statement_count, NULL, &err));
		must(db_pipeline_flush(db, &err));
		must(db_receive(db, NULL, &err));
		must(db_receive(db, &result, &err));
		assert_int_equal(db_int64(&result, 0, 0), id);
		db_result_release(&result);
	}
	must(db_pipeline_end(db, &err));
}

static void test_db__more_than_sockets_hold_goes_through_a_pipeline_both_ways(void **state)
{
	static const struct db_statement statement_echo = { "echo_big", "SELECT repeat($1, 8)" };
	static char big[200000];
	struct db_result result = { 0 };

	(void)state;
	memset(big, 'x', sizeof(big));
	must(db_pipeline_begin(db, &err));
	for (int i = 0; i < 20; i++) {
		db_params_reset(&params);
		db_param_text(&params, (struct str){ .data = big, .size = sizeof(big) });
		must(db_send(db, &statement_echo, &params, &err));
	}
	must(db_pipeline_flush(db, &err));
	for (int i = 0; i < 20; i++) {
		must(db_receive(db, &result, &err));
		assert_int_equal(db_str(&result, 0, 0).size, 8 * sizeof(big));
		db_result_release(&result);
	}
	must(db_pipeline_end(db, &err));
}

static void test_db__after_a_failure_the_pipeline_does_nothing_more_and_the_connection_works(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_send(db, &statement_insert, thing(2, "x"), &err));
	must(db_send(db, &statement_count, NULL, &err)); /* prepared after the failure, so not at all */
	must(db_pipeline_flush(db, &err));
	must(db_receive(db, NULL, &err));
	for (int i = 0; i < 2; i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(db_receive(db, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
		assert_non_null(strstr(err.text, "23505"));
	}
	assert_string_equal(db_sqlstate(db), DB_UNIQUE_VIOLATION);
	must(db_pipeline_end(db, &err));
	assert_int_equal(count_of(db, &statement_count), 0); /* outside of a transaction the whole pipeline is one */
	must(db_run(db, &statement_insert, thing(3, "x"), NULL, &err));
	assert_int_equal(count_of(db, &statement_count), 1);
}

static void test_db__a_failure_that_nobody_received_is_told_at_the_end(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_send(db, &statement_broken, NULL, &err));
	assert_int_equal(db_pipeline_end(db, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_non_null(strstr(err.text, "42P01"));
	assert_int_equal(count_of(db, &statement_one), 1);
}

static void test_db__a_rollback_ends_a_failed_pipeline(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_begin(db, &err));
	must(db_run(db, &statement_insert, thing(1, "x"), NULL, &err));
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_pipeline_flush(db, &err));
	assert_int_equal(db_receive(db, NULL, &err), -1);
	db_rollback(db);
	assert_true(db_is_alive(db));
	assert_int_equal(count_of(db, &statement_count), 0);
}

static int receive_count(void *ret_count, struct err *ret_err)
{
	struct db_result result = { 0 };

	if (db_receive(db, &result, ret_err) < 0)
		return -1;
	*(int64_t *)ret_count = db_int64(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

/* Begins a pipeline and counts the things, for whoever begins the next. */
static void share_count(int64_t *ret_count)
{
	*ret_count = -1;
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_count, NULL, &err));
	db_pipeline_share(db, receive_count, ret_count);
}

static void test_db__a_shared_pipeline_answers_the_first_and_then_the_next(void **state)
{
	struct db_result result = { 0 };
	int64_t count;

	(void)state;
	run(&statement_table);
	for (int64_t before = 0; before < 3; before++) {
		share_count(&count);
		must(db_pipeline_begin(db, &err));
		must(db_send(db, &statement_insert, thing(before, "x"), &err));
		must(db_send(db, &statement_count, NULL, &err));
		must(db_pipeline_flush(db, &err));
		must(db_receive(db, NULL, &err));
		assert_int_equal(count, before);
		must(db_receive(db, &result, &err));
		assert_int_equal(db_int64(&result, 0, 0), before + 1);
		db_result_release(&result);
		must(db_pipeline_end(db, &err));
	}
}

static void test_db__the_failure_of_the_first_in_a_shared_pipeline_is_told_to_the_next(void **state)
{
	int64_t count;

	(void)state; /* there is no table */
	share_count(&count);
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_table, NULL, &err));
	must(db_pipeline_flush(db, &err));
	assert_int_equal(db_receive(db, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(count, -1);
	must(db_pipeline_end(db, &err));
	run(&statement_table);
}

static void test_db__a_rollback_ends_a_shared_pipeline_that_nobody_has_joined(void **state)
{
	int64_t count;

	(void)state;
	run(&statement_table);
	share_count(&count);
	db_rollback(db);
	assert_int_equal(count, -1);
	assert_int_equal(count_of(db, &statement_count), 0);
	must(db_pipeline_begin(db, &err));
	must(db_pipeline_end(db, &err));
}

static void test_db__a_statement_prepared_in_a_failed_transaction_is_still_prepared(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_begin(db, &err));
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_pipeline_end(db, &err));
	db_rollback(db);
	must(db_run(db, &statement_insert, thing(2, "x"), NULL, &err));
	assert_int_equal(count_of(db, &statement_count), 1);
}

static void test_db__a_session_killed_within_a_pipeline_is_lost(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_begin(db, &err));
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_insert, thing(1, "x"), &err));
	must(db_pipeline_flush(db, &err));
	must(db_receive(db, NULL, &err));
	must(db_pipeline_end(db, &err));
	kill_session();
	must(db_pipeline_begin(db, &err));
	(void)!db_send(db, &statement_count, NULL, &err); /* may or may not notice already */
	(void)!db_pipeline_flush(db, &err);
	assert_int_equal(db_receive(db, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	assert_int_equal(db_pipeline_end(db, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	db_rollback(db);
}

static void test_db__a_session_that_ends_itself_within_a_pipeline_is_lost(void **state)
{
	static const struct db_statement statement_suicide = { "suicide", "SELECT pg_terminate_backend(pg_backend_pid())" };

	(void)state;
	must(db_pipeline_begin(db, &err));
	must(db_send(db, &statement_one, NULL, &err));
	must(db_send(db, &statement_suicide, NULL, &err));
	must(db_send(db, &statement_one, NULL, &err));
	must(db_pipeline_flush(db, &err));
	must(db_receive(db, NULL, &err));
	assert_int_equal(db_receive(db, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	db_rollback(db);
	assert_false(db_is_alive(db));
}

/* ---- transactions ---- */

static const struct db_statement statement_drop = { "drop", "DROP TABLE IF EXISTS public.seen" };
static const struct db_statement statement_seen = { "seen", "CREATE TABLE public.seen (id bigint, UNIQUE (id) DEFERRABLE "
							    "INITIALLY DEFERRED)" };
static const struct db_statement statement_see = { "see", "INSERT INTO public.seen VALUES (1)" };
static const struct db_statement statement_seen_count = { "seen_count", "SELECT count(*) FROM public.seen" };

static void test_db__a_commit_is_seen_by_others_and_a_rollback_is_not(void **state)
{
	(void)state;
	other = open_one();
	run(&statement_drop);
	run(&statement_seen);
	must(db_begin(db, &err));
	run(&statement_see);
	assert_int_equal(count_of(other, &statement_seen_count), 0);
	must(db_commit_send(db, &err));
	must(db_commit_finish(db, &err));
	assert_int_equal(count_of(other, &statement_seen_count), 1);
	must(db_begin(db, &err));
	run(&statement_see);
	db_rollback(db);
	assert_int_equal(count_of(other, &statement_seen_count), 1);
	must(db_begin(db, &err));
	must(db_commit(db, &err));
	run(&statement_drop);
}

static void test_db__a_constraint_checked_at_commit_is_poison(void **state)
{
	(void)state;
	run(&statement_drop);
	run(&statement_seen);
	must(db_begin(db, &err));
	run(&statement_see);
	run(&statement_see);
	assert_int_equal(db_commit(db, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(db), DB_UNIQUE_VIOLATION);
	assert_int_equal(count_of(db, &statement_seen_count), 0);
	run(&statement_drop);
}

static void test_db__a_commit_after_a_failed_statement_does_not_pass_for_one(void **state)
{
	(void)state;
	must(db_begin(db, &err));
	db_param_int32(&params, 0);
	assert_int_equal(db_run(db, &statement_divide, &params, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(db_commit(db, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(count_of(db, &statement_one), 1);
}

static void test_db__a_session_killed_before_its_commit_is_lost(void **state)
{
	(void)state;
	must(db_begin(db, &err));
	run(&statement_one);
	kill_session();
	assert_int_equal(db_commit(db, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	db_rollback(db);
}

static void test_db__a_session_killed_within_its_commit_is_lost(void **state)
{
	static const struct db_statement statement_function = {
		"function", "CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM"
			    " pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
	};
	static const struct db_statement statement_trigger = {
		"trigger",
		"CREATE CONSTRAINT TRIGGER die AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE"
		" FUNCTION pg_temp.die()"
	};

	(void)state;
	run(&statement_table);
	run(&statement_function);
	run(&statement_trigger);
	must(db_begin(db, &err));
	must(db_run(db, &statement_insert, thing(1, "x"), NULL, &err));
	must(db_commit_send(db, &err));
	assert_int_equal(db_commit_finish(db, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
}

static void test_db__a_rollback_waits_for_a_commit_on_its_way(void **state)
{
	(void)state;
	run(&statement_table);
	must(db_begin(db, &err));
	must(db_run(db, &statement_insert, thing(1, "x"), NULL, &err));
	must(db_commit_send(db, &err));
	db_rollback(db);
	assert_true(db_is_alive(db));
	assert_int_equal(count_of(db, &statement_count), 1);
}

/* ---- COPY ---- */

static const struct db_statement statement_wide = {
	"wide",
	"CREATE TEMP TABLE wide (a bool, b smallint, c int, d bigint, e date, f timestamptz, g uuid, h text, i bytea, j char(3),"
	" k text, CHECK (d < 1000000))"
};
static const struct db_table table_wide = {
	.name = "wide",
	.columns = "a boolean, b smallint, c integer, d bigint, e date, f timestamptz, g uuid, h text, i bytea, j text, k text",
};

static void add_wide(struct db_copy *copy, int64_t number)
{
	db_copy_row(copy);
	db_copy_bool(copy, true);
	db_copy_int16(copy, -2);
	db_copy_int32(copy, INT32_MAX);
	db_copy_int64(copy, number);
	db_copy_date(copy, day_of(1970, 1, 1));
	db_copy_instant(copy, 86400001);
	db_copy_uuid(copy, &some_id);
	db_copy_str(copy, STR(""));
	db_copy_str(copy, STR("a\0b"));
	db_copy_str(copy, STR("EUR"));
	db_copy_null(copy);
}

static void test_db__every_type_of_field_is_written_unchanged(void **state)
{
	static const struct db_statement statement = {
		"wide_ok",
		"SELECT count(*) FROM wide WHERE a AND b = -2 AND c = 2147483647 AND d = 5 AND e = '1970-01-01' AND f ="
		" '1970-01-02 00:00:00.001Z' AND g = '01020304-0506-7108-990a-0b0c0d0e0fff' AND h = '' AND i ="
		" '\\x610062' AND j = 'EUR' AND k IS NULL"
	};
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 1 << 20);
	must(db_copy_run(db, &copy, &err)); /* no rows: nothing is done */
	must(db_write_copy(db, &copy, &err));
	for (int round = 0; round < 2; round++) {
		db_copy_reset(&copy);
		add_wide(&copy, 5);
		must(db_copy_run(db, &copy, &err));
		must(db_write_copy(db, &copy, &err));
		must(db_write_end(db, &err));
		assert_int_equal(count_of(db, &statement), 2 * (round + 1));
	}
	db_copy_release(&copy);
}

static const struct db_statement statement_wide_count = { "wide_count", "SELECT count(*) FROM wide" };

static void test_db__many_pieces_of_rows_are_copied(void **state)
{
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 64 << 20);
	for (int64_t i = 0; i < 20000; i++)
		add_wide(&copy, i);
	assert_true(copy.bytes.size > (1 << 20));
	must(db_begin(db, &err));
	must(db_copy_run(db, &copy, &err));
	must(db_commit(db, &err));
	assert_int_equal(count_of(db, &statement_wide_count), 20000);
	db_copy_release(&copy);
}

static void test_db__after_a_row_is_refused_the_connection_works(void **state)
{
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 64 << 20);
	for (int64_t i = 0; i < 20000; i++)
		add_wide(&copy, i == 100 ? 1000000 : i);
	assert_int_equal(db_copy_run(db, &copy, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(db), "23514");
	assert_null(strstr(err.text, "1000000"));
	assert_true(db_is_alive(db));
	assert_int_equal(count_of(db, &statement_wide_count), 0);
	db_copy_reset(&copy);
	add_wide(&copy, 1);
	must(db_copy_run(db, &copy, &err));
	assert_int_equal(count_of(db, &statement_wide_count), 1);
	db_copy_release(&copy);
}

static void test_db__a_copy_that_cannot_start_leaves_the_connection_usable(void **state)
{
	static const struct db_table table_nowhere = { .name = "nowhere", .columns = "a bigint" };
	struct db_copy copy;

	(void)state;
	db_copy_init(&copy, &table_nowhere, 1 << 20);
	db_copy_row(&copy);
	db_copy_int64(&copy, 1);
	assert_int_equal(db_copy_run(db, &copy, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_string_equal(db_sqlstate(db), "42P01");
	assert_int_equal(count_of(db, &statement_one), 1);
	db_copy_release(&copy);
}

static void test_db__rows_over_the_limit_are_poison_and_send_nothing(void **state)
{
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 300);
	for (int64_t i = 0; i < 10; i++)
		add_wide(&copy, i);
	assert_int_equal(db_copy_run(db, &copy, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(count_of(db, &statement_wide_count), 0);
	db_copy_release(&copy);
}

static void test_db__a_session_killed_before_a_copy_is_lost(void **state)
{
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 64 << 20);
	for (int64_t i = 0; i < 20000; i++)
		add_wide(&copy, i);
	kill_session();
	assert_int_equal(db_copy_run(db, &copy, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	db_copy_release(&copy);
}

static void test_db__a_session_that_ends_within_a_copy_is_lost(void **state)
{
	static const struct db_statement statement_function = {
		"function", "CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM"
			    " pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
	};
	static const struct db_statement statement_trigger = {
		"trigger",
		"CREATE TRIGGER die BEFORE INSERT ON wide FOR EACH ROW WHEN (NEW.d = 50) EXECUTE FUNCTION pg_temp.die()"
	};
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	run(&statement_function);
	run(&statement_trigger);
	db_copy_init(&copy, &table_wide, 64 << 20);
	for (int64_t i = 0; i < 100000; i++)
		add_wide(&copy, i);
	assert_int_equal(db_copy_run(db, &copy, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(db_is_alive(db));
	db_copy_release(&copy);
}

/* ---- what a transaction writes ---- */

static const struct db_statement statement_wide_move = { "wide_move", "UPDATE wide SET d = d + $1::bigint" };

static void write_wide(struct db_copy *copy, int64_t from, int64_t count)
{
	db_copy_reset(copy);
	for (int64_t i = from; i < from + count; i++)
		add_wide(copy, i);
	must(db_write_copy(db, copy, &err));
}

static void write_move(int64_t by, size_t rows)
{
	db_params_reset(&params);
	db_param_int64(&params, by);
	must(db_write(db, &statement_wide_move, &params, rows, &err));
}

/* Each sees what was written before it, however many rows that were. */
static void test_db__writes_take_effect_in_order(void **state)
{
	static const struct db_statement statement = { "wide_sum", "SELECT sum(d)::bigint FROM wide" };
	struct db_copy copy;
	int64_t sum = 0;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 64 << 20);
	must(db_begin(db, &err));
	write_wide(&copy, 0, 3);
	write_move(10, 3);
	write_wide(&copy, 100, 2000); /* by COPY, which waits for the others */
	write_move(10, DB_ROWS_ANY);
	write_wide(&copy, 0, 1);
	write_move(0, 0); /* not run */
	must(db_write_end(db, &err));
	must(db_commit(db, &err));
	for (int64_t i = 0; i < 3; i++)
		sum += i + 20;
	for (int64_t i = 100; i < 2100; i++)
		sum += i + 10;
	assert_int_equal(count_of(db, &statement), sum);
	must(db_write_end(db, &err)); /* nothing is open */
	db_copy_release(&copy);
}

static void test_db__a_write_that_meets_other_rows_than_it_should_is_fatal(void **state)
{
	struct db_copy copy;

	(void)state;
	run(&statement_wide);
	db_copy_init(&copy, &table_wide, 64 << 20);
	must(db_begin(db, &err));
	write_wide(&copy, 0, 2);
	write_move(1, 3);
	write_move(1, 2);
	assert_int_equal(db_write_end(db, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_non_null(strstr(err.text, "wide_move found 2 of 3 rows"));
	db_rollback(db);
	assert_int_equal(count_of(db, &statement_wide_count), 0);
	db_copy_release(&copy);
}

static void test_db__the_first_write_that_fails_is_the_failure_of_all(void **state)
{
	for (int64_t rows = 1; rows <= 1000; rows *= 1000) {
		struct db_copy copy;

		(void)state;
		if (rows == 1)
			run(&statement_wide);
		db_copy_init(&copy, &table_wide, 64 << 20);
		must(db_begin(db, &err));
		write_wide(&copy, 0, 2);
		write_move(1000000, 2); /* over the table's limit */
		db_copy_reset(&copy);
		for (int64_t i = 0; i < rows; i++)
			add_wide(&copy, i);
		assert_true(db_write_copy(db, &copy, &err) != 0 || db_write_end(db, &err) != 0);
		assert_int_equal(err.kind, ERR_POISON);
		assert_string_equal(db_sqlstate(db), "23514");
		db_rollback(db);
		assert_true(db_is_alive(db));
		assert_int_equal(count_of(db, &statement_wide_count), 0);
		db_copy_release(&copy);
	}
}

/* ---- streams ---- */

static void test_db__a_stream_has_every_row_and_column(void **state)
{
	static const struct db_statement select = {
		"stream",
		"SELECT n::integer AS number, n * 10000000000::bigint AS big, n % 2 = 0 AS even, repeat('x', n % 100) AS "
		"words, CASE WHEN n % 3 > 0 THEN '2000-01-01 00:00:01Z'::timestamptz END AS at, "
		"'019a0000-0000-7000-8000-000000000001'::uuid AS id FROM generate_series(1, 30000) n"
	};
	struct db_stream stream;
	bool found = true;
	int32_t rows = 0;

	(void)state;
	must(db_stream_open(&stream, db, &select, &err));
	assert_string_equal(db_stream_column_name(&stream, 1), "big");
	for (;;) {
		must(db_stream_next(&stream, &found, &err));
		if (!found)
			break;
		rows++;
		assert_int_equal(db_stream_int32(&stream, 0), rows);
		assert_int_equal(db_stream_int64(&stream, 1), rows * 10000000000LL);
		assert_true(db_stream_bool(&stream, 2) == (rows % 2 == 0));
		assert_int_equal(db_stream_str(&stream, 3).size, rows % 100);
		assert_true(db_stream_is_null(&stream, 4) == (rows % 3 == 0));
		assert_int_equal(db_stream_str(&stream, 4).size, rows % 3 == 0 ? 0 : 8);
		assert_int_equal(db_stream_uuid(&stream, 5).bytes[15], 1);
		if (rows % 3 != 0)
			assert_int_equal(db_stream_instant(&stream, 4), 946684801000);
	}
	assert_int_equal(rows, 30000);
	must(db_stream_next(&stream, &found, &err)); /* and no more */
	assert_false(found);
	db_stream_close(&stream);
}

/* Nobody need read it to its end, and no rows are rows too. */
static void test_db__a_connection_goes_on_behind_a_stream(void **state)
{
	static const struct db_statement many = { "many", "SELECT n FROM generate_series(1, 100000) n" };
	static const struct db_statement none = { "none", "SELECT 1 AS n WHERE false" };
	struct db_stream stream;
	bool found = false;

	(void)state;
	must(db_begin(db, &err));
	for (int round = 0; round < 2; round++) {
		must(db_stream_open(&stream, db, &many, &err));
		must(db_stream_next(&stream, &found, &err));
		assert_true(found);
		db_stream_close(&stream);
		assert_int_equal(count_of(db, &statement_one), 1);
	}
	must(db_stream_open(&stream, db, &none, &err));
	must(db_stream_next(&stream, &found, &err));
	assert_false(found);
	db_stream_close(&stream);
	must(db_commit(db, &err));
}

/* Before the first row, and in the middle: the transaction has failed, the connection has not. */
static void test_db__a_stream_that_fails_says_so(void **state)
{
	static const struct db_statement late = { "late", "SELECT 10 / (20000 - n) FROM generate_series(1, 30000) n" };
	struct db_stream stream;
	bool found = true;
	int failed = 0;

	(void)state;
	assert_int_equal(db_stream_open(&stream, db, &statement_broken, &err), -1);
	assert_string_equal(db_sqlstate(db), "42P01");
	db_stream_close(&stream);
	must(db_begin(db, &err));
	must(db_stream_open(&stream, db, &late, &err));
	while (failed == 0 && found)
		failed = db_stream_next(&stream, &found, &err);
	assert_int_equal(failed, -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(db), "22012");
	db_stream_close(&stream);
	db_rollback(db);
	assert_true(db_is_alive(db));
	assert_int_equal(count_of(db, &statement_one), 1);
}

static void test_db__a_stream_of_a_connection_that_is_cut_off_ends(void **state)
{
	static const struct db_statement many = { "cut", "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)" };
	struct db_stream stream;
	bool found = true;
	int failed = 0;
	int32_t pid = session();

	(void)state;
	must(db_stream_open(&stream, db, &many, &err));
	must(db_stream_next(&stream, &found, &err));
	kill_session_of(pid);
	while (failed == 0 && found)
		failed = db_stream_next(&stream, &found, &err);
	assert_int_equal(failed, -1);
	assert_int_equal(err.kind, ERR_RETRY);
	db_stream_close(&stream);
	assert_false(db_is_alive(db));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_db__every_type_of_parameter_comes_back_unchanged),
		TEST(test_db__empty_text_is_not_null_and_null_is),
		TEST(test_db__every_type_of_array_comes_back_unchanged),
		TEST(test_db__empty_arrays_have_no_items),
		TEST(test_db__a_row_is_found_again_by_its_locator),
		TEST(test_db__a_day_or_instant_that_postgres_cannot_hold_is_poison),
		TEST(test_db__parameters_over_the_limit_are_poison_and_send_nothing),
		TEST(test_db__rows_changed_are_counted),
		TEST(test_db__the_session_is_utf8_utc_and_uses_generic_plans),
		TEST(test_db__a_unique_violation_is_told_by_sqlstate_and_constraint_without_values),
		TEST(test_db__the_text_of_a_bad_value_is_not_repeated),
		TEST(test_db__our_own_wrong_sql_is_fatal_and_leaves_the_connection_usable),
		TEST(test_db__a_statement_over_its_time_is_retried),
		TEST(test_db__the_program_works_meanwhile),
		TEST(test_db__nobody_to_connect_to_is_retried_and_told_with_address_and_setting),
		TEST(test_db__a_session_killed_between_statements_is_lost),
		TEST(test_db__a_session_that_ends_within_a_statement_is_lost),
		TEST(test_db__a_frozen_server_is_not_waited_for_without_end),
		TEST(test_db__a_pipeline_answers_in_order_and_prepares_on_its_way),
		TEST(test_db__a_pipeline_may_be_flushed_more_than_once),
		TEST(test_db__more_than_sockets_hold_goes_through_a_pipeline_both_ways),
		TEST(test_db__after_a_failure_the_pipeline_does_nothing_more_and_the_connection_works),
		TEST(test_db__a_failure_that_nobody_received_is_told_at_the_end),
		TEST(test_db__a_rollback_ends_a_failed_pipeline),
		TEST(test_db__a_shared_pipeline_answers_the_first_and_then_the_next),
		TEST(test_db__the_failure_of_the_first_in_a_shared_pipeline_is_told_to_the_next),
		TEST(test_db__a_rollback_ends_a_shared_pipeline_that_nobody_has_joined),
		TEST(test_db__a_statement_prepared_in_a_failed_transaction_is_still_prepared),
		TEST(test_db__a_session_killed_within_a_pipeline_is_lost),
		TEST(test_db__a_session_that_ends_itself_within_a_pipeline_is_lost),
		TEST(test_db__a_commit_is_seen_by_others_and_a_rollback_is_not),
		TEST(test_db__a_constraint_checked_at_commit_is_poison),
		TEST(test_db__a_commit_after_a_failed_statement_does_not_pass_for_one),
		TEST(test_db__a_session_killed_before_its_commit_is_lost),
		TEST(test_db__a_session_killed_within_its_commit_is_lost),
		TEST(test_db__a_rollback_waits_for_a_commit_on_its_way),
		TEST(test_db__every_type_of_field_is_written_unchanged),
		TEST(test_db__many_pieces_of_rows_are_copied),
		TEST(test_db__after_a_row_is_refused_the_connection_works),
		TEST(test_db__a_copy_that_cannot_start_leaves_the_connection_usable),
		TEST(test_db__rows_over_the_limit_are_poison_and_send_nothing),
		TEST(test_db__a_session_killed_before_a_copy_is_lost),
		TEST(test_db__a_session_that_ends_within_a_copy_is_lost),
		TEST(test_db__writes_take_effect_in_order),
		TEST(test_db__a_write_that_meets_other_rows_than_it_should_is_fatal),
		TEST(test_db__the_first_write_that_fails_is_the_failure_of_all),
		TEST(test_db__a_stream_has_every_row_and_column),
		TEST(test_db__a_connection_goes_on_behind_a_stream),
		TEST(test_db__a_stream_that_fails_says_so),
		TEST(test_db__a_stream_of_a_connection_that_is_cut_off_ends),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
