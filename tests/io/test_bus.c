/* lib/bus against librdkafka's mock cluster: what it promises, and what it does when the broker fails. */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "bus/bus.h"
#include "tests/io/mock_cluster.h"

#define TOPIC       "dcs.test.commands.v1"
#define GROUP       "dcs-test"
#define DEADLINE_MS 30000 /* of a wait for something that must come */
#define RECORDS_MAX 2000

static struct mock_cluster mock;
static struct bus_conf conf;

static int set_up(void **state)
{
	(void)state;
	mock_cluster_start(&mock);
	conf = (struct bus_conf){
		.bootstrap = mock_cluster_bootstrap(&mock),
		.client_id = "test",
		.session_timeout_ms = 6000, /* the mock waits for it at each rebalance */
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mock_cluster_stop(&mock);
	return 0;
}

/* ---- helpers ---- */

#define MUST_DO(call)                                                                                                            \
	do {                                                                                                                     \
		if ((call) != 0)                                                                                                 \
			fail_msg("%s: %s", #call, error.text);                                                                   \
	} while (0)

static struct bus_producer *producer_open(void)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = NULL;

	MUST_DO(bus_producer_open(&conf, &producer, &error));
	return producer;
}

/* Produces "0", "1", ... in one partition. */
static void produce_numbers(struct bus_producer *producer, int32_t part, int first, int count, bus_done *done, void *done_arg)
{
	struct err error = ERR_INIT;
	char text[16];

	for (int number = first; number < first + count; number++) {
		snprintf(text, sizeof(text), "%d", number);
		MUST_DO(bus_produce(producer, TOPIC, part, STR("key"), str_of(text), NULL, 0, done, done_arg, &error));
	}
}

static void fill(int32_t part, int count)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();

	produce_numbers(producer, part, 0, count, NULL, NULL);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	bus_producer_close(producer);
}

static struct bus_consumer *consumer_open(void)
{
	struct err error = ERR_INIT;
	struct bus_consumer *consumer = NULL;

	MUST_DO(bus_consumer_open(&conf, GROUP, TOPIC, &consumer, &error));
	return consumer;
}

/* Polls until `wanted` comes; anything else that comes before fails the test. */
static struct bus_record expect(struct bus_consumer *consumer, enum bus_poll wanted)
{
	struct err error = ERR_INIT;
	struct bus_record record = { .message = NULL };
	enum bus_poll kind = BUS_NOTHING;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (kind == BUS_NOTHING) {
		assert_true(clock_monotonic_ms() < until_ms);
		MUST_DO(bus_consumer_poll(consumer, 200, &kind, &record, &error));
	}
	assert_int_equal(kind, wanted);
	return record;
}

static void expect_number(struct bus_consumer *consumer, int32_t part, int number)
{
	char text[16];
	struct bus_record record = expect(consumer, BUS_RECORD);

	snprintf(text, sizeof(text), "%d", number);
	assert_int_equal(record.part, part);
	assert_true(str_is(record.value, text));
	bus_record_release(&record);
}

/* Everything assigned, from this offset on. */
static void start_all(struct bus_consumer *consumer, int64_t offset)
{
	struct err error = ERR_INIT;
	int64_t offsets[BUS_PARTS_MAX];
	size_t count;
	const int32_t *parts = bus_consumer_parts(consumer, &count);

	for (size_t index = 0; index < count; index++)
		offsets[index] = offset;
	MUST_DO(bus_consumer_start(consumer, parts, offsets, count, &error));
}

struct reports {
	size_t delivered;
	size_t failed;
	int64_t last_offset;
	bool in_order; /* offsets rose by one */
};

static void count_report(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct reports *reports = done_arg;

	(void)part;
	if (failure != NULL) {
		reports->failed++;
		return;
	}
	reports->in_order = reports->in_order && offset == reports->last_offset + 1;
	reports->last_offset = offset;
	reports->delivered++;
}

static const struct reports reports_none = { .last_offset = -1, .in_order = true };

/* ---- partitions ---- */

static int32_t murmur2_of(const char *key)
{
	return bus_part_of(str_of(key), INT32_MAX);
}

