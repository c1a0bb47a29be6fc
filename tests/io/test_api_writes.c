/*
 * What becomes of a request that changes something: over HTTP, with librdkafka's mock cluster and a real PostgreSQL. The modules
 * are played by the test: it reads their commands, answers on their events topics and in their log.
 */

#include <jansson.h>

#include "producers/api/document/openapi.h"
#include "producers/api/writes/commands.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/outcomes.h"
#include "producers/api/writes/writes.h"
#include "tests/io/api_world.h"

#include "base/array.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "tests/io/mock_cluster.h"
#include "wire/envelope.h"

#define PARTS    3
#define COMMANDS "dcs.debts.commands.v1"
#define EVENTS   "dcs.debts.events.v1"
#define CUSTOMER "019a0000-0000-7000-8000-004300000001"
#define CREDITOR "019a0000-0000-7000-8000-005200000001"
#define UNKNOWN  "019a0000-0000-7000-8000-0000000000ff"

static struct mock_cluster mock;
static struct bus_conf bus;
static struct bus_reader *reader; /* of the commands */
static int64_t next_offset;
static struct bus_producer *module;
static struct arena arena;
static int log_rows; /* in all tests: each row has its place in the log */

/* ---- the gateway ---- */

static void add_part(struct part part)
{
	api_add_part(&world.api, &part);
}

static void until(bool (*is_so)(void))
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	while (!is_so()) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
	}
}

static struct outbound outbound;

static bool is_ready(void)
{
	return outbound_is_ready(&outbound) && outcomes_are_ready(world.api.outcomes);
}

static void open_gateway(int64_t kafka_ms, int64_t outcome_ms)
{
	struct api *api = &world.api;
	struct writes_conf conf = { .outbound = &outbound, .outcome_ms = outcome_ms };
	struct commands_conf commands = { 0 };

	api_open(world.conninfo, 10000);
	api->outbound = &outbound;
	conf.reads = api->reads;
	api_must(outbound_open(&outbound, &bus, world.keys, "api", ROLE_NOTIFIER, kafka_ms, &world.err));
	api_must(outcomes_new(&bus, &api->outcomes, &world.err));
	conf.outcomes = api->outcomes;
	api_must(writes_new(&conf, &api->writes, &world.err));
	commands.writes = api->writes;
	api_must(commands_new(&commands, &api->commands, &world.err));
	add_part(outbound_part(&outbound));
	add_part(outcomes_part(api->outcomes));
	add_part(writes_part(api->writes));
	api_until_ready();
	until(is_ready);
}

static void close_gateway(void)
{
	if (world.socket >= 0)
		(void)close(world.socket);
	world.socket = -1;
	api_must(api_drain(&world.api, 0, &world.err));
	server_close(world.api.server);
	outbound_release(&outbound);
	commands_free(world.api.commands);
	writes_free(world.api.writes);
	outcomes_free(world.api.outcomes);
	questions_free(world.api.questions);
	questions_free(world.api.searches);
	reads_free(world.api.reads);
	rights_free(world.api.rights);
}

static int set_up(void **state)
{
	(void)state;
	world.err = (struct err)ERR_INIT;
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, COMMANDS, PARTS);
	mock_cluster_topic(&mock, EVENTS, PARTS);
	bus = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test-api-writes" };
	api_must(bus_reader_open(&bus, COMMANDS, &reader, &world.err));
	next_offset = 0;
	api_must(bus_producer_open(&bus, &module, &world.err));
	api_must(arena_init(&arena, 1 << 18, &world.err));
	open_gateway(20000, 20000);
	return 0;
}

static int start(void **state)
{
	static const struct db_statement insert = {
		"test_customer",
		"INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		"full_name_sealed, key_salt) VALUES ('" CUSTOMER "', 'C-1', 'natural', 'active', 'de', 'DE', 1, '', '')"
	};

	if (api_world_start(state) != 0)
		return -1;
	api_must(db_run(world.admin, &insert, NULL, NULL, &world.err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_gateway();
	arena_release(&arena);
	bus_producer_close(module);
	bus_reader_close(reader);
	mock_cluster_stop(&mock);
	return 0;
}

/* ---- a caller ---- */

/* `headers`: further lines, each with its end. */
static void send_post_by(const char *its_token, const char *target, const char *headers, const char *body)
{
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\n%s\r\n%s",
		       target, its_token, strlen(body), headers, body);
	api_send(request);
}

static void send_post(const char *target, const char *headers, const char *body)
{
	send_post_by(api_token("somebody", ROLE_CREDITOR), target, headers, body);
}

static int post(const char *target, const char *headers, const char *body)
{
	send_post(target, headers, body);
	return api_status();
}

#define DEBT_BUT(reference)                                                                                                      \
	"{\"customerId\":\"" CUSTOMER "\",\"creditorId\":\"" CREDITOR "\",\"externalRef\":\"" reference                          \
	"\",\"principal\":{\"amountMinor\":5000,\"currency\":\"EUR\"},\"openedOn\":\"2026-01-01\",\"dueOn\":\"2026-02-01\"}"
#define DEBT DEBT_BUT("r1")

/* ---- a module ---- */

struct received {
	struct envelope envelope;
	const struct create_debt *body;
	uint8_t digest[DIGEST_SIZE];
};

static size_t commands_count(void)
{
	char key[] = CUSTOMER;
	int64_t low, high;

	api_must(bus_reader_bounds(reader, bus_part_of(str_of(key), PARTS), &low, &high, API_DEADLINE_MS, &world.err));
	return (size_t)high;
}

static bool has_command(void)
{
	return commands_count() > (size_t)next_offset;
}

/* Turns until the next command is in its topic. */
static struct received receive(void)
{
	struct header headers[HEADERS_MAX];
	char key[] = CUSTOMER;
	const struct message_type *type;
	struct received received;
	struct bus_record record;
	const void *body;
	size_t count;
	bool found;

	until(has_command);
	api_must(bus_reader_seek(reader, bus_part_of(str_of(key), PARTS), next_offset++, &world.err));
	api_must(bus_reader_next(reader, API_DEADLINE_MS, &found, &record, &world.err));
	assert_true(found);
	assert_true(str_is(record.key, CUSTOMER));
	digest_of(received.digest, record.value);
	api_must(coder_decode(record.value, &arena, &type, &body, &world.err));
	assert_ptr_equal(type, &create_debt_type);
	received.body = body;
	api_must(bus_record_headers(&record, headers, &count, &world.err));
	for (size_t i = 0; i < count; i++)
		headers[i].value = str_copy(&arena, headers[i].value);
	api_must(envelope_read(headers, count, &received.envelope, &world.err));
	bus_record_release(&record);
	return received;
}

static struct str created(const struct received *received, struct buf *buf)
{
	const struct debt_created event = { .debt_id = received->body->debt_id, .customer_id = received->body->customer_id };

	api_must(coder_encode(&debt_created_type, &event, buf, &world.err));
	return buf_str(buf);
}

