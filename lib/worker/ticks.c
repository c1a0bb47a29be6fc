#include "worker/ticks.h"

#include "worker/batch.h"
#include "worker/process.h"
#include "worker/publisher.h"
#include "worker/quarantine.h"

#define TICK_ROWS_MAX 1000
#define FORGET_MAX    100 /* dead letters, in one step */
#define FORGET_GAP_MS 60000

/* Fills the batch with the partition's next parked commands, and adds the Tick itself after the last of them. */
static int collect_parked(struct engine *engine, struct partition *partition, struct err *err)
{
	struct batch *batch = engine->collecting;
	size_t rows_max = engine->conf.batch_items_max - 1 < TICK_ROWS_MAX ? engine->conf.batch_items_max - 1 : TICK_ROWS_MAX;
	struct parked *rows;
	size_t count;

	MUST(batch->items_count == 0);
	MUST(rows_max > 0);
	if (quarantine_is_on(partition)) {
		bool is_tried;

		rows_max = rows_max < (size_t)partition->head.quarantine ? rows_max : (size_t)partition->head.quarantine;
		if (quarantine_note_attempt(engine, partition->head.part, &is_tried, err) < 0)
			return -1;
		if (!is_tried)
			return 0;
	}
	batch_reset(batch);
	batch->tick_part = partition->head.part;
	batch->quarantined_part = quarantine_is_on(partition) ? partition->head.part : -1;
	if (engine->database.read_parked(engine->database.self, partition->head.part, partition->head.tick_cursor, rows_max,
					 &batch->arena, &rows, &count, &batch->is_tick_end, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		bool is_full = i > 0 && batch->arena.used > batch->arena.size / 2;

		if (!is_full &&
		    admit_parked(&engine->admission, &rows[i], quarantine_is_deadly(partition), partition->tick.command.now_ms,
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
	if (batch->is_tick_end) {
		batch->items[batch->items_count++] = partition->tick; /* moves its record into the batch */
		lanes_end_pass(&engine->lanes, partition->head.part);
	}
	return 0;
}

int ticks_work(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct partition *partition = &engine->partitions[part];

		while (lanes_is_in_pass(&engine->lanes, part)) {
			if (process_finish(engine, err) < 0 || publisher_work(engine, err) < 0)
				return -1;
			if (engine->collecting->items_count > 0)
				return 0; /* records collected before the Tick come first */
			if (collect_parked(engine, partition, err) < 0 || process_collected(engine, err) < 0)
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
