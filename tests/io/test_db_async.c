/* lib/db/db_async.h against a real PostgreSQL (DCS_TEST_PG; tests/io/with-postgres.sh gives one). */

#include <poll.h>
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
#include "db/db_async.h"

#define DEADLINE_MS 20000
#define WAITING_MAX 64

static struct err err;
static struct db_async *async;
static struct db_params params;

/* What one who asked was told. */
struct told {
	int times;
	enum err_kind kind; /* ERR_NONE: a result */
	int64_t number;
	const struct db_statement *next; /* asked from within the callback */
	struct told *next_told;
};

static const struct db_statement select_number = { "number", "SELECT $1::bigint" };
static const struct db_statement select_inverse = { "inverse", "SELECT 100 / $1::bigint" };
static const struct db_statement select_same = { "same", "SELECT $1::bigint + 0" };
static const struct db_statement select_wrong = { "wrong", "SELECT nothing FROM nowhere WHERE 1 = $1::bigint" };
static const struct db_statement select_unprepared = { "", "SELECT $1::bigint + 1" };
static const struct db_statement select_slow = { "slow", "SELECT $1::bigint FROM pg_sleep(0.8)" };
static const struct db_statement select_pid = { "pid", "SELECT pg_backend_pid()::bigint + 0 * $1::bigint" };
static const struct db_statement write_something = { "write", "INSERT INTO db_async_table VALUES ($1::bigint)" };

static void open_with(const char *conninfo, int64_t timeout_ms)
{
	const struct db_async_conf conf = {
		.conninfo = conninfo, .application_name = "test", .timeout_ms = timeout_ms, .waiting_max = WAITING_MAX
	};

	if (db_async_new(&conf, &async, &err) != 0)
		fail_msg("%s", err.text);
}

static void turn(void)
{
	int64_t wait_ms = db_async_wait_ms(async);
	struct pollfd socket = { .fd = db_async_fd(async), .events = db_async_events(async) };

	(void)poll(&socket, 1, wait_ms > 50 ? 50 : (int)wait_ms);
	db_async_run(async);
}

static void wait_ready(void)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (!db_async_is_ready(async) && clock_monotonic_ms() < until_ms)
		turn();
	assert_true(db_async_is_ready(async));
}

static void wait_answers(void)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (db_async_waiting(async) > 0 && clock_monotonic_ms() < until_ms)
		turn();
	assert_int_equal(db_async_waiting(async), 0);
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	db_params_init(&params, 1 << 20);
	open_with(getenv("DCS_TEST_PG"), 5000);
	wait_ready();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_async_free(async);
	async = NULL;
	db_params_release(&params);
	return 0;
}

static int ask(const struct db_statement *statement, int64_t number, struct told *told);

static void on_answer(void *told_arg, const struct db_result *result, const struct err *failure)
{
	struct told *told = told_arg;

	told->times++;
	assert_true((result == NULL) == (failure != NULL));
	told->kind = failure == NULL ? ERR_NONE : failure->kind;
	if (result != NULL)
		told->number = db_int64(result, 0, 0);
	if (told->next != NULL)
		assert_int_equal(ask(told->next, told->number + 1, told->next_told), 0);
}

static int ask(const struct db_statement *statement, int64_t number, struct told *told)
{
	db_params_reset(&params);
	db_param_int64(&params, number);
	return db_async_ask(async, statement, &params, on_answer, told, &err);
}

static void expect(const struct told *told, enum err_kind kind, int64_t number)
{
	assert_int_equal(told->times, 1);
	assert_int_equal(told->kind, kind);
	if (kind == ERR_NONE)
		assert_int_equal(told->number, number);
}

static void test_db_async__everybody_gets_their_own_answer(void **state)
{
	struct told told[WAITING_MAX] = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		memset(told, 0, sizeof(told));
		for (int i = 0; i < WAITING_MAX; i++) {
			assert_int_equal(ask(i % 2 == 0 ? &select_number : &select_same, i, &told[i]), 0);
			if (i % 10 == 9)
				turn(); /* several batches in flight */
		}
		wait_answers();
		for (int i = 0; i < WAITING_MAX; i++)
			expect(&told[i], ERR_NONE, i);
	}
}

static void test_db_async__it_is_busy_while_one_runs_and_one_waits(void **state)
{
	struct told told[3] = { 0 };

	(void)state;
	assert_int_equal(ask(&select_slow, 1, &told[0]), 0);
	turn();
	wait_answers(); /* it is prepared now */
	assert_false(db_async_is_busy(async));
	for (int i = 1; i < 3; i++) {
		assert_false(db_async_is_busy(async));
		assert_int_equal(ask(&select_slow, 1, &told[i]), 0);
		db_async_run(async);
	}
	assert_true(db_async_is_busy(async));
	wait_answers();
	assert_false(db_async_is_busy(async));
}