static struct str rejected(const struct received *received, const char *code, const char *field, struct buf *buf)
{
	const struct command_rejected event = { .command_id = received->envelope.id,
						.customer_id = received->body->customer_id,
						.command_type = STR("CreateDebt"),
						.code = str_of(code),
						.field = str_of(field),
						.text = STR("because") };

	api_must(coder_encode(&command_rejected_type, &event, buf, &world.err));
	return buf_str(buf);
}

static void publish_event(const struct received *received, struct str value)
{
	char cause[UUID_TEXT_SIZE + 1];
	const struct header headers[] = { { .name = "ce_id", .value = STR("x") },
					  { .name = "ce_causationid", .value = { cause, UUID_TEXT_SIZE } } };

	uuid_format(cause, &received->envelope.id);
	api_must(bus_produce(module, EVENTS, 1, STR(CUSTOMER), value, headers, 2, NULL, NULL, &world.err));
	api_must(bus_producer_flush(module, API_DEADLINE_MS, &world.err));
}

static void log_event(const struct received *received, struct str value, bool is_refusal)
{
	static const struct db_statement insert = {
		"test_log",
		"INSERT INTO debts.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
		"command_offset, command_digest, body, hash) VALUES (0, $1, gen_random_uuid(), $7, $2, $3, $4, $4, now(), "
		"0, $5, $6, ''::bytea)"
	};
	struct db_params params;

	db_params_init(&params, 1 << 16);
	db_param_int64(&params, ++log_rows);
	db_param_uuid(&params, &received->body->customer_id);
	db_param_uuid(&params, is_refusal ? &received->envelope.id : &received->body->debt_id);
	db_param_uuid(&params, &received->envelope.id);
	if (is_refusal)
		db_param_null(&params);
	else
		db_param_bytes(&params, (struct str){ (const char *)received->digest, DIGEST_SIZE });
	db_param_bytes(&params, value);
	db_param_int32(&params, is_refusal ? 901 : 1021);
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
}

static void log_answer(const struct received *received, struct str value)
{
	log_event(received, value, false);
}

static void log_refusal(const struct received *received, struct str value)
{
	log_event(received, value, true);
}

static void park(const struct received *received)
{
	static const struct db_statement insert = {
		"test_park",
		"INSERT INTO debts.parked (part, command_offset, key, command_id, kind, reason, since, actor, roles, digest, "
		"correlation_id, value, scope, holds) VALUES (0, $1, $2, $3, 'wait', 'the customer is not known yet', now(), "
		"'x', 0, "
		"$4, $3, ''::bytea, '*;*', ''::bytea)"
	};
	struct db_params params;

	db_params_init(&params, 1 << 16);
	db_param_int64(&params, ++log_rows);
	db_param_uuid(&params, &received->body->customer_id);
	db_param_uuid(&params, &received->envelope.id);
	db_param_bytes(&params, (struct str){ (const char *)received->digest, DIGEST_SIZE });
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
}

static void become_dead(const struct received *received, const char *code)
{
	static const struct db_statement insert = { "test_dead", "INSERT INTO debts.dead_letter (part, command_offset, code, "
								 "reason, at, headers, command_id, about) VALUES (0, $1, $2, "
								 "'it says why', now(), ''::bytea, $3, $4)" };
	struct db_params params;

	db_params_init(&params, 1 << 16);
	db_param_int64(&params, ++log_rows);
	db_param_text(&params, str_of(code));
	db_param_uuid(&params, &received->envelope.id);
	db_param_uuid(&params, &received->body->customer_id);
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
}

static int get_command(const struct uuid *id)
{
	char target[64] = "/commands/";

	uuid_format(target + strlen(target), id);
	return api_get(target, api_token("somebody", ROLE_CREDITOR));
}

static void assert_body_has_id(const char *member, const struct uuid *id)
{
	char expected[100], text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	(void)snprintf(expected, sizeof(expected), "\"%s\":\"%s\"", member, text);
	assert_contains(expected);
}

/* ---- outcomes ---- */

static void test_api_writes__an_event_is_the_answer(void **state)
{
	struct token_claims claims;
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", DEBT);
	received = receive();
	assert_true(str_is(received.envelope.source, "/dcs/api"));
	assert_true(uuid_is_none(&received.envelope.correlation_id)); /* its own */
	assert_memory_equal(received.envelope.traceparent.data, "00-0af7651916cd43dd8448eb211c80319c-", 36);
	api_must(token_verify(world.keys, received.envelope.token, &claims, &world.err));
	assert_string_equal(claims.subject, "somebody");
	assert_int_equal(received.body->principal_minor, 5000);
	assert_true(str_is(received.body->currency, "EUR"));
	publish_event(&received, created(&received, &event));
	assert_int_equal(api_status(), 201);
	assert_contains("Location: /debts/");
	assert_body_has_id("id", &received.body->debt_id);
	buf_release(&event);
}

static void test_api_writes__who_did_it_is_told_to_who_reads_notes(void **state)
{
	struct received received;
	struct buf text;
	char id[UUID_TEXT_SIZE + 1], target[80];

	(void)state;
	buf_init(&text, 4096);
	send_post("/debts", "", DEBT);
	received = receive();
	const struct debt_created event = { .debt_id = received.body->debt_id,
					    .customer_id = received.body->customer_id,
					    .has_actor = true,
					    .actor = STR("somebody") };

	api_must(coder_encode(&debt_created_type, &event, &text, &world.err));
	log_answer(&received, buf_str(&text));
	assert_int_equal(api_status(), 201);
	uuid_format(id, &received.envelope.id);
	(void)snprintf(target, sizeof(target), "/commands/%s", id);
	assert_int_equal(api_get(target, api_token("an-auditor", ROLE_AUDITOR)), 200);
	assert_contains("\"status\":\"succeeded\"");
	assert_contains("\"by\":\"somebody\"");
	buf_release(&text);
}

static void test_api_writes__a_refusal_is_a_problem(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "", DEBT);
	received = receive();
	publish_event(&received, rejected(&received, "bad_amount", "principal_minor", &event));
	assert_int_equal(api_status(), 422);
	assert_contains("application/problem+json");
	assert_contains("\"code\":\"bad_amount\"");
	assert_contains("\"pointer\":\"/principal/amountMinor\"");
	assert_body_has_id("commandId", &received.envelope.id);
	buf_release(&event);
}

static void test_api_writes__an_event_that_was_missed_is_looked_up(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "", DEBT);
	received = receive();
	log_answer(&received, created(&received, &event));
	assert_int_equal(api_status(), 201);
	buf_release(&event);
}

static void test_api_writes__what_waits_for_something_is_told_at_once(void **state)
{
	struct received received;

	(void)state;
	send_post("/debts", "", DEBT);
	received = receive();
	park(&received);
	assert_int_equal(api_status(), 202);
	assert_contains("\"status\":\"running\"");
	assert_contains("the customer is not known yet");
	assert_contains("Location: /commands/");
}

