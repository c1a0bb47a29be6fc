/* lib/db/migrate.h against a real PostgreSQL (DCS_TEST_PG), in a database of its own for each test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "db/migrate.h"
#include "schemas/debts.h"

static struct err err;
static struct db *admin;
static struct db *db;
static char directory[64];
static char conninfo[1024];

static const struct db_statement statement_create = { "create", "CREATE DATABASE test_migrate" };
static const struct db_statement statement_drop = { "drop", "DROP DATABASE IF EXISTS test_migrate WITH (FORCE)" };

static void must(int rc)
{
	if (rc != 0)
		fail_msg("unexpected failure: %s", err.text);
}

static void path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", directory, name);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[256];

	path_of(path, name);
	(void)!unlink(path);
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	snprintf(directory, sizeof(directory), "/tmp/dcs-migrate.XXXXXX");
	assert_non_null(mkdtemp(directory));
	must(db_open(getenv("DCS_TEST_PG"), "test_migrate", 0, &admin, &err));
	must(db_run(admin, &statement_drop, NULL, NULL, &err));
	must(db_run(admin, &statement_create, NULL, NULL, &err));
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_migrate", getenv("DCS_TEST_PG"));
	must(db_open(conninfo, "test_migrate", 0, &db, &err));
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "0001_a.sql", "0002_b.sql", "0002_c.sql",    "0003_c.sql",
					     "README.md",  "1_x.sql",    "current/a.sql", "current/b.sql" };

	char path[256];

	(void)state;
	db_close(db);
	must(db_run(admin, &statement_drop, NULL, NULL, &err));
	db_close(admin);
	for (size_t i = 0; i < COUNT(names); i++)
		remove_file(names[i]);
	path_of(path, "current");
	(void)!rmdir(path);
	assert_int_equal(rmdir(directory), 0);
	return 0;
}

static int64_t number_of(const char *sql)
{
	struct db_statement statement = { sql, sql };
	struct db_result result = { 0 };
	struct db *fresh = NULL; /* a statement must outlive its connection */
	int64_t number;

	must(db_open(conninfo, "test_migrate", 0, &fresh, &err));
	must(db_run(fresh, &statement, NULL, &result, &err));
	number = db_int64(&result, 0, 0);
	db_result_release(&result);
	db_close(fresh);
	return number;
}

static void refuse(const char *expected)
{
	int applied = -1;

	err = (struct err)ERR_INIT;
	assert_int_equal(migrate(db, directory, NULL, 0, &applied, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(applied, -1);
	if (strstr(err.text, expected) == NULL)
		fail_msg("expected \"%s\" in \"%s\"", expected, err.text);
	assert_true(db_is_alive(db));
}

static void test_migrate__files_are_applied_in_order_and_once(void **state)
{
	int applied = -1;

	(void)state;
	write_file("README.md", "not a migration");
	write_file("0002_b.sql", "INSERT INTO a VALUES (2); -- needs 0001\nINSERT INTO a VALUES (3);");
	write_file("0001_a.sql", "CREATE TABLE a (id bigint);");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 2);
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 0);
	write_file("0003_c.sql", "INSERT INTO a VALUES (4)");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 1);
	assert_int_equal(number_of("SELECT sum(id)::bigint FROM a"), 9);
	assert_int_equal(number_of("SELECT count(*) FROM dcs_migration WHERE length(sha256) = 32 AND name LIKE '000%.sql'"), 3);
}

static void make_current(void)
{
	char path[256];

	path_of(path, "current");
	assert_int_equal(mkdir(path, 0700), 0);
}

static void migrated(int expected)
{
	int applied = -1;

	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, expected);
}

/* b uses a, so their order counts. */
static void test_migrate__what_is_current_is_applied_when_it_has_changed_and_after_each_migration(void **state)
{
	(void)state;
	make_current();
	write_file("0001_a.sql", "CREATE TABLE log (who text);");
	write_file("current/b.sql", "CREATE OR REPLACE VIEW b AS SELECT n + 1 AS n FROM a; INSERT INTO log VALUES ('b');");
	write_file("current/a.sql", "CREATE OR REPLACE VIEW a AS SELECT 1::bigint AS n; INSERT INTO log VALUES ('a');");
	migrated(1);
	migrated(0);
	assert_int_equal(number_of("SELECT n FROM b"), 2);
	assert_int_equal(number_of("SELECT count(*) FROM log"), 2);

	write_file("current/a.sql", "CREATE OR REPLACE VIEW a AS SELECT 5::bigint AS n; INSERT INTO log VALUES ('a');");
	migrated(0);
	assert_int_equal(number_of("SELECT n FROM b"), 6);
	assert_int_equal(number_of("SELECT count(*) FROM log"), 3);

	write_file("0002_b.sql", "DROP VIEW b;");
	migrated(1);
	assert_int_equal(number_of("SELECT n FROM b"), 6);
	assert_int_equal(number_of("SELECT count(*) FROM log"), 5);
}

