#ifndef TESTS_IO_API_WORLD_H
#define TESTS_IO_API_WORLD_H

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
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "db/db.h"
#include "model/command.h"
#include "producers/api/api.h"
#include "producers/api/http/server.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "tests/io/database.h"

/*
 * The gateway in this process with a PostgreSQL of its own (DCS_TEST_PG) and without Kafka, and a client that speaks HTTP to it:
 * the loop turns while the client waits. The database is made once for a program (api_world_start), the gateway for each test.
 */
#define API_DEADLINE_MS 30000
#define API_ANSWER_MAX  (4 << 20)
#define API_CONNECTIONS 16
#define API_LARGE_MAX   (5 << 20)

struct api_world {
	struct api api;
	struct token_keys *keys;
	struct db *admin; /* sees everything */
	uint8_t key[32];  /* seals */
	char conninfo[512];
	char keys_dir[40];
	struct err err;

	int socket; /* of the client; -1: none */
	char *answer;
	size_t size;
	bool is_closed;
};

static struct api_world world;

static inline void api_must(int result)
{
	if (result != 0)
		fail_msg("unexpected failure: %s", world.err.text);
}

/* ---- the database ---- */

static inline void api_connect(const char *database, const char *role, struct db **ret_db)
{
	char conninfo[512];

	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=%s%s%s", getenv("DCS_TEST_PG"), database, role[0] ? " user=" : "",
		       role);
	api_must(db_open(conninfo, "test_api", 20000, ret_db, &world.err));
}

/* Not to be given the same address twice with another text: db remembers what it has prepared by it. */
static inline void api_sql(const struct db_statement *statement)
{
	api_must(db_run(world.admin, statement, NULL, NULL, &world.err));
}

#define SQL(name, text)                                                                                                          \
	do {                                                                                                                     \
		static const struct db_statement statement = { (name), (text) };                                                 \
		api_sql(&statement);                                                                                             \
	} while (0)

/* Where nobody has told what time it is. */
static inline int api_world_start_without_time(void **state)
{
	char command[512];

	(void)state;
	world.socket = -1;
	world.answer = malloc(API_ANSWER_MAX);
	(void)snprintf(world.keys_dir, sizeof(world.keys_dir), "/tmp/dcs-test-api-XXXXXX");
	assert_non_null(mkdtemp(world.keys_dir));
	(void)snprintf(command, sizeof(command),
		       "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		       world.keys_dir);
	assert_int_equal(system(command), 0);
	for (unsigned i = 0; i < sizeof(world.key); i++)
		world.key[i] = (uint8_t)(7 * i);
	log_init("test", LOG_ERROR);
	api_must(crypto_init(&world.err));
	api_must(token_keys_load(world.keys_dir, "dcs", "dcs", &world.keys, &world.err));
	api_must(test_database_make("test_api", &world.err));
	api_connect("test_api", "", &world.admin);
	(void)snprintf(world.conninfo, sizeof(world.conninfo), "%s dbname=test_api user=dcs_api", getenv("DCS_TEST_PG"));
	return 0;
}

static inline int api_world_start(void **state)
{
	bus_note_clock(clock_now_ms());
	return api_world_start_without_time(state);
}

static inline int api_world_end(void **state)
{
	char command[100];

	(void)state;
	db_close(world.admin);
	token_keys_free(world.keys);
	free(world.answer);
	(void)snprintf(command, sizeof(command), "rm -r %s", world.keys_dir);
	return system(command);
}

/* ---- the gateway ---- */

static inline void api_turn(void)
{
	api_must(api_step(&world.api, &world.err));
}

static inline void api_until_ready(void)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	while (!questions_are_ready(world.api.questions) || !questions_are_ready(world.api.searches)) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
	}
}

static inline void api_open(const char *conninfo, int64_t timeout_ms)
{
	struct api *api = &world.api;
	struct questions_conf questions = { .name = "postgresql",
					    .conninfo = conninfo,
					    .application_name = "test_api",
					    .timeout_ms = timeout_ms,
					    .waiting_max = 256 };
	const struct server_conf server = { .listen = "127.0.0.1:0",
					    .routes = api_routes(),
					    .api = api,
					    .connections_max = API_CONNECTIONS,
					    .idle_timeout_s = 30,
					    .large_bytes_max = API_LARGE_MAX,
					    .admit = api_admit,
					    .handle = api_handle };
	struct reads_conf reads = { .key = world.key };
	struct part part;

	*api = (struct api){ .keys = world.keys };
	api_must(questions_new(&questions, &api->questions, &world.err));
	questions.name = "searches";
	questions.together_max = 1;
	api_must(questions_new(&questions, &api->searches, &world.err));
	api_must(rights_new(api->questions, &api->rights, &world.err));
	reads.questions = api->questions;
	reads.searches = api->searches;
	api_must(reads_new(&reads, &api->reads, &world.err));
	api_must(server_open(&server, &api->server, &world.err));
	part = questions_part(api->questions);
	api_add_part(api, &part);
	part = questions_part(api->searches);
	api_add_part(api, &part);
}

