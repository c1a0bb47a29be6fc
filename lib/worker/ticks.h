#ifndef WORKER_TICKS_H
#define WORKER_TICKS_H

#include "worker/engine.h"

/*
 * What a Tick sets off in its partition. With parked commands before it, a Tick is a pass: all of them are tried again in offset
 * order, in as many transactions as it takes, then the Tick itself is applied. Nothing behind it is collected meanwhile; the head's
 * tick_cursor keeps the position of the pass.
 */
MUST_CHECK int ticks_work(struct engine *engine, struct err *err);

/* Deletes the contents of dead letters older than dead_max_ms by the Ticks' time, a small step per turn. */
MUST_CHECK int ticks_forget_dead(struct engine *engine, struct err *err);

#endif
