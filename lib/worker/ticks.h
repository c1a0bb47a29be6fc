#ifndef WORKER_TICKS_H
#define WORKER_TICKS_H

#include "worker/engine.h"

/*
 * The work that a Tick causes in its partition. A pass begins if commands before the Tick are parked, or if the module has timers:
 *
 *   1  all parked commands are tried again in offset order; the head's tick_cursor is the position
 *   2  due timers are fired (timers.h); they leave the table, so the table is the position, and timers_done counts them
 *   3  the Tick itself is applied
 *
 * 1 and 2 take as many transactions as needed. Records after the Tick are not collected meanwhile.
 */
MUST_CHECK int ticks_work(struct engine *engine, struct err *err);

/* Deletes the contents of dead letters older than dead_max_ms by the Ticks' time, a small step per turn. */
MUST_CHECK int ticks_forget_dead(struct engine *engine, struct err *err);

#endif
