#ifndef WORKER_PUBLISHER_H
#define WORKER_PUBLISHER_H

#include "worker/batch.h"
#include "worker/engine.h"

/*
 * From the event log to the events topic.
 *
 *      claimed                   the topic's last seq is known                   the log's end is reached
 *   ------------> RESUME ------------------------------------> CATCH_UP ------------------------------------> LIVE
 *                  ^   ^                                          |                                            |
 *                  |   +------- a delivery failed ----------------+                                            |
 *                  +----------- a delivery failed -------------------------------------------------------------+
 *
 * In RESUME nothing is published; a retry may block for seconds, so each waits longer than the one before. CATCH_UP reads
 * event_log from the topic's last seq plus one. LIVE publishes a batch's rows from memory, right after its commit. So the events
 * between two resumes are gapless and in order, and each event first appears in order, whichever program crashes (P6).
 *
 * A dead letter is first written to its table, and published out of it. One that could not be published at once, or was not
 * acknowledged to an earlier owner, is read again. It may be repeated in the topic, never lost.
 */

/* After a claim. has_events false: the partition has never had an event, so its topic is not read. */
void publisher_begin(struct partition *partition, bool has_events);

/* Publishes rows that were just committed, and sends their commands (sender.h), of partitions in LIVE; publisher_work reads the others from the log. */
MUST_CHECK int publisher_take(struct engine *engine, const struct changes *changes, struct err *err);

/* Resumes, catches up, marks acknowledged dead letters; the same for commands to other modules (sender.h). Not between open and commit_finish: it reads event_log. */
MUST_CHECK int publisher_work(struct engine *engine, struct err *err);

/* Whether there is something to publish before a new record arrives. */
bool publisher_has_work(const struct engine *engine);

/* Whether no delivery is pending and nothing can be sent without a request to the broker first. */
bool publisher_is_done(const struct engine *engine);

/* Whether all committed events are published and acknowledged. */
bool publisher_is_idle(const struct engine *engine);

#endif
