#include "worker/warm.h"

#include <string.h>

#include "worker/engine.h"
#include "worker/process.h"

static void begin_table(struct engine *engine, size_t table)
{
	engine->warming_table = table;
	memset(&engine->warming_below, 0xff, sizeof(engine->warming_below));
}

void warm_end(struct engine *engine)
{
	begin_table(engine, engine->cache.tables_count);
}

void warm_begin(struct engine *engine)
{
	begin_table(engine, 0);
}

bool warm_has_work(const struct engine *engine)
{
	return engine->warming_table < engine->cache.tables_count;
}

static bool owns_any(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (lanes_is_running(&engine->lanes, part))
			return true;
	return false;
}

/* A page of the table, after which it is full, or there is no more: the next table. */
static int read_page(struct engine *engine, struct err *err)
{
	const struct entity *entity = engine->cache.tables[engine->warming_table].kind->entity;
	struct slot *slots;
	size_t count;

	arena_reset(&engine->warming_arena);
	if (engine->database.read_states(engine->database.self, entity, &engine->warming_below, WARM_PAGE_STATES,
					 &engine->warming_arena, &slots, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count && !state_cache_is_full(&engine->cache, entity); i++)
		process_keep_state(engine, &slots[i]);
	if (count < WARM_PAGE_STATES || state_cache_is_full(&engine->cache, entity))
		begin_table(engine, engine->warming_table + 1);
	else
		engine->warming_below = slots[count - 1].id;
	return 0;
}

int warm_work(struct engine *engine, struct err *err)
{
	if (!warm_has_work(engine))
		return 0;
	if (owns_any(engine))
		return read_page(engine, err);
	warm_end(engine); /* the next claim begins anew */
	return 0;
}
