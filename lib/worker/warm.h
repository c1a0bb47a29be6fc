#ifndef WORKER_WARM_H
#define WORKER_WARM_H

#include <stdbool.h>

#include "base/err.h"

/*
 * After a claim the memory of states (state_cache.h) lacks those of the partition. It is filled with a page of states in each turn, those with
 * the highest ids first, until it is full or there are no more; states of other partitions are skipped, so a turn reads a bounded number of
 * rows. Between two batches a read needs no lock: rows of our partitions are written by us only, and an owner that has lost one is fenced
 * before it decides.
 */
struct engine;

#define WARM_PAGE_STATES 2000

void warm_begin(struct engine *engine); /* a partition was claimed: from the highest id on */
void warm_end(struct engine *engine);   /* nothing is to be read until the next claim */

/* One page. Not between open and commit_finish. */
MUST_CHECK int warm_work(struct engine *engine, struct err *err);

bool warm_has_work(const struct engine *engine);

#endif
