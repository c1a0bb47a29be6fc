#ifndef WORKER_BATCH_INSIDE_H
#define WORKER_BATCH_INSIDE_H

#include "worker/batch.h"

/* For the files batch*.c. */

/* ERR_POISON: a smaller attempt may fit. */
int batch_too_large(struct err *err);

/* Timers (batch_timers.c): what a decision sets and cancels, and what becomes of the item of a fired one. */
MUST_CHECK int batch_change_timers(struct batch *batch, const struct item *item, const struct decision *decision,
				   struct err *err);
MUST_CHECK int batch_end_timer(struct batch *batch, const struct item *item, enum timer_fate fate, struct err *err);
bool batch_is_timer_gone(const struct batch *batch, const struct item *item);

bool batch_is_ahead(const struct command *command);

/* Verdicts into batch->changes: event log, parked commands, dead letters, heads. */
MUST_CHECK int batch_write_rows(struct batch *batch, const struct engine *engine, struct err *err);

#endif
