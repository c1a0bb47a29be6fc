#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "tests/unit/dies.h"

/* The next date by the rules of the calendar alone, without arithmetic on days. */
static void next_date(int *year, int *month, int *day_of_month)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;

	if (++*day_of_month <= month_days[*month - 1] + (is_leap && *month == 2 ? 1 : 0))
		return;
	*day_of_month = 1;
	if (++*month <= 12)
		return;
	*month = 1;
	++*year;
}

static void test_day__converts_there_and_back_over_the_whole_range(void **state)
{
	int year = 1;
	int month = 1;
	int day_of_month = 1;

	(void)state;
	for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
		int split_year;
		int split_month;
		int split_day;

		day_split(day, &split_year, &split_month, &split_day);
		if (split_year != year || split_month != month || split_day != day_of_month ||
		    day_of(year, month, day_of_month) != day)
			fail_msg("%04d-%02d-%02d is not day %d", year, month, day_of_month, day);
		next_date(&year, &month, &day_of_month);
	}
	assert_int_equal(year, 10000);
	assert_int_equal(day_of(1970, 1, 1), 0);
}

static void test_day__text_goes_there_and_back(void **state)
{
	char text[16];
	int32_t day;

	(void)state;
	for (int32_t at = DAY_MIN; at <= DAY_MAX; at += 97) {
		day_format(text, at);
		assert_true(day_parse(str_of(text), &day));
		assert_int_equal(day, at);
	}
	day_format(text, DAY_MIN);
	assert_string_equal(text, "0001-01-01");
	day_format(text, DAY_MAX);
	assert_string_equal(text, "9999-12-31");
}

static void test_day_parse__refuses_what_is_no_date(void **state)
{
	static const char *const wrong[] = { "",           "2026-02-29", "1900-02-29",  "2026-13-01",  "2026-00-01",
					     "2026-01-00", "2026-04-31", "0000-01-01",  "2026-1-01",   "2026-01-1",
					     "2026/01/01", "20260101",   " 2026-01-01", "2026-01-01 ", "2026-01-01T00:00:00Z",
					     "-026-01-01", "10000-01-01" };
	int32_t day = 4711;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (day_parse(str_of(wrong[i]), &day))
			fail_msg("%s", wrong[i]);
	assert_int_equal(day, 4711);
	assert_true(day_parse(STR("2000-02-29"), &day));
	assert_true(day_parse(STR("2024-02-29"), &day));
}

static void test_day_format__shows_any_number(void **state)
{
	char text[16];

	(void)state;
	day_format(text, DAY_MIN - 1);
	assert_string_equal(text, "0000-12-31");
	day_format(text, DAY_MIN - 367);
	assert_string_equal(text, "-1-12-31");
	day_format(text, DAY_MAX + 1);
	assert_string_equal(text, "+10000-01-01");
	day_format(text, INT32_MAX);
	assert_string_equal(text, "+5881580-07-11");
	day_format(text, INT32_MIN);
	assert_string_equal(text, "-5877641-06-23");
}

static void test_day_of_instant__rounds_down_also_before_1970(void **state)
{
	(void)state;
	assert_int_equal(day_of_instant(0), 0);
	assert_int_equal(day_of_instant(DAY_MS - 1), 0);
	assert_int_equal(day_of_instant(DAY_MS), 1);
	assert_int_equal(day_of_instant(-1), -1);
	assert_int_equal(day_of_instant(-DAY_MS), -1);
	assert_int_equal(day_of_instant(-DAY_MS - 1), -2);
	assert_int_equal(day_of_instant(INT64_MAX), INT32_MAX);
	assert_int_equal(day_of_instant(INT64_MIN), INT32_MIN);
}

static void impossible_date(void)
{
	(void)day_of(2026, 2, 29);
}

static void test_day_of__an_impossible_date_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(impossible_date));
}

static void instant_is(const char *text, const char *expected)
{
	char formatted[32];
	int64_t instant_ms = 0;

	if (!instant_parse(str_of(text), &instant_ms))
		fail_msg("%s", text);
	instant_format(formatted, instant_ms);
	assert_string_equal(formatted, expected);
}

