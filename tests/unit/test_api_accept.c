/* producers/api/accept.c: how much a caller wants a media type. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "producers/api/accept.h"

static int csv(const char *accept)
{
	return accept_weight(str_of(accept), "text/csv");
}

static int json(const char *accept)
{
	return accept_weight(str_of(accept), "application/json");
}

static void test_accept__who_says_nothing_takes_everything(void **state)
{
	(void)state;
	assert_int_equal(csv(""), 1000);
	assert_int_equal(csv(" \t"), 1000);
	assert_int_equal(csv("*/*"), 1000);
	assert_int_equal(json("*/*;q=0.5"), 500);
}

static void test_accept__what_is_not_listed_is_not_wanted(void **state)
{
	(void)state;
	assert_int_equal(csv("application/json"), 0);
	assert_int_equal(csv("text/html, text/plain"), 0);
	assert_int_equal(csv("text/csvx, xtext/csv, text"), 0);
	assert_int_equal(csv("text/csv;q=0"), 0);
}

static void test_accept__the_narrowest_range_counts_wherever_it_stands(void **state)
{
	(void)state;
	assert_int_equal(csv("text/csv;q=0.3, text/*;q=0.6, */*"), 300);
	assert_int_equal(csv("*/*, text/*;q=0.6, text/csv;q=0.3"), 300);
	assert_int_equal(csv("*/*;q=0.1, text/*;q=0.6"), 600);
	assert_int_equal(json("*/*;q=0.1, text/*;q=0.6"), 100);
	assert_int_equal(csv("text/csv;q=0, */*"), 0);
}

static void test_accept__names_are_without_case_and_parameters_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(csv("Text/CSV ; header=present ; Q=0.25"), 250);
	assert_int_equal(csv("text/csv; charset=\"utf-8\"; q=1.000"), 1000);
	assert_int_equal(json("application/json;v=2,text/csv;q=.5"), 1000);
}

static void test_accept__malformed_ranges_are_left_out(void **state)
{
	static const char *const bad[] = { "text/csv;q=2",   "text/csv;q=1.001", "text/csv;q=-1", "text/csv;q=0.1234",
					   "text/csv;q=0,5", "text/csv;q=",      "text/csv;q=a",  ",;,/,;q=1,*" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(csv(bad[i]), 0);
	assert_int_equal(csv("text/csv;q=7, text/*;q=0.4"), 400);
	assert_int_equal(csv(",,text/csv,,"), 1000);
}

static void test_accept__those_of_common_clients(void **state)
{
	static const char browser[] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
	static const char axios[] = "application/json, text/plain, */*";

	(void)state;
	assert_int_equal(csv(browser), json(browser));
	assert_int_equal(csv(axios), 1000);
	assert_int_equal(json(axios), 1000);
	assert_true(csv("text/csv, */*;q=0.1") > json("text/csv, */*;q=0.1"));
	assert_true(csv("text/csv, application/json") == json("text/csv, application/json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept__who_says_nothing_takes_everything),
		cmocka_unit_test(test_accept__what_is_not_listed_is_not_wanted),
		cmocka_unit_test(test_accept__the_narrowest_range_counts_wherever_it_stands),
		cmocka_unit_test(test_accept__names_are_without_case_and_parameters_do_not_matter),
		cmocka_unit_test(test_accept__malformed_ranges_are_left_out),
		cmocka_unit_test(test_accept__those_of_common_clients),
	};

	return cmocka_run_group_tests_name("api accept", tests, NULL, NULL);
}
