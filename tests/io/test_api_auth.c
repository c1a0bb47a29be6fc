/* Users at the gateway's door: over HTTP, with PostgreSQL and librdkafka's mock cluster. Accounts are rows here: no worker runs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "crypto/password.h"
#include "model/command.h"
#include "producers/api/api.h"
#include "producers/api/auth/auth.h"
#include "producers/api/http/server.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/outcomes.h"
#include "schemas/engine.h"
#include "schemas/users.h"
#include "tests/io/database.h"
#include "tests/io/mock_cluster.h"
#include "wire/envelope.h"
#include "wire/json.h"

#define DEADLINE_MS  30000
#define ANSWER_MAX   8192
#define CONNECTIONS  256
#define CLIENTS      150
#define TOPIC        "dcs.users.commands.v1"
#define EVENTS       "dcs.users.events.v1"
#define PASSWORD     "correct horse battery"
#define NEW_PASSWORD "staple, stapler, staplest"

static char keys_dir[] = "/tmp/dcs-test-auth-XXXXXX";
static struct mock_cluster mock;
static struct bus_conf bus;
static struct token_keys *keys;
static struct outbound outbound;
static struct api api;
static struct bus_producer *module;
static struct db *admin;
static char password_text[PASSWORD_HASH_SIZE];
static char conninfo[512];
static struct err err;

static void must(int result)
{
	if (result != 0)
		fail_msg("unexpected failure: %s", err.text);
}

/* ---- the database ---- */

static void connect_to(const char *database, const char *more, struct db **ret_db)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s dbname=%s%s", getenv("DCS_TEST_PG"), database, more);
	must(db_open(text, "test_auth", 20000, ret_db, &err));
}

#define SQL(text)                                                                                                                \
	do {                                                                                                                     \
		static const struct db_statement statement = { "", (text) };                                                     \
		must(db_run(admin, &statement, NULL, NULL, &err));                                                               \
	} while (0)

static int64_t number_of(const struct db_statement *statement)
{
	struct db_result result = { .pg = NULL };
	int64_t number;

	must(db_run(admin, statement, NULL, &result, &err));
	assert_int_equal(result.rows, 1);
	number = db_int64(&result, 0, 0);
	db_result_release(&result);
	return number;
}

static struct uuid add_user(const char *login, uint32_t roles, const char *state)
{
	static const struct db_statement insert = {
		"test_user",
		"WITH account AS (INSERT INTO users.account VALUES ($1, $2, $3, $4, NULL, 1, now())) "
		"INSERT INTO users.credential (user_id, password_hash) VALUES ($1, $5)",
	};
	struct uuid id = uuid_new();
	struct db_params params;

	db_params_init(&params, 4096);
	db_param_uuid(&params, &id);
	db_param_text(&params, str_of(login));
	db_param_text(&params, str_of(state));
	db_param_int32(&params, (int32_t)roles);
	db_param_text(&params, str_of(password_text));
	must(db_run(admin, &insert, &params, NULL, &err));
	db_params_release(&params);
	return id;
}

/* ---- the gateway, in this process ---- */

static void open_api(const char *pg, int64_t wait_ms, int64_t outcome_ms, bool can_register)
{
	static const uint8_t key[32] = { 1 };
	const struct server_conf conf = {
		.listen = "127.0.0.1:0",
		.routes = api_routes(),
		.api = &api,
		.connections_max = CONNECTIONS,
		.idle_timeout_s = 30,
		.admit = api_admit,
		.handle = api_handle,
	};
	struct auth_conf auth = { .conninfo = pg,
				  .address_key = key,
				  .outbound = &outbound,
				  .keys = keys,
				  .trusted_proxies = "127.0.0.1",
				  .can_register = can_register,
				  .outcome_ms = outcome_ms,
				  .password_threads = 2 };
	struct reads_conf reads = { .key = key };
	const struct questions_conf questions = {
		.name = "postgresql", .conninfo = pg, .application_name = "test_auth", .timeout_ms = 10000, .waiting_max = 64
	};
	struct part parts[4];

	api = (struct api){ .outbound = &outbound, .keys = keys };
	must(questions_new(&questions, &api.questions, &err));
	must(rights_new(api.questions, &api.rights, &err));
	must(outbound_open(api.outbound, &bus, keys, "api", ROLE_NOTIFIER | ROLE_SYSTEM, wait_ms, &err));
	reads.questions = reads.searches = api.questions;
	must(reads_new(&reads, &api.reads, &err));
	must(outcomes_new(&bus, &api.outcomes, &err));
	auth.reads = api.reads;
	auth.rights = api.rights;
	auth.outcomes = api.outcomes;
	must(auth_new(&auth, &api.auth, &err));
	must(server_open(&conf, &api.server, &err));
	parts[0] = outbound_part(api.outbound);
	parts[1] = questions_part(api.questions);
	parts[2] = auth_part(api.auth);
	parts[3] = outcomes_part(api.outcomes);
	for (size_t i = 0; i < 4; i++)
		api_add_part(&api, &parts[i]);
}

static void close_api(void)
{
	must(api_drain(&api, 0, &err));
	server_close(api.server);
	auth_free(api.auth);
	outcomes_free(api.outcomes);
	questions_free(api.questions);
	reads_free(api.reads);
	rights_free(api.rights);
	outbound_release(api.outbound);
}

static void turn(void)
{
	must(api_step(&api, &err));
}

static void until_ready(void)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (!outbound_is_ready(api.outbound) || !questions_are_ready(api.questions) || !outcomes_are_ready(api.outcomes)) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		turn();
	}
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, TOPIC, 1);
	mock_cluster_topic(&mock, EVENTS, 1);
	mock_cluster_topic(&mock, "dcs.communications.commands.v1", 1);
	bus = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test-auth" };
	must(bus_producer_open(&bus, &module, &err));
	open_api(conninfo, 20000, 20000, true);
	until_ready();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_api();
	bus_producer_close(module);
	mock_cluster_stop(&mock);
	SQL("DELETE FROM users.event_log");
	SQL("TRUNCATE users.account, users.credential, users.session, users.client_secret, users.invitation CASCADE");
	return 0;
}

/* ---- clients, in the same thread: the gateway turns while they wait ---- */

struct client {
	int socket;
	char answer[ANSWER_MAX];
	size_t size;
};
static struct client clients[CLIENTS];

static void client_send(struct client *client, const char *request)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)server_port(api.server)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	client->size = 0;
	client->answer[0] = '\0';
	client->socket = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client->socket, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(client->socket, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

/* The server closes after the answer: that is its end. */
static bool client_is_done(struct client *client)
{
	ssize_t got;

	if (client->socket < 0)
		return true;
	do {
		got = recv(client->socket, client->answer + client->size, ANSWER_MAX - 1 - client->size, MSG_DONTWAIT);
		if (got > 0)
			client->size += (size_t)got;
	} while (got > 0);
	client->answer[client->size] = '\0';
	if (got < 0 && errno == EAGAIN)
		return false;
	(void)close(client->socket);
	client->socket = -1;
	return true;
}

static int client_status(struct client *client)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (!client_is_done(client)) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		turn();
	}
	return client->size == 0 ? 0 : (int)strtol(client->answer + 9, NULL, 10);
}