static void test_bus__partitions_are_those_of_java(void **state)
{
	(void)state; /* the hashes of Kafka's own UtilsTest, without their sign bit */
	assert_int_equal(murmur2_of("21"), -973932308 & 0x7fffffff);
	assert_int_equal(murmur2_of("foobar"), -790332482 & 0x7fffffff);
	assert_int_equal(murmur2_of("a-little-bit-long-string"), -985981536 & 0x7fffffff);
	assert_int_equal(murmur2_of("a-little-bit-longer-string"), -1486304829 & 0x7fffffff);
	assert_int_equal(murmur2_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971 & 0x7fffffff);
	assert_int_equal(murmur2_of("abc"), 479470107);
	assert_int_equal(bus_part_of(STR("abc"), 6), 479470107 % 6);
}

static void test_bus__librdkafka_puts_a_key_where_we_say(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct bus_reader *reader = NULL;
	struct bus_record record;
	bool found;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 6);
	MUST_DO(bus_produce(producer, TOPIC, -1, STR("foobar"), STR("v"), NULL, 0, NULL, NULL, &error));
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	MUST_DO(bus_reader_seek(reader, bus_part_of(STR("foobar"), 6), 0, &error));
	MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
	assert_true(found);
	bus_record_release(&record);
	bus_reader_close(reader);
	bus_producer_close(producer);
}

/* ---- consumer ---- */

static void test_bus__reading_starts_at_the_offsets_given(void **state)
{
	struct err error = ERR_INIT;
	struct bus_consumer *consumer;
	int64_t offsets[2];
	size_t count;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 2);
	fill(0, 10);
	fill(1, 10);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	const int32_t *parts = bus_consumer_parts(consumer, &count);
	assert_int_equal(count, 2);
	for (size_t index = 0; index < 2; index++) /* partition 0 is halted */
		offsets[index] = parts[index] == 0 ? -1 : 7;
	MUST_DO(bus_consumer_start(consumer, parts, offsets, 2, &error));
	for (int number = 7; number < 10; number++)
		expect_number(consumer, 1, number);
	start_all(consumer, 9); /* again, elsewhere: both now */
	struct bus_record one = expect(consumer, BUS_RECORD);
	struct bus_record other = expect(consumer, BUS_RECORD);
	assert_int_equal(one.part + other.part, 1);
	assert_int_equal(one.offset + other.offset, 18);
	bus_record_release(&one);
	bus_record_release(&other);
	bus_consumer_close(consumer, 5000);
}

static bool rings(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

/* It may ring for what librdkafka says to itself, and not for ever. */
static void expect_quiet(struct bus_consumer *consumer, int fd)
{
	struct err error = ERR_INIT;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct bus_record record;
	enum bus_poll kind;

	do {
		assert_true(clock_monotonic_ms() < until_ms);
		MUST_DO(bus_consumer_poll(consumer, 0, &kind, &record, &error));
		assert_int_equal(kind, BUS_NOTHING);
	} while (rings(fd, 0));
}

static void test_bus__a_consumer_rings_until_everything_is_taken(void **state)
{
	struct err error = ERR_INIT;
	struct bus_consumer *consumer;
	int fd = -1;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	consumer = consumer_open();
	MUST_DO(bus_consumer_fd(consumer, &fd, &error));
	expect(consumer, BUS_ASSIGNED);
	start_all(consumer, 0);
	expect_quiet(consumer, fd);
	for (int round = 0; round < 3; round++) {
		fill(0, 2);
		assert_true(rings(fd, DEADLINE_MS));
		expect_number(consumer, 0, 0);
		assert_true(rings(fd, DEADLINE_MS)); /* the second */
		expect_number(consumer, 0, 1);
		expect_quiet(consumer, fd);
	}
	bus_consumer_close(consumer, 1000);
}

static void test_bus__going_back_forgets_what_was_fetched(void **state)
{
	struct bus_consumer *consumer;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	fill(0, RECORDS_MAX);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	for (int round = 0; round < 20; round++) {
		start_all(consumer, round * 10);
		for (int number = round * 10; number < round * 10 + 50; number++)
			expect_number(consumer, 0, number);
	}
	bus_consumer_close(consumer, 5000);
}

/* librdkafka aborts when a partition is taken away before it has stopped after the time before: here nobody polls in between. */
static void test_bus__starting_again_at_once_is_harmless(void **state)
{
	struct bus_consumer *consumer;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 8);
	fill(0, 1);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	for (int round = 0; round < 1000; round++)
		start_all(consumer, 0);
	expect_number(consumer, 0, 0);
	start_all(consumer, 0);
	start_all(consumer, 0);
	bus_consumer_close(consumer, 5000);
}

