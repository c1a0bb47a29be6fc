#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dies.h"

static void keep(void *argument)
{
	*(int *)argument += 1;
	MUST(*(int *)argument > 0);
}

static void break_one(void *argument)
{
	MUST(*(int *)argument > 100);
	*(int *)argument = 0;
}

static void hold_in_hold(void *argument)
{
	(void)!must_hold(keep, argument);
}

static void test_must_hold__tells_whether_the_work_broke_one(void **state)
{
	int number = 0;

	(void)state;
	assert_true(must_hold(keep, &number));
	assert_false(must_hold(break_one, &number));
	assert_int_equal(number, 1);
	assert_true(must_hold(keep, &number));
	assert_int_equal(number, 2);
}

static void hold_and_then_break(void)
{
	int number = 0;

	if (must_hold(keep, &number))
		break_one(&number);
}

static void test_must_hold__protects_only_while_it_runs(void **state)
{
	(void)state;
	assert_true(dies(hold_and_then_break));
}

static void test_must_hold__is_not_called_in_itself(void **state)
{
	int number = 0;

	(void)state;
	assert_false(must_hold(hold_in_hold, &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_must_hold__tells_whether_the_work_broke_one),
		cmocka_unit_test(test_must_hold__protects_only_while_it_runs),
		cmocka_unit_test(test_must_hold__is_not_called_in_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