static void test_api_writes__a_command_that_becomes_a_dead_letter_has_failed(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "Idempotency-Key: k-dead\r\n", DEBT);
	received = receive();
	become_dead(&received, "expired_token");
	assert_int_equal(api_status(), 401);
	assert_contains("\"code\":\"expired_token\"");
	assert_contains("it says why");
	assert_body_has_id("commandId", &received.envelope.id);
	assert_int_equal(get_command(&received.envelope.id), 200);
	assert_contains("\"status\":\"failed\"");
	assert_contains("\"code\":\"expired_token\"");
	assert_contains("\"retryable\":true");
	/* Sent again, with a token that is good. */
	send_post("/debts", "Idempotency-Key: k-dead\r\n", DEBT);
	received = receive();
	log_answer(&received, created(&received, &event));
	assert_int_equal(api_status(), 201);
	assert_int_equal(get_command(&received.envelope.id), 200);
	assert_contains("\"status\":\"succeeded\"");
	buf_release(&event);
}

/* What a module answers that is made after the view is found as all others' is. */
static void test_api_writes__commands_of_a_module_to_come_are_found(void **state)
{
	static const struct db_statement make = { "test_module", "SELECT dcs_create_module('extra')" };
	static const struct db_statement insert = { "test_extra", "INSERT INTO extra.parked (part, command_offset, key, "
								  "command_id, kind, reason, since, actor, roles, scope, holds, "
								  "digest, correlation_id, value) VALUES (0, 1, '" CUSTOMER
								  "', '" UNKNOWN "', 'wait', 'for something', now(), 'x', 0, "
								  "';', '', '', '" UNKNOWN "', '')" };
	struct uuid id;

	(void)state;
	api_must(db_run(world.admin, &make, NULL, NULL, &world.err));
	api_must(db_run(world.admin, &insert, NULL, NULL, &world.err));
	assert_true(uuid_parse(&id, STR(UNKNOWN)));
	assert_int_equal(get_command(&id), 200);
	assert_contains("for something");
}

static void test_api_writes__without_an_outcome_it_is_202(void **state)
{
	struct received received;
	struct buf event;
	char target[100], id[UUID_TEXT_SIZE + 1];

	(void)state;
	close_gateway();
	open_gateway(20000, 30);
	assert_int_equal(post("/debts", "", DEBT), 202);
	assert_contains("\"status\":\"accepted\"");
	assert_contains("Retry-After: 1\r\n");
	received = receive();
	uuid_format(id, &received.envelope.id);
	(void)snprintf(target, sizeof(target), "/commands/%s", id);
	assert_int_equal(api_get(target, api_token("somebody", ROLE_CREDITOR)), 200);
	assert_contains("\"status\":\"accepted\"");
	assert_contains("\"submittedAt\":\"");
	buf_init(&event, 4096);
	log_answer(&received, created(&received, &event));
	assert_int_equal(api_get(target, api_token("somebody", ROLE_CREDITOR)), 200);
	assert_contains("\"status\":\"succeeded\"");
	assert_contains("\"href\":\"/debts/");
	buf_release(&event);
}

static void test_api_writes__who_prefers_not_to_wait_gets_202_when_kafka_has_it(void **state)
{
	(void)state;
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 202);
	assert_contains("Preference-Applied: respond-async\r\n");
	assert_int_equal(commands_count(), 1);
	assert_int_equal(post("/debts", "Prefer: wait=0\r\n", DEBT), 202);
	assert_contains("Preference-Applied: wait=0\r\n");
}

/* ---- Kafka away ---- */

static void test_api_writes__no_202_before_the_broker_has_it(void **state)
{
	(void)state;
	mock_cluster_broker_down(&mock);
	send_post("/debts", "Prefer: respond-async\r\n", DEBT);
	while (outbound_waiting(&outbound) == 0)
		api_turn();
	for (int i = 0; i < 20; i++)
		api_turn();
	assert_int_equal(recv(world.socket, world.answer, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	mock_cluster_broker_up(&mock);
	assert_int_equal(api_status(), 202);
}

static void test_api_writes__a_broker_that_stays_away_is_503_and_names_the_command(void **state)
{
	(void)state;
	close_gateway();
	open_gateway(50, 20000);
	mock_cluster_broker_down(&mock);
	assert_int_equal(post("/debts", "", DEBT), 503);
	assert_contains("Retry-After: ");
	assert_contains("Location: /commands/");
	assert_contains("\"code\":\"unavailable\"");
	mock_cluster_broker_up(&mock);
}

static bool is_away(void)
{
	return !is_ready();
}

static void test_api_writes__while_kafka_is_known_to_be_away_nothing_is_sent(void **state)
{
	(void)state;
	close_gateway();
	open_gateway(50, 20000);
	mock_cluster_broker_down(&mock);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 503);
	assert_contains("Location: /commands/"); /* it was sent, and nobody knows */
	assert_int_equal(outbound_waiting(&outbound), 1);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 503);
	assert_contains("Retry-After: ");
	assert_null(strstr(world.answer, "Location: "));
	assert_int_equal(outbound_waiting(&outbound), 1);
	mock_cluster_broker_up(&mock);
	until(is_ready);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 202);
	assert_int_equal(commands_count(), 2); /* the first and the last */
}

static void test_api_writes__that_kafka_goes_and_comes_is_found_out_without_a_request(void **state)
{
	(void)state;
	mock_cluster_broker_down(&mock);
	until(is_away);
	mock_cluster_broker_up(&mock);
	until(is_ready);
	assert_int_equal(outbound_waiting(&outbound), 0);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 202);
}

static void test_api_writes__a_command_the_broker_refuses_stops_no_other(void **state)
{
	(void)state;
	mock_cluster_fail(&mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 503);
	assert_contains("Location: /commands/");
	assert_true(is_ready());
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 202);
}

static void test_api_writes__a_connection_that_is_lost_under_a_command_does_not_lose_it(void **state)
{
	(void)state;
	mock_cluster_fail(&mock, MOCK_PRODUCE, MOCK_CONNECTION_LOST, 2);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", DEBT), 202);
	assert_int_equal(commands_count(), 1);
}

static void test_api_writes__those_who_wait_at_the_end_are_told(void **state)
{
	(void)state;
	send_post("/debts", "", DEBT);
	(void)receive(); /* the broker has it */
	for (int i = 0; i < 20; i++)
		api_turn();
	api_must(api_drain(&world.api, clock_monotonic_ms(), &world.err));
	assert_int_equal(api_status(), 202);
}

/* ---- the same key ---- */

#define KEY "Idempotency-Key: \"k-1\"\r\n"

static void test_api_writes__a_key_used_again_is_answered_from_the_log(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", KEY, DEBT);
	received = receive();
	log_answer(&received, created(&received, &event));
	publish_event(&received, buf_str(&event));
	assert_int_equal(api_status(), 201);
	assert_lacks("Idempotency-Replayed");
	assert_int_equal(post("/debts", KEY, DEBT), 201);
	assert_contains("Idempotency-Replayed: true\r\n");
	assert_body_has_id("id", &received.body->debt_id);
	assert_int_equal(post("/debts", KEY, DEBT_BUT("r2")), 422);
	assert_contains("\"code\":\"duplicate_different_body\"");
	assert_int_equal(commands_count(), 1);
	assert_int_equal(post("/debts", "Idempotency-Key: a b\r\n", DEBT), 400);
	buf_release(&event);
}

