#include "worker/ticks.h"

#include "worker/batch.h"
#include "worker/process.h"
#include "worker/publisher.h"
#include "worker/quarantine.h"
#include "worker/timers.h"

#define TICK_ROWS_MAX 1000
#define FORGET_MAX    100 /* dead letters, in one step */
#define FORGET_GAP_MS 60000

/* The most that one transaction of the pass tries: there is room for the Tick beside it. */
static size_t rows_max_of(const struct engine *engine, const struct partition *partition)
{
	size_t most = engine->conf.batch_items_max - 1 < TICK_ROWS_MAX ? engine->conf.batch_items_max - 1 : TICK_ROWS_MAX;

	MUST(most > 0);
	if (quarantine_is_on(partition, 0) && (size_t)partition->head.quarantine[0].batch_max < most)
		return (size_t)partition->head.quarantine[0].batch_max;
	return most;
}

/* Empties the batch for the next transaction of the pass. *ret_is_ours false: in quarantine the partition was lost or halted. */
static int begin_batch(struct engine *engine, struct partition *partition, bool *ret_is_ours, struct err *err)
{
	struct batch *batch = engine->collecting;

	MUST(batch->items_count == 0);
	*ret_is_ours = true;
	if (quarantine_is_on(partition, 0) && quarantine_note_attempt(engine, partition->head.part, 0, ret_is_ours, err) < 0)
		return -1;
	batch_reset(batch);
	batch->tick_part = partition->head.part;
	batch->quarantined_part = quarantine_is_on(partition, 0) ? partition->head.part : -1;
	batch->quarantined_source = 0;
	return 0;
}

/* Fills the batch with the partition's next parked commands. */
static int collect_parked(struct engine *engine, struct partition *partition, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct parked *rows;
	size_t count;

	if (engine->database.read_parked(engine->database.self, partition->head.part, partition->head.tick_cursor,
					 rows_max_of(engine, partition), &batch->arena, &rows, &count, &batch->is_tick_end,
					 err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		bool is_full = i > 0 && batch->arena.used > batch->arena.size / 2;

		if (!is_full &&
		    admit_parked(&engine->admission, &rows[i], quarantine_is_deadly(partition, 0), partition->tick.command.now_ms,
				 &batch->arena, &batch->items[batch->items_count], err) == 0) {
			batch->items_count++;
			continue;
		}
		if (!is_full && (err->kind != ERR_POISON || i == 0))
			return -1;
		*err = (struct err)ERR_INIT; /* the rest comes in the next batch */
		batch->is_tick_end = false;
		break;
	}
	if (batch->items_count == 0)
		process_end_parked(partition);
	return 0;
}

/* Fills the batch with the next timers that are due; none: the pass ends. *ret_leaves: the Tick has fired as many as it may. */
static int collect_timers(struct engine *engine, struct partition *partition, bool *ret_leaves, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct timers_due due = timers_due_at(partition, &partition->tick);
	size_t left = timers_per_tick(engine) - (size_t)partition->head.timers_done;
	size_t most = rows_max_of(engine, partition);
	struct timer_row *rows;
	size_t count;

	*ret_leaves = false;
	if (!timers_may_be_due(partition, &due))
		return 0;
	if (left < most)
		most = left > 0 ? left : 1;
	if (engine->database.read_timers(engine->database.self, partition->head.part, &due, most, &batch->arena, &rows, &count,
					 err) < 0)
		return -1;
	*ret_leaves = left == 0 && count > 0;
	if (left == 0 || count == 0)
		return 0;
	if (timers_make_items(engine->admission.module, rows, count, &partition->tick, due.on, &batch->arena, batch->items, err) <
	    0)
		return -1;
	batch->items[0].is_broken = quarantine_is_deadly(partition, 0);
	batch->items_count = count;
	return 0;
}

/*
 * The Tick joins the records behind it. If it leaves timers, it is committed before them, because they are looked up for the
 * commands behind it (timers_go_first).
 */
static int end_pass(struct engine *engine, struct partition *partition, bool leaves, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct timers_due due = timers_due_at(partition, &partition->tick);
	struct tick *body;

	if (!leaves && timers_may_be_due(partition, &due) && timers_look_ahead(engine, partition, err) < 0)
		return -1;
	batch_reset(batch);
	batch->quarantined_part = quarantine_is_on(partition, 0) ? partition->head.part : -1;
	batch->quarantined_source = 0;
	body = arena_take(&batch->arena, 1, sizeof(*body));
	MUST(body); /* the arena is empty */
	*body = partition->tick_body;
	batch->items[0] = partition->tick; /* moves its record into the batch */
	batch->items[0].command.body = body;
	batch->items[0].leaves_timers = leaves;
	batch->items_count = 1;
	batch->bytes = partition->tick.size;
	lanes_end_pass(&engine->lanes, partition->head.part);
	return leaves || quarantine_is_on(partition, 0) ? process_collected(engine, err) : 0;
}

/* One transaction of the pass. Nothing is in flight. */
static int take_step(struct engine *engine, struct partition *partition, struct err *err)
{
	bool has_parked = partition->held.count > 0 || partition->head.tick_cursor > OFFSET_BEFORE_ALL;
	bool is_ours;
	bool leaves;

	if (begin_batch(engine, partition, &is_ours, err) < 0)
		return -1;
	if (!is_ours)
		return 0;
	if (has_parked && !partition->has_tried_parked)
		return collect_parked(engine, partition, err) < 0 ? -1 : process_collected(engine, err);
	if (collect_timers(engine, partition, &leaves, err) < 0)
		return -1;
	if (engine->collecting->items_count > 0)
		return process_collected(engine, err);
	return end_pass(engine, partition, leaves, err);
}

int ticks_work(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		while (lanes_is_in_pass(&engine->lanes, part)) {
			if (process_finish(engine, err) < 0 || publisher_work(engine, err) < 0)
				return -1;
			if (!lanes_is_in_pass(&engine->lanes, part) || engine->collecting->items_count > 0)
				return 0; /* records collected before the Tick come first */
			if (take_step(engine, &engine->partitions[part], err) < 0)
				return -1;
		}
	}
	return 0;
}

/* After a step with fewer than FORGET_MAX dead letters, the next step comes FORGET_GAP_MS later. */
int ticks_forget_dead(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX && engine->conf.dead_max_ms > 0; part++) {
		struct partition *partition = &engine->partitions[part];
		size_t count;

		if (!lanes_is_running(&engine->lanes, part) || partition->head.tick_at_ms == 0 ||
		    partition->head.tick_at_ms < partition->forget_at_ms)
			continue;
		if (process_finish(engine, err) < 0 ||
		    engine->database.forget_dead(engine->database.self, part,
						 partition->head.tick_at_ms - engine->conf.dead_max_ms, FORGET_MAX, &count,
						 err) < 0)
			return -1;
		partition->forget_at_ms = count < FORGET_MAX ? partition->head.tick_at_ms + FORGET_GAP_MS : 0;
	}
	return 0;
}
