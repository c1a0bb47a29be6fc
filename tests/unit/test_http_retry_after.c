#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "http/retry_after.h"

#define NOW_MS ((int64_t)784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */

static void assert_pause(const char *value, int64_t expected_ms)
{
	int64_t pause_ms = retry_after_ms(str_of(value), NOW_MS);

	if (pause_ms != expected_ms)
		fail_msg("%s: %lld", value, (long long)pause_ms);
}

static void test_retry_after__seconds(void **state)
{
	(void)state;
	assert_pause("0", 0);
	assert_pause("7", 7000);
	assert_pause(" 120 ", 120000);
	assert_pause("007", 7000);
}

static void test_retry_after__a_date_of_each_form(void **state)
{
	(void)state;
	assert_pause("Sun, 06 Nov 1994 08:49:47 GMT", 10000);
	assert_pause("Sunday, 06-Nov-94 08:49:47 GMT", 10000);
	assert_pause("Sun Nov  6 08:49:47 1994", 10000);
	assert_pause("Sun, 06 Nov 1994 08:49:37 GMT", 0);
}

static void test_retry_after__a_date_that_has_passed_is_no_pause(void **state)
{
	(void)state;
	assert_pause("Sat, 05 Nov 1994 08:49:37 GMT", 0);
	assert_pause("Thu, 01 Jan 1970 00:00:00 GMT", 0);
}

static void test_retry_after__junk_is_none(void **state)
{
	static const char *const junk[] = {
		"",         " ",   "-1",    "-99999999999999999999",         "+5",      "1.5", "1e9", "0x10", "5 s", "soon",
		"tomorrow", "Sun", "12:00", "Sun, 31 Foo 1994 08:49:37 GMT", "\xff\xfe"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(junk); i++)
		assert_pause(junk[i], -1);
}

static void test_retry_after__huge_is_bounded(void **state)
{
	(void)state;
	assert_pause("604799", 604799000);
	assert_pause("604800", RETRY_AFTER_MAX_MS);
	assert_pause("604801", RETRY_AFTER_MAX_MS);
	assert_pause("9223372036854775807", RETRY_AFTER_MAX_MS);
	assert_pause("9223372036854775808", RETRY_AFTER_MAX_MS);
	assert_pause("99999999999999999999999999999999999999999999999999", RETRY_AFTER_MAX_MS);
	assert_pause("Sun, 06 Nov 2094 08:49:37 GMT", RETRY_AFTER_MAX_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_after__seconds),
		cmocka_unit_test(test_retry_after__a_date_of_each_form),
		cmocka_unit_test(test_retry_after__a_date_that_has_passed_is_no_pause),
		cmocka_unit_test(test_retry_after__junk_is_none),
		cmocka_unit_test(test_retry_after__huge_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
