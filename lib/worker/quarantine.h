#ifndef WORKER_QUARANTINE_H
#define WORKER_QUARANTINE_H

#include "worker/engine.h"

/*
 * Quarantine: a record that crashes every program that reads it must not stop other records for long. It is of one source of a
 * partition (struct bus_record): of its commands, or of a topic that the module follows. Between topics there is no order, so what
 * one of them commits says nothing about a record of another that crashes. The counters are in the heads (struct quarantine), so that
 * they survive a crash:
 *
 *   tries            consecutive claims without a commit of the source. A claim adds one, a release subtracts it, a commit of a
 *                    batch with a record of the source resets the count.
 *   crashes          consecutive owners that crashed in the same batch. One is added before a batch, a commit resets the count.
 *   left             records until the quarantine ends; 0: none.
 *   batch_max        the most records of a batch in quarantine.
 *
 *   ordinary --tries > 3--> batches of batch_items_max / 16 --a crash--> a sixteenth of that ... --a crash--> single records
 *      ^                         |                                                                             |
 *      +----- left = 0 (all were tried) -----------------------------------------------------------------------+
 *
 * A single command with two crashes is parked as a bug without being decided; with three its partition halts. A single event of
 * another module with two crashes halts its partition (follow.h). Ticks do not count. A batch in quarantine has records of its own
 * source only; other sources and partitions continue as usual.
 */
bool quarantine_is_on(const struct partition *partition, int32_t source);

/* After a claim: begins quarantines, or makes their batches smaller. */
void quarantine_consider(const struct engine *engine, struct partition *partition);

/* Adds a crash to the head before the next records are read; it stays there if this program crashes in them. Finishes the batch
 * in flight. *ret_tried false: the partition is lost or halted now. */
MUST_CHECK int quarantine_note_attempt(struct engine *engine, int32_t part, int32_t source, bool *ret_tried, struct err *err);

/* In a head that is about to be committed: one more record of the source was tried; a batch with records of it was decided. */
void quarantine_count(struct head *head, int32_t source);
void quarantine_succeed(struct head *head, int32_t source);

/* Whether the next record alone has had too many crashes for them to be chance. */
bool quarantine_is_deadly(const struct partition *partition, int32_t source);

#endif
