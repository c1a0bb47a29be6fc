#include "producers/clock/ticker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/day.h"
#include "base/log.h"
#include "model/command.h"
#include "schemas/clock.h"
#include "token/token.h"
#include "wire/coder.h"
#include "wire/envelope.h"
#include "worker/program.h"

#define UNDELIVERED_MS 5000
#define TOKEN_MS       3600000 /* a token lives for an hour */
#define ARENA_SIZE     65536
#define VALUE_SIZE_MAX 4096

struct module_topic {
	char name[128];
	bool is_undelivered[BUS_PARTS_MAX]; /* by partition */
};

/* The data for a delivery report. */
struct slot {
	struct ticker *ticker;
	struct module_topic *topic;
};

struct ticker {
	const struct ticker_conf *conf; /* borrows */
	struct bus_producer *producer;  /* NULL after a failure: opened again */
	struct token_keys *keys;
	struct arena arena; /* for one Tick to one partition */
	struct buf value;
	struct own_token token;
	int64_t last_ms; /* the latest instant sent */
	struct module_topic topics[TICKER_MODULES_MAX];
	struct slot slots[TICKER_MODULES_MAX]; /* of the topic with the same index */
	size_t topics_count;
	struct ticker_counts counts;
	bool is_losing; /* the first failure was logged */
};

/* ---- start ---- */

static bool is_module_name(struct str name)
{
	for (size_t index = 0; index < name.size; index++)
		if (name.data[index] < 'a' || name.data[index] > 'z')
			return false;
	return name.size > 0 && name.size <= 63;
}

static int set_topics(struct ticker *ticker, const char *modules, struct err *err)
{
	struct str rest = str_of(modules);

	while (rest.size > 0) {
		struct str name = str_cut(rest, ',', &rest);
		struct module_topic *topic = &ticker->topics[ticker->topics_count];

		if (!is_module_name(name))
			return err_set(err, ERR_FATAL, "clock.modules: module names with commas between them are expected");
		if (ticker->topics_count == TICKER_MODULES_MAX)
			return err_set(err, ERR_FATAL, "clock.modules: more than %d", TICKER_MODULES_MAX);
		snprintf(topic->name, sizeof(topic->name), "dcs.%.*s.commands.v1", (int)name.size, name.data);
		ticker->slots[ticker->topics_count] = (struct slot){ .ticker = ticker, .topic = topic };
		ticker->topics_count++;
	}
	if (ticker->topics_count == 0)
		return err_set(err, ERR_FATAL, "clock.modules: none given");
	return 0;
}

/* libc silently treats an unknown zone as UTC: the zone's file must be checked. */
static int set_timezone(const char *name, struct err *err)
{
	char path[256];

	if (strcmp(name, "UTC") != 0) {
		if (name[0] == '\0' || name[0] == '/' || name[0] == ':' || strstr(name, "..") != NULL)
			return err_set(err, ERR_FATAL, "timezone: a name such as Europe/Berlin is expected");
		int size = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
		if (size < 0 || (size_t)size >= sizeof(path) || access(path, R_OK) != 0)
			return err_set(err, ERR_FATAL, "timezone: unknown, or the package tzdata is missing");
	}
	if (setenv("TZ", name, 1) != 0)
		return err_set(err, ERR_FATAL, "timezone: cannot be set");
	tzset();
	return 0;
}

int32_t ticker_business_date(int64_t instant_ms)
{
	time_t seconds = (time_t)((instant_ms - (instant_ms < 0 ? 999 : 0)) / 1000);
	struct tm civil;

	MUST(localtime_r(&seconds, &civil) != NULL);
	return day_of(civil.tm_year + 1900, civil.tm_mon + 1, civil.tm_mday);
}

