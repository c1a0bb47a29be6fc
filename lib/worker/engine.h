#ifndef WORKER_ENGINE_H
#define WORKER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/module.h"
#include "schemas/clock.h"
#include "worker/admit.h"
#include "worker/edge.h"
#include "worker/lane.h"

/*
 * The engine of a command module: records of its command topic in, states and event log in PostgreSQL, events out (design.md 4).
 *
 *   collect   what the broker has, bounded; admit each record               batch N+1, while batch N commits
 *   open      BEGIN, lock the heads: epoch and offset must be ours
 *   decide    load the states, decide and evolve in offset order
 *   write     states, event log, results, heads: one transaction over all partitions
 *   commit    then publish the events from memory
 *
 * What it promises is P1-P6 of design.md 8: position, states and events commit together, all else is derived from the log.
 * Kafka's group says who should work on a partition; the head's epoch says who may write. After any failure of either side the
 * engine forgets what it holds, claims again and goes on from the heads.
 */

struct engine_conf {
	const char *owner;       /* who writes into partition_head.owner: host and process */
	size_t batch_items_max;  /* records a transaction takes at most; at least 2: a Tick and a parked command */
	size_t batch_bytes_max;  /* bytes of values */
	size_t arena_size;       /* memory of one batch; there are two */
	size_t pending_max;      /* published and not acknowledged: no new batch above it */
	int64_t pace_ms;         /* from the beginning of a batch to that of the next, unless it is full */
	int64_t wait_max_ms;     /* a command that names something unknown is refused after this */
	int64_t dead_max_ms;     /* a dead letter's bytes are kept so long; 0: for ever */
	int64_t parked_max;      /* ids held in one partition (holds.h); above it no command waits: it is refused at once */
	int64_t (*now_ms)(void); /* monotonic, for back-off and pace only */
};

#define ENGINE_BATCH_ITEMS_MAX 65536

/* Since the start; for the log's count line, metrics and tests. */
struct engine_counts {
	int64_t records, applied, refused, duplicates, parked, dead, ticks, void_ticks;
	int64_t events, published, batches, retries, conflicts, halvings;
};

/* Where the events of a partition are published from (publisher.h). */
enum publishing {
	PUBLISHING_LIVE,     /* memory: a batch's rows, right after its commit */
	PUBLISHING_RESUME,   /* nowhere: the topic must say first which event is its last */
	PUBLISHING_CATCH_UP, /* event_log, behind the topic's last event */
};

/* What the engine knows of a partition; where it stands is in its lane (lane.h). */
struct partition {
	struct head head;        /* as committed */
	int64_t expected;        /* the next offset to take from the broker; >= head.next_offset */
	struct keyset held;      /* what parked commands hold */
	struct keyset held_next; /* during a Tick's pass over the parked: what those hold that are still parked */
	struct item tick;        /* in LANE_PASS */
	struct tick tick_body;
	int64_t void_tick_ms; /* broker time: of the last Tick that became a dead letter; 0: none */

	/* publisher */
	enum publishing publishing;
	int64_t sent_seq;       /* published up to here (not: acknowledged) */
	int64_t resume_at_ms;   /* not before */
	int64_t resume_wait_ms; /* 0: the last one went well */
	bool resends_dead;      /* dead letters from the table, those behind dead_after, not before dead_at_ms */
	int64_t dead_after;
	int64_t dead_at_ms;
	int64_t forget_at_ms; /* Tick's time: then old dead letters are forgotten */
};

struct batch;

struct engine {
	struct engine_conf conf;
	struct admission admission;
	struct broker broker;
	struct database database;
	struct lanes lanes;
	struct partition partitions[BUS_PARTS_MAX];
	struct batch *collecting;
	struct batch *flying; /* its COMMIT was sent; NULL: none */
	struct batch *spare;
	struct bus_record carried; /* did not fit into the last batch: opens the next */
	bool has_carried;
	int32_t topic_parts; /* how many partitions the topic has, and over how many the module's keys are spread; as of the last
				claim */
	int32_t key_parts;
	size_t pessimistic_left;  /* batches that assume nothing, after a conflict */
	size_t pessimistic_span;  /* how many the next conflict will bring */
	int64_t begun_at_ms;      /* the batch before */
	int64_t void_tick_ms;     /* broker time: of the last one that was told; 0: none */
	int64_t last_progress_ms; /* for the watchdog: a step that did not fail */
	struct engine_counts counts;
};

MUST_CHECK int engine_init(struct engine *engine, const struct engine_conf *conf, const struct admission *admission,
			   const struct broker *broker, const struct database *database, struct err *err);
void engine_release(struct engine *engine);

/*
 * One turn: collect (waiting up to timeout_ms when there is nothing else to do), finish the batch in flight, publish, process
 * what was collected. ERR_RETRY never leaves it: it backs off by itself. A failure is ERR_FATAL: the process must end.
 */
MUST_CHECK int engine_step(struct engine *engine, int timeout_ms, struct err *err);

/* Nothing new is collected; what is in flight is committed and published, up to deadline_ms. What the broker would first have to
 * be asked about is left to the next owner. */
MUST_CHECK int engine_drain(struct engine *engine, int deadline_ms, struct err *err);

/* Nothing collected, in flight, or unpublished. */
bool engine_is_idle(const struct engine *engine);

/* Forgets what is not committed and gives up what is owned: for a program that ends because it must, and not because of what it
 * read. */
void engine_release_partitions(struct engine *engine);

#endif