static void test_bus__a_place_the_topic_has_not_is_told(void **state)
{
	struct bus_consumer *consumer;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	fill(0, 3);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	start_all(consumer, 1000);
	struct bus_record record = expect(consumer, BUS_DISPLACED);
	assert_int_equal(record.part, 0);
	assert_null(record.message);
	bus_consumer_close(consumer, 5000);
}

static void test_bus__waiting_for_the_answer_keeps_quiet(void **state)
{
	struct err error = ERR_INIT;
	struct bus_consumer *consumer;
	struct bus_record record;
	enum bus_poll kind;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	fill(0, 3);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	for (int round = 0; round < 5; round++) {
		MUST_DO(bus_consumer_poll(consumer, 20, &kind, &record, &error));
		assert_int_equal(kind, BUS_NOTHING);
	}
	start_all(consumer, 0);
	expect_number(consumer, 0, 0);
	bus_consumer_close(consumer, 5000);
}

/* Two members, both polled. Records come while they do not own what they are from: that is the failure. */
struct member {
	struct bus_consumer *consumer;
	bool owns[4];
	size_t owned;
	size_t revocations;
	size_t records;
};

static void member_hear(struct member *member, enum bus_poll kind, struct bus_record *record)
{
	struct err error = ERR_INIT;
	const int32_t *parts;

	switch (kind) {
	case BUS_NOTHING:
		break;
	case BUS_RECORD:
		assert_true(member->owns[record->part]);
		member->records++;
		bus_record_release(record);
		break;
	case BUS_ASSIGNED:
		assert_int_equal(member->owned, 0);
		parts = bus_consumer_parts(member->consumer, &member->owned);
		for (size_t index = 0; index < member->owned; index++)
			member->owns[parts[index]] = true;
		start_all(member->consumer, 0);
		break;
	case BUS_REVOKED:
		memset(member->owns, 0, sizeof(member->owns));
		member->owned = 0;
		member->revocations++;
		MUST_DO(bus_consumer_stop(member->consumer, &error));
		break;
	case BUS_DISPLACED:
		fail_msg("displaced");
	}
}

static void member_poll(struct member *member)
{
	struct err error = ERR_INIT;
	struct bus_record record = { .message = NULL };
	enum bus_poll kind;

	MUST_DO(bus_consumer_poll(member->consumer, 5, &kind, &record, &error));
	member_hear(member, kind, &record);
}

