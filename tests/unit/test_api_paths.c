/* Which row of a table takes a request. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "producers/api/http/paths.h"

static const struct route rows[] = {
	{ .method = METHOD_GET, .pattern = "/", .operation = "root" },
	{ .method = METHOD_GET, .pattern = "/debts", .operation = "list" },
	{ .method = METHOD_POST, .pattern = "/debts", .operation = "create" },
	{ .method = METHOD_GET, .pattern = "/debts/:id", .operation = "get" },
	{ .method = METHOD_PUT, .pattern = "/debts/:id", .operation = "amend" },
	{ .method = METHOD_POST, .pattern = "/debts/:id/payments", .operation = "pay" },
	{ .method = METHOD_GET, .pattern = "/debts/mine", .operation = "mine" },
	{ .method = METHOD_GET, .pattern = "/subjects/:subject/versions/:version", .operation = "version" },
	{ 0 },
};

static struct paths *paths;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return paths_new(rows, &paths, &err);
}

static int tear_down(void **state)
{
	(void)state;
	paths_free(paths);
	return 0;
}

static const char *find(const char *path, unsigned method, struct path_params *params, unsigned *methods)
{
	const struct route *route = paths_find(paths, str_of(path), method, params, methods);

	return route == NULL ? "none" : route->operation;
}

static void test_paths__a_request_finds_its_row(void **state)
{
	struct path_params params;
	unsigned methods;

	(void)state;
	assert_string_equal(find("/", METHOD_GET, &params, &methods), "root");
	assert_string_equal(find("/debts", METHOD_POST, &params, &methods), "create");
	assert_string_equal(find("/debts/17", METHOD_PUT, &params, &methods), "amend");
	assert_true(params.count == 1 && str_is(params.values[0], "17"));
	assert_string_equal(find("/subjects/a.b/versions/latest", METHOD_GET, &params, &methods), "version");
	assert_true(params.count == 2 && str_is(params.values[0], "a.b") && str_is(params.values[1], "latest"));
}

static void test_paths__a_literal_goes_before_a_parameter(void **state)
{
	struct path_params params;
	unsigned methods;

	(void)state;
	assert_string_equal(find("/debts/mine", METHOD_GET, &params, &methods), "mine");
	assert_string_equal(find("/debts/mine", METHOD_PUT, &params, &methods), "none");
	assert_int_equal(methods, METHOD_GET);
}

static void test_paths__another_method_is_told_which_there_are(void **state)
{
	struct path_params params;
	unsigned methods;

	(void)state;
	assert_string_equal(find("/debts", METHOD_DELETE, &params, &methods), "none");
	assert_int_equal(methods, METHOD_GET | METHOD_POST);
	assert_string_equal(find("/debts/17", 0, &params, &methods), "none");
	assert_int_equal(methods, METHOD_GET | METHOD_PUT);
}

static void test_paths__nothing_is_anywhere_else(void **state)
{
	static const char *const others[] = {
		"", "x", "//", "/debts/", "/debts//payments", "/Debts", "/debts/1/payments/", "/1/2/3/4/5/6/7/8/9/10"
	};
	struct path_params params;
	unsigned methods;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_string_equal(find(others[i], METHOD_GET, &params, &methods), "none");
		assert_int_equal(methods, 0);
	}
}

static void test_paths__two_rows_for_the_same_requests_are_refused(void **state)
{
	static const struct route twice[] = { { .method = METHOD_GET, .pattern = "/a/:x" },
					      { .method = METHOD_GET, .pattern = "/a/:y" },
					      { 0 } };
	struct err err = ERR_INIT;
	struct paths *none;

	(void)state;
	assert_int_equal(paths_new(twice, &none, &err), -1);
}

static void test_paths__parameters_are_found_by_name(void **state)
{
	(void)state;
	assert_int_equal(paths_param_index(&rows[7], "subject"), 0);
	assert_int_equal(paths_param_index(&rows[7], "version"), 1);
	assert_int_equal(paths_param_index(&rows[7], "sub"), -1);
	assert_int_equal(paths_param_index(&rows[0], "id"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths__a_request_finds_its_row),
		cmocka_unit_test(test_paths__a_literal_goes_before_a_parameter),
		cmocka_unit_test(test_paths__another_method_is_told_which_there_are),
		cmocka_unit_test(test_paths__nothing_is_anywhere_else),
		cmocka_unit_test(test_paths__two_rows_for_the_same_requests_are_refused),
		cmocka_unit_test(test_paths__parameters_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
