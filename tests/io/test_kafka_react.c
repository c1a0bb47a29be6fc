/* A module that reacts, over librdkafka's mock cluster: followed topics beside the commands, and commands to other modules. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "schemas/debts.h"
#include "tests/io/mock_cluster.h"
#include "wire/coder.h"
#include "wire/envelope.h"
#include "worker/kafka_edge.h"

#define COMMANDS    "dcs.reports.commands.v1"
#define EVENTS      "dcs.reports.events.v1"
#define FOLLOWED    "dcs.debts.events.v1"
#define TARGET      "dcs.debts.commands.v1"
#define PARTS       3
#define PART        1
#define DEADLINE_MS 30000

static const struct follow follows[] = { { .module = "debts" } };
static const struct module reacting = { .name = "reports", .follows = follows, .follows_count = 1, .sends_as = ROLE_SUPERVISOR };

static char keys_dir[] = "/tmp/dcs-test-react-XXXXXX";

struct world {
	struct mock_cluster mock;
	struct bus_conf conf;
	struct token_keys *keys;
	struct kafka_edge *edge;
	struct broker broker;
	struct bus_producer *upstream;
	struct buf value;
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
	mock_cluster_topic(&world->mock, FOLLOWED, PARTS);
	mock_cluster_topic(&world->mock, TARGET, PARTS);
	mock_cluster_topic(&world->mock, BUS_TIME_TOPIC, 1);
	world->conf = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&world->mock),
					 .client_id = "test",
					 .session_timeout_ms = 6000 };
	buf_init(&world->value, 4096);
	must(world, arena_init(&world->arena, 1 << 20, &world->err));
	must(world, token_keys_load(keys_dir, "dcs", "dcs", &world->keys, &world->err));
	must(world, bus_producer_open(&world->conf, &world->upstream, &world->err));
	must(world, kafka_edge_open(&world->conf, reacting.name, &world->edge, &world->broker, &world->err));
	must(world, kafka_edge_react(world->edge, &reacting, world->keys, &world->err));
	world->broker.spread(world->broker.self, PARTS);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	kafka_edge_close(world->edge, 1000);
	bus_producer_close(world->upstream);
	token_keys_free(world->keys);
	buf_release(&world->value);
	arena_release(&world->arena);
	mock_cluster_stop(&world->mock);
	free(world);
	return 0;
}

/* ---- reading ---- */

static void publish(struct world *world, const char *topic, int32_t part, const char *value)
{
	must(world, bus_produce(world->upstream, topic, part, STR("key"), str_of(value), NULL, 0, NULL, NULL, &world->err));
	must(world, bus_producer_flush(world->upstream, DEADLINE_MS, &world->err));
}

static void poll_for(struct world *world, enum bus_poll wanted, struct bus_record *ret_record)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	enum bus_poll kind = BUS_NOTHING;

	while (kind == BUS_NOTHING) {
		assert_true(clock_monotonic_ms() < until_ms);
		must(world, world->broker.poll(world->broker.self, 50, &kind, ret_record, &world->err));
	}
	assert_int_equal(kind, wanted);
}

/* One partition is read, of both topics; -1: not this one. */
static void start(struct world *world, int64_t command_offset, int64_t event_offset)
{
	const int32_t part = PART;

	world->broker.place(world->broker.self, 1, &part, &event_offset, 1);
	must(world, world->broker.start(world->broker.self, &part, &command_offset, 1, &world->err));
}

static void expect(struct world *world, int32_t source, int64_t offset, const char *value)
{
	struct bus_record record;

	poll_for(world, BUS_RECORD, &record);
	assert_int_equal(record.source, source);
	assert_int_equal(record.part, PART);
	assert_int_equal(record.offset, offset);
	assert_true(str_is(record.value, value));
	world->broker.release(world->broker.self, &record);
}

static void test_kafka_react__events_are_read_beside_commands(void **state)
{
	struct world *world = *state;
	struct bus_record ignored;
	size_t seen[2] = { 0 };

	for (int i = 0; i < 3; i++) {
		publish(world, COMMANDS, PART, "a command");
		publish(world, FOLLOWED, PART, "an event");
		publish(world, FOLLOWED, PART + 1, "of another owner");
	}
	poll_for(world, BUS_ASSIGNED, &ignored);
	start(world, 1, 0);
	while (seen[0] + seen[1] < 5) {
		struct bus_record record;

		poll_for(world, BUS_RECORD, &record);
		assert_int_equal(record.part, PART);
		assert_in_range(record.source, 0, 1);
		assert_int_equal(record.offset, (int64_t)seen[record.source] + (record.source == 0 ? 1 : 0));
		assert_true(str_is(record.value, record.source == 0 ? "a command" : "an event"));
		seen[record.source]++;
		world->broker.release(world->broker.self, &record);
	}
	assert_int_equal(seen[1], 3);
}

