#ifndef WORKER_TIMERS_H
#define WORKER_TIMERS_H

#include "worker/batch.h"
#include "worker/engine.h"

/*
 * Timers: set with the events of a command (model/decision.h), kept in the module's table `timer`, fired by Ticks. Which timer
 * fires at which record is a function of the records alone, so the same topics give the same log, however they are divided into
 * batches:
 *
 *   due      at a Tick: an instant up to the Tick's broker time, or a day up to the business date that the Tick sets; set by a
 *            record before the Tick
 *   pass     the Tick fires the due timers of its partition, in the order of their due times, timers_per_tick at most, in as
 *            many transactions as needed (ticks.h)
 *   left     if more are due, the head keeps what is due (struct timers_due). They are fired by the next Ticks; but before a
 *            command of a customer whose timers were left, these are fired, at the command's offset
 *   stays    a timer whose states are held by a parked command, or whose rule waits, is tried again at the next Tick, behind
 *            those that were not tried yet. One that broke our code stays until a person releases it. Neither holds anything
 *
 * A timer that an earlier one of the same batch has cancelled or set anew does not fire.
 */

/*
 * The most that a Tick fires in its partition: an equal share, at least 1. Both numbers stay the same for ever, because a replay
 * depends on them.
 */
size_t timers_per_tick(const struct engine *engine);

/* The timers that are due when the Tick is applied. */
struct timers_due timers_due_at(const struct partition *partition, const struct item *tick);

/* False: none is due, without a query. */
bool timers_may_be_due(const struct partition *partition, const struct timers_due *due);

/* Reads the partition's earliest timers, for timers_may_be_due. Nothing is in flight. */
MUST_CHECK int timers_look_ahead(struct engine *engine, struct partition *partition, struct err *err);

/* After a commit: timers that the batch has set may be earlier. */
void timers_note(struct engine *engine, const struct changes *changes);

/* Makes items of rows that the Tick fires; `today` is the business date that it sets. Borrows the rows. */
MUST_CHECK int timers_make_items(const struct module *module, const struct timer_row *rows, size_t count, const struct item *tick,
				 int32_t today, struct arena *arena, struct item *ret_items, struct err *err);

/*
 * Puts the timers that were left before the commands of their customers, in items [*from, *from + *count). Sets *count to the new
 * number; fewer, if there are more timers than fit. The first *from items are committed; timers among them make room, so *from
 * may become less. No-op in modules without timers.
 */
MUST_CHECK int timers_go_first(struct engine *engine, struct batch *batch, size_t *from, size_t *count, struct err *err);

/* The timer's identity: of its key, kind and subject. */
struct uuid timers_place(const struct timer_row *row);

/* A new row; its id is that of the command that it becomes. */
struct timer_row timers_row(const struct item *item, const struct timer *timer);

#endif
