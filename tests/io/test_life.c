/* A program's sign of life, and what time it is to the broker. */

#include "mock_cluster.h"
#include "store_spec.h"

#include "base/day.h"
#include "bus/bus.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "worker/life.h"

static struct store_spec spec;
static char conninfo[STORE_CONNINFO_MAX];
static struct life life;

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &debts_module, &debts_store);
	store_sql(&spec, "test_clean", "TRUNCATE engine.program");
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_store user=dcs_debts", getenv("DCS_TEST_PG"));
	life_init(&life, conninfo);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	life_end(&life);
	store_spec_release(&spec);
	return 0;
}

static void give_sign(void)
{
	struct err err = ERR_INIT;

	if (life_sign(&life, &err) != 0)
		fail_msg("%s", err.text);
}

static int64_t rows(const char *name, const char *where)
{
	char sql[512];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM engine.program WHERE %s", where);
	return store_number(&spec, name, strdup(sql)); // for the whole run: db knows statements by their address
}

static void test_life__a_program_says_that_it_lives_and_under_its_own_name(void **state)
{
	char where[128];

	(void)state;
	give_sign();
	snprintf(where, sizeof(where), "name = 'debts' AND pid = %ld AND started_at = seen_at AND broker_skew_ms IS NULL",
		 (long)getpid());
	assert_int_equal(rows("test_first", where), 1);
	give_sign(); /* too soon: nothing */
	assert_int_equal(rows("test_too_soon", "started_at = seen_at"), 1);
	life.next_ms = 0;
	give_sign();
	assert_int_equal(rows("test_later", "started_at < seen_at"), 1);
	life_end(&life);
	assert_int_equal(rows("test_ended", "true"), 0);
}

static void test_life__a_new_life_under_an_old_number_begins_anew(void **state)
{
	(void)state;
	give_sign();
	store_sql(&spec, "test_old", "UPDATE engine.program SET started_at = started_at - interval '1 hour'");
	life_init(&life, conninfo);
	give_sign();
	assert_int_equal(rows("test_anew", "started_at > now() - interval '1 minute'"), 1);
}

static void test_life__rows_of_the_long_dead_go(void **state)
{
	(void)state;
	store_sql(&spec, "test_dead",
		  "INSERT INTO engine.program VALUES ('debts', 'h', 1, now(), now() - interval '25 hours', NULL), "
		  "('debts', 'h', 2, now(), now() - interval '23 hours', NULL), "
		  "('users', 'h', 3, now(), now() - interval '25 hours', NULL)");
	give_sign();
	assert_int_equal(rows("test_left", "host = 'h'"), 2);
}

static void test_life__without_a_database_it_goes_on(void **state)
{
	(void)state;
	life_init(&life, "host=/nowhere dbname=none user=dcs_debts");
	give_sign();
	assert_true(life.is_failing);
	assert_in_range(life.next_ms, clock_monotonic_ms() + LIFE_MS, INT64_MAX);
}

/* The mock cluster's delivery reports say 1234 ms after 1970: no broker's clock. */
static void test_life__a_time_that_no_broker_can_have_is_not_believed(void **state)
{
	static struct mock_cluster mock;
	struct bus_producer *producer = NULL;
	struct err err = ERR_INIT;
	int64_t skew_ms;

	(void)state;
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, BUS_TIME_TOPIC, 1);
	const struct bus_conf bus = { .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };

	assert_int_equal(bus_producer_open(&bus, &producer, &err), 0);
	if (bus_producer_ask_time(producer, 10000, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(bus_producer_pending(producer), 0);
	assert_false(bus_skew_ms(&skew_ms));
	assert_in_range(bus_now_ms(), clock_now_ms() - 1000, clock_now_ms() + 1000);
	bus_producer_close(producer);
	mock_cluster_stop(&mock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life__a_program_says_that_it_lives_and_under_its_own_name),
		TEST(test_life__a_new_life_under_an_old_number_begins_anew),
		TEST(test_life__rows_of_the_long_dead_go),
		TEST(test_life__without_a_database_it_goes_on),
		TEST(test_life__a_time_that_no_broker_can_have_is_not_believed),
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
