#include "worker/program.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "worker/stack.h"

#define END_S        5 /* longest time from the signal to the exit */
#define KEYS_LOOK_MS 3000
#define LINGER_US    200 /* a batch's events are given one by one, and are to leave together */
#define ASK_TIME_MS  2000

static volatile sig_atomic_t ending;

static void on_signal(int number)
{
	(void)number;
	ending = 1;
	alarm(END_S);
}

/* A library may hang at exit when Kafka is unreachable. The next owner reads the uncommitted records. */
static void on_alarm(int number)
{
	(void)number;
	_exit(1); // tidy: _exit, a close hangs: nobody is left to return to
}

bool program_is_ending(void)
{
	return ending != 0;
}

void program_wait(int64_t ms)
{
	if (!ending)
		(void)poll(NULL, 0, (int)ms); /* a signal interrupts it */
}

void program_look_at_keys(struct token_keys *keys)
{
	static int64_t looked_ms; /* one folder of keys per program */
	static bool is_failing;
	struct err failure = ERR_INIT;
	int64_t now_ms = clock_monotonic_ms();
	bool changed;

	if (now_ms - looked_ms < KEYS_LOOK_MS)
		return;
	looked_ms = now_ms;
	if (token_keys_look(keys, &changed, &failure) == 0) {
		if (changed)
			log_info("the token keys have changed");
		is_failing = false;
		return;
	}
	if (!is_failing)
		log_error("the token keys stay as they were: %s", failure.text);
	is_failing = true;
}

static int set_signals(struct err *err)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction deadline = { .sa_handler = on_alarm };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (sigaction(SIGTERM, &action, NULL) < 0 || sigaction(SIGINT, &action, NULL) < 0 ||
	    sigaction(SIGALRM, &deadline, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return err_set(err, ERR_FATAL, "cannot set signal handlers: %s", strerror(errno));
	return 0;
}

static int set_log(const struct program *program, struct err *err)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	for (int level = 0; level < 4; level++)
		if (strcmp(program->log_level, names[level]) == 0) {
			log_init(program->name, (enum log_level)level);
			return 0;
		}
	return err_set(err, ERR_FATAL, "log.level must be error, warn, info or debug");
}

static int derive(struct program *program, struct err *err)
{
	char host[64] = "localhost";
	int size = snprintf(program->conninfo, sizeof(program->conninfo), "%s user=dcs_%s", program->pg, program->name);

	if (size < 0 || (size_t)size >= sizeof(program->conninfo))
		return err_set(err, ERR_FATAL, "the setting pg is too long");
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(program->owner, sizeof(program->owner), "%.60s:%ld", host, (long)getpid());
	snprintf(program->client_id, sizeof(program->client_id), "dcs-%.30s-%ld", program->name, (long)getpid());
	program->bus = (struct bus_conf){
		.bootstrap = program->kafka_bootstrap,
		.client_id = program->client_id,
		.prefetch_records = program->prefetch_records,
		.prefetch_kbytes = program->prefetch_kbytes,
		.session_timeout_ms = program->session_timeout_ms,
		.compression = program->compression,
		/* With more, librdkafka 2.0.2 polls without a pause (producers/api/README.md); a broker serves the requests of a
		 * connection one by one. */
		.requests_max = 1,
		.linger_us = LINGER_US,
	};
	return 0;
}

