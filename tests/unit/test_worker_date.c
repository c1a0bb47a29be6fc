/* How a Tick moves a partition's business date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/day.h"
#include "worker/batch.h"

#define NOON_MS INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */

static int32_t today(void)
{
	return day_of(2026, 11, 22);
}

static void test_business_date__the_first_tick_says_where_it_begins(void **state)
{
	(void)state;
	assert_int_equal(batch_business_date(INT32_MIN, today(), NOON_MS), today());
	assert_int_equal(batch_business_date(INT32_MIN, day_of(2035, 1, 1), NOON_MS), today() + 1);
	assert_int_equal(batch_business_date(INT32_MIN, today() - 400, NOON_MS), today() - 400);
}

static void test_business_date__it_never_goes_back(void **state)
{
	(void)state;
	assert_int_equal(batch_business_date(today(), today() - 1, NOON_MS), today());
	assert_int_equal(batch_business_date(today(), today(), NOON_MS), today());
	assert_int_equal(batch_business_date(today() + 3000, today(), NOON_MS), today() + 3000);
}

static void test_business_date__a_tick_moves_it_by_a_day_and_three_catch_up_with_three_days(void **state)
{
	int32_t date = today() - 3;

	(void)state;
	for (int32_t tick = 1; tick <= 3; tick++) {
		date = batch_business_date(date, today(), NOON_MS);
		assert_int_equal(date, today() - 3 + tick);
	}
	assert_int_equal(batch_business_date(date, today(), NOON_MS), today());
}

/* A day may begin before it does in UTC; no day begins a whole day before. */
static void test_business_date__it_is_never_beyond_what_the_brokers_clock_allows(void **state)
{
	int32_t date = today();

	(void)state;
	for (int tick = 0; tick < 100; tick++)
		date = batch_business_date(date, day_of(2035, 1, 1), NOON_MS);
	assert_int_equal(date, today() + 1);
	assert_int_equal(batch_business_date(date, INT32_MAX, NOON_MS), today() + 1);
	assert_int_equal(batch_business_date(date, day_of(2035, 1, 1), NOON_MS + DAY_MS), today() + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_business_date__the_first_tick_says_where_it_begins),
		cmocka_unit_test(test_business_date__it_never_goes_back),
		cmocka_unit_test(test_business_date__a_tick_moves_it_by_a_day_and_three_catch_up_with_three_days),
		cmocka_unit_test(test_business_date__it_is_never_beyond_what_the_brokers_clock_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
