#ifndef WORKER_OWNERSHIP_H
#define WORKER_OWNERSHIP_H

#include "worker/engine.h"

/*
 * The engine's part of partition ownership (lane.h has the common part): the reads and checks of a claim before a partition runs.
 * The topic must still be the same (the resume proof: its bounds, and the digest of the last applied record), and keys must be
 * spread over the partition. Otherwise the partition halts with the reason.
 */
void ownership_init(struct engine *engine);

/* Releases all claims: they do not count as tries, nor their noted attempts as crashes. Best effort: after a failed release the
 * next owner counts one more try. */
void ownership_release(struct engine *engine);

/* The group revokes all partitions: commits the batch in flight, releases, and answers the group in any case. */
MUST_CHECK int ownership_revoke(struct engine *engine, struct err *err);

#endif
