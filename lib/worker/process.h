#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include "worker/engine.h"

/*
 * From a collected batch to committed transactions. An attempt is one transaction: open, decide, write, send the COMMIT. The last
 * attempt of a batch stays in flight while the next batch is collected; process_finish waits for its answer.
 *
 *   fenced     another owner has a partition: its items are dropped, the rest is tried again
 *   conflict   an id or state that was assumed new exists: tried again, with everything looked up
 *   poison     the attempt is halved; a single command that fails is parked as a bug; if parking fails, its partition halts
 *   retry      returned: the engine backs off
 */
#define PESSIMISTIC_SPAN_MIN 4

/* In a Tick's pass: its parked commands are done, timers are next. */
void process_end_parked(struct partition *partition);

/* Nothing is in flight. */
MUST_CHECK int process_collected(struct engine *engine, struct err *err);

/* Waits for the COMMIT in flight, if there is one: heads move, its events are published. */
MUST_CHECK int process_finish(struct engine *engine, struct err *err);

/* A committed state, for the memory of states, if it is one of those that are kept. */
void process_keep_state(struct engine *engine, const struct slot *slot);

#endif