/* The migration stays; the next run applies what failed. */
static void test_migrate__what_is_current_and_fails_is_named_and_applied_by_the_next_run(void **state)
{
	(void)state;
	make_current();
	write_file("0001_a.sql", "CREATE VIEW a AS SELECT 1::bigint AS n;");
	write_file("current/a.sql", "CREATE OR REPLACE VIEW a AS\nSELECT nothing;");
	err = (struct err)ERR_INIT;
	assert_int_equal(migrate(db, directory, NULL, 0, &(int){ 0 }, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_non_null(strstr(err.text, "current/a.sql line 2"));
	write_file("current/a.sql", "CREATE OR REPLACE VIEW a AS SELECT 7::bigint AS n;");
	migrated(0);
	assert_int_equal(number_of("SELECT n FROM a"), 7);
}

static void test_migrate__an_empty_directory_is_no_work(void **state)
{
	int applied = -1;

	(void)state;
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 0);
}

static void test_migrate__a_failing_file_changes_nothing_and_is_named_with_its_line(void **state)
{
	int applied = -1;

	(void)state;
	write_file("0001_a.sql", "CREATE TABLE a (id bigint);");
	write_file("0002_b.sql", "INSERT INTO a VALUES (1); -- käse\n\nINSERT INTO nowhere VALUES (1);");
	refuse("0002_b.sql line 3: sqlstate 42P01");
	assert_int_equal(number_of("SELECT count(*) FROM a"), 0);
	assert_int_equal(number_of("SELECT count(*) FROM dcs_migration"), 1);
	write_file("0002_b.sql", "INSERT INTO a VALUES (1);");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 1);
}

static void test_migrate__a_file_changed_afterwards_is_refused(void **state)
{
	int applied;

	(void)state;
	write_file("0001_a.sql", "CREATE TABLE a (id bigint);");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	write_file("0001_a.sql", "CREATE TABLE a (id bigint); ");
	refuse("0001_a.sql was changed");
}

static void test_migrate__numbers_may_have_gaps_but_none_comes_too_late(void **state)
{
	int applied = -1;

	(void)state;
	write_file("0001_a.sql", "CREATE TABLE a (id bigint);");
	write_file("0003_c.sql", "INSERT INTO a VALUES (3)");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 2);
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 0);
	write_file("0002_b.sql", "INSERT INTO a VALUES (2)");
	refuse("migration 0002_b.sql comes too late: the database has 0003");
	assert_int_equal(number_of("SELECT sum(id)::bigint FROM a"), 3);
}

static void test_migrate__a_number_given_twice_is_refused(void **state)
{
	(void)state;
	write_file("0001_a.sql", "SELECT 1");
	write_file("0002_b.sql", "SELECT 1");
	write_file("0002_c.sql", "SELECT 1");
	refuse("its number is there twice");
}

static void test_migrate__a_name_of_another_form_is_refused(void **state)
{
	(void)state;
	write_file("1_x.sql", "SELECT 1");
	refuse("NNNN_name.sql");
}

static void test_migrate__a_database_newer_than_the_directory_is_refused(void **state)
{
	int applied;

	(void)state;
	write_file("0001_a.sql", "SELECT 1");
	write_file("0002_b.sql", "SELECT 1");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	remove_file("0002_b.sql");
	refuse("migration 0002 is missing: the database has it");
}

static void test_migrate__a_file_that_commits_by_itself_is_refused(void **state)
{
	(void)state;
	write_file("0001_a.sql", "COMMIT;");
	refuse("ends its own transaction");
	assert_int_equal(number_of("SELECT count(*) FROM dcs_migration"), 0);
}