int ticker_new(const struct ticker_conf *conf, struct ticker **ret_ticker, struct err *err)
{
	struct ticker *ticker = calloc(1, sizeof(*ticker));

	if (ticker == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	ticker->conf = conf;
	buf_init(&ticker->value, VALUE_SIZE_MAX);
	if (set_topics(ticker, conf->modules, err) != 0)
		goto out;
	if (set_timezone(conf->timezone, err) != 0)
		goto out;
	if (arena_init(&ticker->arena, ARENA_SIZE, err) != 0)
		goto out;
	if (token_keys_load(conf->keys_dir, conf->token_issuer, conf->token_audience, &ticker->keys, err) != 0)
		goto out;
	*ret_ticker = ticker;
	return 0;
out:
	ticker_free(ticker);
	return -1;
}

void ticker_free(struct ticker *ticker)
{
	if (ticker == NULL)
		return;
	bus_producer_close(ticker->producer);
	token_keys_free(ticker->keys);
	buf_release(&ticker->value);
	arena_release(&ticker->arena);
	free(ticker);
}

/* ---- one Tick ---- */

/* A broken producer is closed with its queued Ticks, which are out of date. */
int ticker_connect(struct ticker *ticker, struct err *err)
{
	if (ticker->producer != NULL && !bus_producer_is_broken(ticker->producer))
		return 0;
	bus_producer_close(ticker->producer);
	ticker->producer = NULL;
	for (size_t index = 0; index < ticker->topics_count; index++)
		memset(ticker->topics[index].is_undelivered, 0, sizeof(ticker->topics[index].is_undelivered));
	const struct bus_conf conf = {
		.bootstrap = ticker->conf->bootstrap,
		.client_id = ticker->conf->client_id,
		.compression = "none",
		.delivery_timeout_ms = UNDELIVERED_MS,
		.queue_records = (int64_t)TICKER_MODULES_MAX * BUS_PARTS_MAX,
	};
	if (bus_producer_open(&conf, &ticker->producer, err) != 0)
		return -1;
	program_ask_time(ticker->producer);
	return 0;
}

static void on_delivery(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	const struct slot *slot = done_arg;
	struct ticker *ticker = slot->ticker;

	(void)offset;
	slot->topic->is_undelivered[part] = false;
	if (failure == NULL) {
		ticker->counts.delivered++;
		ticker->is_losing = false;
		return;
	}
	ticker->counts.lost++;
	if (!ticker->is_losing)
		log_warn("topic=%s part=%" PRId32 " text=\"a Tick was not delivered: %s\" next=\"the next one follows\"",
			 slot->topic->name, part, failure->text);
	ticker->is_losing = true;
}

static int send(struct ticker *ticker, struct slot *slot, int32_t part, int64_t now_ms, struct err *err)
{
	struct header headers[HEADERS_MAX];
	size_t headers_count;
	const struct tick tick = { .at = now_ms, .business_date = ticker_business_date(now_ms) };
	const struct command_head head = {
		.id = uuid_new(),
		.source = STR("/dcs/clock"),
		.token = str_of(ticker->token.text),
	};

	arena_reset(&ticker->arena);
	buf_reset(&ticker->value);
	if (coder_encode(&tick_type, &tick, &ticker->value, err) != 0)
		return -1;
	if (envelope_write_command(&tick_type, &head, &ticker->arena, headers, &headers_count, err) != 0)
		return -1;
	if (bus_produce(ticker->producer, slot->topic->name, part, (struct str){ .data = NULL, .size = 0 },
			buf_str(&ticker->value), headers, headers_count, on_delivery, slot, err) != 0)
		return -1;
	slot->topic->is_undelivered[part] = true;
	ticker->counts.sent++;
	return 0;
}

static int send_to_topic(struct ticker *ticker, struct slot *slot, int64_t now_ms, struct err *err)
{
	int32_t parts;

	if (bus_producer_parts(ticker->producer, slot->topic->name, &parts, err) != 0)
		return -1;
	if (parts > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "%s: more than %d partitions", slot->topic->name, BUS_PARTS_MAX);
	for (int32_t part = 0; part < parts; part++) {
		if (slot->topic->is_undelivered[part])
			ticker->counts.skipped++;
		else if (send(ticker, slot, part, now_ms, err) != 0)
			return -1;
	}
	return 0;
}

int ticker_tick(struct ticker *ticker, int64_t now_ms, struct err *err)
{
	int result = 0;

	if (now_ms < ticker->last_ms)
		now_ms = ticker->last_ms;
	ticker->last_ms = now_ms;
	program_look_at_keys(ticker->keys);
	if (own_token_renew(&ticker->token, ticker->keys, "clock", ROLE_CLOCK, TOKEN_MS, now_ms, err) != 0)
		return -1;
	if (ticker_connect(ticker, err) != 0)
		return -1;
	for (size_t index = 0; index < ticker->topics_count; index++) {
		struct err failure = ERR_INIT;

		if (send_to_topic(ticker, &ticker->slots[index], now_ms, &failure) == 0)
			continue;
		/* A missing topic may be created later: only fatal failures (of the settings or the program) end the clock. */
		result = err_set(err, failure.kind == ERR_FATAL ? ERR_FATAL : ERR_RETRY, "%s", failure.text);
		if (failure.kind != ERR_POISON)
			break;
	}
	return result;
}

void ticker_poll(struct ticker *ticker, int timeout_ms)
{
	if (ticker->producer != NULL) {
		bus_producer_poll(ticker->producer, timeout_ms);
		return;
	}
	struct timespec time = { .tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000L };
	(void)nanosleep(&time, NULL); // tidy: nanosleep, the pause between Ticks itself
}

void ticker_drain(struct ticker *ticker, int timeout_ms)
{
	struct err lost = ERR_INIT;

	if (ticker->producer != NULL && bus_producer_flush(ticker->producer, timeout_ms, &lost) != 0)
		log_info("text=\"the last Ticks were not delivered: %s\"", lost.text);
}

struct ticker_counts ticker_counts(const struct ticker *ticker)
{
	return ticker->counts;
}
