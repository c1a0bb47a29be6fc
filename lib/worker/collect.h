#ifndef WORKER_COLLECT_H
#define WORKER_COLLECT_H

#include "worker/engine.h"

/*
 * Moves records from the broker into engine->collecting, in offset order, each admitted (admit.h), until the broker has no more
 * or the batch is full. Waits up to timeout_ms for the first record only. Handles changes of the assignment in between: assigned,
 * revoked, displaced.
 *
 * An offset below the expected one is a repetition and dropped. An offset above it is a gap, and the broker is queried for its
 * cause. The end marker of a transaction takes an offset and is ignored, a skipped record is read again, a truncated topic halts
 * the partition.
 */
MUST_CHECK int collect(struct engine *engine, int timeout_ms, struct err *err);

#endif