static const char *body_of(const struct client *client)
{
	return strstr(client->answer, "\r\n\r\n") + 4;
}

/* A request from an address of its own, unless one is given. */
static void send_json(struct client *client, const char *line, const char *token, const char *address, const char *json)
{
	static unsigned number;
	char request[8192], own[32];

	number++;
	(void)snprintf(own, sizeof(own), "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
	(void)snprintf(request, sizeof(request),
		       "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: %s\r\n%s%s%sContent-Type: "
		       "application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       line, address == NULL ? own : address, token == NULL ? "" : "Authorization: Bearer ",
		       token == NULL ? "" : token, token == NULL ? "" : "\r\n", strlen(json), json);
	client_send(client, request);
}

static int ask(const char *line, const char *token, const char *json)
{
	send_json(&clients[0], line, token, NULL, json);
	return client_status(&clients[0]);
}

static int log_in_with(const char *login, const char *password)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
	return ask("POST /auth/login", NULL, json);
}

/* The text of a string member of the last answer. */
static const char *member(const struct client *client, const char *name, char *text, size_t size)
{
	char wanted[64];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "\"%s\":\"", name);
	at = strstr(body_of(client), wanted);
	if (at == NULL)
		fail_msg("no %s in %s", name, body_of(client));
	at += strlen(wanted);
	assert_true(str_to_chars(text, size, (struct str){ .data = at, .size = strcspn(at, "\"") }));
	return text;
}

static int with_refresh_token(const char *line, const char *token)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"refreshToken\":\"%s\"}", token);
	return ask(line, NULL, json);
}

static void refused_as(const char *code)
{
	char text[64];

	assert_non_null(strstr(clients[0].answer, "Content-Type: application/problem+json\r\n"));
	assert_string_equal(member(&clients[0], "code", text, sizeof(text)), code);
}

/* ---- what arrived in Kafka ---- */

struct told {
	struct uuid id;
	uint8_t digest[DIGEST_SIZE];
	const struct message_type *type;
	char json[1024];
	struct token_claims claims;
};

/* The `index`-th command that the users module was sent, from 0. False: there are not so many. */
static bool told(int64_t index, struct told *ret_told)
{
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct bus_reader *reader;
	struct bus_record record;
	struct arena arena;
	struct buf json;
	const void *body;
	int64_t low, high;
	size_t count;
	bool found = false;

	must(bus_reader_open(&bus, TOPIC, &reader, &err));
	must(bus_reader_bounds(reader, 0, &low, &high, DEADLINE_MS, &err));
	if (index < high) {
		must(bus_reader_seek(reader, 0, index, &err));
		must(bus_reader_next(reader, DEADLINE_MS, &found, &record, &err));
		assert_true(found);
		must(arena_init(&arena, 65536, &err));
		must(coder_decode(record.value, &arena, &ret_told->type, &body, &err));
		buf_init(&json, sizeof(ret_told->json));
		json_write_message(&json, ret_told->type, body);
		assert_true(str_to_chars(ret_told->json, sizeof(ret_told->json), buf_str(&json)));
		must(bus_record_headers(&record, headers, &count, &err));
		must(envelope_read(headers, count, &envelope, &err));
		must(token_verify(keys, envelope.token, &ret_told->claims, &err));
		ret_told->id = envelope.id;
		digest_of(ret_told->digest, record.value);
		buf_release(&json);
		arena_release(&arena);
		bus_record_release(&record);
	}
	bus_reader_close(reader);
	return found;
}

/* Waits until so many have come, and no more; gives the last. */
static struct told last_told(int64_t count)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct told last, none;

	while (!told(count - 1, &last)) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		turn();
	}
	assert_false(told(count, &none));
	return last;
}

static void then_recorded(int64_t count, const struct uuid *user_id, const char *outcome)
{
	struct told last = last_told(count);
	char id[UUID_TEXT_SIZE + 1], wanted[64];

	assert_ptr_equal(last.type, &record_login_type);
	uuid_format(id, user_id);
	assert_non_null(strstr(last.json, id));
	(void)snprintf(wanted, sizeof(wanted), "\"outcome\":\"%s\"", outcome);
	assert_non_null(strstr(last.json, wanted));
	assert_true((strstr(last.json, "session_id") != NULL) == (strcmp(outcome, "succeeded") == 0));
	assert_string_equal(last.claims.subject, "api");
	assert_true((last.claims.roles & ROLE_SYSTEM) != 0);
}

static void then_session_ended(int64_t count, const char *reason)
{
	struct told last = last_told(count);
	char wanted[64];

	assert_ptr_equal(last.type, &record_session_end_type);
	(void)snprintf(wanted, sizeof(wanted), "\"reason\":\"%s\"", reason);
	assert_non_null(strstr(last.json, wanted));
}

/* ---- the users module ---- */

static struct uuid id_in(const char *json, const char *name)
{
	char wanted[64];
	const char *at;
	struct uuid id;

	(void)snprintf(wanted, sizeof(wanted), "\"%s\":\"", name);
	at = strstr(json, wanted);
	assert_non_null(at);
	assert_true(uuid_parse(&id, (struct str){ .data = at + strlen(wanted), .size = UUID_TEXT_SIZE }));
	return id;
}

/* Its answer to a command, framed: known, or refused with this code. */
static void answer_of(const struct told *command, const char *refusal, struct buf *buf)
{
	const struct user_registered known = { .user_id = id_in(command->json, "user_id"), .version = 1, .by = STR("api") };
	const struct command_rejected refused = { .command_id = command->id,
						  .customer_id = id_in(command->json, "user_id"),
						  .command_type = STR("RegisterUser"),
						  .code = str_of(refusal == NULL ? "" : refusal),
						  .field = STR("login"),
						  .text = STR("the login is taken") };

	buf_init(buf, 65536);
	if (refusal == NULL)
		must(coder_encode(&user_registered_type, &known, buf, &err));
	else
		must(coder_encode(&command_rejected_type, &refused, buf, &err));
}

static void publish_answer(const struct told *command, const char *refusal)
{
	char cause[UUID_TEXT_SIZE + 1];
	const struct header headers[] = { { .name = "ce_id", .value = STR("x") },
					  { .name = "ce_causationid", .value = { cause, UUID_TEXT_SIZE } } };
	struct buf buf;

	answer_of(command, refusal, &buf);
	uuid_format(cause, &command->id);
	must(bus_produce(module, EVENTS, 0, STR("x"), buf_str(&buf), headers, 2, NULL, NULL, &err));
	must(bus_producer_flush(module, DEADLINE_MS, &err));
	buf_release(&buf);
}

