#ifndef WORKER_SENDER_H
#define WORKER_SENDER_H

#include "worker/batch.h"
#include "worker/engine.h"

/*
 * Commands to other modules, out of the event log (decision_send: rows of the type CommandIssued).
 *
 *      claimed                a producer is there                      the log's end is reached
 *   ------------> RESUME ------------------------> CATCH_UP ------------------------------------> LIVE
 *                  ^   ^                              |                                             |
 *                  |   +------ a delivery failed -----+   ^                                         |
 *                  |                                      +---------- one was not taken ------------|
 *                  +---------- a delivery failed ---------------------------------------------------+
 *
 * The target's topic has other senders, so its last record says nothing: the position is head.sent_seq. Up to it all commands of
 * the log are known to be in their topics. It is written with the partition's next batch, once the broker has acknowledged them;
 * so after a crash some are sent again, under their own ids, and the target finds them to be repetitions. Promise: every command
 * of the log reaches its topic at least once, those of a partition first in the log's order, and has one effect.
 */

/* After a claim. */
void sender_begin(struct partition *partition);

/* Sends what was just committed, of partitions in LIVE; sender_work reads the others from the log. */
MUST_CHECK int sender_take(struct engine *engine, const struct changes *changes, struct err *err);

/* Resumes, catches up. Not between open and commit_finish: it reads event_log. No-op in a module that sends nothing. */
MUST_CHECK int sender_work(struct engine *engine, struct err *err);

/* The seq up to which all is known to be in its topic: what the next commit writes. */
int64_t sender_safe_seq(const struct engine *engine, const struct partition *partition);

/* Whether there is something to send before a new record arrives. */
bool sender_has_work(const struct engine *engine);

/* Whether all commands of the log are sent; they need not be acknowledged. */
bool sender_is_idle(const struct engine *engine);

#endif
