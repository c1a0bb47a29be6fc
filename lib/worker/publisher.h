#ifndef WORKER_PUBLISHER_H
#define WORKER_PUBLISHER_H

#include "worker/batch.h"
#include "worker/engine.h"

/*
 * From the event log to the events topic. In the ordinary course a batch's rows are published from memory right after its commit.
 * After a claim, or when a delivery has failed, the topic itself says where to go on: the seq of its last record, plus one, out
 * of event_log, until the log's end is reached. So every run is gapless and rising, and first appearances are in order whatever
 * dies (P6).
 */

/* Rows that were just committed. Those of a lane that is catching up are left to publisher_work: it reads them from the log. */
MUST_CHECK int publisher_take(struct engine *engine, const struct changes *changes, struct err *err);

/* Resumes, catches up, looks after acknowledgements and dead letters. Not between open and commit_finish: it reads event_log. */
MUST_CHECK int publisher_work(struct engine *engine, struct err *err);

/* There is something to publish that no new record announces. */
bool publisher_has_work(const struct engine *engine);

/* Nothing is on its way, and nothing can be sent without asking the broker first. */
bool publisher_is_done(const struct engine *engine);

/* All that is committed has been published and acknowledged. */
bool publisher_is_idle(const struct engine *engine);

#endif