int program_init(struct program *program, const char *name, const char *about, int argc, char **argv, const struct conf_row *own,
		 size_t own_count, enum conf_outcome *ret_outcome, struct err *err)
{
	struct conf_row all[PROGRAM_SETTINGS_MAX];
	size_t common_count;
	int argi;

	*program = (struct program){ .name = name };
	const struct conf_row rows[] = {
		{ .name = "kafka.bootstrap",
		  .kind = CONF_TEXT,
		  .target = &program->kafka_bootstrap,
		  .help = "Kafka, host:port,..." },
		{ .name = "pg",
		  .kind = CONF_TEXT,
		  .target = &program->pg,
		  .help = "PostgreSQL conninfo without user; dcs_<name> is added" },
		{ .name = "keys.dir",
		  .kind = CONF_TEXT,
		  .target = &program->keys_dir,
		  .help = "folder of <kid>.pem keys for tokens" },
		{ .name = "token.issuer",
		  .kind = CONF_TEXT,
		  .default_value = "dcs",
		  .target = &program->token_issuer,
		  .help = "iss that tokens must have" },
		{ .name = "token.audience",
		  .kind = CONF_TEXT,
		  .default_value = "dcs",
		  .target = &program->token_audience,
		  .help = "aud that tokens must have" },
		{ .name = "log.level",
		  .kind = CONF_TEXT,
		  .default_value = "info",
		  .target = &program->log_level,
		  .help = "error, warn, info or debug" },
		{ .name = "kafka.compression",
		  .kind = CONF_TEXT,
		  .default_value = "lz4",
		  .target = &program->compression,
		  .help = "of what is published: none, lz4, zstd" },
		{ .name = "kafka.prefetch.records",
		  .kind = CONF_NUMBER,
		  .default_value = "100000",
		  .target = &program->prefetch_records,
		  .number_min = 100,
		  .number_max = 10000000,
		  .help = "records read ahead" },
		{ .name = "kafka.prefetch.kbytes",
		  .kind = CONF_NUMBER,
		  .default_value = "32768",
		  .target = &program->prefetch_kbytes,
		  .number_min = 64,
		  .number_max = 2000000,
		  .help = "kilobytes read ahead" },
		{ .name = "kafka.session.ms",
		  .kind = CONF_NUMBER,
		  .default_value = "10000",
		  .target = &program->session_timeout_ms,
		  .number_min = 6000,
		  .number_max = 300000,
		  .help = "silence after which the group gives our partitions to another" },
		{ .name = "batch.records",
		  .kind = CONF_NUMBER,
		  .default_value = "4096",
		  .target = &program->batch_items_max,
		  .number_min = 2,
		  .number_max = 65536,
		  .help = "records a transaction takes at most" },
		{ .name = "batch.mbytes",
		  .kind = CONF_NUMBER,
		  .default_value = "20",
		  .target = &program->arena_mbytes,
		  .number_min = 16,
		  .number_max = 1024,
		  .help = "memory of one batch; there are two" },
		{ .name = "cache.mbytes",
		  .kind = CONF_NUMBER,
		  .default_value = "128",
		  .target = &program->cache_mbytes,
		  .number_min = 0,
		  .number_max = 65536,
		  .help = "of debts: memory of debts that need not be loaded again; 0: none" },
		{ .name = "wait.max.ms",
		  .kind = CONF_NUMBER,
		  .default_value = "600000",
		  .target = &program->wait_max_ms,
		  .number_min = 0,
		  .number_max = 86400000,
		  .help = "how long a command may wait for what it names" },
		{ .name = "dead.letter.days",
		  .kind = CONF_NUMBER,
		  .default_value = "30",
		  .target = &program->dead_letter_days,
		  .number_min = 0,
		  .number_max = 3650,
		  .help = "how long dead letters' bytes, and what unknown senders wrote, are kept; 0: for ever" },
		STACK_SETTING(&program->is_rehearsal),
	};

	common_count = COUNT(rows);
	MUST(common_count + own_count <= PROGRAM_SETTINGS_MAX);
	memcpy(all, rows, sizeof(rows));
	if (own_count > 0)
		memcpy(all + common_count, own, own_count * sizeof(own[0]));
	if (conf_read(all, common_count + own_count, about, argc, argv, ret_outcome, &argi, err) < 0)
		return -1;
	if (*ret_outcome == CONF_EXIT_OK)
		return 0;
	if (argi < argc)
		return err_set(err, ERR_FATAL, "this program takes no arguments, only flags");
	stack_set(program->is_rehearsal);
	if (set_log(program, err) < 0 || derive(program, err) < 0 || set_signals(err) < 0)
		return -1;
	return crypto_init(err);
}

void program_ask_time(struct bus_producer *producer)
{
	static bool was_told;
	struct err failure = ERR_INIT;

	if (bus_producer_ask_time(producer, ASK_TIME_MS, &failure) == 0 || was_told)
		return;
	was_told = true;
	log_warn("the host's clock counts until the broker has acknowledged something: %s", failure.text);
}

void program_learn_time(const struct program *program)
{
	struct bus_conf conf = program->bus;
	struct bus_producer *producer = NULL;
	struct err failure = ERR_INIT;

	conf.is_unordered = true;
	conf.queue_records = 16;
	if (bus_producer_open(&conf, &producer, &failure) < 0) {
		log_warn("the broker's time is not asked for: %s", failure.text);
		return;
	}
	program_ask_time(producer);
	bus_producer_close(producer);
}

int program_fail(const struct err *err)
{
	log_error("ending: %s", err->text);
	return 1;
}