/* The answer is in its log, and nobody was told. */
static void log_answer(const struct told *command)
{
	static const struct db_statement insert = {
		"test_log",
		"INSERT INTO users.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
		"command_offset, command_digest, body, hash) VALUES (0, 1, gen_random_uuid(), 1321, $1, $1, $2, $2, now(), "
		"0, $3, $4, ''::bytea)"
	};
	const struct uuid user_id = id_in(command->json, "user_id");
	struct db_params params;
	struct buf buf;

	answer_of(command, NULL, &buf);
	db_params_init(&params, 65536);
	db_param_uuid(&params, &user_id);
	db_param_uuid(&params, &command->id);
	db_param_bytes(&params, (struct str){ (const char *)command->digest, DIGEST_SIZE });
	db_param_bytes(&params, buf_str(&buf));
	must(db_run(admin, &insert, &params, NULL, &err));
	db_params_release(&params);
	buf_release(&buf);
}

/* Everything but what is different in any two answers. */
static void cut_out(char *answer, const char *begin, const char *end)
{
	char *from = strstr(answer, begin);
	char *to = from == NULL ? NULL : strstr(from, end);

	assert_non_null(to);
	memmove(from, to, strlen(to) + 1);
}

static void keep_what_is_told(char *kept, const struct client *client)
{
	strcpy(kept, client->answer);
	cut_out(kept, "Date: ", "\r\n");
	cut_out(kept, "X-Request-Id: ", "\r\n");
	if (strstr(kept, "\"instance\":") != NULL) {
		cut_out(kept, "\"instance\":", ",");
		cut_out(kept, "\"traceId\":", "}");
	}
}

static void send_registration(const char *login, const char *password)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
	send_json(&clients[0], "POST /auth/register", NULL, NULL, json);
}

static int64_t credentials(void)
{
	static const struct db_statement count = { "test_credentials", "SELECT count(*) FROM users.credential" };

	return number_of(&count);
}

static void test_api_auth__who_registers_is_known_and_has_no_role(void **state)
{
	struct told command;
	char id[64], text[UUID_TEXT_SIZE + 1];
	struct uuid user_id;

	(void)state;
	send_registration("New.User", PASSWORD);
	command = last_told(1);
	assert_ptr_equal(command.type, &register_user_type);
	assert_non_null(strstr(command.json, "\"login\":\"new.user\""));
	assert_null(strstr(command.json, PASSWORD));
	assert_string_equal(command.claims.subject, "api");
	assert_int_equal(credentials(), 1); /* before the command is sent */
	publish_answer(&command, NULL);
	assert_int_equal(client_status(&clients[0]), 202);
	user_id = id_in(command.json, "user_id");
	uuid_format(text, &user_id);
	assert_string_equal(member(&clients[0], "id", id, sizeof(id)), text);
	assert_non_null(strstr(clients[0].answer, "\"login\":\"new.user\",\"status\":\"accepted\",\"roles\":[]"));
}

static void test_api_auth__a_login_that_is_taken_is_told_as_a_free_one_and_leaves_no_credential(void **state)
{
	static char is_free[ANSWER_MAX], is_taken[ANSWER_MAX];
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct told command;

	(void)state;
	send_registration("anna", PASSWORD);
	command = last_told(1);
	publish_answer(&command, NULL);
	assert_int_equal(client_status(&clients[0]), 202);
	keep_what_is_told(is_free, &clients[0]);
	cut_out(is_free, "{\"id\":", ",");
	send_registration("anna", PASSWORD);
	command = last_told(2);
	publish_answer(&command, "exists");
	assert_int_equal(client_status(&clients[0]), 202);
	keep_what_is_told(is_taken, &clients[0]);
	cut_out(is_taken, "{\"id\":", ",");
	assert_string_equal(is_taken, is_free);
	while (credentials() > 1) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		turn();
	}
}

static void test_api_auth__an_answer_that_nobody_told_is_found_in_the_log(void **state)
{
	struct told command;

	(void)state;
	send_registration("anna", PASSWORD);
	command = last_told(1);
	log_answer(&command);
	assert_int_equal(client_status(&clients[0]), 202);
}

static void test_api_auth__a_registration_without_an_answer_is_202(void **state)
{
	(void)state;
	close_api();
	open_api(conninfo, 20000, 100, true);
	until_ready();
	send_registration("anna", PASSWORD);
	assert_int_equal(client_status(&clients[0]), 202);
	assert_non_null(strstr(clients[0].answer, "\"status\":\"accepted\""));
	assert_int_equal(credentials(), 1);
}

static void test_api_auth__bad_passwords_and_closed_doors_are_told(void **state)
{
	(void)state;
	send_registration("anna", "elevenchars");
	assert_int_equal(client_status(&clients[0]), 422);
	assert_non_null(strstr(clients[0].answer, "\"pointer\":\"/password\""));
	send_registration("a-long-enough-login", "A-long-enough-LOGIN");
	assert_int_equal(client_status(&clients[0]), 422);
	send_registration("anna", "aaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(client_status(&clients[0]), 422);
	close_api();
	open_api(conninfo, 20000, 20000, false);
	until_ready();
	send_registration("anna", PASSWORD);
	assert_int_equal(client_status(&clients[0]), 403);
	refused_as("registration_closed");
	assert_int_equal(credentials(), 0);
}

static void test_api_auth__nobody_registers_while_kafka_is_away(void **state)
{
	(void)state;
	close_api();
	open_api(conninfo, 200, 20000, true);
	until_ready();
	mock_cluster_broker_down(&mock);
	send_registration("anna", PASSWORD);
	assert_int_equal(client_status(&clients[0]), 503);
	assert_non_null(strstr(clients[0].answer, "\r\nRetry-After: "));
}

/* ---- who one is ---- */

static int get(const char *target, const char *token)
{
	char request[4096];

	(void)snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", target, token);
	client_send(&clients[0], request);
	return client_status(&clients[0]);
}

static const char *token_of(const char *subject, uint32_t roles)
{
	static char token[2048];
	struct token_claims claims = { .roles = roles, .issued_at_ms = clock_now_ms(), .expires_at_ms = clock_now_ms() + 60000 };

	assert_true(str_to_chars(claims.subject, sizeof(claims.subject), str_of(subject)));
	must(token_sign(keys, &claims, token, sizeof(token), &err));
	return token;
}

static const char *token_of_user(const struct uuid *id, uint32_t roles)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	return token_of(text, roles);
}

