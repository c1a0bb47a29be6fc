#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/chain.h"
#include "worker/engine.h"

/*
 * One batch: the items as collected, and one attempt at a consecutive part of them. An attempt is everything between BEGIN and
 * COMMIT. It is built in memory (decided, encoded, chained) before a row is written, so it can be discarded and built again,
 * smaller.
 */
enum fate {
	FATE_NONE,
	FATE_APPLIED, /* also of a timer that fired, with or without events, and of an event of another module with an answer */
	FATE_REFUSED,
	FATE_KEPT, /* for a second person: its id is closed, and nothing else was changed */
	FATE_DUPLICATE,
	FATE_PARKED,
	FATE_DEAD,
	FATE_TICK,
	FATE_VOID,
	FATE_STAYS,   /* a timer that is tried again later */
	FATE_PASSED,  /* an event of another module that needs no answer */
	FATE_SKIPPED, /* a timer that an earlier item of the batch has cancelled or set anew */
};

/* The outcome of an item in this attempt. */
struct verdict {
	enum fate fate;
	bool has_answer; /* its command id was looked up */
	bool is_no;      /* refused or waiting: a rule read states and wrote nothing */
	struct answer answer;
	size_t slots_first, slots_count; /* in the set: those that its command was the first to touch */
	const struct event *events;
	size_t events_count;
	enum parked_kind parked_kind;
	struct str parked_reason, holds;
	int64_t first_seq;        /* of its first event */
	int64_t expires_ms;       /* FATE_KEPT */
	struct str kept_reason;   /* FATE_KEPT */
	enum approval_state ends; /* item->kept_row's, by this item; APPROVAL_NONE: it ends none */
};

struct batch {
	struct arena arena;
	struct item *items; /* conf.batch_items_max, and batch_timers_max beside them */
	size_t items_count, items_capacity;
	size_t bytes;
	bool is_full;             /* nothing more fits; process it */
	int32_t tick_part;        /* a Tick's pass over the parked commands of this partition; -1: an ordinary batch */
	int32_t quarantined_part; /* all items are of this partition, and of one source that is in quarantine; -1: no quarantine */
	int32_t quarantined_source; /* with quarantined_part */
	size_t tried_count;         /* items other than Ticks */
	bool is_tick_end;           /* the pass ends with this batch */
	size_t arena_items;         /* mark: behind the decoded items, before the attempt */
	struct keyset asked;        /* scratch: customers whose timers are read */

	/* the attempt */
	size_t from, count;       /* items [from, from + count) */
	bool is_too_large;        /* the attempt failed because its arena is full */
	bool is_pessimistic;      /* every command id and state is looked up; otherwise command ids above the highest so far,
				     and states that a command creates, are assumed new */
	bool has_cached;          /* with is_touched: of some the engine had the states in memory */
	bool is_touched;          /* the states of the first round were loaded when the transaction was opened */
	struct verdict *verdicts; /* of items[from + i] */
	struct workset set;
	struct head heads[BUS_PARTS_MAX]; /* new values */
	size_t heads_count;
	int16_t head_of_part[BUS_PARTS_MAX]; /* -1: not in this attempt */
	struct keyset held;                  /* by the commands that this attempt parks */
	struct keyset timers_touched;        /* by this attempt; by timers_place */
	struct timer_write *timers;          /* of this attempt, in order */
	size_t timers_count, timers_max;
	struct buf bodies;
	struct buf sending; /* scratch: the value of a command to another module */
	struct changes changes;
	uint32_t *ids; /* hash of command ids to items + 1, for repetitions inside the batch */
	size_t ids_mask;
};

/* The most timers that are read at once and stand beside the records of a batch (timers.h). */
#define TIMER_ROWS_MAX 1000
size_t batch_timers_max(const struct engine_conf *conf);

MUST_CHECK int batch_init(struct batch *batch, const struct engine_conf *conf, struct err *err);
void batch_release(struct batch *batch);
void batch_reset(struct batch *batch); /* the caller has released the records */

/* The attempt was committed: timers that it has changed do not fire in the rest of the batch. */
void batch_settle_timers(struct batch *batch);

/* Begins an attempt at items [from, from + count): heads, the command ids to look up, and in set.missing the states to load when the
 * transaction is opened. ERR_POISON: it does not fit, make it smaller. */
MUST_CHECK int batch_begin(struct batch *batch, const struct engine *engine, size_t from, size_t count, bool is_pessimistic,
			   struct answer **ret_answers, size_t *ret_answers_count, struct err *err);

/* The business date after a Tick with the date `said`, received by the broker at broker_ms. INT32_MIN as `before`: none yet. */
int32_t batch_business_date(int32_t before, int32_t said, int64_t broker_ms);

/*
 * After the transaction was opened: loads the states that were not known to be needed before, decides all items, encodes and chains the
 * events: batch->changes is complete. *ret_conflict true: an id or state that was assumed new exists; try again, pessimistically.
 */
MUST_CHECK int batch_decide(struct batch *batch, const struct engine *engine, const struct answer *answers, size_t answers_count,
			    bool *ret_conflict, struct err *err);

#endif
