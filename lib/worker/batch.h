#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/chain.h"
#include "worker/engine.h"

/*
 * One batch: items as collected, and one attempt at a run of them. An attempt is everything between BEGIN and COMMIT; it is built
 * in memory (decided, encoded, chained) before a row is written, so it can be thrown away and made again, smaller.
 */
enum fate { FATE_NONE, FATE_APPLIED, FATE_REFUSED, FATE_DUPLICATE, FATE_PARKED, FATE_DEAD, FATE_TICK, FATE_VOID };

/* What an item came to, in this attempt. */
struct verdict {
	enum fate fate;
	bool has_answer; /* `answer` was asked for */
	bool is_no;      /* a rule looked at states and wrote nothing */
	struct answer answer;
	const struct event *events;
	size_t events_count;
	enum parked_kind parked_kind;
	struct str parked_reason, holds;
};

struct batch {
	struct arena arena;
	struct item *items; /* conf.batch_items_max */
	size_t items_count;
	size_t bytes;
	bool is_full;             /* nothing more fits; process it */
	int32_t tick_part;        /* a Tick's pass over the parked commands of this partition; -1: an ordinary batch */
	int32_t quarantined_part; /* only of this partition, which is in quarantine; -1: of all others */
	size_t tried_count;       /* its items without Ticks */
	bool is_tick_end;         /* the pass ends with this batch */
	size_t arena_items;       /* mark: behind the decoded items, before the attempt */

	/* the attempt */
	size_t from, count;       /* items [from, from + count) */
	bool is_pessimistic;      /* look up every command id, not only those below the highest so far; assume nothing */
	struct verdict *verdicts; /* of items[from + i] */
	struct workset set;
	struct head heads[BUS_PARTS_MAX]; /* new values */
	size_t heads_count;
	int16_t head_of_part[BUS_PARTS_MAX]; /* -1: not in this attempt */
	struct keyset held;                  /* what is held by what this attempt parks */
	struct buf bodies;
	struct changes changes;
	uint32_t *ids; /* hash of command ids to items + 1, for repetitions inside the batch */
	size_t ids_mask;
};

MUST_CHECK int batch_init(struct batch *batch, const struct engine_conf *conf, struct err *err);
void batch_release(struct batch *batch);
void batch_reset(struct batch *batch); /* the caller has released the records */

/* An attempt at items [from, from + count): prepares heads and the list of command ids to ask for. ERR_POISON: it does not fit,
 * make it smaller. */
MUST_CHECK int batch_begin(struct batch *batch, const struct engine *engine, size_t from, size_t count, bool is_pessimistic,
			   struct answer **ret_answers, size_t *ret_answers_count, struct err *err);

/* The business date after a Tick that says `said`, taken by the broker at broker_ms; INT32_MIN: none yet. */
int32_t batch_business_date(int32_t before, int32_t said, int64_t broker_ms);

/* Decides all items; asks `database` to load states. Then encodes and chains: batch->changes is complete. *ret_conflict true:
 * something was taken for new and is not; try again, carefully. */
MUST_CHECK int batch_decide(struct batch *batch, const struct engine *engine, const struct answer *answers, size_t answers_count,
			    bool *ret_conflict, struct err *err);

#endif