static void test_api_auth__everybody_may_ask_who_he_is(void **state)
{
	struct uuid portal = add_user("portal", ROLE_CONSUMER, "active");
	struct uuid nobody = uuid_new();

	(void)state;
	assert_int_equal(get("/auth/me", token_of_user(&portal, ROLE_CONSUMER | ROLE_ADMIN)), 200);
	assert_non_null(strstr(clients[0].answer, "\"login\":\"portal\",\"state\":\"active\",\"roles\":[\"consumer\"]"));
	assert_null(strstr(clients[0].answer, "lockedUntil"));
	assert_non_null(strstr(clients[0].answer, "\"actions\":[]"));
	assert_non_null(strstr(clients[0].answer, "ETag: \"1\"\r\n"));
	assert_non_null(strstr(clients[0].answer, "\"tokenRoles\":[\"consumer\"],\"tokenExpiresAt\":\"2"));
	assert_int_equal(get("/auth/me", token_of("bil\\\"ling", ROLE_CREDITOR)), 200);
	assert_non_null(strstr(
		clients[0].answer,
		"{\"service\":\"bil\\\\\\\"ling\",\"roles\":[\"creditor\"],\"creditors\":[],\"portfolios\":[],\"sources\":[],"
		"\"tokenExpiresAt\":\"2"));
	assert_int_equal(get("/auth/me", token_of_user(&nobody, ROLE_ADMIN)), 404);
}

static void test_api_auth__users_are_for_admins_and_auditors(void **state)
{
	struct uuid boss = add_user("boss", ROLE_ADMIN, "active");
	struct uuid agent = add_user("agent", ROLE_AGENT, "active");
	char target[128], text[UUID_TEXT_SIZE + 1];

	(void)state;
	assert_int_equal(get("/auth/users", token_of_user(&agent, ROLE_AGENT)), 403);
	assert_int_equal(get("/auth/users", token_of_user(&agent, ROLE_AGENT | ROLE_ADMIN)), 403); /* not any more */
	assert_int_equal(get("/auth/users?role=agent", token_of_user(&boss, ROLE_ADMIN)), 200);
	assert_non_null(strstr(clients[0].answer, "\"login\":\"agent\""));
	assert_null(strstr(clients[0].answer, "\"login\":\"boss\""));
	assert_null(strstr(clients[0].answer, "argon2"));
	assert_non_null(strstr(clients[0].answer,
			       "\"actions\":[\"changeRoles\",\"bindUser\",\"endTokens\",\"inviteUser\",\"disableUser\"]"));
	assert_int_equal(get("/auth/users?login=boss", token_of_user(&boss, ROLE_ADMIN)), 200);
	assert_non_null(strstr(clients[0].answer, "\"actions\":[]")); /* not with himself */
	uuid_format(text, &agent);
	(void)snprintf(target, sizeof(target), "/auth/users/%s", text);
	assert_int_equal(get(target, token_of("audit", ROLE_AUDITOR)), 200);
	assert_non_null(strstr(clients[0].answer, "\"lockedUntil\":null"));
	assert_non_null(strstr(clients[0].answer, "\"actions\":[]")); /* an auditor reads */
	assert_null(strstr(clients[0].answer, "argon2"));
}

/* ---- logging in ---- */

static void test_api_auth__a_login_gives_an_access_token_and_a_refresh_token(void **state)
{
	struct uuid id = add_user("anna", ROLE_AGENT | ROLE_SUPERVISOR, "active");
	char access[2048], refresh[128], text[UUID_TEXT_SIZE + 1];
	struct token_claims claims;

	(void)state;
	assert_int_equal(log_in_with("Anna", PASSWORD), 200);
	must(token_verify(keys, str_of(member(&clients[0], "accessToken", access, sizeof(access))), &claims, &err));
	uuid_format(text, &id);
	assert_string_equal(claims.subject, text);
	assert_int_equal(claims.roles, ROLE_AGENT | ROLE_SUPERVISOR);
	assert_int_equal(claims.expires_at_ms - claims.issued_at_ms, 600000);
	assert_int_equal(strlen(member(&clients[0], "refreshToken", refresh, sizeof(refresh))), 43);
	assert_non_null(strstr(clients[0].answer, "\"tokenType\":\"Bearer\",\"expiresIn\":600,"));
	assert_non_null(strstr(clients[0].answer, "\"refreshExpiresIn\":604800,"));
	assert_non_null(strstr(clients[0].answer, "\"roles\":[\"supervisor\",\"agent\"]"));
	assert_non_null(strstr(clients[0].answer, "Cache-Control: no-store\r\n"));
	then_recorded(1, &id, "succeeded");
}

static int log_in_from(const char *address, const char *login, const char *password)
{
	char json[256];

	(void)snprintf(json, sizeof(json), "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
	send_json(&clients[0], "POST /auth/login", NULL, address, json);
	return client_status(&clients[0]);
}

static void test_api_auth__an_unknown_login_a_wrong_password_and_a_locked_account_are_told_the_same(void **state)
{
	static char unknown[ANSWER_MAX], wrong[ANSWER_MAX], locked[ANSWER_MAX];
	struct uuid id = add_user("anna", ROLE_AGENT, "active");

	(void)state;
	assert_int_equal(log_in_with("nobody", PASSWORD), 401);
	refused_as("invalid_credentials");
	keep_what_is_told(unknown, &clients[0]);
	assert_int_equal(log_in_from("192.0.2.9", "anna", NEW_PASSWORD), 401);
	keep_what_is_told(wrong, &clients[0]);
	assert_string_equal(unknown, wrong);
	then_recorded(1, &id, "wrong_password"); /* and nothing of nobody */
	for (int i = 1; i < 5; i++)
		assert_int_equal(log_in_from("192.0.2.9", "anna", NEW_PASSWORD), 401);
	assert_int_equal(log_in_from("192.0.2.9", "anna", PASSWORD), 401);
	keep_what_is_told(locked, &clients[0]);
	assert_string_equal(unknown, locked);
	then_recorded(6, &id, "locked");
	SQL("UPDATE users.password_attempt SET locked_until = now()");
	assert_int_equal(log_in_from("192.0.2.9", "anna", PASSWORD), 200);
	then_recorded(7, &id, "succeeded");
}

static void test_api_auth__wrong_passwords_from_elsewhere_lock_nobody_out_at_home(void **state)
{
	char address[32];

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_from("192.0.2.1", "anna", PASSWORD), 200); /* at home */
	for (int i = 0; i < 10; i++)
		assert_int_equal(log_in_from("198.51.100.7", "anna", NEW_PASSWORD), 401);
	assert_int_equal(log_in_from("198.51.100.7", "anna", NEW_PASSWORD), 429);
	assert_int_equal(log_in_from("192.0.2.1", "anna", PASSWORD), 200);
	assert_int_equal(log_in_from("192.0.2.2", "anna", PASSWORD), 200); /* one stranger closes the account to himself only */
	for (int i = 0; i < 50; i++) {
		(void)snprintf(address, sizeof(address), "203.0.113.%d", i);
		assert_int_equal(log_in_from(address, "anna", NEW_PASSWORD), 401);
	}
	assert_int_equal(log_in_from("198.51.100.8", "anna", PASSWORD), 401); /* to a stranger it is closed by now */
	assert_int_equal(log_in_from("192.0.2.1", "anna", PASSWORD), 200);
}

