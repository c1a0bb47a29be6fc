#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "model/holidays.h"

static int32_t day(const char *text)
{
	int32_t parsed = 0;
	bool fits = day_parse(str_of(text), &parsed);

	MUST(fits);
	return parsed;
}

/* Every day of the year that is a holiday, or off for one, though no weekend, as published. */
static void assert_year(enum holidays place, int year, const char *const *listed, size_t count)
{
	size_t at = 0;

	for (int32_t on = day_of(year, 1, 1); on < day_of(year + 1, 1, 1); on++) {
		if (day_of_week(on) >= 5 || day_is_business(place, on))
			continue;
		assert_true(at < count);
		assert_int_equal(on, day(listed[at]));
		at++;
	}
	assert_int_equal(at, count);
}
#define ASSERT_YEAR(place, year, ...)                                                                                            \
	do {                                                                                                                     \
		static const char *const listed[] = { __VA_ARGS__ };                                                             \
		assert_year((place), (year), listed, COUNT(listed));                                                             \
	} while (0)

static void test_holidays__years_as_they_are_published(void **state)
{
	(void)state;
	/* opm.gov; of 4 July 2026, a Saturday, banks have no day off */
	ASSERT_YEAR(HOLIDAYS_US, 2026, "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-09-07",
		    "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25");
	/* two Sundays: 4 July, and 19 June is a Saturday */
	ASSERT_YEAR(HOLIDAYS_US, 2027, "2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-07-05", "2027-09-06",
		    "2027-10-11", "2027-11-11", "2027-11-25");
	/* gov.uk/bank-holidays */
	ASSERT_YEAR(HOLIDAYS_GB, 2021, "2021-01-01", "2021-04-02", "2021-04-05", "2021-05-03", "2021-05-31", "2021-08-30",
		    "2021-12-27", "2021-12-28");
	ASSERT_YEAR(HOLIDAYS_GB, 2026, "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31",
		    "2026-12-25", "2026-12-28");
	ASSERT_YEAR(HOLIDAYS_GB, 2028, "2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-29", "2028-08-28",
		    "2028-12-25", "2028-12-26");
	ASSERT_YEAR(HOLIDAYS_GB, 2022, "2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-05-30", "2022-08-29",
		    "2022-12-26", "2022-12-27");
	ASSERT_YEAR(HOLIDAYS_DE, 2026, "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25",
		    "2026-12-25");
	ASSERT_YEAR(HOLIDAYS_DE, 2024, "2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-05-09", "2024-05-20",
		    "2024-10-03", "2024-12-25", "2024-12-26");
}

/* The earliest and the latest that there are, and years of the exceptions. */
static void test_holidays__easter_is_where_the_tables_have_it(void **state)
{
	static const char *const sundays[] = { "1818-03-22", "1943-04-25", "1954-04-18", "1981-04-19", "2000-04-23", "2008-03-23",
					       "2019-04-21", "2025-04-20", "2038-04-25", "2049-04-18", "2076-04-19" };

	(void)state;
	for (size_t at = 0; at < COUNT(sundays); at++) {
		assert_true(day_is_holiday(HOLIDAYS_DE, day(sundays[at]) - 2));
		assert_true(day_is_holiday(HOLIDAYS_DE, day(sundays[at]) + 1));
		assert_true(day_is_holiday(HOLIDAYS_DE, day(sundays[at]) + 39));
		assert_false(day_is_holiday(HOLIDAYS_US, day(sundays[at]) + 1));
	}
}

static void test_holidays__the_day_off_is_no_holiday(void **state)
{
	(void)state;
	assert_true(day_is_holiday(HOLIDAYS_US, day("2027-07-04")));
	assert_false(day_is_holiday(HOLIDAYS_US, day("2027-07-05")));
	assert_false(day_is_business(HOLIDAYS_US, day("2027-07-05")));
	assert_true(day_is_holiday(HOLIDAYS_GB, day("2021-12-25")));
	assert_false(day_is_holiday(HOLIDAYS_GB, day("2021-12-27")));
}

static void test_holidays__a_holiday_is_none_before_it_was_made(void **state)
{
	(void)state;
	assert_false(day_is_holiday(HOLIDAYS_US, day("2020-06-19")));
	assert_true(day_is_holiday(HOLIDAYS_US, day("2021-06-19")));
}

static void test_holidays__the_next_business_day(void **state)
{
	(void)state;
	assert_int_equal(business_day_from(HOLIDAYS_DE, day("2026-04-02")), day("2026-04-02"));
	assert_int_equal(business_day_from(HOLIDAYS_DE, day("2026-04-03")), day("2026-04-07"));
	assert_int_equal(business_day_from(HOLIDAYS_US, day("2026-04-03")), day("2026-04-03"));
	assert_int_equal(business_day_from(HOLIDAYS_NONE, day("2026-12-25")), day("2026-12-25"));
	assert_int_equal(business_day_from(HOLIDAYS_NONE, day("2026-12-26")), day("2026-12-28"));
	assert_int_equal(business_day_from(HOLIDAYS_GB, day("2020-12-25")), day("2020-12-29"));
}

static void test_holidays__any_day_may_be_asked_about(void **state)
{
	(void)state;
	for (enum holidays place = HOLIDAYS_NONE; place < HOLIDAYS_COUNT; place++) {
		assert_false(day_is_holiday(place, INT32_MAX));
		assert_false(day_is_holiday(place, INT32_MIN));
		assert_int_equal(day_is_business(place, INT32_MIN), day_of_week(INT32_MIN) < 5);
		for (int32_t on = DAY_MIN; on < DAY_MIN + 800; on++) {
			assert_true(business_day_from(place, on) - on <= 4);
			assert_true(business_day_from(place, DAY_MAX - 800 + on - DAY_MIN) >= DAY_MAX - 800 + on - DAY_MIN);
		}
	}
}

static void test_holidays__a_country_has_its_own_or_none(void **state)
{
	(void)state;
	assert_int_equal(holidays_of(STR("US")), HOLIDAYS_US);
	assert_int_equal(holidays_of(STR("GB")), HOLIDAYS_GB);
	assert_int_equal(holidays_of(STR("DE")), HOLIDAYS_DE);
	assert_int_equal(holidays_of(STR("FR")), HOLIDAYS_NONE);
	assert_int_equal(holidays_of(STR("")), HOLIDAYS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holidays__years_as_they_are_published),
		cmocka_unit_test(test_holidays__easter_is_where_the_tables_have_it),
		cmocka_unit_test(test_holidays__the_day_off_is_no_holiday),
		cmocka_unit_test(test_holidays__a_holiday_is_none_before_it_was_made),
		cmocka_unit_test(test_holidays__the_next_business_day),
		cmocka_unit_test(test_holidays__any_day_may_be_asked_about),
		cmocka_unit_test(test_holidays__a_country_has_its_own_or_none),
	};

	return cmocka_run_group_tests_name("model: holidays", tests, NULL, NULL);
}
