/* Live or a rehearsal, for good (worker/stack.h, sql/0165_rehearsal.sql), against a real PostgreSQL (DCS_TEST_PG). */

#include "base/log.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "tests/io/store_spec.h"
#include "worker/life.h"
#include "worker/pg_edge.h"

static struct store_spec spec;
static char conninfo[STORE_CONNINFO_MAX];

static int setup(void **state)
{
	(void)state;
	memset(&spec, 0, sizeof(spec));
	store_spec_init(&spec, &debts_module, &debts_store);
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_store user=dcs_debts", getenv("DCS_TEST_PG"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* As nobody can: the table keeps it. */
static void make_rehearsal(void)
{
	store_sql(&spec, "test_allow", "ALTER TABLE engine.stack DISABLE TRIGGER keep_stack");
	store_sql(&spec, "test_kind", "UPDATE engine.stack SET is_rehearsal = true");
	store_sql(&spec, "test_forbid", "ALTER TABLE engine.stack ENABLE TRIGGER keep_stack");
}

static void must_be_refused(const struct db_statement *statement)
{
	struct err err = ERR_INIT;

	assert_int_equal(db_run(spec.admin, statement, NULL, NULL, &err), -1);
	assert_string_equal(db_sqlstate(spec.admin), "23000");
}

static const struct db_statement to_live = { "test_to_live", "UPDATE engine.stack SET is_rehearsal = false" };
static const struct db_statement to_rehearsal = { "test_to_rehearsal", "UPDATE engine.stack SET is_rehearsal = true" };
static const struct db_statement second = { "test_second", "INSERT INTO engine.stack (is_rehearsal) VALUES (true)" };
static const struct db_statement none = { "test_none", "DELETE FROM engine.stack" };
static const struct db_statement empty = { "test_empty", "TRUNCATE engine.stack" };
static const struct db_statement tick = { "test_tick", "SELECT engine.rehearse_at('2031-03-01T08:00:00Z')" };
static const struct db_statement back = { "test_back", "SELECT engine.rehearse_at('2031-03-01T07:59:59Z')" };

static void test_stack__it_is_live_for_good_and_its_time_is_the_clocks(void **state)
{
	(void)state;
	assert_int_equal(store_number(&spec, "test_live", "SELECT count(*) FROM engine.stack WHERE NOT is_rehearsal"), 1);
	assert_int_equal(store_number(&spec, "test_now", "SELECT (engine.now() = now())::integer::bigint"), 1);
	must_be_refused(&to_rehearsal);
	must_be_refused(&second);
	must_be_refused(&none);
	must_be_refused(&empty);
	must_be_refused(&tick);
}

static void test_stack__a_rehearsals_time_is_told_and_never_goes_back(void **state)
{
	(void)state;
	make_rehearsal();
	must_be_refused(&to_live);
	assert_int_equal(store_number(&spec, "test_before", "SELECT (engine.now() = now())::integer::bigint"), 1);
	assert_int_equal(db_run(spec.admin, &tick, NULL, NULL, &spec.err), 0);
	assert_int_equal(db_run(spec.admin, &tick, NULL, NULL, &spec.err), 0);
	must_be_refused(&back);
	assert_int_equal(store_number(&spec, "test_told", "SELECT (engine.now() = '2031-03-01T08:00:00Z')::integer::bigint"), 1);
}

/* No role of a program may tell the time. */
static void test_stack__a_program_may_read_the_time_and_not_tell_it(void **state)
{
	(void)state;
	assert_int_equal(store_number(&spec, "test_may_tell",
				      "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dcs\\_%' AND NOT rolsuper AND "
				      "(has_function_privilege(rolname, 'engine.rehearse_at(timestamptz)', 'EXECUTE') OR "
				      "has_table_privilege(rolname, 'engine.stack', 'INSERT, UPDATE, DELETE, TRUNCATE'))"),
			 0);
	assert_int_equal(store_number(&spec, "test_may_not_read",
				      "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dcs\\_%' AND NOT rolsuper AND "
				      "NOT has_table_privilege(rolname, 'engine.stack', 'SELECT')"),
			 0);
}

static void test_stack__a_live_program_is_refused_by_a_rehearsals_database(void **state)
{
	struct db *db = NULL;
	struct life life;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pg_connect(conninfo, "debts", &db, &err), 0);
	db_close(db);
	make_rehearsal();
	assert_int_equal(pg_connect(conninfo, "debts", &db, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_non_null(strstr(err.text, "a rehearsal's"));

	err = (struct err)ERR_INIT;
	life_init(&life, conninfo);
	assert_int_equal(life_sign(&life, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	life_end(&life);
	assert_int_equal(store_number(&spec, "test_signs", "SELECT count(*) FROM engine.program"), 0);
}

/*
 * Whoever writes a rule in SQL asks engine.now(), or a year of Ticks is none for it. What keeps books about programs and
 * operators, and not about people, may ask the machine: the schemas engine and public.
 */
static void test_stack__no_rule_in_sql_reads_the_machines_clock(void **state)
{
	(void)state;
	assert_int_equal(store_number(&spec, "test_clocks",
				      "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
				      "WHERE n.nspname !~ '^(pg_|information_schema|engine$|public$)' AND "
				      "p.prosrc ~* '(?<!engine\\.)\\mnow\\(\\)|clock_timestamp|current_timestamp|current_date'"),
			 0);
	assert_int_equal(
		store_number(&spec, "test_clocks_of_views",
			     "SELECT count(*) FROM pg_views WHERE schemaname !~ '^(pg_|information_schema|engine$|public$)' AND "
			     "definition ~* '(?<!engine\\.)\\mnow\\(\\)|clock_timestamp|current_timestamp|current_date'"),
		0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stack__it_is_live_for_good_and_its_time_is_the_clocks),
		TEST(test_stack__a_rehearsals_time_is_told_and_never_goes_back),
		TEST(test_stack__a_program_may_read_the_time_and_not_tell_it),
		TEST(test_stack__a_live_program_is_refused_by_a_rehearsals_database),
		TEST(test_stack__no_rule_in_sql_reads_the_machines_clock),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
