#include <poll.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "worker/kafka_edge.h"
#include "worker/life.h"
#include "worker/program.h"
#include "worker/reader.h"
#include "worker/worker.h"

#define MODULES_MAX    8
#define POLL_MS        50
#define PACE_MS        20
#define CLOSE_MS       1000
#define START_WAIT_MS  500
#define COSTLY_AT_ONCE 8 /* events of a costly module in one transaction */

/* One reader of events per module; they take turns. */
struct serving {
	struct kafka_edge *kafka[MODULES_MAX];
	struct pollfd bells[MODULES_MAX]; /* of the same index: its reader has something to read */
	struct reader_pg *pg;
	struct event_reader readers[MODULES_MAX];
	size_t count;
};

static size_t items_max_of(const struct program *program, const struct reader *rules, const char *module)
{
	size_t items_max = (size_t)program->batch_items_max;

	if (rules->costly_module == NULL || strcmp(rules->costly_module, module) != 0 || items_max < COSTLY_AT_ONCE)
		return items_max;
	return COSTLY_AT_ONCE;
}

static int open_one(struct serving *serving, const struct program *program, const struct reader *rules, const char *module,
		    const struct reader_database *database, struct err *err)
{
	struct broker broker;
	const struct reader_conf conf = {
		.owner = program->owner,
		.batch_items_max = items_max_of(program, rules, module),
		.arena_size = (size_t)program->arena_mbytes << 20,
		.now_ms = clock_monotonic_ms,
	};

	while (kafka_edge_open_reader(&program->bus, rules->name, module, &serving->kafka[serving->count], &broker, err) < 0) {
		if (err->kind == ERR_FATAL || program_is_ending())
			return -1;
		log_warn("waiting for Kafka: %s", err->text);
		*err = (struct err)ERR_INIT;
		program_wait(START_WAIT_MS);
	}
	serving->bells[serving->count].events = POLLIN;
	if (kafka_edge_fd(serving->kafka[serving->count], &serving->bells[serving->count].fd, err) < 0)
		return -1;
	return event_reader_init(&serving->readers[serving->count++], &conf, module, &broker, database, err);
}

/* Even a small batch costs a commit, and dashboards need no fresher figures than this. */
static void keep_pace(int64_t begun_ms)
{
	int64_t left_ms = begun_ms + PACE_MS - clock_monotonic_ms();

	if (left_ms > 0)
		program_wait(left_ms);
}

static int run(struct serving *serving, struct life *life, struct err *err)
{
	while (!program_is_ending()) {
		int64_t begun_ms = clock_monotonic_ms();

		if (life_sign(life, err) < 0)
			return -1;
		(void)poll(serving->bells, serving->count, POLL_MS);
		for (size_t i = 0; i < serving->count && !program_is_ending(); i++)
			if (event_reader_step(&serving->readers[i], 0, err) < 0)
				return -1;
		keep_pace(begun_ms);
	}
	return 0;
}

static int serve(const struct program *program, const struct reader *rules, struct err *err)
{
	static struct serving static_serving; /* large, one per process */
	struct serving *serving = &static_serving;
	struct reader_database database;
	struct life life;
	int rc = -1;

	if (reader_pg_open(program->conninfo, rules, &serving->pg, &database, err) < 0)
		goto out;
	for (size_t i = 0; rules->modules[i]; i++) {
		MUST(i < MODULES_MAX);
		if (open_one(serving, program, rules, rules->modules[i], &database, err) < 0)
			goto out;
	}
	program_learn_time(program);
	life_init(&life, program->conninfo);
	log_info("started owner=%s", program->owner);
	rc = run(serving, &life, err);
	life_end(&life);
out:
	for (size_t i = 0; i < serving->count; i++)
		event_reader_release(&serving->readers[i]);
	for (size_t i = 0; i < MODULES_MAX; i++)
		kafka_edge_close(serving->kafka[i], CLOSE_MS);
	reader_pg_close(serving->pg);
	return program_is_ending() && err->kind != ERR_FATAL ? 0 : rc;
}

int reader_main(int argc, char **argv, const struct reader *reader)
{
	struct program program;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;

	if (program_init(&program, reader->name, "A reader of events.", argc, argv, NULL, 0, &outcome, &err) < 0)
		return program_fail(&err);
	if (outcome == CONF_EXIT_OK)
		return 0;
	if (serve(&program, reader, &err) < 0)
		return program_fail(&err);
	log_info("ended");
	return 0;
}