static inline int api_set_up(void **state)
{
	(void)state;
	api_open(world.conninfo, 10000);
	api_until_ready();
	return 0;
}

static inline int api_tear_down(void **state)
{
	(void)state;
	if (world.socket >= 0)
		(void)close(world.socket);
	world.socket = -1;
	api_must(api_drain(&world.api, 0, &world.err));
	server_close(world.api.server);
	questions_free(world.api.questions);
	questions_free(world.api.searches);
	reads_free(world.api.reads);
	rights_free(world.api.rights);
	return 0;
}

/* Asks for somebody who may see everything. */
static inline void api_find_owner(const struct uuid *debt_id, reads_owner_done *done, void *arg)
{
	static const struct principal anybody = { .is_known = true, .roles = ROLE_AGENT };
	const struct owner_question question = {
		.principal = &anybody, .access = ROLE_AGENT, .resource = &debt_resource, .id = *debt_id
	};

	reads_find_owner(world.api.reads, &question, done, arg);
}

/* ---- the client ---- */

/* A token that lives for an hour, bound to these creditors and sources; stands until the next call. */
static inline const char *api_bound_token(const char *subject, uint32_t roles, const struct scope *scope)
{
	static char text[2048];
	int64_t now_ms = clock_now_ms();
	struct token_claims claims = {
		.roles = roles, .scope = *scope, .issued_at_ms = now_ms, .expires_at_ms = now_ms + 3600000
	};

	(void)snprintf(claims.subject, sizeof(claims.subject), "%s", subject);
	api_must(token_sign(world.keys, &claims, text, sizeof(text), &world.err));
	return text;
}

/* The same for all creditors and sources. */
static inline const char *api_token(const char *subject, uint32_t roles)
{
	return api_bound_token(subject, roles, &scope_all);
}

static inline void api_send(const char *request)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)server_port(world.api.server)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (world.socket < 0) {
		world.socket = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(world.socket, (struct sockaddr *)&address, sizeof(address)), 0);
	}
	world.size = 0;
	world.answer[0] = '\0';
	assert_int_equal(send(world.socket, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

static inline bool api_has_answer(void)
{
	const char *body = strstr(world.answer, "\r\n\r\n");
	const char *length = strstr(world.answer, "Content-Length: ");

	if (body == NULL)
		return false;
	if (length == NULL || length > body || strncmp(world.answer, "HTTP/1.1 304", 12) == 0)
		return true;
	return world.size >= (size_t)(body + 4 - world.answer) + strtoul(length + 16, NULL, 10);
}

/* Turns until the answer is there; its status. */
static inline int api_status(void)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	while (!api_has_answer()) {
		ssize_t got;

		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
		got = recv(world.socket, world.answer + world.size, API_ANSWER_MAX - 1 - world.size, MSG_DONTWAIT);
		if (got == 0)
			fail_msg("the server hung up");
		world.size += got > 0 ? (size_t)got : 0;
		world.answer[world.size] = '\0';
	}
	return (int)strtol(world.answer + 9, NULL, 10);
}

/* `headers`: further lines, each with its end. */
static inline int api_get_with(const char *target, const char *token, const char *headers)
{
	char request[8192];

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s\r\n", target,
		       token, headers);
	api_send(request);
	return api_status();
}

static inline int api_get(const char *target, const char *token)
{
	return api_get_with(target, token, "");
}

static inline const char *api_body(void)
{
	return strstr(world.answer, "\r\n\r\n") + 4;
}

#define assert_contains(text)                                                                                                    \
	do {                                                                                                                     \
		if (strstr(world.answer, (text)) == NULL)                                                                        \
			fail_msg("no %s in\n%s", (text), world.answer);                                                          \
	} while (0)
#define assert_lacks(text)                                                                                                       \
	do {                                                                                                                     \
		if (strstr(world.answer, (text)) != NULL)                                                                        \
			fail_msg("there is %s in\n%s", (text), world.answer);                                                    \
	} while (0)

#endif