static void test_instant_parse__reads_offsets(void **state)
{
	(void)state;
	instant_is("2026-11-22T15:04:05Z", "2026-11-22T15:04:05.000Z");
	instant_is("2026-11-22t15:04:05z", "2026-11-22T15:04:05.000Z");
	instant_is("2026-11-22T15:04:05+00:00", "2026-11-22T15:04:05.000Z");
	instant_is("2026-11-22T15:04:05-00:00", "2026-11-22T15:04:05.000Z");
	instant_is("2026-11-22T15:04:05+05:30", "2026-11-22T09:34:05.000Z");
	instant_is("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z");
	instant_is("2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00.000Z");
	instant_is("2026-03-01T00:00:00+23:59", "2026-02-28T00:01:00.000Z");
}

static void test_instant_parse__cuts_fractions_to_the_millisecond(void **state)
{
	(void)state;
	instant_is("2026-11-22T15:04:05.1Z", "2026-11-22T15:04:05.100Z");
	instant_is("2026-11-22T15:04:05.12Z", "2026-11-22T15:04:05.120Z");
	instant_is("2026-11-22T15:04:05.123999999999999999999Z", "2026-11-22T15:04:05.123Z");
	instant_is("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
	instant_is("1969-12-31T23:59:59.9999+00:00", "1969-12-31T23:59:59.999Z");
}

static void test_instant_parse__takes_a_leap_second_only_where_one_can_be(void **state)
{
	int64_t instant_ms;

	(void)state;
	instant_is("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
	instant_is("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z");
	instant_is("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000Z");
	assert_false(instant_parse(STR("2016-12-31T22:59:60Z"), &instant_ms));
	assert_false(instant_parse(STR("2016-12-31T23:59:60+01:00"), &instant_ms));
	assert_false(instant_parse(STR("2016-12-31T23:59:61Z"), &instant_ms));
}

static void test_instant_parse__refuses_what_is_no_instant(void **state)
{
	static const char *const wrong[] = {
		"",
		"2026-11-22",
		"2026-11-22T15:04:05",
		"2026-11-22 15:04:05Z",
		"2026-11-22T15:04Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T15:60:00Z",
		"2026-02-30T15:00:00Z",
		"2026-11-22T15:04:05.Z",
		"2026-11-22T15:04:05,5Z",
		"2026-11-22T15:04:05+24:00",
		"2026-11-22T15:04:05+01:60",
		"2026-11-22T15:04:05+0100",
		"2026-11-22T15:04:05+01",
		"2026-11-22T15:04:05ZZ",
		"2026-11-22T15:04:05Z ",
		"2026-11-22T1a:04:05Z",
		"0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
	};
	int64_t instant_ms = 4711;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (instant_parse(str_of(wrong[i]), &instant_ms))
			fail_msg("%s", wrong[i]);
	assert_int_equal(instant_ms, 4711);
}

static void test_instant_format__shows_any_number(void **state)
{
	char text[32];

	(void)state;
	instant_format(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	instant_format(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	instant_format(text, INT64_MAX);
	assert_string_equal(text, "+292278994-08-17T07:12:55.807Z");
	instant_format(text, INT64_MIN);
	assert_string_equal(text, "-292275055-05-16T16:47:04.192Z");
}

static void test_clock__now_is_in_this_century_and_waiting_time_does_not_go_back(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	assert_true(clock_now_ms() > day_of(2024, 1, 1) * DAY_MS);
	assert_true(clock_now_ms() < day_of(2100, 1, 1) * DAY_MS);
	assert_true(clock_monotonic_ms() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day__converts_there_and_back_over_the_whole_range),
		cmocka_unit_test(test_day__text_goes_there_and_back),
		cmocka_unit_test(test_day_parse__refuses_what_is_no_date),
		cmocka_unit_test(test_day_format__shows_any_number),
		cmocka_unit_test(test_day_of_instant__rounds_down_also_before_1970),
		cmocka_unit_test(test_day_of__an_impossible_date_is_a_bug),
		cmocka_unit_test(test_instant_parse__reads_offsets),
		cmocka_unit_test(test_instant_parse__cuts_fractions_to_the_millisecond),
		cmocka_unit_test(test_instant_parse__takes_a_leap_second_only_where_one_can_be),
		cmocka_unit_test(test_instant_parse__refuses_what_is_no_instant),
		cmocka_unit_test(test_instant_format__shows_any_number),
		cmocka_unit_test(test_clock__now_is_in_this_century_and_waiting_time_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
