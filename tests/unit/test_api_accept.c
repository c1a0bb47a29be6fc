/* producers/api/http/accept.c: how much a caller wants a media type. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "producers/api/http/accept.h"
#include "producers/api/http/cors.h"

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
	for (size_t i = 0; i < COUNT(bad); i++)
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

static void test_accept__a_coding_is_wanted_by_name_or_by_star(void **state)
{
	(void)state;
	assert_int_equal(accept_coding_weight(STR(""), "gzip"), 0);
	assert_int_equal(accept_coding_weight(STR("deflate, GZIP;q=0.5"), "gzip"), 500);
	assert_int_equal(accept_coding_weight(STR("*;q=0.3"), "gzip"), 300);
	assert_int_equal(accept_coding_weight(STR("*, gzip;q=0"), "gzip"), 0);
	assert_int_equal(accept_coding_weight(STR("gzip;q=0, *"), "gzip"), 0);
	assert_int_equal(accept_coding_weight(STR("gzip;q=x"), "gzip"), 0);
	assert_int_equal(accept_coding_weight(STR("xgzip, gzipx"), "gzip"), 0);
	assert_int_equal(accept_coding_weight(STR("gzip, *"), "identity"), 0);
	assert_int_equal(accept_coding_weight(STR("gzip;q=0.1, identity;q=0.2"), "identity"), 200);
}

/* ---- pages of other origins ---- */

static void test_cors__an_origin_is_one_of_the_list_and_exactly_it(void **state)
{
	static const char origins[] = "https://a.example,http://localhost:3000";

	(void)state;
	assert_true(cors_is_allowed(origins, STR("https://a.example")));
	assert_true(cors_is_allowed(origins, STR("http://localhost:3000")));
	assert_false(cors_is_allowed(origins, STR("http://a.example")));
	assert_false(cors_is_allowed(origins, STR("https://a.example:444")));
	assert_false(cors_is_allowed(origins, STR("https://a.example.evil")));
	assert_false(cors_is_allowed(origins, STR("null")));
	assert_false(cors_is_allowed(origins, STR("")));
	assert_false(cors_is_allowed("", STR("")));
	assert_false(cors_is_allowed(NULL, STR("https://a.example")));
}

static void test_cors__a_list_is_of_origins_as_browsers_write_them(void **state)
{
	static const char *const bad[] = {
		"*",       "null",       "a.example",  "https://", "https://a/", "https://A", "https://a, https://b",
		"ftp://a", ",https://a", "https://a?b"
	};

	(void)state;
	assert_true(cors_list_is_good(""));
	assert_true(cors_list_is_good("https://a.example,http://[::1]:3000"));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (cors_list_is_good(bad[i]))
			fail_msg("%s", bad[i]);
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
		cmocka_unit_test(test_accept__a_coding_is_wanted_by_name_or_by_star),
		cmocka_unit_test(test_cors__an_origin_is_one_of_the_list_and_exactly_it),
		cmocka_unit_test(test_cors__a_list_is_of_origins_as_browsers_write_them),
	};

	return cmocka_run_group_tests_name("api accept", tests, NULL, NULL);
}