static void test_db_async__a_failing_statement_does_not_touch_its_neighbours(void **state)
{
	struct told told[30] = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) { /* first while all is being prepared, then prepared */
		memset(told, 0, sizeof(told));
		for (int i = 0; i < 30; i++)
			assert_int_equal(ask(i % 3 == 1 ? &select_inverse : &select_number, i % 6 == 1 ? 0 : 5, &told[i]), 0);
		wait_answers();
		for (int i = 0; i < 30; i++)
			expect(&told[i], i % 6 == 1 ? ERR_POISON : ERR_NONE, i % 3 == 1 ? 20 : i % 6 == 1 ? 0 : 5);
	}
	assert_true(db_async_is_ready(async));
}

static void test_db_async__a_statement_that_cannot_be_prepared_fails_alone(void **state)
{
	struct told told[9] = { 0 };

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_int_equal(ask(i % 3 == 0 ? &select_wrong : i % 3 == 1 ? &select_same : &select_number, i, &told[i]), 0);
	wait_answers();
	for (int i = 0; i < 9; i++)
		expect(&told[i], i % 3 == 0 ? ERR_FATAL : ERR_NONE, i);
}

static void test_db_async__a_statement_without_name_is_not_prepared(void **state)
{
	struct told told[3] = { 0 };

	(void)state;
	assert_int_equal(ask(&select_unprepared, 1, &told[0]), 0);
	assert_int_equal(ask(&select_number, 2, &told[1]), 0);
	assert_int_equal(ask(&select_unprepared, 3, &told[2]), 0);
	wait_answers();
	expect(&told[0], ERR_NONE, 2);
	expect(&told[1], ERR_NONE, 2);
	expect(&told[2], ERR_NONE, 4);
}

static void test_db_async__an_answer_may_ask_again(void **state)
{
	struct told second = { 0 };
	struct told first = { .next = &select_same, .next_told = &second };

	(void)state;
	assert_int_equal(ask(&select_number, 7, &first), 0);
	wait_answers();
	expect(&second, ERR_NONE, 8);
}

