#include "base/day.h"
#include "base/log.h"
#include "wire/coder.h"
#include "worker/engine.h"
#include "worker/kafka_edge.h"
#include "worker/life.h"
#include "worker/pg_edge.h"
#include "worker/program.h"
#include "worker/worker.h"

#include <stdlib.h>

#define POLL_MS           100
#define DRAIN_MS          2000
#define CLOSE_MS          1000
#define COUNT_LINE_MS     60000
#define START_WAIT_MS     500
#define VALUE_SIZE_MAX    ((size_t)64 << 10)
#define BATCH_BYTES_MAX   ((size_t)8 << 20)
#define PENDING_MAX       20000
#define PACE_MS           4
#define PARKED_KEYS_MAX   1000000
#define TIMERS_PER_SECOND 2000 /* in all partitions; a change changes the order of events in a replay */

static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	return token_verify(self, token, ret_claims, err);
}

static void log_counts(const struct engine *engine)
{
	const struct engine_counts *counts = &engine->counts;

	log_info("records=%lld applied=%lld refused=%lld duplicates=%lld parked=%lld dead=%lld ticks=%lld void_ticks=%lld "
		 "timers=%lld "
		 "events=%lld "
		 "published=%lld "
		 "batches=%lld retries=%lld conflicts=%lld halvings=%lld",
		 (long long)counts->records, (long long)counts->applied, (long long)counts->refused,
		 (long long)counts->duplicates, (long long)counts->parked, (long long)counts->dead, (long long)counts->ticks,
		 (long long)counts->void_ticks, (long long)counts->timers, (long long)counts->events,
		 (long long)counts->published, (long long)counts->batches, (long long)counts->retries,
		 (long long)counts->conflicts, (long long)counts->halvings);
	if (engine->cache.tables_count > 0)
		log_info("states=%lld cached=%lld", (long long)counts->states, (long long)counts->cached);
	if (module_reacts(engine->admission.module))
		log_info("reactions=%lld sent=%lld", (long long)counts->reactions, (long long)counts->sent);
}

static int run(struct engine *engine, struct token_keys *keys, struct life *life, struct err *err)
{
	int64_t counted_ms = clock_monotonic_ms();

	while (!program_is_ending()) {
		program_look_at_keys(keys);
		if (life_sign(life, err) < 0 || engine_step(engine, POLL_MS, err) < 0)
			return -1;
		if (clock_monotonic_ms() - counted_ms >= COUNT_LINE_MS) {
			log_counts(engine);
			counted_ms = clock_monotonic_ms();
		}
	}
	return engine_drain(engine, DRAIN_MS, err);
}

/* Waits while Kafka is unreachable or its topics do not exist yet. */
static int open_kafka(const struct program *program, const struct module *module, struct token_keys *keys,
		      struct kafka_edge **ret_edge, struct broker *ret_broker, struct err *err)
{
	while (kafka_edge_open(&program->bus, module->name, ret_edge, ret_broker, err) < 0 ||
	       kafka_edge_react(*ret_edge, module, keys, err) < 0) {
		kafka_edge_close(*ret_edge, 0);
		*ret_edge = NULL;
		if (err->kind == ERR_FATAL || program_is_ending())
			return -1;
		log_warn("waiting for Kafka: %s", err->text);
		*err = (struct err)ERR_INIT;
		program_wait(START_WAIT_MS);
	}
	return 0;
}

static int serve(const struct program *program, const struct module *module, const struct store *store, struct err *err)
{
	static struct engine static_engine; /* large, one per process */
	struct engine *engine = &static_engine;
	struct kafka_edge *kafka = NULL;
	struct pg_edge *pg = NULL;
	struct token_keys *keys = NULL;
	struct life life;
	struct broker broker;
	struct database database;
	int rc = -1;

	if (token_keys_load(program->keys_dir, program->token_issuer, program->token_audience, &keys, err) < 0 ||
	    pg_edge_open(program->conninfo, module->name, store, &pg, &database, err) < 0 ||
	    open_kafka(program, module, keys, &kafka, &broker, err) < 0)
		goto out;
	if (module_reacts(module))
		pg_edge_react(pg, module);
	const struct engine_conf conf = {
		.owner = program->owner,
		.batch_items_max = (size_t)program->batch_items_max,
		.batch_bytes_max = BATCH_BYTES_MAX,
		.arena_size = (size_t)program->arena_mbytes << 20,
		.cache_size = (size_t)program->cache_mbytes << 20,
		.pending_max = PENDING_MAX,
		.pace_ms = PACE_MS,
		.wait_max_ms = program->wait_max_ms,
		.dead_max_ms = program->dead_letter_days * DAY_MS,
		.parked_max = PARKED_KEYS_MAX,
		.timers_max = TIMERS_PER_SECOND,
		.now_ms = clock_monotonic_ms,
	};
	const struct admission admission = {
		.module = module,
		.verify = verify,
		.verify_self = keys,
		.value_size_max = VALUE_SIZE_MAX,
	};
	if (engine_init(engine, &conf, &admission, &broker, &database, err) < 0)
		goto out;
	program_learn_time(program);
	life_init(&life, program->conninfo);
	log_info("started owner=%s", program->owner);
	rc = run(engine, keys, &life, err);
	if (rc < 0)
		engine_release_partitions(engine); /* the failure has nothing to do with the records */
	log_counts(engine);
	life_end(&life);
out:
	if (engine->admission.module)
		engine_release(engine);
	kafka_edge_close(kafka, CLOSE_MS);
	pg_edge_close(pg);
	token_keys_free(keys);
	return program_is_ending() && err->kind != ERR_FATAL ? 0 : rc;
}

/* A module's store reads the path from the environment in `prepare`, so the value of the flag is written to the environment. */
static int keep_key_file(const char *path, struct err *err)
{
	if (path[0] != '\0' && setenv("DCS_ADDRESS_KEY_FILE", path, 1) != 0)
		return err_set(err, ERR_FATAL, "no memory");
	return 0;
}

int worker_main(int argc, char **argv, const struct module *module, const struct store *store,
		int (*prepare)(void *store_self, struct err *err))
{
	const char *key_file;
	const struct conf_row own[] = { { .name = "address.key.file",
					  .kind = CONF_TEXT,
					  .default_value = "",
					  .target = &key_file,
					  .help = "key that seals what is personal: for customers and communications" } };
	struct program program;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;

	if (program_init(&program, module->name, "The worker of a command module: commands in, states and events out.", argc,
			 argv, own, 1, &outcome, &err) < 0)
		return program_fail(&err);
	if (outcome == CONF_EXIT_OK)
		return 0;
	if (keep_key_file(key_file, &err) < 0)
		return program_fail(&err);
	if (prepare && prepare(store->self, &err) < 0)
		return program_fail(&err);
	if (serve(&program, module, store, &err) < 0)
		return program_fail(&err);
	log_info("ended");
	return 0;
}