/* Who sends the header means something by it: what says nothing would be four commands for four tries. */
static void test_api_writes__a_key_that_says_nothing_is_no_key_and_no_command(void **state)
{
	static const char *const headers[] = { "Idempotency-Key:\r\n", "Idempotency-Key:  \t \r\n", "Idempotency-Key: \"\"\r\n",
					       "Idempotency-Key: a b\r\n", "Idempotency-Key: k\r\nIdempotency-Key: k\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		if (post("/debts", headers[i], DEBT) != 400)
			fail_msg("%s: %s", headers[i], world.answer);
		if (strstr(world.answer, "Connection: close") != NULL) {
			(void)close(world.socket);
			world.socket = -1;
		}
	}
	assert_int_equal(commands_count(), 0);
}

/* A condition that says nothing is not one that always holds. */
static void test_api_writes__an_if_match_that_says_nothing_is_refused(void **state)
{
	char request[4096];

	(void)state;
	(void)snprintf(request, sizeof(request),
		       "DELETE /debts/" UNKNOWN "?reason=created_in_error HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
		       "If-Match:\r\n\r\n",
		       api_token("somebody", ROLE_CREDITOR | ROLE_SUPERVISOR));
	api_send(request);
	assert_int_equal(api_status(), 400);
	assert_contains("\"code\":\"bad_header\"");
	assert_int_equal(commands_count(), 0);
}

/* Also when its event is missed, and only the log tells one refusal from the other. */
static void test_api_writes__what_was_refused_under_a_key_is_sent_again(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "Idempotency-Key: k-9\r\n", DEBT);
	received = receive();
	log_refusal(&received, rejected(&received, "not_found", "customer_id", &event));
	publish_event(&received, buf_str(&event));
	assert_int_equal(api_status(), 422);
	buf_reset(&event);
	send_post("/debts", "Idempotency-Key: k-9\r\n", DEBT);
	received = receive();
	log_refusal(&received, rejected(&received, "exists", "external_ref", &event));
	assert_int_equal(api_status(), 409);
	buf_reset(&event);
	send_post("/debts", "Idempotency-Key: k-9\r\n", DEBT_BUT("r2"));
	received = receive();
	log_answer(&received, created(&received, &event));
	assert_int_equal(api_status(), 201);
	assert_int_equal(get_command(&received.envelope.id), 200);
	assert_contains("\"status\":\"succeeded\"");
	assert_int_equal(commands_count(), 3);
	buf_release(&event);
}

static void test_api_writes__while_the_first_use_of_a_key_is_under_way_others_wait(void **state)
{
	struct received received;
	struct buf event;
	int first;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "Idempotency-Key: k-2\r\n", DEBT);
	received = receive();
	first = world.socket;
	world.socket = -1;
	assert_int_equal(post("/debts", "Idempotency-Key: k-2\r\n", DEBT), 409);
	assert_contains("\"code\":\"in_progress\"");
	assert_contains("Retry-After: 1\r\n");
	(void)close(world.socket);
	world.socket = first;
	world.size = 0;
	world.answer[0] = '\0';
	log_answer(&received, created(&received, &event));
	publish_event(&received, buf_str(&event));
	assert_int_equal(api_status(), 201);
	buf_release(&event);
}

/* Two gateways, the same key, other bodies: this one sees the event of the other's, and must not take it for its own. */
static void test_api_writes__the_answer_to_anothers_content_is_not_ours(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/debts", "Idempotency-Key: k-3\r\n", DEBT);
	received = receive();
	received.digest[0] ^= 1;
	log_answer(&received, created(&received, &event));
	publish_event(&received, buf_str(&event));
	assert_int_equal(api_status(), 422);
	assert_contains("\"code\":\"duplicate_different_body\"");
	buf_release(&event);
}

/* ---- what is no command ---- */

static void test_api_writes__faults_are_told_before_anything_is_sent(void **state)
{
	(void)state;
	assert_int_equal(post("/debts", "", "{\"customerId\":\"x\",\"dueOn\":7}"), 422);
	assert_contains("{\"pointer\":\"/customerId\",\"code\":\"bad_format\"");
	assert_contains("{\"pointer\":\"/dueOn\",\"code\":\"wrong_type\"");
	assert_contains("{\"pointer\":\"/principal\",\"code\":\"missing\"");
	assert_int_equal(post("/debts", "", "{"), 400);
	assert_int_equal(post("/debts/" UNKNOWN "/payments", "", "{}"), 422);
	assert_int_equal(post("/debts/" UNKNOWN "/payments", "",
			      "{\"source\":\"b\",\"externalRef\":\"r\",\"amount\":{\"amountMinor\":1,\"currency\":\"EUR\"},"
			      "\"receivedOn\":\"2026-01-01\",\"method\":\"cash\"}"),
			 404);
	assert_int_equal(api_get("/commands/" UNKNOWN, api_token("somebody", ROLE_CREDITOR)), 404);
	assert_int_equal(post("/commands", "", "{\"type\":\"Tick\",\"data\":{}}"), 422);
	assert_contains("{\"pointer\":\"/type\",\"code\":\"unknown_type\"");
	assert_int_equal(commands_count(), 0);
}

/* The worker would refuse it too; nothing is sent. */
static void test_api_writes__what_the_caller_is_not_bound_to_is_refused_at_once(void **state)
{
	struct scope scope = scope_none;

	(void)state;
	assert_true(scope_add_creditor(&scope, STR(UNKNOWN)));
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts", "", DEBT);
	assert_int_equal(api_status(), 403);
	assert_contains("\"code\":\"not_authorised\"");
	assert_contains("\"pointer\":\"/creditorId\"");
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/commands", "",
		     "{\"type\":\"RecordPayment\",\"data\":{\"paymentId\":\"" UNKNOWN "\",\"customerId\":\"" CUSTOMER
		     "\",\"debtId\":\"" UNKNOWN "\",\"source\":\"bank-1\",\"externalRef\":\"r\",\"amount\":{\"amountMinor\":"
		     "1,\"currency\":\"EUR\"},\"receivedOn\":\"2026-01-01\",\"method\":\"cash\"}}");
	assert_int_equal(api_status(), 403);
	assert_contains("\"pointer\":\"/data/source\"");
	assert_int_equal(commands_count(), 0);
	assert_true(scope_add_creditor(&scope, STR(CREDITOR)));
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts", "", DEBT);
	(void)receive();
}

#define NIL "00000000-0000-0000-0000-000000000000"

/* "/debts/:id/payments" with the id of zeros. */
static void write_nil_target(const char *pattern, char target[256])
{
	const char *colon = strchr(pattern, ':');

	(void)snprintf(target, 256, "%.*s" NIL "%s", (int)(colon - pattern), pattern, colon + strcspn(colon, "/"));
}

