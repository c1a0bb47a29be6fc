/* What the lists of `dcs` print. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producers/cli/cli.h"
#include "producers/cli/listing.h"
#include "tests/io/database.h"
#include "tests/unit/captured.h"

#define DATABASE "dcs_listing"

static char conninfo[DATABASE_TEXT_MAX], listed[2 * LISTED_MAX], said[256];
static int64_t rows;
static int status;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=%s", getenv("DCS_TEST_PG"), DATABASE);
	return test_database_make(DATABASE, &err);
}

static void run_list(void)
{
	static const struct db_statement select = { "rows", "SELECT '' FROM generate_series(1, $1) LIMIT $2" };
	struct db_params params;

	db_params_init(&params, 64);
	db_param_int64(&params, rows);
	status = list_rows("rows", conninfo, "", &select, &params);
	db_params_release(&params);
}

static void run_quietly(void)
{
	captured(2, said, sizeof(said), run_list);
}

static void list(int64_t count)
{
	size_t lines = 0;

	rows = count;
	captured(1, listed, sizeof(listed), run_quietly);
	assert_int_equal(status, EXIT_STATUS_OK);
	for (const char *at = listed; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, LISTED_MAX);
}

static void test_listing__that_a_list_has_more_rows_is_said(void **state)
{
	(void)state;
	list(LISTED_MAX);
	assert_string_equal(said, "");
	list(LISTED_MAX + 1);
	assert_string_equal(said, "rows: there are more than these 10000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing__that_a_list_has_more_rows_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
