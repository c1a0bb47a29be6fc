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

static char conninfo[DATABASE_TEXT_MAX], text[2 * LISTED_MAX];
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

static size_t lines(int descriptor)
{
	size_t count = 0;

	captured(descriptor, text, sizeof(text), run_list);
	assert_int_equal(status, EXIT_STATUS_OK);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		count++;
	return count;
}

static void test_listing__that_a_list_has_more_rows_is_said(void **state)
{
	(void)state;
	rows = LISTED_MAX;
	assert_int_equal(lines(1), LISTED_MAX);
	assert_int_equal(lines(2), 0);
	rows = LISTED_MAX + 1;
	assert_int_equal(lines(1), LISTED_MAX);
	assert_int_equal(lines(2), 1);
	assert_non_null(strstr(text, "more than"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing__that_a_list_has_more_rows_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