static void test_api_auth__of_many_guesses_at_once_five_are_judged(void **state)
{
	static const struct db_statement failures = { "test_failures", "SELECT failures::bigint FROM users.password_attempt" };
	char json[256];

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	(void)snprintf(json, sizeof(json), "{\"login\":\"anna\",\"password\":\"%s\"}", NEW_PASSWORD);
	for (int i = 0; i < 9; i++)
		send_json(&clients[i], "POST /auth/login", NULL, "192.0.2.9", json);
	for (int i = 0; i < 9; i++)
		assert_int_equal(client_status(&clients[i]), 401);
	assert_int_equal(number_of(&failures), 5);
}

static void test_api_auth__a_right_password_earns_a_clear_answer(void **state)
{
	struct uuid none = add_user("new", 0, "active");
	struct uuid disabled = add_user("gone", ROLE_AGENT, "disabled");

	(void)state;
	assert_int_equal(log_in_with("new", PASSWORD), 403);
	refused_as("no_roles");
	then_recorded(1, &none, "no_roles");
	assert_int_equal(log_in_with("gone", PASSWORD), 403);
	refused_as("account_disabled");
	then_recorded(2, &disabled, "disabled");
	assert_int_equal(log_in_with("gone", NEW_PASSWORD), 401);
}

static void test_api_auth__an_account_is_tried_so_often_and_no_more_whether_it_exists_or_not(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(log_in_from("192.0.2.9", "nobody", PASSWORD), 401);
	assert_int_equal(log_in_from("192.0.2.9", "NOBODY", PASSWORD), 429);
	refused_as("too_many_attempts");
	assert_non_null(strstr(clients[0].answer, "\r\nRetry-After: "));
	assert_non_null(strstr(clients[0].answer, "\r\nRateLimit-Policy: \"account\";q=10;w=600\r\n"));
	assert_non_null(strstr(clients[0].answer, "\r\nRateLimit: \"account\";r=0;t="));
	(void)add_user("anna", ROLE_AGENT, "active");
	for (int i = 0; i < 15; i++) /* who is right may come again */
		assert_int_equal(log_in_from("192.0.2.9", "anna", PASSWORD), 200);
}

static void test_api_auth__an_address_is_told_to_wait_and_others_are_not(void **state)
{
	char json[128];
	int status = 0;
	int tries = 0;

	(void)state;
	while (status != 429 && tries < CLIENTS) {
		(void)snprintf(json, sizeof(json), "{\"login\":\"nobody-%d\",\"password\":\"x\"}", tries++);
		send_json(&clients[0], "POST /auth/login", NULL, "192.0.2.1", json);
		status = client_status(&clients[0]);
		assert_true(status == 401 || status == 429);
	}
	assert_in_range(tries, 61, 70);
	assert_non_null(strstr(clients[0].answer, "\r\nRateLimit: \"address\";r=0;t="));
	assert_int_equal(log_in_with("somebody", PASSWORD), 401);
}

/* More than can wait: they are told so, and meanwhile everything else goes on. */
static void test_api_auth__a_flood_of_logins_leaves_others_alone(void **state)
{
	char json[128], refresh[128];
	int busy = 0;

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "refreshToken", refresh, sizeof(refresh));
	for (int i = 1; i < CLIENTS; i++) {
		(void)snprintf(json, sizeof(json), "{\"login\":\"nobody-%d\",\"password\":\"x\"}", i);
		send_json(&clients[i], "POST /auth/login", NULL, NULL, json);
	}
	assert_int_equal(with_refresh_token("POST /auth/refresh", refresh), 200);
	assert_true(server_open_calls(api.server) > 0); /* the flood is still there */
	for (int i = 1; i < CLIENTS; i++) {
		int status = client_status(&clients[i]);

		assert_true(status == 401 || status == 503);
		busy += status == 503;
	}
	assert_in_range(busy, 1, CLIENTS - 64);
}

static void test_api_auth__bodies_that_are_none_are_told_what_is_wrong(void **state)
{
	static char large[6000];

	(void)state;
	assert_int_equal(ask("POST /auth/login", NULL, "login=anna"), 400);
	assert_int_equal(ask("POST /auth/login", NULL, ""), 400);
	assert_int_equal(ask("POST /auth/login", NULL, "[]"), 422);
	assert_int_equal(ask("POST /auth/login", NULL, "{\"login\":\"a\",\"login\":\"b\",\"password\":\"c\"}"), 422);
	assert_int_equal(ask("POST /auth/login", NULL, "{\"login\":7}"), 422);
	assert_non_null(strstr(clients[0].answer, "\"pointer\":\"/login\""));
	assert_non_null(strstr(clients[0].answer, "\"pointer\":\"/password\""));
	assert_int_equal(ask("POST /auth/login", NULL, "{\"login\":\"a\",\"password\":\"b\",\"" PASSWORD "\":1}"), 422);
	assert_null(strstr(clients[0].answer, PASSWORD));
	assert_int_equal(ask("POST /auth/login", NULL, "{\"login\":\"a\\u0000b\",\"password\":\"b\"}"), 400);
	memset(large, ' ', sizeof(large) - 1);
	assert_int_equal(ask("POST /auth/login", NULL, large), 413);
	assert_int_equal(ask("POST /auth/refresh", NULL, "{\"refreshToken\":null}"), 422);
}

/* ---- sessions ---- */

static void test_api_auth__a_refresh_token_is_good_once_and_betrays_its_thief(void **state)
{
	char first[128], second[128], access[2048];
	struct token_claims claims;

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "refreshToken", first, sizeof(first));
	SQL("UPDATE users.account SET roles = 4");
	assert_int_equal(with_refresh_token("POST /auth/refresh", first), 200);
	must(token_verify(keys, str_of(member(&clients[0], "accessToken", access, sizeof(access))), &claims, &err));
	assert_int_equal(claims.roles, ROLE_SUPERVISOR); /* those he has now */
	member(&clients[0], "refreshToken", second, sizeof(second));
	assert_string_not_equal(first, second);
	assert_int_equal(with_refresh_token("POST /auth/refresh", first), 401);
	refused_as("invalid_refresh_token");
	then_session_ended(2, "reuse");
	assert_int_equal(with_refresh_token("POST /auth/refresh", second), 401);
	assert_int_equal(with_refresh_token("POST /auth/refresh", "nonsense"), 401);
	assert_int_equal(with_refresh_token("POST /auth/refresh", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 401);
	assert_non_null(strstr(clients[0].answer, "WWW-Authenticate: Bearer\r\n"));
}