static int send_by_row(const struct route *row, const char *target, const char *body)
{
	const char *method = row->method == METHOD_POST ? "POST" : row->method == METHOD_PUT ? "PUT" : "DELETE";
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "%s %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		       "If-Match: *\r\nContent-Length: %zu\r\n\r\n%s",
		       method, target, api_token("somebody", ~(uint32_t)ROLE_CONSUMER & (ROLE_REPORTING * 2 - 1)), strlen(body),
		       body);
	api_send(request);
	return api_status();
}

/* An id that means "none" elsewhere: on no path does it end the gateway, or reach a module. */
static void test_api_writes__an_id_of_zeros_is_no_thing_on_any_path(void **state)
{
	char target[256];
	size_t rows = 0;

	(void)state;
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (row->path_field == NULL)
			continue;
		write_nil_target(row->pattern, target);
		if (send_by_row(row, target, row->method == METHOD_DELETE ? "" : "{}") != 404)
			fail_msg("%s: %s", row->operation, world.answer);
		rows++;
	}
	assert_in_range(rows, 10, 100);
	assert_int_equal(send_by_row(&(struct route){ .method = METHOD_DELETE }, "/customers/" NIL "/consents?via=speech", ""),
			 404);
	assert_int_equal(api_get("/commands/" NIL, api_token("somebody", ROLE_CREDITOR)), 404);
	assert_int_equal(api_get("/debts?customer=" NIL, api_token("somebody", ROLE_AGENT)), 400);
	assert_int_equal(post("/debts", "", "{\"customerId\":\"" NIL "\"}"), 422);
	assert_contains("{\"pointer\":\"/customerId\",\"code\":\"bad_format\"");
	assert_int_equal(post("/commands", "", "{\"type\":\"CreateDebt\",\"id\":\"" NIL "\",\"data\":{}}"), 422);
	assert_contains("{\"pointer\":\"/id\",\"code\":\"bad_format\"");
	assert_int_equal(commands_count(), 0);
}

static int send_delete(const char *query, const char *headers, const char *body)
{
	char request[4096];

	(void)snprintf(request, sizeof(request),
		       "DELETE /debts/" UNKNOWN "%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nPrefer: respond-async\r\n"
		       "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
		       query, api_token("somebody", ROLE_CREDITOR | ROLE_SUPERVISOR), strlen(body), headers, body);
	api_send(request);
	return api_status();
}

#define REASON "?customerId=" CUSTOMER "&reason=created_in_error"

static void test_api_writes__members_of_a_delete_stand_in_the_query_or_in_the_body(void **state)
{
	(void)state;
	assert_int_equal(send_delete(REASON "&expectedVersion=7", "", ""), 202);
	assert_int_equal(commands_count(), 1);
	assert_int_equal(send_delete(REASON "&expectedVersion=x", "", ""), 422);
	assert_contains("{\"pointer\":\"expectedVersion\",\"code\":\"wrong_type\"");
	assert_int_equal(send_delete(REASON "&expectedVersion=7", "If-Match: \"7\"\r\n", ""), 422);
	assert_contains("\"code\":\"differs\"");
	assert_int_equal(send_delete(REASON, "", "{\"reason\":\"paid_elsewhere\"}"), 400);
	assert_contains("\"code\":\"bad_query\"");
	assert_int_equal(send_delete(REASON, "", "{}"), 400);
	assert_int_equal(post("/debts?dryRun=true", "", DEBT), 400); /* nobody reads it: he who sends it is told */
	assert_contains("\"code\":\"unknown_argument\"");
	assert_int_equal(post("/commands?x=1", "", "{\"type\":\"CreateDebt\",\"data\":{}}"), 400);
	assert_int_equal(commands_count(), 1);
}

#define UNKNOWN_DEBT                                                                                                             \
	"{\"customerId\":\"" UNKNOWN "\",\"creditorId\":\"" CREDITOR "\",\"externalRef\":\"r\",\"principal\":"                   \
	"{\"amountMinor\":1,\"currency\":\"EUR\"},\"openedOn\":\"2026-01-01\",\"dueOn\":\"2026-02-01\"}"
#define MESSAGE(customer, more)                                                                                                  \
	"{\"customerId\":\"" customer "\",\"channel\":\"email\",\"templateName\":\"no-such\",\"language\":\"de\","               \
	"\"messageClass\":\"reminder\",\"sendBy\":\"2099-01-01T00:00:00Z\"" more "}"

static void assert_missing(const char *target, const char *body, const char *pointer)
{
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       target, api_token("somebody", ROLE_CREDITOR | ROLE_SUPERVISOR | ROLE_AGENT), strlen(body), body);
	api_send(request);
	assert_int_equal(api_status(), 422);
	assert_contains("\"code\":\"not_found\"");
	assert_contains(pointer);
	assert_contains("\"retryable\":true");
}

/* Who mistyped an id is told at once; whoever knows that it is on its way says that the command may wait. */
static void test_api_writes__what_a_command_names_is_looked_for_unless_it_may_wait(void **state)
{
	(void)state;
	assert_missing("/debts", UNKNOWN_DEBT, "\"pointer\":\"/customerId\"");
	assert_missing("/communications", MESSAGE(UNKNOWN, ""), "\"pointer\":\"/customerId\"");
	assert_missing("/communications", MESSAGE(CUSTOMER, ",\"debtIds\":[\"" UNKNOWN "\"]"), "\"pointer\":\"/debtIds/0\"");
	assert_missing("/communications", MESSAGE(CUSTOMER, ""), "\"pointer\":\"/templateName\"");
	assert_missing("/commands",
		       "{\"type\":\"CreateDebt\",\"data\":{\"debtId\":\"" UNKNOWN "\",\"customerId\":\"" UNKNOWN
		       "\",\"creditorId\":\"" CREDITOR
		       "\",\"externalRef\":\"r\",\"principal\":{\"amountMinor\":1,\"currency\":\"EUR\"},"
		       "\"interest\":{\"amountMinor\":0,\"currency\":\"EUR\"},\"fee\":{\"amountMinor\":0,\"currency\":\"EUR\"},"
		       "\"cost\":{\"amountMinor\":0,\"currency\":\"EUR\"},\"openedOn\":\"2026-01-01\",\"dueOn\":\"2026-01-01\","
		       "\"feesAuthorised\":false}}",
		       "\"pointer\":\"/data/customerId\"");
	assert_int_equal(commands_count(), 0);
	assert_int_equal(post("/debts", "Prefer: respond-async\r\n", UNKNOWN_DEBT), 202);
	assert_int_equal(post("/debts", "Prefer: wait=0\r\n", UNKNOWN_DEBT), 202);
}

