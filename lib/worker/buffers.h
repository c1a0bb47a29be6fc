#ifndef WORKER_BUFFERS_H
#define WORKER_BUFFERS_H

#include "worker/batch.h"
#include "worker/engine.h"

/*
 * The uncommitted records in the engine's memory: the batch being collected, the batch in flight, the carried record, the Tick of
 * each partition. Each item owns the bytes of its record; these functions give them back to the broker. Dropping is always safe:
 * the next claim reads from the committed offset again.
 */

/* Empties the batch. */
void buffers_release_records(struct engine *engine, struct batch *batch);

/* Removes the partition's items from index `from` on. */
void buffers_drop_part(struct engine *engine, struct batch *batch, int32_t part, size_t from);

/* Ends the partition's pass (ticks.h), if there is one. */
void buffers_drop_tick(struct engine *engine, int32_t part);
void buffers_drop_carried(struct engine *engine);

/* Abandons the transaction and drops everything. */
void buffers_forget(struct engine *engine);

#endif
