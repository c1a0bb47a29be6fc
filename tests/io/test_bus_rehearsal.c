/* lib/bus in a rehearsal, against librdkafka's mock cluster: the time is what records say, and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/day.h"
#include "bus/bus.h"
#include "tests/io/mock_cluster.h"

#define DEADLINE_MS 30000
#define TOPIC       "dcs.test.events.v1"
#define YEAR_MS     (365 * DAY_MS)

static struct mock_cluster mock;
static struct bus_conf conf;
static struct bus_producer *producer;
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
	mock_cluster_topic(&mock, TOPIC, 1);
	mock_cluster_topic(&mock, BUS_TIME_TOPIC, 1);
	conf = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };
	must(bus_producer_open(&conf, &producer, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_producer_close(producer);
	mock_cluster_stop(&mock);
	return 0;
}

static void produce(const char *topic)
{
	must(bus_produce(producer, topic, 0, STR("key"), STR("value"), NULL, 0, NULL, NULL, &err));
	must(bus_producer_flush(producer, DEADLINE_MS, &err));
}

static int64_t time_of_first(void)
{
	struct bus_reader *reader = NULL;
	struct bus_record record;
	bool found = false;
	int64_t at_ms;

	must(bus_reader_open(&conf, TOPIC, &reader, &err));
	must(bus_reader_seek(reader, 0, 0, &err));
	must(bus_reader_next(reader, DEADLINE_MS, &found, &record, &err));
	assert_true(found);
	at_ms = record.at_ms;
	bus_record_release(&record);
	bus_reader_close(reader);
	return at_ms;
}

/* In the order of main: time only moves forward, and one process has one time. */
static void test_bus_rehearsal__before_the_first_tick_the_time_is_not_known(void **state)
{
	(void)state;
	assert_false(bus_knows_time());
	assert_int_equal(bus_producer_ask_time(producer, DEADLINE_MS, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_false(bus_knows_time());
}

static void test_bus_rehearsal__the_time_stands_still_until_another_is_told(void **state)
{
	int64_t at_ms = clock_now_ms() + YEAR_MS;
	int64_t skew_ms;

	(void)state;
	bus_note_clock(at_ms);
	assert_true(bus_knows_time());
	assert_int_equal(bus_now_ms(), at_ms);
	produce(TOPIC); /* a delivery report tells nothing new */
	bus_note_clock(at_ms - 1);
	assert_int_equal(bus_now_ms(), at_ms);
	bus_note_clock(at_ms + 1);
	assert_int_equal(bus_now_ms(), at_ms + 1);
	assert_false(bus_skew_ms(&skew_ms));
}

static void test_bus_rehearsal__records_have_the_time_that_was_told(void **state)
{
	int64_t at_ms = clock_now_ms() + 2 * YEAR_MS;

	(void)state;
	bus_note_clock(at_ms);
	produce(TOPIC);
	assert_int_equal(time_of_first(), at_ms);
}

/* Written as a child would: another process, whose time is a year ahead of ours. */
static void produce_later(int64_t at_ms)
{
	rd_kafka_conf_t *other_conf = rd_kafka_conf_new();
	char text[200];

	assert_int_equal(rd_kafka_conf_set(other_conf, "bootstrap.servers", conf.bootstrap, text, sizeof(text)),
			 RD_KAFKA_CONF_OK);
	rd_kafka_t *other = rd_kafka_new(RD_KAFKA_PRODUCER, other_conf, text, sizeof(text));

	assert_non_null(other);
	assert_int_equal(rd_kafka_producev(other, RD_KAFKA_VTYPE_TOPIC, BUS_TIME_TOPIC, RD_KAFKA_VTYPE_PARTITION, (int32_t)0,
					   RD_KAFKA_VTYPE_VALUE, (void *)"", (size_t)0, RD_KAFKA_VTYPE_TIMESTAMP, at_ms,
					   RD_KAFKA_VTYPE_END),
			 RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(rd_kafka_flush(other, DEADLINE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_destroy(other);
}

static void test_bus_rehearsal__whoever_reads_what_a_tick_has_caused_knows_its_time(void **state)
{
	int64_t at_ms = clock_now_ms() + 3 * YEAR_MS;

	(void)state;
	produce_later(at_ms);
	assert_true(bus_now_ms() < at_ms);
	must(bus_producer_ask_time(producer, DEADLINE_MS, &err)); /* a reader of the last record */
	assert_int_equal(bus_now_ms(), at_ms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bus_rehearsal__before_the_first_tick_the_time_is_not_known),
		TEST(test_bus_rehearsal__the_time_stands_still_until_another_is_told),
		TEST(test_bus_rehearsal__records_have_the_time_that_was_told),
		TEST(test_bus_rehearsal__whoever_reads_what_a_tick_has_caused_knows_its_time),
	};

	bus_rehearse();
	return cmocka_run_group_tests_name("bus rehearsal", tests, NULL, NULL);
}
