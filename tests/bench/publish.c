/*
 * Publishes commands of the world (world.h) to dcs.debts.commands.v1, with the headers and the token that every producer of ours
 * writes. With --rate: open loop, at that many a second, whatever becomes of them; without: as fast as it goes. Prints how long it
 * took, and its CPU.
 *
 * usage: publish --debts N --from NUMBER --count COUNT [--rate PER_SECOND]     (DCS_KAFKA_BOOTSTRAP, DCS_KEYS_DIR)
 */
#include <stdio.h>
#include <sys/resource.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/day.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "token/token.h"
#include "wire/coder.h"
#include "wire/envelope.h"
#include "world.h"

#define TOPIC         "dcs.debts.commands.v1"
#define TOKEN_LIFE_MS (24 * 3600 * INT64_C(1000))
#define ARENA_SIZE    ((size_t)64 << 10)
#define BODY_SIZE_MAX 65536
#define POLL_EVERY    500
#define FLUSH_MS      60000
#define LINGER_US     5000 /* as any upstream does: without, the broker sees requests of a few records, and each wakes all who read */

struct publisher {
	struct world world;
	int64_t from, count, rate;
	const char *bootstrap, *keys_dir;
	struct bus_producer *producer;
	struct token_keys *keys;
	struct arena arena;
	struct buf body;
	char token[TOKEN_SIZE_MAX];
};

static int settings(struct publisher *publisher, int argc, char **argv, enum conf_outcome *ret_outcome, struct err *err)
{
	int argi;
	const struct conf_row rows[] = {
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &publisher->bootstrap, .help = "Kafka, host:port,..." },
		{ .name = "keys.dir", .kind = CONF_TEXT, .target = &publisher->keys_dir, .help = "folder of the signing key" },
		{ .name = "debts",
		  .kind = CONF_NUMBER,
		  .target = &publisher->world.debts,
		  .number_min = 1,
		  .number_max = 100000000,
		  .help = "how many debts the world has" },
		{ .name = "from",
		  .kind = CONF_NUMBER,
		  .target = &publisher->from,
		  .number_min = 0,
		  .number_max = 1000000000,
		  .help = "the first command's number" },
		{ .name = "count",
		  .kind = CONF_NUMBER,
		  .target = &publisher->count,
		  .number_min = 0,
		  .number_max = 1000000000,
		  .help = "how many commands" },
		{ .name = "rate",
		  .kind = CONF_NUMBER,
		  .default_value = "0",
		  .target = &publisher->rate,
		  .number_min = 0,
		  .number_max = 10000000,
		  .help = "commands a second; 0: as fast as it goes" },
	};

	return conf_read(rows, COUNT(rows), "Publishes the commands of make bench.", argc, argv, ret_outcome, &argi, err);
}

static int start(struct publisher *publisher, struct err *err)
{
	struct bus_conf conf = { .bootstrap = publisher->bootstrap, .client_id = "bench-publish", .linger_us = LINGER_US };
	int64_t now_ms = clock_now_ms();
	struct token_claims claims = {
		.subject = "bench",
		.roles = ROLE_CREDITOR,
		.scope = scope_all,
		.issued_at_ms = now_ms,
		.expires_at_ms = now_ms + TOKEN_LIFE_MS,
	};

	buf_init(&publisher->body, BODY_SIZE_MAX);
	if (crypto_init(err) < 0 || arena_init(&publisher->arena, ARENA_SIZE, err) < 0 ||
	    token_keys_load(publisher->keys_dir, "dcs", "dcs", &publisher->keys, err) < 0 ||
	    token_sign(publisher->keys, &claims, publisher->token, sizeof(publisher->token), err) < 0)
		return -1;
	return bus_producer_open(&conf, &publisher->producer, err);
}

static int publish(struct publisher *publisher, int64_t number, struct err *err)
{
	struct world_command command;
	struct command_head head = { .source = STR("/dcs/bench"), .token = str_of(publisher->token) };
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	size_t count;

	world_command(&publisher->world, number, &command);
	head.id = command.id;
	uuid_format(key, &command.customer_id);
	arena_reset(&publisher->arena);
	buf_reset(&publisher->body);
	if (coder_encode(command.type, &command.body, &publisher->body, err) < 0 ||
	    envelope_write_command(command.type, &head, &publisher->arena, headers, &count, err) < 0)
		return -1;
	return bus_produce(publisher->producer, TOPIC, -1, (struct str){ .data = key, .size = UUID_TEXT_SIZE },
			   buf_str(&publisher->body), headers, count, NULL, NULL, err);
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

/* What it took is said when all is delivered. */
static int publish_all(struct publisher *publisher, struct err *err)
{
	int64_t started_ms = clock_monotonic_ms();
	int64_t done = 0;

	while (done < publisher->count) {
		int64_t due = publisher->count;

		if (publisher->rate > 0)
			due = (clock_monotonic_ms() - started_ms) * publisher->rate / 1000;
		for (; done < due && done < publisher->count; done++) {
			if (publish(publisher, publisher->from + done, err) < 0)
				return -1;
			if (done % POLL_EVERY == 0)
				bus_producer_poll(publisher->producer, 0);
		}
		if (publisher->rate > 0)
			bus_producer_poll(publisher->producer, 1);
	}
	if (bus_producer_flush(publisher->producer, FLUSH_MS, err) < 0)
		return -1;
	printf("seconds=%.3f\ncpu_us=%lld\n", (double)(clock_monotonic_ms() - started_ms) / 1000, (long long)cpu_us());
	return 0;
}

int main(int argc, char **argv)
{
	static struct publisher publisher;
	struct err err = ERR_INIT;
	enum conf_outcome outcome = CONF_RUN;

	if (settings(&publisher, argc, argv, &outcome, &err) == 0 && outcome == CONF_RUN && start(&publisher, &err) == 0)
		(void)publish_all(&publisher, &err);
	bus_producer_close(publisher.producer);
	token_keys_free(publisher.keys);
	buf_release(&publisher.body);
	arena_release(&publisher.arena);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "publish: %s\n", err.text);
	return err.kind != ERR_NONE;
}
