#ifndef WORKER_TICKS_H
#define WORKER_TICKS_H

#include "worker/engine.h"

/*
 * The work that a Tick causes in its partition. If commands before the Tick are parked, a pass begins: all of them are tried
 * again in offset order, in as many transactions as needed, then the Tick itself is applied. Records after the Tick are not
 * collected meanwhile; the head's tick_cursor is the position of the pass.
 */
MUST_CHECK int ticks_work(struct engine *engine, struct err *err);

/* Deletes the contents of dead letters older than dead_max_ms by the Ticks' time, a small step per turn. */
MUST_CHECK int ticks_forget_dead(struct engine *engine, struct err *err);

#endif
