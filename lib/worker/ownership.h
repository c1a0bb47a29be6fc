#ifndef WORKER_OWNERSHIP_H
#define WORKER_OWNERSHIP_H

#include "worker/engine.h"

/*
 * The engine's half of owning partitions (lane.h has the other): what a claim reads and proves before a partition runs. The topic
 * must still be the one that was read (its bounds, and the digest of the last applied record), the partition must be one that
 * keys are spread over. Otherwise it halts with the reason.
 */
void ownership_init(struct engine *engine);

/* Releases all claims: they do not count as tries, nor their noted attempts as crashes. Best effort: where it fails, the next owner
 * counts one try more. */
void ownership_release(struct engine *engine);

/* The group takes all partitions away: commits what is in flight, releases, and answers the group in any case. */
MUST_CHECK int ownership_revoke(struct engine *engine, struct err *err);

#endif
