#ifndef WORKER_COLLECT_H
#define WORKER_COLLECT_H

#include "worker/engine.h"

/*
 * From the broker into engine->collecting: records in offset order, each admitted (admit.h), until nothing is there or the batch is
 * full. Waits up to timeout_ms for the first record only. Handles what the group says in between: assigned, revoked, displaced.
 *
 * An offset below the expected one is a repetition and dropped. One above it is a gap: the broker is asked what stands there. A
 * transaction's end marker leaves a gap that is none, a skipped record is read again, a truncated topic halts the partition.
 */
MUST_CHECK int collect(struct engine *engine, int timeout_ms, struct err *err);

#endif
