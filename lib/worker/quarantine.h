#ifndef WORKER_QUARANTINE_H
#define WORKER_QUARANTINE_H

#include "worker/engine.h"

/*
 * Quarantine of a partition: a record that ends every program that reads it must not stop the others for long. All of it stands in
 * the head, so that it survives the programs:
 *
 *   tries            claims in a row without a commit. An owner adds one when it claims; a commit or a release takes it back.
 *   crashes          owners in a row that ended with the same batch in hand. Added before each batch, taken back by its commit.
 *   quarantine_left  commands until the quarantine ends; 0: none.
 *   quarantine       the most commands of a batch in quarantine.
 *
 *   ordinary --tries > 3--> batches of batch_items_max / 16 --a crash--> a sixteenth of that ... --a crash--> single commands
 *      ^                         |                                                                             |
 *      +----- quarantine_left = 0 (all were tried) ------------------------------------------------------------+
 *
 * A single command with two crashes is parked as a bug, undecided. With three its partition halts. Ticks do not count. A batch in
 * quarantine has records of its own partition only; other partitions go on as ever.
 */
bool quarantine_is_on(const struct partition *partition);

/* After a claim: begins a quarantine, or cuts its batches again. */
void quarantine_consider(const struct engine *engine, struct partition *partition);

/* Adds a crash to the head before the next commands are read: it stays there if we end with them in hand. Finishes the batch in
 * flight. *ret_tried false: the partition is lost or halted now. */
MUST_CHECK int quarantine_note_attempt(struct engine *engine, int32_t part, bool *ret_tried, struct err *err);

/* In a head that is about to be committed: one command more was tried. */
void quarantine_count(struct head *head);

/* The next command alone had too many crashes for chance. */
bool quarantine_is_deadly(const struct partition *partition);

#endif
