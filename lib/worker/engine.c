#include "worker/engine.h"

#include <stdlib.h>

#include "base/log.h"
#include "worker/batch.h"
#include "worker/buffers.h"
#include "worker/collect.h"
#include "worker/follow.h"
#include "worker/ownership.h"
#include "worker/process.h"
#include "worker/publisher.h"
#include "worker/sender.h"
#include "worker/ticks.h"
#include "worker/warm.h"

#define WARMING_ARENA_SIZE ((size_t)4 << 20) /* for WARM_PAGE_STATES slots and states */
#define SENDING_ARENA_SIZE ((size_t)1 << 20) /* for one decoded CommandIssued and the command in it */

/* ---- life ---- */

static struct batch *batch_new(const struct engine_conf *conf, struct err *err)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch) {
		err_set(err, ERR_FATAL, "no memory for a batch");
		return NULL;
	}
	if (batch_init(batch, conf, err) < 0) {
		batch_release(batch);
		free(batch);
		return NULL;
	}
	return batch;
}

static void batch_destroy(struct engine *engine, struct batch *batch)
{
	if (!batch)
		return;
	buffers_release_records(engine, batch);
	batch_release(batch);
	free(batch);
}

int engine_init(struct engine *engine, const struct engine_conf *conf, const struct admission *admission,
		const struct broker *broker, const struct database *database, struct err *err)
{
	*engine = (struct engine){ .conf = *conf, .admission = *admission, .broker = *broker, .database = *database };
	/* A batch is closed at half of its arena; one record of the largest size must fit into an empty one. */
	if (conf->arena_size < 2 * admit_room(admission, admission->value_size_max))
		return err_set(err, ERR_FATAL, "the memory of a batch is too small for the largest command");
	ownership_init(engine);
	MUST(admission->module->follows_count <= FOLLOWS_MAX);
	engine->pessimistic_span = PESSIMISTIC_SPAN_MIN;
	engine->run_max = conf->batch_items_max;
	if (admission->module->sends_as != 0 && arena_init(&engine->sending_arena, SENDING_ARENA_SIZE, err) < 0)
		return -1;
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		/* Above parked_max no command waits, and held ids are keys only. The rest is room for one batch and for bugs. */
		keyset_init(&engine->partitions[part].held, 2 * (size_t)conf->parked_max + 4 * conf->batch_items_max);
		keyset_init(&engine->partitions[part].held_next, 2 * (size_t)conf->parked_max + 4 * conf->batch_items_max);
	}
	if (admission->module->cached_count > 0 && arena_init(&engine->warming_arena, WARMING_ARENA_SIZE, err) < 0)
		return -1;
	if (state_cache_init(&engine->cache, admission->module, conf->cache_size, err) < 0)
		return -1;
	warm_end(engine);
	engine->collecting = batch_new(conf, err);
	engine->spare = engine->collecting ? batch_new(conf, err) : NULL;
	return engine->spare ? 0 : -1;
}

void engine_release(struct engine *engine)
{
	buffers_drop_carried(engine);
	batch_destroy(engine, engine->collecting);
	batch_destroy(engine, engine->flying);
	batch_destroy(engine, engine->spare);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		buffers_drop_tick(engine, part);
		keyset_release(&engine->partitions[part].held);
		keyset_release(&engine->partitions[part].held_next);
	}
	arena_release(&engine->sending_arena);
	arena_release(&engine->warming_arena);
	state_cache_release(&engine->cache);
	*engine = (struct engine){ .has_carried = false };
}

/* ---- the turn ---- */

/*
 * A batch costs round trips, a commit, a produce request and wake-ups of its readers, even with few commands. So the next batch
 * begins at the earliest pace_ms after the previous one: under load, more commands share it. A command that comes alone does not
 * wait.
 */
static int keep_pace(struct engine *engine, struct err *err)
{
	int64_t at_ms = engine->begun_at_ms + engine->conf.pace_ms;

	while (engine->collecting->items_count > 0 && !engine->collecting->is_full) {
		int64_t left_ms = at_ms - engine->conf.now_ms(); /* asked once: below 0 a poll would wait for ever */

		if (left_ms <= 0)
			break;
		if (collect(engine, (int)left_ms, err) < 0)
			return -1;
	}
	if (engine->collecting->items_count > 0)
		engine->begun_at_ms = engine->conf.now_ms();
	return 0;
}

/* Whether there is work to do before a new record arrives. */
static bool has_work(const struct engine *engine)
{
	return engine->flying != NULL || engine->collecting->items_count > 0 || publisher_has_work(engine) ||
	       sender_has_work(engine) || warm_has_work(engine);
}

static int turn(struct engine *engine, int timeout_ms, struct err *err)
{
	engine->lanes.is_unresponsive = false;
	if (lanes_claim(&engine->lanes, err) < 0 || follow_rejoin(engine, err) < 0)
		return -1;
	if (engine->broker.deliveries(engine->broker.self, 0) <= engine->conf.pending_max) {
		if (collect(engine, has_work(engine) ? 0 : timeout_ms, err) < 0)
			return -1;
	} else {
		engine->broker.deliveries(engine->broker.self, timeout_ms);
	}
	if (process_finish(engine, err) < 0 || publisher_work(engine, err) < 0 || warm_work(engine, err) < 0 ||
	    keep_pace(engine, err) < 0 || process_collected(engine, err) < 0)
		return -1;
	return ticks_work(engine, err) < 0 ? -1 : ticks_forget_dead(engine, err);
}

/* Everything is claimed again after a while. */
static int back_off(struct engine *engine, struct err *err)
{
	if (err->kind == ERR_FATAL)
		return -1;
	engine->counts.retries++;
	buffers_forget(engine);
	return lanes_back_off(&engine->lanes, err);
}

int engine_step(struct engine *engine, int timeout_ms, struct err *err)
{
	if (turn(engine, timeout_ms, err) < 0)
		return back_off(engine, err);
	return 0;
}

bool engine_is_idle(const struct engine *engine)
{
	if (engine->flying || engine->has_carried || engine->collecting->items_count > 0)
		return false;
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (lanes_is_in_pass(&engine->lanes, part) || engine->lanes.of[part].state == LANE_LOST)
			return false;
	return publisher_is_idle(engine) && sender_is_idle(engine);
}

int engine_drain(struct engine *engine, int deadline_ms, struct err *err)
{
	int64_t end_ms = engine->conf.now_ms() + deadline_ms;

	/* Collected but not begun: the next owner reads these records again. */
	buffers_release_records(engine, engine->collecting);
	batch_reset(engine->collecting);
	if (process_finish(engine, err) < 0)
		return -1;
	buffers_drop_carried(engine);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		buffers_drop_tick(engine, part);
	engine->lanes.is_unresponsive = true;
	while ((!publisher_is_done(engine) || sender_has_work(engine)) && engine->conf.now_ms() < end_ms) {
		if (publisher_work(engine, err) < 0)
			return -1;
		engine->broker.deliveries(engine->broker.self, 20);
	}
	ownership_release(engine);
	return 0;
}

void engine_release_partitions(struct engine *engine)
{
	buffers_forget(engine);
	ownership_release(engine);
}