static void test_bus__two_members_share_and_take_over(void **state)
{
	struct member first = { .consumer = NULL };
	struct member second = { .consumer = NULL };
	int64_t until_ms = clock_monotonic_ms() + 2 * DEADLINE_MS;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 4);
	for (int32_t part = 0; part < 4; part++)
		fill(part, 500);
	first.consumer = consumer_open();
	while (first.owned != 4 || first.records < 100) {
		member_poll(&first);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	second.consumer = consumer_open();
	while (first.owned != 2 || second.owned != 2 || second.records < 100) {
		member_poll(&first);
		member_poll(&second);
		for (size_t part = 0; part < 4; part++)
			assert_false(first.owns[part] && second.owns[part]);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	assert_true(first.revocations >= 1);
	bus_consumer_close(first.consumer, 5000); /* leaves: the other gets everything, without waiting for a session to end */
	while (second.owned != 4) {
		member_poll(&second);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	bus_consumer_close(second.consumer, 5000);
}

static void test_bus__a_revocation_that_was_not_answered_is_told_again(void **state)
{
	struct err error = ERR_INIT;
	struct member second = { .consumer = NULL };
	struct bus_consumer *first;
	struct bus_record record;
	enum bus_poll kind = BUS_NOTHING;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	const int32_t part = 0;
	const int64_t offset = 0;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 2);
	first = consumer_open();
	expect(first, BUS_ASSIGNED);
	start_all(first, 0);
	second.consumer = consumer_open();
	while (kind != BUS_REVOKED) {
		assert_true(clock_monotonic_ms() < until_ms);
		MUST_DO(bus_consumer_poll(first, 5, &kind, &record, &error));
		assert_true(kind == BUS_NOTHING || kind == BUS_REVOKED);
		member_poll(&second);
	}
	assert_int_equal(bus_consumer_start(first, &part, &offset, 1, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	expect(first, BUS_REVOKED);
	MUST_DO(bus_consumer_stop(first, &error));
	while (second.owned == 0) {
		assert_true(clock_monotonic_ms() < until_ms);
		member_poll(&second);
		MUST_DO(bus_consumer_poll(first, 5, &kind, &record, &error));
		if (kind == BUS_ASSIGNED)
			start_all(first, 0);
	}
	bus_consumer_close(first, 5000);
	bus_consumer_close(second.consumer, 5000);
}

static void test_bus__closing_ends_by_its_deadline_without_a_broker(void **state)
{
	struct bus_consumer *consumer;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	mock_cluster_broker_down(&mock);
	int64_t from_ms = clock_monotonic_ms();
	bus_consumer_close(consumer, 1000);
	assert_true(clock_monotonic_ms() - from_ms < DEADLINE_MS); /* comes back at all */
	mock_cluster_broker_up(&mock);
	bus_consumer_close(NULL, 0);
}

static void test_bus__a_consumer_outlives_a_broker_that_was_away(void **state)
{
	struct bus_consumer *consumer;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	fill(0, 5);
	consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	start_all(consumer, 0);
	for (int number = 0; number < 5; number++)
		expect_number(consumer, 0, number);
	mock_cluster_broker_down(&mock);
	mock_cluster_broker_up(&mock);
	fill(0, 1);
	expect_number(consumer, 0, 0);
	bus_consumer_close(consumer, 5000);
}

static void test_bus__bounds_are_the_first_and_the_next_offset(void **state)
{
	struct err error = ERR_INIT;
	struct bus_reader *reader;
	int64_t low;
	int64_t high;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 2);
	fill(1, 12);
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	MUST_DO(bus_reader_bounds(reader, 1, &low, &high, DEADLINE_MS, &error));
	assert_int_equal(low, 0);
	assert_int_equal(high, 12);
	assert_int_equal(bus_reader_bounds(reader, 7, &low, &high, DEADLINE_MS, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	bus_reader_close(reader);
}

/* The time of a question is for a broker that is slow, not for one that nobody can connect to. */
static void test_bus__a_cluster_that_is_away_is_not_waited_for(void **state)
{
	struct err error = ERR_INIT;
	struct bus_reader *reader;
	int64_t low;
	int64_t high;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	fill(0, 1);
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	mock_cluster_broker_down(&mock);
	assert_int_equal(bus_reader_bounds(reader, 0, &low, &high, INT32_MAX, &error), -1); /* ends all the same */
	assert_int_equal(error.kind, ERR_RETRY);
	assert_non_null(strstr(error.text, "no answer from Kafka at "));
	assert_non_null(strstr(error.text, mock_cluster_bootstrap(&mock)));
	assert_non_null(strstr(error.text, "DCS_KAFKA_BOOTSTRAP"));
	mock_cluster_broker_up(&mock);
	error = (struct err)ERR_INIT;
	while (bus_reader_bounds(reader, 0, &low, &high, DEADLINE_MS, &error) < 0)
		assert_int_equal(error.kind, ERR_RETRY);
	assert_int_equal(high, 1);
	bus_reader_close(reader);
}

/* ---- reader ---- */

static void test_bus__a_reader_reads_the_last_record_and_the_end(void **state)
{
	struct err error = ERR_INIT;
	struct bus_reader *reader = NULL;
	struct bus_record record;
	int64_t low;
	int64_t high;
	bool found;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 2);
	fill(0, 10);
	fill(1, 20);
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	for (int32_t part = 0; part < 2; part++) {
		MUST_DO(bus_reader_bounds(reader, part, &low, &high, DEADLINE_MS, &error));
		assert_int_equal(high, part == 0 ? 10 : 20);
		MUST_DO(bus_reader_seek(reader, part, high - 1, &error));
		MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
		assert_true(found);
		assert_int_equal(record.part, part);
		assert_int_equal(record.offset, high - 1);
		bus_record_release(&record);
		MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
		assert_false(found);
		assert_int_equal(bus_reader_end(reader), high);
		MUST_DO(bus_reader_next(reader, 0, &found, &record, &error)); /* told once: later, nothing is known */
		assert_int_equal(bus_reader_end(reader), -1);
	}
	MUST_DO(bus_reader_seek(reader, 0, 99, &error));
	assert_int_equal(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	bus_reader_close(reader);
	bus_reader_close(NULL);
}

/* ---- headers ---- */

/* What was told of each partition. */
struct each_told {
	int calls;
	int64_t offsets[4];
	int numbers[4]; /* of the record; -1: it ended */
};

static void told(void *told_arg, int32_t part, const struct bus_record *record, int64_t offset)
{
	struct each_told *each = told_arg;
	long long number = -1;

	assert_true(record == NULL || (str_to_int64(record->value, &number) && record->part == part));
	each->calls++;
	each->offsets[part] = offset;
	each->numbers[part] = (int)number;
}

static void test_bus__a_reader_reads_one_record_of_each_partition_at_once(void **state)
{
	static const int64_t asked[4] = { 9, -1, 0, 5 }, beyond[4] = { 0, 99, -1, -1 };
	struct err error = ERR_INIT;
	struct bus_reader *reader = NULL;
	int64_t lows[5], highs[5];

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 4);
	fill(0, 10);
	fill(1, 3);
	fill(3, 20);
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	MUST_DO(bus_reader_all_bounds(reader, 4, lows, highs, DEADLINE_MS, &error));
	assert_memory_equal(lows, ((int64_t[]){ 0, 0, 0, 0 }), 4 * sizeof(lows[0]));
	assert_memory_equal(highs, ((int64_t[]){ 10, 3, 0, 20 }), 4 * sizeof(highs[0]));
	for (int round = 0; round < 3; round++) {
		struct each_told each = { .calls = 0 };

		MUST_DO(bus_reader_each(reader, asked, 4, DEADLINE_MS, told, &each, &error));
		assert_int_equal(each.calls, 3);
		assert_int_equal(each.numbers[0], 9);
		assert_int_equal(each.numbers[2], -1);
		assert_int_equal(each.offsets[2], 0);
		assert_int_equal(each.numbers[3], 5);
		assert_int_equal(each.offsets[3], 5);
	}
	struct each_told each = { .calls = 0 };

	assert_int_equal(bus_reader_each(reader, beyond, 4, DEADLINE_MS, told, &each, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	assert_int_equal(bus_reader_all_bounds(reader, 5, lows, highs, DEADLINE_MS, &error), -1); /* the topic has four */
	assert_int_equal(error.kind, ERR_POISON);
	bus_reader_close(reader);
}

static void test_bus__headers_come_back_as_given(void **state)
{
	static const struct header headers[] = {
		{ "ce_id", { "one", 3 } }, { "bytes", { "a\0b", 3 } }, { "empty", { "", 0 } }, { "ce_id", { "two", 3 } }
	};
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct bus_reader *reader = NULL;
	struct header read[HEADERS_MAX];
	struct bus_record record;
	size_t count;
	bool found;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	MUST_DO(bus_produce(producer, TOPIC, 0, STR(""), STR("v"), headers, 4, NULL, NULL, &error));
	MUST_DO(bus_produce(producer, TOPIC, 0, STR(""), STR("v"), NULL, 0, NULL, NULL, &error));
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	MUST_DO(bus_reader_seek(reader, 0, 0, &error));
	MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
	assert_true(found);
	MUST_DO(bus_record_headers(&record, read, &count, &error));
	assert_int_equal(count, 4);
	for (size_t index = 0; index < 4; index++) {
		assert_string_equal(read[index].name, headers[index].name);
		assert_true(str_equal(read[index].value, headers[index].value));
	}
	assert_int_equal(record.key.size, 0);
	bus_record_release(&record);
	MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
	MUST_DO(bus_record_headers(&record, read, &count, &error));
	assert_int_equal(count, 0);
	bus_record_release(&record);
	bus_reader_close(reader);
	bus_producer_close(producer);
}

static void test_bus__too_many_headers_are_poison(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct bus_reader *reader = NULL;
	struct header headers[HEADERS_MAX + 1];
	struct header read[HEADERS_MAX];
	struct bus_record record;
	size_t count;
	bool found;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	for (size_t index = 0; index < HEADERS_MAX + 1; index++)
		headers[index] = (struct header){ .name = "h", .value = STR("v") };
	MUST_DO(bus_produce(producer, TOPIC, 0, STR("k"), STR("v"), headers, HEADERS_MAX + 1, NULL, NULL, &error));
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	MUST_DO(bus_reader_open(&conf, TOPIC, &reader, &error));
	MUST_DO(bus_reader_seek(reader, 0, 0, &error));
	MUST_DO(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error));
	assert_true(found);
	assert_int_equal(bus_record_headers(&record, read, &count, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	bus_record_release(&record);
	bus_reader_close(reader);
	bus_producer_close(producer);
}

/* ---- producer ---- */

static void test_bus__lost_connections_neither_lose_repeat_nor_reorder(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct reports reports = reports_none;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	produce_numbers(producer, 0, 0, 10, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	/* One request under way at a time: the mock does not check sequence numbers as a broker does, and handles a second
	 * request even if it has dropped the connection at the first. */
	for (int number = 10; number < 20; number++) {
		mock_cluster_fail(&mock, MOCK_PRODUCE, number % 2 ? MOCK_CONNECTION_LOST : MOCK_NOT_ENOUGH_SYNCED, 1);
		produce_numbers(producer, 0, number, 1, count_report, &reports);
		MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	}
	mock_cluster_broker_down(&mock);
	produce_numbers(producer, 0, 20, 20, count_report, &reports);
	mock_cluster_broker_up(&mock);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	assert_int_equal(reports.delivered, 40);
	assert_int_equal(reports.failed, 0);
	assert_true(reports.in_order);
	assert_int_equal(bus_producer_pending(producer), 0);
	assert_false(bus_producer_is_broken(producer));
	bus_producer_close(producer);

	struct bus_consumer *consumer = consumer_open();
	expect(consumer, BUS_ASSIGNED);
	start_all(consumer, 0);
	for (int number = 0; number < 40; number++)
		expect_number(consumer, 0, number);
	bus_consumer_close(consumer, 5000);
}

static void test_bus__a_record_the_broker_refuses_breaks_the_producer(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct reports reports = reports_none;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	produce_numbers(producer, 0, 0, 1, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	mock_cluster_fail(&mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	produce_numbers(producer, 0, 1, 1, count_report, &reports);
	while (!bus_producer_is_broken(producer)) {
		assert_true(clock_monotonic_ms() < until_ms);
		bus_producer_poll(producer, 50);
	}
	assert_int_equal(bus_produce(producer, TOPIC, 0, STR("k"), STR("v"), NULL, 0, count_report, &reports, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	assert_int_equal(bus_producer_flush(producer, DEADLINE_MS, &error), -1);
	assert_int_equal(reports.delivered, 1);
	assert_int_equal(reports.failed, 1);
	assert_int_equal(bus_producer_pending(producer), 0);
	bus_producer_close(producer);

	producer = producer_open(); /* a new one goes on */
	produce_numbers(producer, 0, 1, 1, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	assert_int_equal(reports.delivered, 2);
	assert_true(reports.in_order);
	bus_producer_close(producer);
}

static void test_bus__an_unordered_producer_outlives_a_refused_record(void **state)
{
	struct err error = ERR_INIT;
	struct bus_conf unordered = conf;
	struct bus_producer *producer = NULL;
	struct reports reports = reports_none;

	(void)state;
	unordered.is_unordered = true;
	mock_cluster_topic(&mock, TOPIC, 1);
	MUST_DO(bus_producer_open(&unordered, &producer, &error));
	for (int number = 0; number < 3; number++) {
		if (number == 1)
			mock_cluster_fail(&mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
		produce_numbers(producer, 0, number, 1, count_report, &reports);
		assert_int_equal(bus_producer_flush(producer, DEADLINE_MS, &error), number == 1 ? -1 : 0);
	}
	assert_int_equal(reports.delivered, 2);
	assert_int_equal(reports.failed, 1);
	assert_false(bus_producer_is_broken(producer));
	bus_producer_close(producer);
}

static void test_bus__each_undelivered_record_is_told_once(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer;
	struct reports reports = reports_none;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	conf.delivery_timeout_ms = 500;
	producer = producer_open();
	produce_numbers(producer, 0, 0, 1, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	mock_cluster_broker_down(&mock);
	produce_numbers(producer, 0, 1, 50, count_report, &reports);
	while (bus_producer_pending(producer) > 0) {
		assert_true(clock_monotonic_ms() < until_ms);
		bus_producer_poll(producer, 50);
	}
	assert_int_equal(reports.delivered, 1);
	assert_int_equal(reports.failed, 50);
	assert_int_equal(bus_producer_flush(producer, DEADLINE_MS, &error), -1); /* not all was delivered */
	assert_int_equal(error.kind, ERR_RETRY);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error)); /* told, and nothing new since */
	mock_cluster_broker_up(&mock);
	bus_producer_close(producer);
}

static void test_bus__a_full_queue_is_waited_for_and_then_said(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer;
	struct reports reports = reports_none;
	int32_t parts;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	conf.queue_records = 10;
	conf.queue_wait_ms = 200;
	producer = producer_open();
	MUST_DO(bus_producer_parts(producer, TOPIC, &parts, &error));
	mock_cluster_broker_down(&mock);
	produce_numbers(producer, 0, 0, 10, count_report, &reports);
	assert_int_equal(bus_produce(producer, TOPIC, 0, STR("k"), STR("v"), NULL, 0, count_report, &reports, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	assert_int_equal(bus_produce(producer, TOPIC, 0, STR("k"), STR("v"), NULL, 0, NULL, NULL, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	assert_int_equal(bus_producer_pending(producer), 10);
	assert_int_equal(bus_producer_flush(producer, 10, &error), -1);
	mock_cluster_broker_up(&mock);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	assert_int_equal(reports.delivered, 10);
	conf.queue_wait_ms = DEADLINE_MS; /* more than the queue holds, while it is being emptied */
	bus_producer_close(producer);
	producer = producer_open();
	produce_numbers(producer, 0, 10, 200, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	assert_int_equal(reports.delivered, 210);
	assert_true(reports.in_order);
	bus_producer_close(producer);
}

static void test_bus__what_is_pending_at_the_end_is_not_told(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct reports reports = reports_none;
	int32_t parts;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	MUST_DO(bus_producer_parts(producer, TOPIC, &parts, &error));
	mock_cluster_broker_down(&mock);
	produce_numbers(producer, 0, 0, 10, count_report, &reports);
	bus_producer_close(producer);
	assert_int_equal(reports.delivered + reports.failed, 0);
	mock_cluster_broker_up(&mock);
	bus_producer_close(NULL);
}

static void test_bus__a_topic_that_is_not_there_is_poison(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct bus_consumer *consumer = NULL;
	struct bus_reader *reader = NULL;
	int32_t parts;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 3);
	mock_cluster_lose_topic(&mock, "missing");
	assert_int_equal(bus_producer_parts(producer, "missing", &parts, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	assert_int_equal(bus_produce(producer, "missing", 0, STR("k"), STR("v"), NULL, 0, NULL, NULL, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	assert_int_equal(bus_produce(producer, TOPIC, 3, STR("k"), STR("v"), NULL, 0, NULL, NULL, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	MUST_DO(bus_producer_parts(producer, TOPIC, &parts, &error));
	assert_int_equal(parts, 3);
	assert_int_equal(bus_consumer_open(&conf, GROUP, "missing", &consumer, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	assert_int_equal(bus_reader_open(&conf, "missing", &reader, &error), -1);
	assert_int_equal(error.kind, ERR_POISON);
	bus_producer_close(producer);
}

static void test_bus__a_record_too_large_is_poison_and_harmless(void **state)
{
	static char large[BUS_RECORD_MAX + 1];
	struct err error = ERR_INIT;
	struct bus_producer *producer = producer_open();
	struct reports reports = reports_none;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	assert_int_equal(bus_produce(producer, TOPIC, 0, STR("k"), (struct str){ large, sizeof(large) }, NULL, 0, count_report,
				     &reports, &error),
			 -1);
	assert_int_equal(error.kind, ERR_POISON);
	produce_numbers(producer, 0, 0, 1, count_report, &reports);
	MUST_DO(bus_producer_flush(producer, DEADLINE_MS, &error));
	assert_int_equal(reports.delivered, 1);
	bus_producer_close(producer);
}

static void test_bus__no_broker_is_retry(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer;
	int32_t parts;

	(void)state;
	mock_cluster_topic(&mock, TOPIC, 1);
	mock_cluster_broker_down(&mock);
	producer = producer_open();
	assert_int_equal(bus_producer_parts(producer, TOPIC, &parts, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	mock_cluster_broker_up(&mock);
	bus_producer_close(producer);
}

static void test_bus__a_wrong_configuration_is_fatal(void **state)
{
	struct err error = ERR_INIT;
	struct bus_producer *producer = NULL;
	struct bus_conf wrong = conf;

	(void)state;
	wrong.client_id = "0123456789012345678901234567890123456789012345678901234567890123";
	assert_int_equal(bus_producer_open(&wrong, &producer, &error), -1);
	assert_int_equal(error.kind, ERR_FATAL);
	wrong = conf;
	wrong.bootstrap = "";
	assert_int_equal(bus_producer_open(&wrong, &producer, &error), -1);
	assert_int_equal(error.kind, ERR_FATAL);
	wrong = conf;
	wrong.compression = "pigeon";
	assert_int_equal(bus_producer_open(&wrong, &producer, &error), -1);
	assert_int_equal(error.kind, ERR_FATAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_bus__partitions_are_those_of_java),
		TEST(test_bus__librdkafka_puts_a_key_where_we_say),
		TEST(test_bus__reading_starts_at_the_offsets_given),
		TEST(test_bus__a_consumer_rings_until_everything_is_taken),
		TEST(test_bus__going_back_forgets_what_was_fetched),
		TEST(test_bus__starting_again_at_once_is_harmless),
		TEST(test_bus__a_place_the_topic_has_not_is_told),
		TEST(test_bus__waiting_for_the_answer_keeps_quiet),
		TEST(test_bus__two_members_share_and_take_over),
		TEST(test_bus__a_revocation_that_was_not_answered_is_told_again),
		TEST(test_bus__closing_ends_by_its_deadline_without_a_broker),
		TEST(test_bus__a_consumer_outlives_a_broker_that_was_away),
		TEST(test_bus__bounds_are_the_first_and_the_next_offset),
		TEST(test_bus__a_cluster_that_is_away_is_not_waited_for),
		TEST(test_bus__a_reader_reads_the_last_record_and_the_end),
		TEST(test_bus__a_reader_reads_one_record_of_each_partition_at_once),
		TEST(test_bus__headers_come_back_as_given),
		TEST(test_bus__too_many_headers_are_poison),
		TEST(test_bus__lost_connections_neither_lose_repeat_nor_reorder),
		TEST(test_bus__a_record_the_broker_refuses_breaks_the_producer),
		TEST(test_bus__an_unordered_producer_outlives_a_refused_record),
		TEST(test_bus__each_undelivered_record_is_told_once),
		TEST(test_bus__a_full_queue_is_waited_for_and_then_said),
		TEST(test_bus__what_is_pending_at_the_end_is_not_told),
		TEST(test_bus__a_topic_that_is_not_there_is_poison),
		TEST(test_bus__a_record_too_large_is_poison_and_harmless),
		TEST(test_bus__no_broker_is_retry),
		TEST(test_bus__a_wrong_configuration_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
