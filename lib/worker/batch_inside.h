#ifndef WORKER_BATCH_INSIDE_H
#define WORKER_BATCH_INSIDE_H

#include "schemas/engine.h"
#include "worker/batch.h"

/* For the files batch*.c. */

/* ERR_POISON: a smaller attempt may fit (batch->is_too_large). */
int batch_too_large(struct batch *batch, struct err *err);

/* Timers (batch_timers.c): what a decision sets and cancels, and what becomes of the item of a fired one. */
MUST_CHECK int batch_change_timers(struct batch *batch, const struct item *item, const struct decision *decision,
				   struct err *err);
MUST_CHECK int batch_end_timer(struct batch *batch, const struct item *item, enum timer_fate fate, struct err *err);
bool batch_is_timer_gone(const struct batch *batch, const struct item *item);

/* Modules that react (batch_react.c). The first event of an answer to another module's event. */
MUST_CHECK int batch_put_answered(struct batch *batch, const struct engine *engine, const struct item *item,
				  struct event *ret_event, struct err *err);
/* The commands that a decision sends, as events behind its own; `events` has room for decision->sendings_count. */
MUST_CHECK int batch_put_issued(struct batch *batch, const struct engine *engine, const struct item *item,
				const struct decision *decision, struct event *events, struct err *err);

/* Collects in set.missing what the rules touch, as far as they can tell before a transaction is open. */
MUST_CHECK int batch_touch(struct batch *batch, const struct engine *engine, struct err *err);

bool batch_is_ahead(const struct command *command);

MUST_CHECK int batch_put_timer(struct batch *batch, const struct item *item, const struct timer_change *change, struct err *err);

/* A refusal of the item's command, as the item's event. */
MUST_CHECK int batch_refuse(struct batch *batch, struct verdict *verdict, const struct item *item,
			    const struct decision *decision, struct err *err);
/* Its body. NULL: the arena is full. */
const struct command_rejected *batch_rejection(struct batch *batch, const struct command *command, struct str command_type,
					       const struct decision *decision);
MUST_CHECK int batch_park(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			  enum parked_kind kind, const char *reason, struct err *err);
/* Parks the command; after wait_max_ms, or above parked_max: *ret_waits false and nothing done. */
MUST_CHECK int batch_wait(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			  const char *reason, bool *ret_waits, struct err *err);
/* Refuses a command before its rule: an expired deadline, missing rights, a nil UUID, a faulty text. */
bool batch_may_be_decided(struct batch *batch, struct item *item, struct decision *decision);

/* Kept commands (batch_approvals.c). */
bool batch_names_kept(const struct batch *batch);
MUST_CHECK int batch_read_kept(struct batch *batch, const struct engine *engine, struct err *err);
MUST_CHECK int batch_keep(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			  const struct decision *decision, struct err *err);
/* The answer to an approval or a refusal whose sender has the rights. */
MUST_CHECK int batch_answer_kept(struct batch *batch, const struct engine *engine, struct verdict *verdict, struct item *item,
				 struct err *err);
MUST_CHECK int batch_expire_kept(struct batch *batch, struct verdict *verdict, const struct item *item, struct err *err);
MUST_CHECK int batch_write_kept(struct batch *batch, struct err *err);

/* Verdicts into batch->changes: event log, parked commands, dead letters, heads. */
MUST_CHECK int batch_write_rows(struct batch *batch, const struct engine *engine, struct err *err);

#endif