static void test_api_auth__of_a_hundred_uses_at_once_one_wins_and_the_family_ends(void **state)
{
	char json[512], token[128];
	struct client *winner = NULL;

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	(void)snprintf(json, sizeof(json), "{\"refreshToken\":\"%s\"}",
		       member(&clients[0], "refreshToken", token, sizeof(token)));
	for (int i = 0; i < 100; i++)
		send_json(&clients[i], "POST /auth/refresh", NULL, NULL, json);
	for (int i = 0; i < 100; i++) {
		int status = client_status(&clients[i]);

		assert_true(status == 401 || (status == 200 && winner == NULL));
		if (status == 200)
			winner = &clients[i];
	}
	assert_non_null(winner);
	member(winner, "refreshToken", token, sizeof(token));
	assert_int_equal(with_refresh_token("POST /auth/refresh", token), 401);
	then_session_ended(2, "reuse"); /* once */
}

static void test_api_auth__a_logout_or_an_admin_ends_a_session_at_once(void **state)
{
	char token[128];

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "refreshToken", token, sizeof(token));
	assert_int_equal(with_refresh_token("POST /auth/logout", token), 204);
	then_session_ended(2, "logout");
	assert_int_equal(with_refresh_token("POST /auth/refresh", token), 401);
	assert_int_equal(with_refresh_token("POST /auth/logout", token), 204);
	assert_int_equal(with_refresh_token("POST /auth/logout", "nonsense"), 204);

	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "refreshToken", token, sizeof(token));
	SQL("UPDATE users.account SET state = 'disabled'");
	assert_int_equal(with_refresh_token("POST /auth/refresh", token), 401);
	then_session_ended(4, "disabled");
}

static void test_api_auth__ended_tokens_are_good_for_nothing_and_new_ones_are(void **state)
{
	char access[2048], refresh[128];

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "accessToken", access, sizeof(access));
	member(&clients[0], "refreshToken", refresh, sizeof(refresh));
	SQL("UPDATE users.account SET token_version = 1");
	assert_int_equal(get("/auth/me", access), 401);
	refused_as("not_authenticated");
	assert_non_null(strstr(clients[0].answer, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"));
	assert_int_equal(with_refresh_token("POST /auth/refresh", refresh), 401);
	then_session_ended(2, "disabled");

	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "accessToken", access, sizeof(access));
	member(&clients[0], "refreshToken", refresh, sizeof(refresh));
	assert_int_equal(get("/auth/me", access), 200);
	assert_int_equal(with_refresh_token("POST /auth/refresh", refresh), 200);
	member(&clients[0], "accessToken", access, sizeof(access));
	assert_int_equal(get("/auth/me", access), 200);
}

/* ---- passwords ---- */

static int change_password(const char *token, const char *old, const char *new)
{
	char json[4000];

	(void)snprintf(json, sizeof(json), "{\"password\":\"%s\",\"newPassword\":\"%s\"}", old, new);
	return ask("PUT /auth/me/password", token, json);
}

static void test_api_auth__a_new_password_ends_all_sessions(void **state)
{
	char access[2048], refresh[128];

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	member(&clients[0], "accessToken", access, sizeof(access));
	member(&clients[0], "refreshToken", refresh, sizeof(refresh));
	assert_int_equal(change_password(NULL, PASSWORD, NEW_PASSWORD), 401);
	assert_int_equal(change_password(access, PASSWORD, "short"), 422);
	assert_non_null(strstr(clients[0].answer, "\"pointer\":\"/newPassword\""));
	assert_int_equal(change_password(access, NEW_PASSWORD, NEW_PASSWORD), 403);
	refused_as("wrong_password");
	assert_int_equal(change_password(access, PASSWORD, NEW_PASSWORD), 204);
	then_session_ended(2, "password");
	assert_int_equal(with_refresh_token("POST /auth/refresh", refresh), 401);
	assert_int_equal(log_in_with("anna", PASSWORD), 401);
	assert_int_equal(log_in_with("anna", NEW_PASSWORD), 200);
}

static void test_api_auth__a_service_has_no_password(void **state)
{
	(void)state;
	assert_int_equal(change_password(token_of("billing", ROLE_ADMIN), PASSWORD, NEW_PASSWORD), 403);
}

/* ---- invitations ---- */

static int accept_with(const char *invitation, const char *password)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"invitation\":\"%s\",\"password\":\"%s\"}", invitation, password);
	return ask("POST /auth/accept-invitation", NULL, json);
}

static void test_api_auth__an_invitation_is_good_for_one_password(void **state)
{
	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	assert_int_equal(log_in_with("anna", PASSWORD), 200);
	SQL("SELECT users.add_invitation((SELECT user_id FROM users.account), "
	    "sha256('\\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'))");
	assert_int_equal(accept_with("AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NEW_PASSWORD), 401);
	refused_as("invalid_invitation");
	assert_int_equal(accept_with("nonsense", NEW_PASSWORD), 401);
	assert_int_equal(accept_with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "short"), 422);
	SQL("UPDATE users.invitation SET expires_at = now() - interval '1 second'");
	assert_int_equal(accept_with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NEW_PASSWORD), 401);
	SQL("UPDATE users.invitation SET expires_at = now() + interval '1 day'");
	SQL("UPDATE users.account SET state = 'disabled'");
	assert_int_equal(accept_with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NEW_PASSWORD), 401);
	SQL("UPDATE users.account SET state = 'active'");
	assert_int_equal(accept_with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NEW_PASSWORD), 204);
	then_session_ended(2, "password");
	assert_int_equal(accept_with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NEW_PASSWORD), 401);
	assert_int_equal(log_in_with("anna", PASSWORD), 401);
	assert_int_equal(log_in_with("anna", NEW_PASSWORD), 200);
}

/* ---- services ---- */

#define SERVICE "019a0000-0000-7000-8000-0000000000aa"
#define SECRET  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* bytes 0 to 31 */
#define OTHER   "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define BASIC                                                                                                                    \
	"Authorization: Basic "                                                                                                  \
	"MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMGFhOkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYR0JrYUd4d2RIaDg=\r\n"
#define GRANT "grant_type=client_credentials"

/* As an admin would have made it: creditor and agent, of one creditor and one source. */
static void given_service(void)
{
	SQL("INSERT INTO users.account (user_id, login, state, roles, version, registered_at, scope, kind) VALUES ('" SERVICE
	    "', 'bank-feed', 'active', 24, 1, now(), "
	    "'019a0000-0000-7000-8000-000000000001/019a0000-0000-7000-8000-000000000002;bank-1', 'service')");
	SQL("SELECT users.add_client_secret('" SERVICE
	    "', sha256('\\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'), "
	    "false)");
}

static void send_form(struct client *client, const char *address, const char *headers, const char *form)
{
	char request[4096];

	(void)snprintf(request, sizeof(request),
		       "POST /auth/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: %s\r\n%sContent-Type: "
		       "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
		       address, headers, strlen(form), form);
	client_send(client, request);
}

