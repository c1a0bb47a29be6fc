/* The engine's edge to Kafka over librdkafka's mock cluster: what is published and resumed, and what comes of errors that are
 * scripted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "schemas/debts.h"
#include "tests/io/mock_cluster.h"
#include "wire/envelope.h"
#include "worker/kafka_edge.h"

#define COMMANDS    "dcs.debts.commands.v1"
#define EVENTS      "dcs.debts.events.v1"
#define PARTS       3
#define PART        1
#define DEADLINE_MS 30000

struct world {
	struct mock_cluster mock;
	struct bus_conf conf;
	struct kafka_edge *edge;
	struct broker broker;
	struct bus_producer *upstream;
	struct arena arena;
	struct err err;
};

static void must(struct world *world, int rc)
{
	if (rc < 0)
		fail_msg("unexpected failure: %s", world->err.text);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	mock_cluster_start(&world->mock);
	mock_cluster_topic(&world->mock, COMMANDS, PARTS);
	mock_cluster_topic(&world->mock, EVENTS, PARTS);
	mock_cluster_topic(&world->mock, DEAD_LETTER_TOPIC, 1);
	world->conf = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&world->mock),
					 .client_id = "test",
					 .session_timeout_ms = 6000 };
	must(world, arena_init(&world->arena, 1 << 20, &world->err));
	must(world, bus_producer_open(&world->conf, &world->upstream, &world->err));
	must(world, kafka_edge_open(&world->conf, "debts", &world->edge, &world->broker, &world->err));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	kafka_edge_close(world->edge, 1000);
	bus_producer_close(world->upstream);
	arena_release(&world->arena);
	mock_cluster_stop(&world->mock);
	free(world);
	return 0;
}

/* ---- helpers ---- */

static struct uuid id_of(unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80 } };

	id.bytes[14] = (uint8_t)(number >> 8);
	id.bytes[15] = (uint8_t)number;
	return id;
}

static struct log_row row_of(int32_t part, int64_t seq)
{
	struct log_row row = {
		.part = part,
		.schema_id = debt_created_type.schema_id,
		.seq = seq,
		.at_ms = 1700000000000 + seq,
		.event_id = id_of((unsigned)seq),
		.key = id_of(1000),
		.subject = id_of(1001),
		.command_id = id_of(1002),
		.correlation_id = id_of(1003),
		.body = STR("a body"),
	};

	memset(row.hash, (int)seq, sizeof(row.hash));
	return row;
}

static int publish(struct world *world, int32_t part, int64_t seq)
{
	struct log_row row = row_of(part, seq);

	return world->broker.publish(world->broker.self, &row, &world->err);
}

static int64_t resume(struct world *world, int32_t part)
{
	int64_t last_seq = -1;

	must(world, world->broker.resume(world->broker.self, part, &last_seq, &world->err));
	return last_seq;
}

/* Until everything is acknowledged, or given up. */
static void deliver(struct world *world)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (world->broker.deliveries(world->broker.self, 50) > 0)
		assert_true(clock_monotonic_ms() < until_ms);
}

/* The record at this place of a topic. Released by the caller. */
static struct bus_record read_back(struct world *world, const char *topic, int32_t part, int64_t offset)
{
	struct bus_reader *reader;
	struct bus_record record;
	bool is_found;

	must(world, bus_reader_open(&world->conf, topic, &reader, &world->err));
	must(world, bus_reader_seek(reader, part, offset, &world->err));
	must(world, bus_reader_next(reader, DEADLINE_MS, &is_found, &record, &world->err));
	assert_true(is_found);
	bus_reader_close(reader);
	return record;
}

static int64_t end_of(struct world *world, const char *topic, int32_t part)
{
	struct bus_reader *reader;
	int64_t low;
	int64_t high;

	must(world, bus_reader_open(&world->conf, topic, &reader, &world->err));
	must(world, bus_reader_bounds(reader, part, &low, &high, DEADLINE_MS, &world->err));
	bus_reader_close(reader);
	return high;
}

static void send_command(struct world *world, int32_t part, const char *value)
{
	must(world, bus_produce(world->upstream, COMMANDS, part, STR("key"), str_of(value), NULL, 0, NULL, NULL, &world->err));
	must(world, bus_producer_flush(world->upstream, DEADLINE_MS, &world->err));
}

/* ---- publishing ---- */

static void test_kafka_edge__an_empty_partition_resumes_at_nothing(void **state)
{
	assert_int_equal(resume(*state, PART), 0);
}