static void test_api_writes__any_command_may_be_sent_by_its_schema(void **state)
{
	struct received received;
	struct buf event;

	(void)state;
	buf_init(&event, 4096);
	send_post("/commands", "",
		  "{\"type\":\"CreateDebt\",\"id\":\"019a0000-0000-7000-8000-00000000cccc\",\"data\":{\"debtId\":\"" UNKNOWN
		  "\",\"customerId\":\"" CUSTOMER "\",\"creditorId\":\"" CREDITOR
		  "\",\"externalRef\":\"r\",\"principal\":{\"amountMinor\":1,"
		  "\"currency\":\"EUR\"},\"interest\":{\"amountMinor\":0,\"currency\":\"EUR\"},\"fee\":{\"amountMinor\":0,"
		  "\"currency\":\"EUR\"},"
		  "\"cost\":{\"amountMinor\":0,\"currency\":\"EUR\"},\"openedOn\":\"2026-01-01\",\"dueOn\":\"2026-01-01\","
		  "\"feesAuthorised\":false}"
		  "}");
	received = receive();
	assert_int_equal(received.envelope.id.bytes[15], 0xcc);
	log_refusal(&received, rejected(&received, "exists", "external_ref", &event));
	publish_event(&received, buf_str(&event));
	assert_int_equal(api_status(), 409);
	assert_contains("\"pointer\":\"/data/externalRef\"");
	buf_release(&event);
}

/* ---- whose ---- */

#define HIS_DEBT    "019a0000-0000-7000-8000-004400000001"
#define OTHERS_DEBT "019a0000-0000-7000-8000-004400000002"
#define OTHER       "019a0000-0000-7000-8000-005200000002"
#define HIS_PAYMENT_MEMBERS                                                                                                      \
	"\"source\":\"bank\",\"externalRef\":\"p\",\"amount\":{\"amountMinor\":1,\"currency\":\"EUR\"},\"receivedOn\":\"2026-"   \
	"01-01\","                                                                                                               \
	"\"method\":\"transfer\""
#define HIS_PAYMENT "{" HIS_PAYMENT_MEMBERS "}"

static struct scope scope_of(const char *creditor)
{
	struct scope scope = scope_none;

	assert_true(scope_add_creditor(&scope, str_of(creditor)));
	assert_true(scope_add_source(&scope, STR("bank")));
	return scope;
}

static void given_debts_of_two_creditors(void)
{
	SQL("test_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "SELECT id::uuid, '" CUSTOMER
	    "', creditor::uuid, 1, 1, 0, 0, 0, 5, 0, 1, 1, 0, '2025-01-01', '2025-02-01', 'EUR', id FROM "
	    "(VALUES ('" HIS_DEBT "', '" CREDITOR "'), ('" OTHERS_DEBT "', '" OTHER
	    "')) AS made (id, creditor) ON CONFLICT DO NOTHING");
}

/* Nothing about another creditor's debt reaches Kafka. */
static void test_api_writes__a_creditor_changes_what_is_his(void **state)
{
	struct scope scope = scope_of(CREDITOR);

	(void)state;
	given_debts_of_two_creditors();
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts/" OTHERS_DEBT "/payments",
		     "Prefer: respond-async\r\n", HIS_PAYMENT);
	assert_int_equal(api_status(), 404);
	assert_int_equal(commands_count(), 0);
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts/" OTHERS_DEBT "/payments",
		     "Prefer: respond-async\r\n", "{\"customerId\":\"" CUSTOMER "\"," HIS_PAYMENT_MEMBERS "}");
	assert_int_equal(api_status(), 404);
	assert_int_equal(commands_count(), 0);
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts/" HIS_DEBT "/payments", "Prefer: respond-async\r\n",
		     HIS_PAYMENT);
	assert_int_equal(api_status(), 202);
	assert_int_equal(commands_count(), 1);
}

/* Things in paths, by the letter of their ids. */
static const struct {
	const char *path, *letter;
} letters[] = {
	{ "/customers/", "43" }, { "/contact-points/", "4b" }, { "/debts/", "44" }, { "/payments/", "50" }, { "/disputes/", "53" }
};

/* Each of a customer of its own: in his portfolio, in another, in none, in his of another creditor. */
static void given_things_in_portfolios(void)
{
	SQL("test_people_in",
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, key_salt) SELECT ('019a0000-0000-7000-8000-0043000000e' || n)::uuid, 'E-' || n, "
	    "'natural', 'active', 'de', 'DE', 1, '', '' FROM generate_series(0, 3) n");
	SQL("test_points_in",
	    "INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, "
	    "version, address_hash, address_sealed) SELECT replace(customer_id::text, '-0043', '-004b')::uuid, "
	    "customer_id, 'email', 'home', 'creditor', 'usable', 1, decode(repeat('00', 16), 'hex'), '' FROM "
	    "customers.customer WHERE external_ref LIKE 'E-%'");
	SQL("test_debts_in",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, portfolio_id, version, last_entry_seq, "
	    "cost_minor, fee_minor, interest_minor, principal_minor, credit_minor, entries, lifecycle, part, "
	    "opened_on, due_on, currency, external_ref) SELECT replace(c.customer_id::text, '-0043', "
	    "'-0044')::uuid, c.customer_id, creditor::uuid, portfolio::uuid, 1, 1, 0, 0, 0, 5, 0, 1, 1, 0, "
	    "'2025-01-01', '2025-02-01', 'EUR', ref FROM (VALUES ('E-0', '" CREDITOR "', '" UNKNOWN "'), ('E-1', '" CREDITOR
	    "', '" OTHER "'), ('E-2', '" CREDITOR "', NULL), ('E-3', '" OTHER "', '" UNKNOWN
	    "')) AS made (ref, creditor, portfolio) JOIN customers.customer c ON c.external_ref = made.ref");
	SQL("test_payments_in",
	    "INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	    "contra_minor, principal_minor, payment_id, method, source, external_ref) SELECT 0, 2, row_number() OVER (ORDER BY "
	    "debt_id), debt_id, debt_id, "
	    "'2025-01-01', '2025-01-01', 2, 2, 1, -1, replace(customer_id::text, '-0043', '-0050')::uuid, "
	    "'transfer', 'bank', external_ref FROM debts.debt WHERE external_ref LIKE 'E-%'");
	SQL("test_disputes_in",
	    "INSERT INTO debts.dispute (dispute_id, debt_id, customer_id, version, created_at, changed_at, received_on, "
	    "raised_on, "
	    "entries, evidence_count, grounds, state, in_writing, within_validation, evidence_refs, raised_by) SELECT "
	    "replace(debt_id::text, '-0044', '-0053')::uuid, debt_id, customer_id, 1, now(), now(), '2025-01-01', '2025-01-01', "
	    "1, 0, 'paid', 'open', true, false, '', 'somebody' FROM debts.debt WHERE external_ref LIKE 'E-%'");
}

