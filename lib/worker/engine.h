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
#include "worker/state_cache.h"

/*
 * The engine of a command module: records of its command topic in, states and event log in PostgreSQL, events out.
 *
 *   collect   a bounded number of records; admit each               batch N+1, while batch N commits
 *   open      BEGIN, lock the heads: epoch and offset must be ours
 *   decide    load the states, decide and evolve in offset order
 *   write     states, event log, results, heads: one transaction over all partitions
 *   commit    then publish the events from memory
 *
 * Promises P1-P6: position, states and events commit together; all else is derived from the log. Kafka's consumer group assigns a
 * partition to a program; the epoch in the head decides which program may write. After any failure of Kafka or PostgreSQL the
 * engine drops all uncommitted work, claims again and continues from the heads: one path for all faults.
 */

struct engine_conf {
	const char *owner;       /* for partition_head.owner: host and process */
	size_t batch_items_max;  /* most records of a transaction; at least 2: a Tick and a parked command */
	size_t batch_bytes_max;  /* bytes of values */
	size_t arena_size;       /* memory of one batch; there are two */
	size_t cache_size;       /* memory of the states that stay in memory (state_cache.h); 0: none do */
	size_t pending_max;      /* records published and not acknowledged; above it no batch is begun */
	int64_t pace_ms;         /* the least time between the starts of two batches, unless the batch is full */
	int64_t wait_max_ms;     /* the longest time that a command waits for an unknown entity, parked; then it is refused */
	int64_t dead_max_ms;     /* retention of a dead letter's bytes; 0: for ever */
	int64_t parked_max;      /* ids held in one partition (holds.h); above it a command that would wait is refused at once */
	size_t timers_max;       /* timers that the Ticks of one second fire in all partitions (timers_per_tick) */
	int64_t (*now_ms)(void); /* monotonic, for back-off and pace only */
};

#define ENGINE_BATCH_ITEMS_MAX 65536

/* Since the start; for the log's count line, metrics and tests. */
struct engine_counts {
	int64_t records, applied, refused, duplicates, parked, dead, ticks, void_ticks, timers, kept;
	int64_t events, published, batches, retries, conflicts, halvings;
	int64_t states, cached;  /* that batches asked for; of these, in memory */
	int64_t reactions, sent; /* events of other modules that were answered; commands given to the producer */
};

/* The source from which the events of a partition are published (publisher.h). */
enum publishing {
	PUBLISHING_LIVE,     /* memory: a batch's rows, right after its commit */
	PUBLISHING_RESUME,   /* none: the topic's last event is not known yet */
	PUBLISHING_CATCH_UP, /* event_log, behind the topic's last event */
};

/* The source from which commands to other modules are sent (sender.h). */
enum sender_state {
	SENDING_RESUME,   /* none: after a claim, or a failed delivery */
	SENDING_CATCH_UP, /* event_log */
	SENDING_LIVE,     /* memory: a batch's rows, right after its commit */
};

/* The engine's data of a partition; its ownership state is in its lane (lane.h). */
struct partition {
	struct head head;        /* as committed */
	int64_t expected;        /* the next offset to take from the broker; >= head.next_offset */
	struct keyset held;      /* ids held by parked commands */
	struct keyset held_next; /* in LANE_PASS: ids held by commands that stay parked */
	struct item tick;        /* in LANE_PASS */
	struct tick tick_body;
	bool has_tried_parked;                      /* in LANE_PASS: timers are next */
	struct timers_next next;                    /* no timer is due before it */
	int64_t void_tick_ms;                       /* broker time of the last Tick that became a dead letter; 0: none */
	struct followed_head followed[FOLLOWS_MAX]; /* as collected; as committed: in the head */
	bool is_apart;                              /* followed topics are not read now (follow_is_apart) */

	/* publisher */
	enum publishing publishing;
	int64_t sent_seq;       /* published up to here, not yet acknowledged */
	int64_t resume_at_ms;   /* no resume before this */
	int64_t resume_wait_ms; /* back-off; 0: the last resume succeeded */
	bool resends_dead;      /* dead letters after offset dead_after are read from the table at dead_at_ms */
	int64_t dead_after;
	int64_t dead_at_ms;
	int64_t forget_at_ms; /* Tick's time of the next step of ticks_forget_dead */

	/* sender */
	enum sender_state sending;
	int64_t given_seq;    /* the log's commands to other modules up to here were given to the producer */
	int64_t send_at_ms;   /* no resume before this */
	int64_t send_wait_ms; /* back-off; 0: nothing has failed since the log's end was reached */
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
	struct batch *flying; /* its COMMIT was sent and not answered; NULL: none */
	struct batch *spare;
	struct bus_record carried; /* the record that did not fit into the last batch and begins the next */
	bool has_carried;
	int32_t topic_parts; /* partitions of the topic, as of the last claim */
	int32_t key_parts;   /* number of partitions over which keys are spread: the first ones (engine.partitions) */
	size_t run_max;      /* most items of an attempt: halved when they do not fit, doubled after a batch in which all did */
	size_t pessimistic_left;             /* number of batches that still look everything up, after a conflict (process.h) */
	size_t pessimistic_span;             /* number of such batches after the next conflict */
	int32_t followed_parts[FOLLOWS_MAX]; /* partitions of the followed topics, as of the last claim */
	struct arena sending_arena;          /* of a command that is sent; empty in a module that sends none */
	int64_t begun_at_ms;                 /* start of the previous batch */
	int64_t void_tick_ms;                /* broker time of the last void Tick that was logged; 0: none */
	struct state_cache cache;
	struct arena warming_arena; /* of a page of states; empty in a module without cached ones */
	size_t warming_table;       /* the table of the cache that is being filled (warm.h) */
	struct uuid warming_below;  /* its states from this id on were read */
	struct engine_counts counts;
};

MUST_CHECK int engine_init(struct engine *engine, const struct engine_conf *conf, const struct admission *admission,
			   const struct broker *broker, const struct database *database, struct err *err);
void engine_release(struct engine *engine);

/*
 * One turn: collect (waits up to timeout_ms when there is nothing else to do), finish the batch in flight, publish, process the
 * collected batch. It backs off from ERR_RETRY by itself; a failure is ERR_FATAL, and the process must end.
 */
MUST_CHECK int engine_step(struct engine *engine, int timeout_ms, struct err *err);

/* Collects nothing new; commits and publishes the batch in flight, up to deadline_ms, then releases all partitions. Events that
 * need a request to the broker first are left to the next owner. */
MUST_CHECK int engine_drain(struct engine *engine, int deadline_ms, struct err *err);

/* Whether nothing is collected, in flight or unpublished. */
bool engine_is_idle(const struct engine *engine);

/* Drops uncommitted work and releases all partitions: for a program whose end has nothing to do with its records. */
void engine_release_partitions(struct engine *engine);

#endif