/* As after a claim, or while a record is half done: each topic has its own offset, or is left out. */
static void test_kafka_react__each_start_says_where_both_are_read(void **state)
{
	struct world *world = *state;
	struct bus_record ignored;
	const int32_t part = PART;
	const int64_t behind_all = 1;

	publish(world, COMMANDS, PART, "a command");
	publish(world, FOLLOWED, PART, "event 0");
	publish(world, FOLLOWED, PART, "event 1");
	poll_for(world, BUS_ASSIGNED, &ignored);
	start(world, 1, 1);
	expect(world, 1, 1, "event 1");
	start(world, 1, 0);
	expect(world, 1, 0, "event 0");
	start(world, 0, -1);
	expect(world, 0, 0, "a command");
	publish(world, FOLLOWED, PART, "event 2");
	publish(world, COMMANDS, PART, "another");
	expect(world, 0, 1, "another");
	must(world, world->broker.start(world->broker.self, &part, &behind_all, 1, &world->err)); /* nothing was placed */
	expect(world, 0, 1, "another");
}

static void test_kafka_react__an_offset_that_the_topic_does_not_have_is_told(void **state)
{
	struct world *world = *state;
	struct bus_record record;

	publish(world, FOLLOWED, PART, "event 0");
	poll_for(world, BUS_ASSIGNED, &record);
	start(world, 0, 99);
	poll_for(world, BUS_DISPLACED, &record);
	assert_int_equal(record.source, 1);
	assert_int_equal(record.part, PART);
}

static void test_kafka_react__the_resume_proof_asks_each_topic(void **state)
{
	struct world *world = *state;
	struct bus_record record;
	int64_t low;
	int64_t high;
	int32_t parts;
	bool is_found;

	publish(world, FOLLOWED, PART, "event 0");
	publish(world, FOLLOWED, PART, "event 1");
	must(world, world->broker.bounds(world->broker.self, 1, PART, &low, &high, &world->err));
	assert_int_equal(low, 0);
	assert_int_equal(high, 2);
	must(world, world->broker.bounds(world->broker.self, 0, PART, &low, &high, &world->err));
	assert_int_equal(high, 0);
	must(world, world->broker.read_at(world->broker.self, 1, PART, 1, &is_found, &record, &world->err));
	assert_true(is_found);
	assert_true(str_is(record.value, "event 1"));
	world->broker.release(world->broker.self, &record);
	must(world, world->broker.topic_parts(world->broker.self, 1, &parts, &world->err));
	assert_int_equal(parts, PARTS);
}

/* ---- sending ---- */

static struct uuid id_of(unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80 } };

	id.bytes[15] = (uint8_t)number;
	return id;
}

static int send_to(struct world *world, struct str module, int64_t seq)
{
	const struct cancel_debt body = { .debt_id = id_of(1), .customer_id = id_of(2), .reason = STR("created_in_error") };
	struct sent_command command = {
		.part = PART,
		.seq = seq,
		.id = id_of((unsigned)seq),
		.key = body.customer_id,
		.correlation_id = id_of(200),
		.causation_id = id_of(201),
		.type = &cancel_debt_type,
		.module = module,
		.actor = STR("event"),
	};

	buf_reset(&world->value);
	must(world, coder_encode(command.type, &body, &world->value, &world->err));
	command.value = buf_str(&world->value);
	return world->broker.send(world->broker.self, &command, &world->err);
}

static int send_it(struct world *world, int64_t seq)
{
	return send_to(world, STR("debts"), seq);
}

static int64_t oldest(struct world *world)
{
	return world->broker.oldest_send(world->broker.self, PART);
}

static void resume(struct world *world)
{
	must(world, world->broker.resume_sends(world->broker.self, PART, &world->err));
}

static void deliver(struct world *world)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (world->broker.deliveries(world->broker.self, 50) > 0)
		assert_true(clock_monotonic_ms() < until_ms);
}

static int64_t end_of_target(struct world *world)
{
	struct bus_reader *reader;
	int64_t low;
	int64_t high;

	must(world, bus_reader_open(&world->conf, TARGET, &reader, &world->err));
	must(world, bus_reader_bounds(reader, PART, &low, &high, DEADLINE_MS, &world->err));
	bus_reader_close(reader);
	return high;
}

/* The id of the command at this place of the target's topic, which is signed by the module. */
static struct uuid id_at(struct world *world, int64_t offset)
{
	struct token_claims claims;
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct bus_reader *reader;
	struct bus_record record;
	struct uuid id;
	size_t count;
	bool is_found;