static int ask_token(const char *headers, const char *form)
{
	send_form(&clients[0], "10.200.0.1", headers, form);
	return client_status(&clients[0]);
}

static void failed_as(const char *error)
{
	char wanted[64];

	(void)snprintf(wanted, sizeof(wanted), "{\"error\":\"%s\",", error);
	assert_non_null(strstr(clients[0].answer, wanted));
	assert_non_null(strstr(clients[0].answer, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(clients[0].answer, "Cache-Control: no-store\r\n"));
}

static void claims_of_answer(struct token_claims *ret_claims)
{
	char access[2048];

	member(&clients[0], "access_token", access, sizeof(access));
	must(token_verify(keys, str_of(access), ret_claims, &err));
}

static void test_api_auth__a_secret_earns_a_token_for_an_hour(void **state)
{
	struct token_claims claims;
	char access[2048];

	(void)state;
	given_service();
	assert_int_equal(ask_token(BASIC, GRANT), 200);
	assert_non_null(strstr(clients[0].answer, "\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"agent creditor\"}"));
	assert_non_null(strstr(clients[0].answer, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(clients[0].answer, "Pragma: no-cache\r\n"));
	assert_null(strstr(clients[0].answer, "refresh"));
	claims_of_answer(&claims);
	assert_string_equal(claims.subject, SERVICE);
	assert_int_equal(claims.roles, ROLE_AGENT | ROLE_CREDITOR);
	assert_true(scope_is_empty(&claims.scope)); /* its rights of now count, not what a token says */
	member(&clients[0], "access_token", access, sizeof(access));
	assert_int_equal(get("/auth/services/" SERVICE, access), 403);
	assert_int_equal(ask_token("", GRANT "&client_id=" SERVICE "&client_secret=" SECRET), 200);
	assert_int_equal(ask_token(BASIC, GRANT "&scope=creditor"), 200);
	assert_non_null(strstr(clients[0].answer, "\"scope\":\"creditor\""));
	claims_of_answer(&claims);
	assert_int_equal(claims.roles, ROLE_CREDITOR);
	assert_int_equal(ask_token(BASIC, GRANT "&scope=creditor+auditor"), 400);
	failed_as("invalid_scope");
}

static void test_api_auth__who_has_no_secret_of_a_service_gets_no_token(void **state)
{
	char form[256], id[UUID_TEXT_SIZE + 1];
	struct uuid anna = add_user("anna", ROLE_AGENT, "active");

	(void)state;
	given_service();
	uuid_format(id, &anna);
	assert_int_equal(ask_token("", GRANT "&client_id=" SERVICE "&client_secret=" OTHER), 401);
	failed_as("invalid_client");
	assert_non_null(strstr(clients[0].answer, "WWW-Authenticate: Basic realm=\"dcs\", charset=\"UTF-8\"\r\n"));
	assert_int_equal(ask_token("", GRANT "&client_id=019a0000-0000-7000-8000-0000000000ab&client_secret=" SECRET), 401);
	failed_as("invalid_client");
	(void)snprintf(form, sizeof(form), GRANT "&client_id=%s&client_secret=%s", id, SECRET); /* a user */
	assert_int_equal(ask_token("", form), 401);
	failed_as("invalid_client");
	assert_int_equal(ask_token("", GRANT), 401);
	assert_int_equal(ask_token(BASIC, "grant_type=password"), 400);
	failed_as("unsupported_grant_type");
	assert_int_equal(ask_token(BASIC, GRANT "&client_secret=" SECRET), 400);
	failed_as("invalid_request");
	assert_int_equal(ask("POST /auth/token", NULL, "{}"), 400);
	failed_as("invalid_request");
	/* And a service has no password: its name is no login, whatever stands in credential. */
	SQL("INSERT INTO users.credential (user_id, password_hash) SELECT '" SERVICE "', password_hash FROM users.credential");
	assert_int_equal(log_in_with("bank-feed", PASSWORD), 401);
	SQL("UPDATE users.account SET roles = 0 WHERE kind = 'service'");
	assert_int_equal(ask_token(BASIC, GRANT), 400);
	failed_as("unauthorized_client");
}

static void test_api_auth__a_service_that_is_revoked_is_out_at_once(void **state)
{
	char access[2048];

	(void)state;
	given_service();
	assert_int_equal(ask_token(BASIC, GRANT), 200);
	member(&clients[0], "access_token", access, sizeof(access));
	SQL("UPDATE users.account SET state = 'revoked', token_version = 1 WHERE kind = 'service'");
	assert_int_equal(get("/auth/me", access), 401);
	refused_as("not_authenticated");
	assert_int_equal(ask_token(BASIC, GRANT), 401);
	failed_as("invalid_client");
}

static void test_api_auth__ended_tokens_of_a_service_are_over_and_its_secret_is_not(void **state)
{
	char access[2048];

	(void)state;
	given_service();
	assert_int_equal(ask_token(BASIC, GRANT), 200);
	member(&clients[0], "access_token", access, sizeof(access));
	SQL("UPDATE users.account SET token_version = token_version + 1 WHERE kind = 'service'");
	assert_int_equal(get("/auth/me", access), 401);
	assert_int_equal(ask_token(BASIC, GRANT "&scope=agent"), 200);
	member(&clients[0], "access_token", access, sizeof(access));
	assert_int_equal(get("/auth/me", access), 200);
	assert_non_null(strstr(clients[0].answer,
			       "\"kind\":\"service\",\"name\":\"bank-feed\",\"login\":null,\"state\":\"active\","
			       "\"roles\":[\"agent\",\"creditor\"],\"customerId\":null,"
			       "\"creditors\":[\"019a0000-0000-7000-8000-000000000001\"],\"portfolios\":[\"019a0000-0000-7000-"
			       "8000-000000000002\"],\"sources\":[\"bank-1\"]"));
	assert_non_null(strstr(clients[0].answer, "\"tokenRoles\":[\"agent\"],\"tokenExpiresAt\":\"2"));
}

static void test_api_auth__the_secret_before_is_good_until_it_ends(void **state)
{
	(void)state;
	given_service();
	SQL("SELECT users.add_client_secret('" SERVICE
	    "', sha256('\\x010102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'), "
	    "false)");
	assert_int_equal(ask_token(BASIC, GRANT), 200);
	assert_int_equal(ask_token("", GRANT "&client_id=" SERVICE "&client_secret=" OTHER), 200);
	SQL("UPDATE users.client_secret SET ends_at = now() - interval '1 second' WHERE ends_at IS NOT NULL");
	assert_int_equal(ask_token(BASIC, GRANT), 401);
	assert_int_equal(ask_token("", GRANT "&client_id=" SERVICE "&client_secret=" OTHER), 200);
}

/* Guesses are counted by service and address, and who is right is never told to wait. */
static void test_api_auth__guesses_of_a_secret_are_counted(void **state)
{
	int refused = 0;

	(void)state;
	given_service();
	for (int i = 0; i < 30; i++)
		assert_int_equal(ask_token(BASIC, GRANT), 200);
	for (int i = 0; i < 11; i++)
		refused += ask_token("", GRANT "&client_id=" SERVICE "&client_secret=" OTHER) == 401;
	assert_int_equal(refused, 10);
	assert_non_null(strstr(clients[0].answer, "\"code\":\"too_many_attempts\""));
	assert_non_null(strstr(clients[0].answer, "Retry-After: "));
	send_form(&clients[0], "10.200.0.2", BASIC, GRANT); /* from its own address */
	assert_int_equal(client_status(&clients[0]), 200);
}

/* ---- keys ---- */

static void test_api_auth__the_public_keys_are_told(void **state)
{
	char x[64];

	(void)state;
	client_send(&clients[0], "GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_int_equal(client_status(&clients[0]), 200);
	assert_non_null(strstr(clients[0].answer, "Content-Type: application/jwk-set+json\r\n"));
	assert_non_null(strstr(clients[0].answer, "Cache-Control: public, max-age=3600\r\n"));
	assert_non_null(strstr(clients[0].answer, "\"kid\":\"test\""));
	assert_int_equal(strlen(member(&clients[0], "x", x, sizeof(x))), 43);
	assert_null(strstr(clients[0].answer, "\"d\""));
}

/* ---- what is away ---- */

static void test_api_auth__nobody_is_let_in_without_a_record(void **state)
{
	static const struct db_statement open_sessions = { "test_open",
							   "SELECT count(*) FROM users.session WHERE ended_at IS NULL" };
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	(void)add_user("anna", ROLE_AGENT, "active");
	close_api();
	open_api(conninfo, 200, 20000, true);
	until_ready();
	mock_cluster_broker_down(&mock);
	assert_int_equal(log_in_with("anna", PASSWORD), 503);
	refused_as("unavailable");
	assert_non_null(strstr(clients[0].answer, "\r\nRetry-After: "));
	while (number_of(&open_sessions) > 0) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		turn();
	}
}

static void test_api_auth__without_postgresql_it_is_503(void **state)
{
	(void)state;
	close_api();
	open_api("host=/nonexistent dbname=dcs", 20000, 20000, true);
	assert_int_equal(log_in_with("anna", PASSWORD), 503);
	assert_non_null(strstr(clients[0].answer, "\r\nRetry-After: "));
	assert_int_equal(with_refresh_token("POST /auth/refresh", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 503);
	assert_int_equal(with_refresh_token("POST /auth/logout", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 503);
}

static void test_api_auth__those_who_wait_at_the_end_get_503(void **state)
{
	char json[128];

	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)snprintf(json, sizeof(json), "{\"login\":\"nobody-%d\",\"password\":\"x\"}", i);
		send_json(&clients[i], "POST /auth/login", NULL, NULL, json);
	}
	while (server_open_calls(api.server) < 10)
		turn();
	must(api_drain(&api, 0, &err));
	assert_int_equal(server_open_calls(api.server), 0);
}

/* ---- all of it ---- */

static int start(void **state)
{
	char command[512];

	(void)state;
	bus_note_clock(clock_now_ms());
	assert_non_null(mkdtemp(keys_dir));
	(void)snprintf(command, sizeof(command),
		       "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		       keys_dir);
	assert_int_equal(system(command), 0);
	log_init("test", LOG_ERROR);
	must(crypto_init(&err));
	must(token_keys_load(keys_dir, "dcs", "dcs", &keys, &err));
	must(password_hash(password_text, STR(PASSWORD), &err));
	must(test_database_make("test_auth", &err));
	connect_to("test_auth", "", &admin);
	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=test_auth user=dcs_api", getenv("DCS_TEST_PG"));
	return 0;
}

static int end(void **state)
{
	char command[512];

	(void)state;
	db_close(admin);
	token_keys_free(keys);
	(void)snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
		TEST(test_api_auth__who_registers_is_known_and_has_no_role),
		TEST(test_api_auth__a_login_that_is_taken_is_told_as_a_free_one_and_leaves_no_credential),
		TEST(test_api_auth__an_answer_that_nobody_told_is_found_in_the_log),
		TEST(test_api_auth__a_registration_without_an_answer_is_202),
		TEST(test_api_auth__bad_passwords_and_closed_doors_are_told),
		TEST(test_api_auth__nobody_registers_while_kafka_is_away),
		TEST(test_api_auth__everybody_may_ask_who_he_is),
		TEST(test_api_auth__users_are_for_admins_and_auditors),
		TEST(test_api_auth__a_login_gives_an_access_token_and_a_refresh_token),
		TEST(test_api_auth__an_unknown_login_a_wrong_password_and_a_locked_account_are_told_the_same),
		TEST(test_api_auth__wrong_passwords_from_elsewhere_lock_nobody_out_at_home),
		TEST(test_api_auth__of_many_guesses_at_once_five_are_judged),
		TEST(test_api_auth__a_right_password_earns_a_clear_answer),
		TEST(test_api_auth__an_account_is_tried_so_often_and_no_more_whether_it_exists_or_not),
		TEST(test_api_auth__an_address_is_told_to_wait_and_others_are_not),
		TEST(test_api_auth__a_flood_of_logins_leaves_others_alone),
		TEST(test_api_auth__bodies_that_are_none_are_told_what_is_wrong),
		TEST(test_api_auth__a_refresh_token_is_good_once_and_betrays_its_thief),
		TEST(test_api_auth__of_a_hundred_uses_at_once_one_wins_and_the_family_ends),
		TEST(test_api_auth__a_logout_or_an_admin_ends_a_session_at_once),
		TEST(test_api_auth__ended_tokens_are_good_for_nothing_and_new_ones_are),
		TEST(test_api_auth__a_new_password_ends_all_sessions),
		TEST(test_api_auth__a_service_has_no_password),
		TEST(test_api_auth__an_invitation_is_good_for_one_password),
		TEST(test_api_auth__a_secret_earns_a_token_for_an_hour),
		TEST(test_api_auth__who_has_no_secret_of_a_service_gets_no_token),
		TEST(test_api_auth__a_service_that_is_revoked_is_out_at_once),
		TEST(test_api_auth__ended_tokens_of_a_service_are_over_and_its_secret_is_not),
		TEST(test_api_auth__the_secret_before_is_good_until_it_ends),
		TEST(test_api_auth__guesses_of_a_secret_are_counted),
		TEST(test_api_auth__the_public_keys_are_told),
		TEST(test_api_auth__nobody_is_let_in_without_a_record),
		TEST(test_api_auth__without_postgresql_it_is_503),
		TEST(test_api_auth__those_who_wait_at_the_end_get_503),
	};

	return cmocka_run_group_tests_name("users at the gateway", tests, start, end);
}
