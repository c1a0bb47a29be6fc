/* The SQL of a table of actions. That PostgreSQL takes it is tested in tests/io/test_migrate.c and at each module's store. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/actions.h"
#include "schemas/debts.h"

static bool is_new(unsigned state)
{
	return state == 1;
}

static bool is_not_done(unsigned state)
{
	return state != 3;
}

static const struct action rows[] = {
	{ &amend_debt_type, is_not_done, false, NULL },
	{ &cancel_debt_type, is_new, true, "cancelOneDebt" },
};

static void then_sql(const struct actions *actions, const char *expected)
{
	struct buf sql;

	buf_init(&sql, 4096);
	actions_add_sql(&sql, actions);
	buf_add_u8(&sql, 0);
	assert_string_equal((const char *)sql.data, expected);
	buf_release(&sql);
}

static void test_actions__a_word_and_nothing_else(void **state)
{
	const struct actions actions = { .thing = "debt", .states = "new old done", .rows = rows, .rows_count = 1 };

	(void)state;
	then_sql(&actions,
		 "CREATE OR REPLACE FUNCTION public.dcs_debt_actions(text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE "
		 "AS $$\n"
		 "\tSELECT CASE $1\n"
		 "\t\tWHEN 'new' THEN '{amendDebt}'::text[]\n"
		 "\t\tWHEN 'old' THEN '{amendDebt}'::text[]\n"
		 "\t\tWHEN 'done' THEN '{}'::text[]\n"
		 "\t\tELSE '{}'::text[] END\n"
		 "$$;\n"
		 "COMMENT ON FUNCTION public.dcs_debt_actions(text) IS 'What the rules allow in a state: new old done';\n");
}

static void test_actions__a_number_and_a_fact(void **state)
{
	const struct actions actions = { .thing = "debt",
					 .states = "NEW OLD DONE",
					 .is_numbered = true,
					 .fact = "has payments",
					 .rows = rows,
					 .rows_count = 2 };

	(void)state;
	then_sql(&actions, "CREATE OR REPLACE FUNCTION public.dcs_debt_actions(smallint, boolean) RETURNS text[]"
			   " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n"
			   "\tSELECT CASE WHEN $1 = ANY ('{1}') AND NOT $2 THEN CASE $1\n"
			   "\t\tWHEN 1 THEN '{amendDebt,cancelOneDebt}'::text[]\n"
			   "\t\tWHEN 2 THEN '{amendDebt}'::text[]\n"
			   "\t\tWHEN 3 THEN '{}'::text[]\n"
			   "\t\tELSE '{}'::text[] END\n"
			   "\tELSE CASE $1\n"
			   "\t\tWHEN 1 THEN '{amendDebt}'::text[]\n"
			   "\t\tWHEN 2 THEN '{amendDebt}'::text[]\n"
			   "\t\tWHEN 3 THEN '{}'::text[]\n"
			   "\t\tELSE '{}'::text[] END END\n"
			   "$$;\n"
			   "COMMENT ON FUNCTION public.dcs_debt_actions(smallint, boolean) IS"
			   " 'What the rules allow in a state: NEW OLD DONE; $2: it has payments';\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions__a_word_and_nothing_else),
		cmocka_unit_test(test_actions__a_number_and_a_fact),
	};

	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
