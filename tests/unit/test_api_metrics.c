/* What the gateway counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "producers/api/ops/metrics.h"

static const struct route rows[] = {
	{ .method = METHOD_GET, .pattern = "/a", .operation = "getA" },
	{ .method = METHOD_GET, .pattern = "/b", .operation = "getB" },
	{ 0 },
};

static struct metrics metrics;
static struct buf text;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	buf_init(&text, 1 << 20);
	return metrics_open(&metrics, rows, &err);
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&text);
	metrics_release(&metrics);
	return 0;
}

static bool says(const char *line)
{
	buf_reset(&text);
	metrics_write_requests(&metrics, &text);
	buf_add_u8(&text, '\0');
	return strstr((const char *)text.data, line) != NULL;
}

static void test_metrics__a_request_is_counted_in_every_bucket_above_it(void **state)
{
	(void)state;
	metrics_count(&metrics, &rows[1], 200, 1000);
	metrics_count(&metrics, &rows[1], 204, 1001);
	metrics_count(&metrics, &rows[1], 200, 99000000);
	assert_true(says("http_server_request_duration_seconds_bucket{operation=\"getB\",status=\"2xx\",le=\"0.0005\"} 0\n"));
	assert_true(says("http_server_request_duration_seconds_bucket{operation=\"getB\",status=\"2xx\",le=\"0.001\"} 1\n"));
	assert_true(says("http_server_request_duration_seconds_bucket{operation=\"getB\",status=\"2xx\",le=\"0.0025\"} 2\n"));
	assert_true(says("http_server_request_duration_seconds_bucket{operation=\"getB\",status=\"2xx\",le=\"10.0\"} 2\n"));
	assert_true(says("http_server_request_duration_seconds_bucket{operation=\"getB\",status=\"2xx\",le=\"+Inf\"} 3\n"));
	assert_true(says("http_server_request_duration_seconds_count{operation=\"getB\",status=\"2xx\"} 3\n"));
	assert_true(says("http_server_request_duration_seconds_sum{operation=\"getB\",status=\"2xx\"} 99.002001\n"));
}

static void test_metrics__operations_and_classes_are_apart(void **state)
{
	(void)state;
	metrics_count(&metrics, &rows[0], 404, 7);
	metrics_count(&metrics, NULL, 404, 7);
	assert_true(says("_count{operation=\"getA\",status=\"4xx\"} 1\n"));
	assert_true(says("_count{operation=\"none\",status=\"4xx\"} 1\n"));
	assert_false(says("getB"));
	assert_false(says("2xx"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_metrics__a_request_is_counted_in_every_bucket_above_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics__operations_and_classes_are_apart, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