static void test_migrate__a_directory_that_is_not_there_is_fatal(void **state)
{
	int applied;

	(void)state;
	assert_int_equal(migrate(db, "/nowhere", NULL, 0, &applied, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
}

static void test_migrate__a_second_run_waits_for_the_first(void **state)
{
	static const struct db_statement statement_hold = { "hold", "SELECT pg_advisory_lock(7234298791026975602)" };
	struct db *hasty = NULL;
	int applied;

	(void)state;
	write_file("0001_a.sql", "SELECT 1");
	must(db_run(db, &statement_hold, NULL, NULL, &err));
	must(db_open(conninfo, "test_migrate", 50, &hasty, &err));
	assert_int_equal(migrate(hasty, directory, NULL, 0, &applied, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY); /* its patience ended before the lock was free */
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 1);
	db_close(hasty);
}

static void test_migrate__schema_ids_are_given_by_the_names_of_messages(void **state)
{
	int applied;

	(void)state;
	write_file("0001_a.sql", "CREATE TABLE a AS SELECT unnest(dcs_schema_ids('DebtCreated', 'Tick')) AS id;");
	must(migrate(db, directory, NULL, 0, &applied, &err));
	assert_int_equal(applied, 1);
	assert_int_equal(number_of("SELECT sum(id)::bigint FROM a"), 1021 + 1029 + 1032 + 1040 + 1045 + 1671 + 951);
	write_file("0002_b.sql", "SELECT dcs_schema_ids('DebtCraeted');");
	refuse("no message is named DebtCraeted");
}

/* Rows of an id that the function would no longer give could not be found. */
static void test_migrate__a_database_with_more_schema_ids_is_refused(void **state)
{
	static const struct db_statement statement_newer = {
		"newer", "CREATE OR REPLACE FUNCTION dcs_schema_ids(VARIADIC messages text[]) RETURNS integer[] LANGUAGE sql "
			 "IMMUTABLE AS 'SELECT ''{901,9998}''::integer[]'"
	};
	static const struct db_statement statement_other = { "other", "UPDATE dcs_generated SET sha256 = sha256('other')" };
	int applied;

	(void)state;
	must(migrate(db, directory, NULL, 0, &applied, &err));
	must(migrate(db, directory, NULL, 0, &applied, &err));
	must(db_run(db, &statement_newer, NULL, NULL, &err));
	must(db_run(db, &statement_other, NULL, NULL, &err));
	refuse("schema ids that this program does not know");
}

/* ---- what people can do ---- */

static bool is_first(unsigned state)
{
	return state == 1;
}

static bool is_any(unsigned state)
{
	return state > 0;
}

static void must_migrate_with(bool (*is_possible)(unsigned state))
{
	const struct action rows[] = { { &cancel_debt_type, is_possible, false, NULL } };
	const struct actions actions = { .thing = "thing", .states = "on off", .rows = rows, .rows_count = 1 };
	const struct module module = { .name = "things", .actions = &actions, .actions_count = 1 };
	const struct module *const modules[] = { &module };
	int applied;

	must(migrate(db, directory, modules, 1, &applied, &err));
}

static int64_t actions_number(void)
{
	return number_of(
		"SELECT sum(cardinality(dcs_thing_actions(state)))::bigint FROM unnest('{on,off,other,null}'::text[]) state");
}

static void test_migrate__actions_change_with_the_program_and_not_with_a_number(void **state)
{
	(void)state;
	must_migrate_with(is_first);
	assert_int_equal(actions_number(), 1);
	must_migrate_with(is_any);
	assert_int_equal(actions_number(), 2);
	must_migrate_with(is_any);
	assert_int_equal(actions_number(), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_migrate__files_are_applied_in_order_and_once),
		TEST(test_migrate__what_is_current_is_applied_when_it_has_changed_and_after_each_migration),
		TEST(test_migrate__what_is_current_and_fails_is_named_and_applied_by_the_next_run),
		TEST(test_migrate__an_empty_directory_is_no_work),
		TEST(test_migrate__a_failing_file_changes_nothing_and_is_named_with_its_line),
		TEST(test_migrate__a_file_changed_afterwards_is_refused),
		TEST(test_migrate__numbers_may_have_gaps_but_none_comes_too_late),
		TEST(test_migrate__a_number_given_twice_is_refused),
		TEST(test_migrate__a_name_of_another_form_is_refused),
		TEST(test_migrate__a_database_newer_than_the_directory_is_refused),
		TEST(test_migrate__a_file_that_commits_by_itself_is_refused),
		TEST(test_migrate__a_directory_that_is_not_there_is_fatal),
		TEST(test_migrate__a_second_run_waits_for_the_first),
		TEST(test_migrate__schema_ids_are_given_by_the_names_of_messages),
		TEST(test_migrate__a_database_with_more_schema_ids_is_refused),
		TEST(test_migrate__actions_change_with_the_program_and_not_with_a_number),
	};

	return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