static void test_db_async__no_more_than_waiting_max_may_wait(void **state)
{
	struct told told[WAITING_MAX] = { 0 };
	struct told refused = { 0 };

	(void)state;
	for (int i = 0; i < WAITING_MAX; i++)
		assert_int_equal(ask(&select_inverse, i % 2, &told[i]), 0); /* sent again in a full ring */
	assert_int_equal(ask(&select_number, 1, &refused), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	wait_answers();
	for (int i = 0; i < WAITING_MAX; i++)
		expect(&told[i], i % 2 == 0 ? ERR_POISON : ERR_NONE, 100);
	assert_int_equal(refused.times, 0);
	assert_int_equal(ask(&select_number, 1, &refused), 0);
	wait_answers();
	expect(&refused, ERR_NONE, 1);
}

static void test_db_async__parameters_have_a_limit(void **state)
{
	struct told told = { 0 };

	(void)state;
	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_INT64);
	for (int i = 0; i < 10000; i++)
		db_array_int64(&params, i);
	assert_int_equal(db_async_ask(async, &select_number, &params, on_answer, &told, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(told.times, 0);
}

static void test_db_async__writing_is_refused(void **state)
{
	struct told told = { 0 };
	struct told table = { 0 };
	static const struct db_statement create = { "create", "CREATE TEMPORARY TABLE t AS SELECT $1::bigint" };

	(void)state;
	assert_int_equal(ask(&create, 1, &table), 0);
	assert_int_equal(ask(&write_something, 1, &told), 0);
	wait_answers();
	expect(&told, ERR_FATAL, 0);
	expect(&table, ERR_FATAL, 0);
}

static void test_db_async__a_late_answer_is_told_as_a_failure_and_the_next_one_is_right(void **state)
{
	static const struct db_statement select_late = { "late", "SELECT $1::bigint FROM pg_sleep(2.5)" };
	struct told late = { 0 };
	struct told next = { 0 };

	(void)state;
	db_async_free(async);
	open_with(getenv("DCS_TEST_PG"), 1200); /* what is in time is so on a busy machine too */
	wait_ready();
	assert_int_equal(ask(&select_late, 1, &late), 0);
	wait_answers();
	expect(&late, ERR_RETRY, 0);
	assert_int_equal(ask(&select_number, 2, &next), 0);
	wait_answers();
	expect(&next, ERR_NONE, 2);
}

static void end_session(int64_t pid)
{
	static const struct db_statement kill = { "kill", "SELECT pg_terminate_backend($1, 10000)" };
	struct db *other = NULL;

	assert_int_equal(db_open(getenv("DCS_TEST_PG"), "test", 20000, &other, &err), 0);
	db_params_reset(&params);
	db_param_int32(&params, (int32_t)pid);
	assert_int_equal(db_run(other, &kill, &params, NULL, &err), 0);
	db_close(other);
}

static void test_db_async__a_lost_connection_is_told_to_all_and_made_again(void **state)
{
	struct told pid = { 0 };
	struct told told[10] = { 0 };
	struct told next = { 0 };

	(void)state;
	assert_int_equal(ask(&select_pid, 1, &pid), 0);
	wait_answers();
	for (int i = 0; i < 10; i++)
		assert_int_equal(ask(&select_slow, i, &told[i]), 0);
	db_async_run(async);
	end_session(pid.number);
	wait_answers();
	for (int i = 0; i < 10; i++)
		expect(&told[i], ERR_RETRY, 0);
	wait_ready();
	assert_int_equal(ask(&select_slow, 3, &next), 0); /* prepared anew */
	wait_answers();
	expect(&next, ERR_NONE, 3);
}

static void test_db_async__a_session_that_ends_while_nobody_waits_is_noticed(void **state)
{
	struct told pid = { 0 };
	struct told next = { 0 };
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	assert_int_equal(ask(&select_pid, 1, &pid), 0);
	wait_answers();
	end_session(pid.number);
	while (db_async_is_ready(async) && clock_monotonic_ms() < until_ms)
		turn();
	assert_false(db_async_is_ready(async));
	assert_int_equal(ask(&select_number, 1, &next), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	wait_ready();
	assert_int_equal(ask(&select_number, 1, &next), 0);
	wait_answers();
	expect(&next, ERR_NONE, 1);
}

static void test_db_async__a_frozen_server_is_given_up(void **state)
{
	struct told pid = { 0 };
	struct told told = { 0 };
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	db_async_free(async);
	open_with(getenv("DCS_TEST_PG"), 1200);
	wait_ready();
	assert_int_equal(ask(&select_pid, 1, &pid), 0);
	wait_answers();
	assert_int_equal(kill((pid_t)pid.number, SIGSTOP), 0);
	assert_int_equal(ask(&select_number, 1, &told), 0);
	while (db_async_is_ready(async) && clock_monotonic_ms() < until_ms)
		turn();
	assert_int_equal(kill((pid_t)pid.number, SIGCONT), 0);
	expect(&told, ERR_RETRY, 0);
	wait_ready();
	told.times = 0;
	assert_int_equal(ask(&select_number, 1, &told), 0);
	wait_answers();
	expect(&told, ERR_NONE, 1);
}

static void test_db_async__a_server_that_is_away_is_tried_again(void **state)
{
	struct told told = { 0 };

	(void)state;
	db_async_free(async);
	open_with("host=/nowhere dbname=none", 1000);
	for (int i = 0; i < 5; i++)
		turn();
	assert_false(db_async_is_ready(async));
	assert_int_equal(ask(&select_number, 1, &told), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_non_null(strstr(db_async_trouble(async), "cannot connect"));
	assert_non_null(strstr(db_async_trouble(async), "DCS_PG: host /nowhere"));
}

static void test_db_async__its_end_is_told_to_those_who_wait(void **state)
{
	struct told told[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(&select_slow, i, &told[i]), 0);
		if (i == 1)
			db_async_run(async);
	}
	db_async_free(async);
	async = NULL;
	for (int i = 0; i < 3; i++)
		expect(&told[i], ERR_RETRY, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_db_async__everybody_gets_their_own_answer),
		TEST(test_db_async__it_is_busy_while_one_runs_and_one_waits),
		TEST(test_db_async__a_failing_statement_does_not_touch_its_neighbours),
		TEST(test_db_async__a_statement_that_cannot_be_prepared_fails_alone),
		TEST(test_db_async__a_statement_without_name_is_not_prepared),
		TEST(test_db_async__an_answer_may_ask_again),
		TEST(test_db_async__no_more_than_waiting_max_may_wait),
		TEST(test_db_async__parameters_have_a_limit),
		TEST(test_db_async__writing_is_refused),
		TEST(test_db_async__a_late_answer_is_told_as_a_failure_and_the_next_one_is_right),
		TEST(test_db_async__a_lost_connection_is_told_to_all_and_made_again),
		TEST(test_db_async__a_session_that_ends_while_nobody_waits_is_noticed),
		TEST(test_db_async__a_frozen_server_is_given_up),
		TEST(test_db_async__a_server_that_is_away_is_tried_again),
		TEST(test_db_async__its_end_is_told_to_those_who_wait),
	};

	return cmocka_run_group_tests_name("db_async", tests, NULL, NULL);
}
