/* lib/bus in a loop, against librdkafka's mock cluster: following the ends of topics, descriptors that say when to look. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <poll.h>

#include "base/day.h"
#include "bus/bus.h"
#include "tests/io/mock_cluster.h"

#define DEADLINE_MS 30000

static const char *const topics[] = { "dcs.one.events.v1", "dcs.two.events.v1" };
static struct mock_cluster mock;
static struct bus_conf conf;
static struct bus_producer *producer;
static struct bus_tail *tail;
static struct err err;

static void must(int result)
{
	if (result != 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, topics[0], 3);
	mock_cluster_topic(&mock, topics[1], 3);
	conf = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };
	must(bus_producer_open(&conf, &producer, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_tail_close(tail);
	tail = NULL;
	bus_producer_close(producer);
	mock_cluster_stop(&mock);
	return 0;
}

static void produce(size_t topic, int32_t part, const char *text)
{
	must(bus_produce(producer, topics[topic], part, STR("key"), str_of(text), NULL, 0, NULL, NULL, &err));
	must(bus_producer_flush(producer, DEADLINE_MS, &err));
}

static bool rings(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void expect(int32_t part, const char *text)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct bus_record record;

	while (!bus_tail_next(tail, &record)) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		(void)rings(bus_tail_fd(tail), 1000);
	}
	assert_int_equal(record.part, part);
	assert_true(str_is(record.value, text));
	bus_record_release(&record);
}

static void test_bus_tail__sees_what_is_written_after_it_was_opened(void **state)
{
	struct bus_record record;

	(void)state;
	produce(0, 1, "before");
	must(bus_tail_open(&conf, topics, 2, &tail, &err));
	produce(0, 1, "a");
	expect(1, "a");
	produce(1, 2, "b");
	expect(2, "b");
	produce(0, 0, "c");
	expect(0, "c");
	assert_false(bus_tail_next(tail, &record));
}

/* It may ring for what librdkafka says to itself, and not for ever. */
static void expect_quiet(void)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct bus_record record;

	do {
		assert_true(clock_monotonic_ms() < deadline_ms);
		assert_false(bus_tail_next(tail, &record));
	} while (rings(bus_tail_fd(tail), 0));
}

static void test_bus_tail__rings_when_something_has_come_and_then_is_quiet(void **state)
{
	(void)state;
	must(bus_tail_open(&conf, topics, 2, &tail, &err));
	expect_quiet();
	for (int i = 0; i < 5; i++) {
		produce(1, 0, "a");
		assert_true(rings(bus_tail_fd(tail), DEADLINE_MS));
		expect(0, "a");
		expect_quiet();
	}
}

static void test_bus_tail__goes_on_where_it_was_when_the_broker_comes_back(void **state)
{
	(void)state;
	must(bus_tail_open(&conf, topics, 2, &tail, &err));
	produce(0, 1, "a");
	expect(1, "a");
	mock_cluster_broker_down(&mock);
	must(bus_produce(producer, topics[0], 1, STR("key"), STR("b"), NULL, 0, NULL, NULL, &err));
	mock_cluster_broker_up(&mock);
	must(bus_producer_flush(producer, DEADLINE_MS, &err));
	expect(1, "b");
}

static void test_bus_tail__without_a_broker_or_a_topic_it_is_not_opened(void **state)
{
	static const char *const missing[] = { "dcs.three.events.v1" };

	(void)state;
	mock_cluster_topic(&mock, missing[0], 1);
	mock_cluster_lose_topic(&mock, missing[0]);
	assert_int_equal(bus_tail_open(&conf, missing, 1, &tail, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	mock_cluster_broker_down(&mock);
	assert_int_equal(bus_tail_open(&conf, topics, 2, &tail, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_null(tail);
}

static void count_report(void *count_arg, int32_t part, int64_t offset, const struct err *failure)
{
	(void)part;
	(void)offset;
	assert_null(failure);
	++*(int *)count_arg;
}

static void test_bus_producer__rings_when_a_report_has_come(void **state)
{
	int reports = 0;

	(void)state;
	bus_producer_poll(producer, 0);
	for (int i = 1; i <= 20; i++) {
		int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

		must(bus_produce(producer, topics[0], 0, STR("key"), STR("a"), NULL, 0, count_report, &reports, &err));
		while (reports < i) {
			assert_true(clock_monotonic_ms() < deadline_ms);
			assert_true(rings(bus_producer_fd(producer), DEADLINE_MS));
			bus_producer_poll(producer, 0);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_bus_tail__sees_what_is_written_after_it_was_opened),
		TEST(test_bus_tail__rings_when_something_has_come_and_then_is_quiet),
		TEST(test_bus_tail__goes_on_where_it_was_when_the_broker_comes_back),
		TEST(test_bus_tail__without_a_broker_or_a_topic_it_is_not_opened),
		TEST(test_bus_producer__rings_when_a_report_has_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