static int send_change(const struct route *row, const char *its_token, const char *letter, unsigned number, const char *body)
{
	static const char *const methods[] = {
		[METHOD_POST] = "POST", [METHOD_PUT] = "PUT", [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE"
	};
	const char *colon = strchr(row->pattern, ':');
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "%s %.*s019a0000-0000-7000-8000-00%s000000e%u%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
		       "Content-Type: application/json\r\nIf-Match: *\r\nPrefer: respond-async\r\nContent-Length: %zu\r\n\r\n%s",
		       methods[row->method], (int)(colon - row->pattern), row->pattern, letter, number,
		       colon + strcspn(colon, "/"), its_token, strlen(body), body);
	api_send(request);
	return api_status();
}

static const char *letter_of(const struct route *row)
{
	for (size_t i = 0; i < COUNT(letters); i++)
		if (strncmp(row->pattern, letters[i].path, strlen(letters[i].path)) == 0)
			return letters[i].letter;
	fail_msg("%s: nobody has made a thing for it", row->operation);
	return NULL;
}

/* The bodies that the document gives as examples, by operationId. */
static json_t *read_examples(void)
{
	json_t *document, *examples = json_object(), *item, *operation;
	const char *path, *method;
	struct buf text;

	buf_init(&text, (size_t)8 << 20);
	api_must(openapi_write(api_routes(), false, &text, &world.err));
	document = json_loadb((const char *)text.data, text.size, 0, NULL);
	buf_release(&text);
	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		json_object_foreach(item, method, operation)
		{
			json_t *body = json_object_get(json_object_get(operation, "requestBody"), "content");

			(void)json_object_set(examples, json_string_value(json_object_get(operation, "operationId")),
					      json_object_get(json_object_get(body, "application/json"), "example"));
		}
	}
	json_decref(document);
	return examples;
}

/* By every route by which a creditor changes a thing. */
static void test_api_writes__who_is_bound_to_a_portfolio_changes_what_is_in_it(void **state)
{
	struct scope scope = scope_of(CREDITOR);
	json_t *examples = read_examples();
	const char *its_token;

	(void)state;
	assert_true(scope_add_portfolio(&scope, STR(UNKNOWN)));
	assert_true(scope_add_source(&scope, STR("bank-1"))); /* of the example */
	given_things_in_portfolios();
	its_token = api_bound_token("erp", ROLE_CREDITOR, &scope);
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		char *body;

		if (row->kind != ROUTE_WRITE || (row->command->roles & ROLE_CREDITOR) == 0 || row->path_field == NULL)
			continue;
		body = json_dumps(json_object_get(examples, row->operation), JSON_COMPACT);
		assert_non_null(body);
		for (unsigned number = 0; number < 4; number++) {
			int status = send_change(row, its_token, letter_of(row), number, body);

			if (status != (number == 0 ? 202 : 404))
				fail_msg("%s of thing %u: %s", row->operation, number, world.answer);
		}
		free(body);
	}
	json_decref(examples);
}

/* CreateDebt names one of his. */
static void test_api_writes__who_is_bound_to_a_portfolio_makes_debts_in_it(void **state)
{
	struct scope scope = scope_of(CREDITOR);

	(void)state;
	assert_true(scope_add_portfolio(&scope, STR(UNKNOWN)));
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts", "Prefer: respond-async\r\n", DEBT);
	assert_int_equal(api_status(), 403);
	assert_contains("\"code\":\"not_authorised\"");
	assert_contains("\"pointer\":\"/portfolioId\"");
	assert_int_equal(commands_count(), 0);
}

#define OTHERS_CUSTOMER "019a0000-0000-7000-8000-004300000002"
#define AN_ADDRESS      "{\"channel\":\"email\",\"address\":\"a@example.org\",\"place\":\"home\",\"source\":\"creditor\"}"

static void test_api_writes__a_creditor_adds_to_his_own_customers(void **state)
{
	struct scope scope = scope_of(CREDITOR);

	(void)state;
	given_debts_of_two_creditors();
	SQL("test_customers",
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, "
	    "key_salt) VALUES ('" CUSTOMER "', 'his', 'natural', 'active', 'de', 'DE', 1, '', ''), ('" OTHERS_CUSTOMER
	    "', 'others', 'natural', 'active', 'de', 'DE', 1, '', '') ON CONFLICT DO NOTHING");
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/customers/" OTHERS_CUSTOMER "/contact-points",
		     "Prefer: respond-async\r\n", AN_ADDRESS);
	assert_int_equal(api_status(), 404);
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/customers/" UNKNOWN "/contact-points",
		     "Prefer: respond-async\r\n", AN_ADDRESS);
	assert_int_equal(api_status(), 404);
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/customers/" CUSTOMER "/contact-points",
		     "Prefer: respond-async\r\n", AN_ADDRESS);
	assert_int_equal(api_status(), 202);
}

/* What the debts module would have written of a command about a debt. */
static void log_command(const char *command, const char *subject, const char *actor)
{
	static const struct db_statement insert = {
		"test_command",
		"INSERT INTO debts.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
		"command_offset, command_digest, body, hash) VALUES (0, $1, gen_random_uuid(), 1, $2, $3, $4, $4, now(), 0, "
		"'\\x01', $5, ''::bytea)"
	};
	struct payment_recorded event = { .has_actor = actor != NULL };
	struct uuid key, subject_id, command_id;
	struct db_params params;
	struct buf framed;

	assert_true(uuid_parse(&key, STR(CUSTOMER)));
	assert_true(uuid_parse(&subject_id, str_of(subject)));
	assert_true(uuid_parse(&command_id, str_of(command)));
	event.customer_id = key;
	event.debt_id = event.payment_id = subject_id;
	event.actor = str_of(actor == NULL ? "" : actor);
	event.currency = STR("EUR");
	buf_init(&framed, 4096);
	api_must(coder_encode(&payment_recorded_type, &event, &framed, &world.err));
	db_params_init(&params, 8192);
	db_param_int64(&params, ++log_rows);
	db_param_uuid(&params, &key);
	db_param_uuid(&params, &subject_id);
	db_param_uuid(&params, &command_id);
	db_param_bytes(&params, buf_str(&framed));
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
	buf_release(&framed);
}

#define ABOUT_HIS    "019a0000-0000-7000-8000-00c000000001"
#define ABOUT_OTHERS "019a0000-0000-7000-8000-00c000000002"
#define WAITING      "019a0000-0000-7000-8000-00c000000003"
#define DEAD         "019a0000-0000-7000-8000-00c000000005"
#define OF_USERS     "019a0000-0000-7000-8000-00c000000004"