static void test_kafka_edge__what_is_published_is_where_the_next_one_resumes(void **state)
{
	struct world *world = *state;
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct bus_record record;
	struct uuid id = id_of(3);
	size_t count;

	resume(world, PART);
	for (int64_t seq = 1; seq <= 3; seq++)
		must(world, publish(world, PART, seq));
	must(world, publish(world, 2, 1));
	deliver(world);
	assert_false(world->broker.has_failed(world->broker.self, PART));
	assert_int_equal(resume(world, PART), 3);
	assert_int_equal(resume(world, 2), 1);
	assert_int_equal(resume(world, 0), 0);

	record = read_back(world, EVENTS, PART, 2);
	must(world, bus_record_headers(&record, headers, &count, &world->err));
	must(world, envelope_read(headers, count, &envelope, &world->err));
	assert_int_equal(envelope.sequence, 3);
	assert_true(uuid_equal(&envelope.id, &id));
	assert_true(str_is(record.value, "a body"));
	bus_record_release(&record);
}

static void test_kafka_edge__nothing_is_published_before_the_topic_was_asked(void **state)
{
	struct world *world = *state;

	assert_int_equal(publish(world, PART, 1), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
}

/* A record that is lost must not be followed by others: a reader would see a gap. */
static void test_kafka_edge__after_a_failed_delivery_nothing_follows_until_resumed(void **state)
{
	struct world *world = *state;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	resume(world, PART);
	resume(world, 2);
	must(world, publish(world, PART, 1));
	deliver(world);
	mock_cluster_fail(&world->mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	must(world, publish(world, PART, 2));
	while (!world->broker.has_failed(world->broker.self, PART)) {
		assert_true(clock_monotonic_ms() < until_ms);
		world->broker.deliveries(world->broker.self, 50);
	}
	assert_int_equal(publish(world, PART, 3), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(publish(world, 2, 1), -1); /* the producer is everybody's */

	assert_int_equal(resume(world, PART), 1);
	assert_false(world->broker.has_failed(world->broker.self, PART));
	assert_true(world->broker.has_failed(world->broker.self, 2));
	for (int64_t seq = 2; seq <= 4; seq++)
		must(world, publish(world, PART, seq));
	deliver(world);
	assert_int_equal(resume(world, PART), 4);
	assert_int_equal(end_of(world, EVENTS, PART), 4);
}

static void test_kafka_edge__a_broker_that_is_away_is_retry_and_then_goes_on(void **state)
{
	struct world *world = *state;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	int64_t last_seq;
	int64_t low;
	int64_t high;

	mock_cluster_broker_down(&world->mock);
	assert_int_equal(world->broker.resume(world->broker.self, PART, &last_seq, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(world->broker.bounds(world->broker.self, 0, PART, &low, &high, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	mock_cluster_broker_up(&world->mock);
	while (world->broker.resume(world->broker.self, PART, &last_seq, &world->err) < 0) {
		assert_int_equal(world->err.kind, ERR_RETRY);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	must(world, publish(world, PART, 1));
	deliver(world);
	assert_int_equal(resume(world, PART), 1);
}

/* What was under way while the broker was away arrives, once, when it is back. */
static void test_kafka_edge__what_is_on_its_way_survives_a_broker_that_was_away(void **state)
{
	struct world *world = *state;

	resume(world, PART);
	mock_cluster_broker_down(&world->mock);
	for (int64_t seq = 1; seq <= 5; seq++)
		must(world, publish(world, PART, seq));
	assert_int_equal(world->broker.deliveries(world->broker.self, 0), 5);
	mock_cluster_broker_up(&world->mock);
	deliver(world);
	assert_false(world->broker.has_failed(world->broker.self, PART));
	assert_int_equal(resume(world, PART), 5);
	assert_int_equal(end_of(world, EVENTS, PART), 5);
}

static void test_kafka_edge__a_strangers_record_on_the_events_topic_is_told(void **state)
{
	struct world *world = *state;
	int64_t last_seq;

	must(world, bus_produce(world->upstream, EVENTS, PART, STR("key"), STR("no event"), NULL, 0, NULL, NULL, &world->err));
	must(world, bus_producer_flush(world->upstream, DEADLINE_MS, &world->err));
	assert_int_equal(world->broker.resume(world->broker.self, PART, &last_seq, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
}

/* ---- the resume proof ---- */

static void test_kafka_edge__bounds_and_records_of_the_command_topic(void **state)
{
	struct world *world = *state;
	struct bus_record record;
	int64_t low;
	int64_t high;
	bool is_found;

	send_command(world, PART, "zero");
	send_command(world, PART, "one");
	must(world, world->broker.bounds(world->broker.self, 0, PART, &low, &high, &world->err));
	assert_int_equal(low, 0);
	assert_int_equal(high, 2);
	must(world, world->broker.read_at(world->broker.self, 0, PART, 1, &is_found, &record, &world->err));
	assert_true(is_found);
	assert_int_equal(record.offset, 1);
	assert_true(str_is(record.value, "one"));
	world->broker.release(world->broker.self, &record);
	must(world, world->broker.read_at(world->broker.self, 0, PART, 2, &is_found, &record, &world->err));
	assert_false(is_found);
	assert_int_equal(world->broker.read_at(world->broker.self, 0, PART, 99, &is_found, &record, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
}

static void test_kafka_edge__a_partition_that_is_not_there_is_poison(void **state)
{
	struct world *world = *state;
	int64_t low;
	int64_t high;

	assert_int_equal(world->broker.bounds(world->broker.self, 0, PARTS + 4, &low, &high, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
}

/* ---- dead letters ---- */

static struct buf packed; /* of the letter's own headers */

static struct dead_letter letter_of(int64_t offset, struct str value)
{
	const struct header own[] = { { "ce_id", STR("id") }, { "strange", STR("\x01\x02") } };

	buf_release(&packed);
	buf_init(&packed, 1 << 20);
	headers_pack(&packed, own, 2);
	return (struct dead_letter){ .part = PART,
				     .offset = offset,
				     .code = "bad_bytes",
				     .reason = STR("it is"),
				     .at_ms = 1700000000000,
				     .key = STR("a key"),
				     .value = value,
				     .headers = buf_str(&packed) };
}

static void publish_dead(struct world *world, int64_t offset)
{
	struct dead_letter letter = letter_of(offset, STR("its value"));

	must(world, world->broker.publish_dead(world->broker.self, &letter, &world->err));
}

static size_t acked(struct world *world, int64_t *ret_offsets, size_t max)
{
	int32_t parts[8];

	return world->broker.dead_acked(world->broker.self, parts, ret_offsets, max);
}

static struct str header_named(const struct header *headers, size_t count, const char *name)
{
	for (size_t index = 0; index < count; index++)
		if (strcmp(headers[index].name, name) == 0)
			return headers[index].value;
	fail_msg("no header %s", name);
	return (struct str){ 0 };
}

static void test_kafka_edge__a_dead_letter_keeps_what_it_was_and_says_why(void **state)
{
	struct world *world = *state;
	struct header headers[HEADERS_MAX];
	struct bus_record record;
	int64_t offsets[8];
	size_t count;

	publish_dead(world, 17);
	assert_int_equal(acked(world, offsets, 8), 0);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 1);
	assert_int_equal(offsets[0], 17);
	assert_int_equal(acked(world, offsets, 8), 0); /* told once */

	record = read_back(world, DEAD_LETTER_TOPIC, 0, 0);
	must(world, bus_record_headers(&record, headers, &count, &world->err));
	assert_int_equal(count, 2 + 8);
	assert_true(str_is(record.key, "a key"));
	assert_true(str_is(record.value, "its value"));
	assert_true(str_is(header_named(headers, count, "strange"), "\x01\x02"));
	assert_true(str_is(header_named(headers, count, "dcs_error_topic"), COMMANDS));
	assert_true(str_is(header_named(headers, count, "dcs_error_partition"), "1"));
	assert_true(str_is(header_named(headers, count, "dcs_error_offset"), "17"));
	assert_true(str_is(header_named(headers, count, "dcs_error_group"), "dcs-debts"));
	assert_true(str_is(header_named(headers, count, "dcs_error_code"), "bad_bytes"));
	assert_true(str_is(header_named(headers, count, "dcs_error_message"), "it is"));
	bus_record_release(&record);
}

static void test_kafka_edge__acknowledgements_come_in_portions(void **state)
{
	struct world *world = *state;
	int64_t offsets[8];

	for (int64_t offset = 0; offset < 5; offset++)
		publish_dead(world, offset);
	deliver(world);
	assert_int_equal(acked(world, offsets, 3), 3);
	assert_int_equal(acked(world, offsets, 3), 2);
}

/* It was claimed anew: the database says what is not published, and offsets may be another topic's. */
static void test_kafka_edge__acknowledgements_from_before_a_claim_are_forgotten(void **state)
{
	struct world *world = *state;
	int64_t offsets[8];

	publish_dead(world, 17);
	resume(world, PART);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 0);
	publish_dead(world, 17);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 1);
}

static void test_kafka_edge__a_dead_letter_too_large_for_a_record_is_left_to_the_table(void **state)
{
	struct world *world = *state;
	char *large = calloc(1, BUS_RECORD_MAX + 1);
	struct dead_letter letter = letter_of(1, (struct str){ .data = large, .size = BUS_RECORD_MAX + 1 });
	int64_t offsets[8];

	assert_non_null(large);
	must(world, world->broker.publish_dead(world->broker.self, &letter, &world->err));
	publish_dead(world, 2);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 1);
	assert_int_equal(offsets[0], 2);
	free(large);
}

static void test_kafka_edge__a_refused_dead_letter_breaks_no_event(void **state)
{
	struct world *world = *state;
	int64_t offsets[8];

	resume(world, PART);
	must(world, publish(world, PART, 1));
	publish_dead(world, 1);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 1);
	mock_cluster_fail(&world->mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	publish_dead(world, 2);
	deliver(world);
	assert_int_equal(acked(world, offsets, 8), 0); /* unpublished in the table: sent again after the next claim */
	assert_false(world->broker.has_failed(world->broker.self, PART));
	must(world, publish(world, PART, 2));
	deliver(world);
	assert_int_equal(resume(world, PART), 2);
}

static void test_kafka_edge__headers_that_are_malformed_do_not_hold_up_the_letter(void **state)
{
	struct world *world = *state;
	struct dead_letter letter = letter_of(1, STR("v"));
	struct header headers[HEADERS_MAX];
	struct bus_record record;
	size_t count;

	letter.headers = STR("\xff\xff no");
	must(world, world->broker.publish_dead(world->broker.self, &letter, &world->err));
	deliver(world);
	record = read_back(world, DEAD_LETTER_TOPIC, 0, 0);
	must(world, bus_record_headers(&record, headers, &count, &world->err));
	assert_int_equal(count, 8);
	bus_record_release(&record);
}

/* ---- reading ---- */

static void test_kafka_edge__commands_are_read_from_where_the_engine_says(void **state)
{
	struct world *world = *state;
	const int64_t offsets[PARTS] = { -1, 1, -1 };
	int32_t parts_now;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	enum bus_poll kind = BUS_NOTHING;
	struct bus_record record;
	const int32_t *parts;
	size_t count;

	send_command(world, PART, "zero");
	send_command(world, PART, "one");
	send_command(world, 2, "not to be read");
	while (kind != BUS_ASSIGNED) {
		assert_true(clock_monotonic_ms() < until_ms);
		must(world, world->broker.poll(world->broker.self, 100, &kind, &record, &world->err));
	}
	parts = world->broker.parts(world->broker.self, &count);
	assert_int_equal(count, PARTS);
	must(world, world->broker.topic_parts(world->broker.self, 0, &parts_now, &world->err));
	assert_int_equal(parts_now, PARTS);
	world->broker.spread(world->broker.self, PARTS - 1);
	assert_int_equal(world->broker.part_of(world->broker.self, STR("abc")), bus_part_of(STR("abc"), PARTS - 1));
	must(world, world->broker.start(world->broker.self, parts, offsets, count, &world->err));
	while (kind != BUS_RECORD) {
		assert_true(clock_monotonic_ms() < until_ms);
		must(world, world->broker.poll(world->broker.self, 100, &kind, &record, &world->err));
	}
	assert_int_equal(record.part, PART);
	assert_int_equal(record.offset, 1);
	assert_true(str_is(record.value, "one"));
	world->broker.release(world->broker.self, &record);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_kafka_edge__an_empty_partition_resumes_at_nothing),
		IN_WORLD(test_kafka_edge__what_is_published_is_where_the_next_one_resumes),
		IN_WORLD(test_kafka_edge__nothing_is_published_before_the_topic_was_asked),
		IN_WORLD(test_kafka_edge__after_a_failed_delivery_nothing_follows_until_resumed),
		IN_WORLD(test_kafka_edge__a_broker_that_is_away_is_retry_and_then_goes_on),
		IN_WORLD(test_kafka_edge__what_is_on_its_way_survives_a_broker_that_was_away),
		IN_WORLD(test_kafka_edge__a_strangers_record_on_the_events_topic_is_told),
		IN_WORLD(test_kafka_edge__bounds_and_records_of_the_command_topic),
		IN_WORLD(test_kafka_edge__a_partition_that_is_not_there_is_poison),
		IN_WORLD(test_kafka_edge__a_dead_letter_keeps_what_it_was_and_says_why),
		IN_WORLD(test_kafka_edge__acknowledgements_come_in_portions),
		IN_WORLD(test_kafka_edge__acknowledgements_from_before_a_claim_are_forgotten),
		IN_WORLD(test_kafka_edge__a_dead_letter_too_large_for_a_record_is_left_to_the_table),
		IN_WORLD(test_kafka_edge__a_refused_dead_letter_breaks_no_event),
		IN_WORLD(test_kafka_edge__headers_that_are_malformed_do_not_hold_up_the_letter),
		IN_WORLD(test_kafka_edge__commands_are_read_from_where_the_engine_says),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
