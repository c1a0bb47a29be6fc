#ifndef WORKER_QUARANTINE_H
#define WORKER_QUARANTINE_H

#include "worker/engine.h"

/*
 * Quarantine of a partition: a record that crashes every program that reads it must not stop other records for long. The counters
 * are in the head, so that they survive a crash:
 *
 *   tries            consecutive claims without a commit. A claim adds one, a release subtracts it, a commit resets the count.
 *   crashes          consecutive owners that crashed in the same batch. One is added before a batch, a commit resets the count.
 *   quarantine_left  commands until the quarantine ends; 0: none.
 *   quarantine       the most commands of a batch in quarantine.
 *
 *   ordinary --tries > 3--> batches of batch_items_max / 16 --a crash--> a sixteenth of that ... --a crash--> single commands
 *      ^                         |                                                                             |
 *      +----- quarantine_left = 0 (all were tried) ------------------------------------------------------------+
 *
 * A single command with two crashes is parked as a bug without being decided; with three its partition halts. Ticks do not count.
 * A batch in quarantine has records of its own partition only; other partitions continue as usual.
 */
bool quarantine_is_on(const struct partition *partition);

/* After a claim: begins a quarantine, or makes its batches smaller. */
void quarantine_consider(const struct engine *engine, struct partition *partition);

/* Adds a crash to the head before the next commands are read; it stays there if this program crashes in them. Finishes the batch
 * in flight. *ret_tried false: the partition is lost or halted now. */
MUST_CHECK int quarantine_note_attempt(struct engine *engine, int32_t part, bool *ret_tried, struct err *err);

/* Counts one more tried command, in a head that is about to be committed. */
void quarantine_count(struct head *head);

/* Whether the next command alone has had too many crashes for them to be chance. */
bool quarantine_is_deadly(const struct partition *partition);

#endif
