#include "worker/buffers.h"

static void release_record(struct engine *engine, struct item *item)
{
	if (!item->was_parked && item->kind != ITEM_TIMER)
		engine->broker.release(engine->broker.self, &item->record);
}

void buffers_release_records(struct engine *engine, struct batch *batch)
{
	for (size_t i = 0; i < batch->items_count; i++)
		release_record(engine, &batch->items[i]);
	batch->items_count = 0;
}

void buffers_drop_part(struct engine *engine, struct batch *batch, int32_t part, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < batch->items_count; i++) {
		struct item *item = &batch->items[i];

		if (item->part == part) {
			release_record(engine, item);
			continue;
		}
		if (kept != i)
			batch->items[kept] = *item;
		kept++;
	}
	batch->items_count = kept;
}

void buffers_drop_tick(struct engine *engine, int32_t part)
{
	if (!lanes_is_in_pass(&engine->lanes, part))
		return;
	engine->broker.release(engine->broker.self, &engine->partitions[part].tick.record);
	lanes_end_pass(&engine->lanes, part);
}

void buffers_drop_carried(struct engine *engine)
{
	if (engine->has_carried)
		engine->broker.release(engine->broker.self, &engine->carried);
	engine->has_carried = false;
}

void buffers_forget(struct engine *engine)
{
	engine->database.abandon(engine->database.self);
	state_cache_forget(&engine->cache);
	buffers_release_records(engine, engine->collecting);
	batch_reset(engine->collecting);
	if (engine->flying) {
		buffers_release_records(engine, engine->flying);
		batch_reset(engine->flying);
		engine->spare = engine->flying;
		engine->flying = NULL;
	}
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		buffers_drop_tick(engine, part);
	buffers_drop_carried(engine);
}