	must(world, bus_reader_open(&world->conf, TARGET, &reader, &world->err));
	must(world, bus_reader_seek(reader, PART, offset, &world->err));
	must(world, bus_reader_next(reader, DEADLINE_MS, &is_found, &record, &world->err));
	assert_true(is_found);
	must(world, bus_record_headers(&record, headers, &count, &world->err));
	must(world, envelope_read(headers, count, &envelope, &world->err));
	assert_true(str_is(envelope.source, "/dcs/reports"));
	assert_true(str_is(envelope.type, cancel_debt_type.ce_type));
	must(world, token_verify(world->keys, envelope.token, &claims, &world->err));
	assert_string_equal(claims.subject, "reports");
	assert_int_equal(claims.roles, ROLE_SUPERVISOR);
	id = envelope.id;
	bus_record_release(&record);
	bus_reader_close(reader);
	return id;
}

static void test_kafka_react__a_command_is_signed_and_acknowledged(void **state)
{
	struct world *world = *state;

	assert_int_equal(send_it(world, 1), -1); /* not before the first resume */
	assert_int_equal(world->err.kind, ERR_RETRY);
	resume(world);
	assert_int_equal(oldest(world), 0);
	must(world, send_it(world, 4));
	must(world, send_it(world, 7));
	assert_int_equal(oldest(world), 4);
	deliver(world);
	assert_int_equal(oldest(world), 0);
	assert_false(world->broker.has_send_failed(world->broker.self, PART));
	assert_int_equal(end_of_target(world), 2);
	for (int64_t offset = 0; offset < 2; offset++) {
		struct uuid found = id_at(world, offset);
		struct uuid expected = id_of(offset == 0 ? 4 : 7);

		assert_true(uuid_equal(&found, &expected));
	}
}

/* Until the next resume nothing overtakes it, and it stays the oldest. */
static void test_kafka_react__a_lost_command_holds_up_those_behind_it(void **state)
{
	struct world *world = *state;
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	resume(world);
	must(world, send_it(world, 1));
	deliver(world);
	mock_cluster_fail(&world->mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	must(world, send_it(world, 2));
	while (!world->broker.has_send_failed(world->broker.self, PART)) {
		assert_true(clock_monotonic_ms() < until_ms);
		world->broker.deliveries(world->broker.self, 50);
	}
	assert_int_equal(send_it(world, 3), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(oldest(world), 2);
	resume(world);
	assert_int_equal(oldest(world), 0);
	assert_false(world->broker.has_send_failed(world->broker.self, PART));
	must(world, send_it(world, 2));
	must(world, send_it(world, 3));
	deliver(world);
	assert_int_equal(oldest(world), 0);
	assert_int_equal(end_of_target(world), 3);
}

/* What an earlier claim has given may still arrive; its acknowledgement says nothing about the new one. */
static void test_kafka_react__a_resume_forgets_what_is_on_its_way(void **state)
{
	struct world *world = *state;

	resume(world);
	must(world, send_it(world, 5));
	resume(world);
	assert_int_equal(oldest(world), 0);
	must(world, send_it(world, 9));
	assert_int_equal(oldest(world), 9);
	deliver(world);
	assert_int_equal(oldest(world), 0);
	assert_int_equal(end_of_target(world), 2);
}

static void test_kafka_react__fewer_partitions_there_are_no_place_for_a_command(void **state)
{
	struct world *world = *state;

	mock_cluster_topic(&world->mock, "dcs.users.commands.v1", PARTS - 1);
	resume(world);
	assert_int_equal(send_to(world, STR("users"), 1), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_non_null(strstr(world->err.text, "partitions"));
	assert_int_equal(oldest(world), 0);
	must(world, send_it(world, 2)); /* others go on */
	deliver(world);
	assert_int_equal(end_of_target(world), 1);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int make_keys(void **state)
{
	char command[512];

	(void)state;
	if (mkdtemp(keys_dir) == NULL)
		return -1;
	snprintf(command, sizeof(command),
		 "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		 keys_dir);
	return system(command) == 0 ? 0 : -1;
}

static int remove_keys(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_kafka_react__events_are_read_beside_commands),
		IN_WORLD(test_kafka_react__each_start_says_where_both_are_read),
		IN_WORLD(test_kafka_react__an_offset_that_the_topic_does_not_have_is_told),
		IN_WORLD(test_kafka_react__the_resume_proof_asks_each_topic),
		IN_WORLD(test_kafka_react__a_command_is_signed_and_acknowledged),
		IN_WORLD(test_kafka_react__a_lost_command_holds_up_those_behind_it),
		IN_WORLD(test_kafka_react__a_resume_forgets_what_is_on_its_way),
		IN_WORLD(test_kafka_react__fewer_partitions_there_are_no_place_for_a_command),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