/* An id is no ticket: of whoever does not look at everything a command must be his, or about what is his. */
static void test_api_writes__what_became_of_a_command_is_told_to_whom_it_concerns(void **state)
{
	static const struct {
		const char *command, *subject;
		uint32_t roles;
		int status;
	} cases[] = {
		{ ABOUT_HIS, "anybody", ROLE_AGENT, 200 },
		{ ABOUT_OTHERS, "anybody", ROLE_SUPERVISOR, 200 },
		{ ABOUT_OTHERS, "anybody", ROLE_COMPLIANCE, 200 },
		{ ABOUT_OTHERS, "anybody", ROLE_AUDITOR, 200 },
		{ WAITING, "anybody", ROLE_AUDITOR, 200 },
		{ ABOUT_HIS, "erp", ROLE_CREDITOR, 200 },     /* of his debt */
		{ ABOUT_OTHERS, "erp", ROLE_CREDITOR, 404 },  /* of his debtor's debt to another */
		{ ABOUT_OTHERS, "bank", ROLE_CREDITOR, 200 }, /* who issued it */
		{ WAITING, "erp", ROLE_CREDITOR, 404 },
		{ WAITING, "dialer", ROLE_CREDITOR, 200 },
		{ ABOUT_OTHERS, "erp", ROLE_REPORTING, 404 },
		{ ABOUT_OTHERS, "bank", ROLE_REPORTING, 200 },
		{ ABOUT_OTHERS, "dunning", ROLE_SYSTEM, 404 },
		{ WAITING, "dialer", ROLE_NOTIFIER, 200 },
		{ ABOUT_OTHERS, "boss", ROLE_ADMIN, 404 },
		{ DEAD, "anybody", ROLE_AGENT, 200 },
		{ DEAD, "erp", ROLE_CREDITOR, 404 },
		{ OF_USERS, "boss", ROLE_ADMIN, 200 },
		{ OF_USERS, "erp", ROLE_CREDITOR, 404 },
		{ ABOUT_OTHERS, "nobody", ROLE_CONSUMER, 404 },
	};
	struct scope scope = scope_of(CREDITOR);

	(void)state;
	given_debts_of_two_creditors();
	log_command(ABOUT_HIS, HIS_DEBT, NULL);
	log_command(ABOUT_OTHERS, OTHERS_DEBT, "bank");
	SQL("test_waiting",
	    "INSERT INTO debts.parked (part, command_offset, key, command_id, kind, reason, since, actor, roles, scope, digest, "
	    "correlation_id, value, holds) VALUES (7, 7, '" CUSTOMER "', '" WAITING
	    "', 'wait', 'because', now(), 'dialer', 0, ';', "
	    "'\\x01', '" WAITING "', '', '')");
	SQL("test_dead_debt",
	    "INSERT INTO debts.dead_letter (part, command_offset, code, reason, at, headers, command_id, about) VALUES (7, 7, "
	    "'bad_bytes', 'because', now(), '', '" DEAD "', '" CUSTOMER "')");
	SQL("test_of_users",
	    "INSERT INTO users.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
	    "command_offset, "
	    "command_digest, body, hash) SELECT 0, 1, event_id, schema_id, '" OF_USERS "', '" OF_USERS "', '" OF_USERS
	    "', '" OF_USERS "', at, 0, command_digest, body, hash FROM debts.event_log WHERE command_id = '" ABOUT_HIS "'");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char target[100];

		(void)snprintf(target, sizeof(target), "/commands/%s", cases[i].command);
		if (api_get(target, api_bound_token(cases[i].subject, cases[i].roles, &scope)) != cases[i].status)
			fail_msg("%s by %s: not %d\n%s", cases[i].command, cases[i].subject, cases[i].status, world.answer);
	}
	assert_int_equal(api_get("/commands/" ABOUT_OTHERS, api_token("operator", ROLE_CREDITOR)), 200); /* for all creditors */
}

/* Before its module has read it, it is his who sent it. */
static void test_api_writes__a_command_on_its_way_is_his_who_sent_it(void **state)
{
	struct scope scope = scope_of(CREDITOR);
	struct received received;
	char target[100] = "/commands/";

	(void)state;
	send_post_by(api_bound_token("erp", ROLE_CREDITOR, &scope), "/debts", "Prefer: respond-async\r\n", DEBT);
	assert_int_equal(api_status(), 202);
	received = receive();
	uuid_format(target + strlen(target), &received.envelope.id);
	assert_int_equal(api_get(target, api_bound_token("erp", ROLE_CREDITOR, &scope)), 200);
	assert_int_equal(api_get(target, api_bound_token("another", ROLE_CREDITOR, &scope)), 404);
	assert_int_equal(api_get(target, api_token("somebody", ROLE_AGENT)), 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_writes__an_event_is_the_answer),
		TEST(test_api_writes__who_did_it_is_told_to_who_reads_notes),
		TEST(test_api_writes__a_refusal_is_a_problem),
		TEST(test_api_writes__an_event_that_was_missed_is_looked_up),
		TEST(test_api_writes__what_waits_for_something_is_told_at_once),
		TEST(test_api_writes__a_command_that_becomes_a_dead_letter_has_failed),
		TEST(test_api_writes__without_an_outcome_it_is_202),
		TEST(test_api_writes__who_prefers_not_to_wait_gets_202_when_kafka_has_it),
		TEST(test_api_writes__no_202_before_the_broker_has_it),
		TEST(test_api_writes__a_broker_that_stays_away_is_503_and_names_the_command),
		TEST(test_api_writes__while_kafka_is_known_to_be_away_nothing_is_sent),
		TEST(test_api_writes__that_kafka_goes_and_comes_is_found_out_without_a_request),
		TEST(test_api_writes__a_command_the_broker_refuses_stops_no_other),
		TEST(test_api_writes__a_connection_that_is_lost_under_a_command_does_not_lose_it),
		TEST(test_api_writes__those_who_wait_at_the_end_are_told),
		TEST(test_api_writes__a_key_used_again_is_answered_from_the_log),
		TEST(test_api_writes__a_key_that_says_nothing_is_no_key_and_no_command),
		TEST(test_api_writes__an_if_match_that_says_nothing_is_refused),
		TEST(test_api_writes__what_was_refused_under_a_key_is_sent_again),
		TEST(test_api_writes__while_the_first_use_of_a_key_is_under_way_others_wait),
		TEST(test_api_writes__the_answer_to_anothers_content_is_not_ours),
		TEST(test_api_writes__faults_are_told_before_anything_is_sent),
		TEST(test_api_writes__an_id_of_zeros_is_no_thing_on_any_path),
		TEST(test_api_writes__members_of_a_delete_stand_in_the_query_or_in_the_body),
		TEST(test_api_writes__what_a_command_names_is_looked_for_unless_it_may_wait),
		TEST(test_api_writes__any_command_may_be_sent_by_its_schema),
		TEST(test_api_writes__a_creditor_changes_what_is_his),
		TEST(test_api_writes__who_is_bound_to_a_portfolio_changes_what_is_in_it),
		TEST(test_api_writes__who_is_bound_to_a_portfolio_makes_debts_in_it),
		TEST(test_api_writes__a_creditor_adds_to_his_own_customers),
		TEST(test_api_writes__what_became_of_a_command_is_told_to_whom_it_concerns),
		TEST(test_api_writes__a_command_on_its_way_is_his_who_sent_it),
		TEST(test_api_writes__what_the_caller_is_not_bound_to_is_refused_at_once),
		TEST(test_api_writes__commands_of_a_module_to_come_are_found),
	};

	return cmocka_run_group_tests(tests, start, api_world_end);
}
