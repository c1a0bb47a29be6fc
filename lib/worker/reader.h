#ifndef WORKER_READER_H
#define WORKER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/coder.h"
#include "worker/edge.h"
#include "worker/lane.h"
#include "worker/reader_rules.h"

/*
 * The engine of a reader: the events of one module, in order, each exactly once, into the reader's own tables. The head
 * (`reader_head`) moves in the same transaction as the reader's writes, so a crash repeats nothing and loses nothing.
 *
 * The record's `seq` decides: last + 1 is applied, a lower one is a repetition and dropped, a higher one is a gap and halts the
 * partition with a reason and an alarm. Each record's hash must follow from the one before (worker/chain.h), so a changed or
 * exchanged event halts the partition, too.
 */
struct reader_head {
	int32_t part;
	bool halted;
	int64_t epoch;
	int64_t next_offset;
	int64_t last_seq;
	uint8_t last_hash[SHA256_SIZE];
};

/* The reader's edge to PostgreSQL: reader_pg.c, or memory in tests/sim. */
struct reader_database {
	void *self;
	int (*claim)(void *self, const char *module, const int32_t *parts, size_t count, const char *owner,
		     struct reader_head *ret_heads, struct err *err);
	/* Writes the reason; *ret_fenced true and nothing written when another owner has the partition now. */
	int (*halt)(void *self, const char *module, const struct reader_head *head, const char *reason, bool *ret_fenced,
		    struct err *err);

	/*
	 * One transaction: locks `before` (*ret_fenced when epoch or offset differ), applies, moves to `after`. After ERR_RETRY
	 * it may have been committed; after any other failure it was not.
	 */
	int (*apply)(void *self, const char *module, const struct reader_head *before, const struct reader_head *after,
		     size_t heads_count, const struct read_event *events, size_t events_count, bool *ret_fenced, struct err *err);
};

struct reader_conf {
	const char *owner;
	size_t batch_items_max;
	size_t arena_size;
	int64_t (*now_ms)(void);
};

/* The reader's data of a partition; its ownership state is in its lane (lane.h). */
struct reader_partition {
	struct reader_head head; /* as committed */
	struct reader_head next; /* including the collected events */
	const char *wrong;       /* fault of the record at next.next_offset: halt once the events before it are applied */
	bool is_displaced;       /* the offset is not in the topic: claim again */
};

struct event_reader {
	struct reader_conf conf;
	const char *module; /* the module whose events are read */
	struct broker broker;
	struct reader_database database;
	struct lanes lanes;
	struct reader_partition partitions[BUS_PARTS_MAX];
	struct arena arena;
	struct read_event *events;
	size_t events_count;
	bool is_full;
	size_t run_max; /* events of the next batch: one after a failure on data, then doubling up to batch_items_max */
	int64_t applied, repeated, batches; /* since the start */
};

MUST_CHECK int event_reader_init(struct event_reader *reader, const struct reader_conf *conf, const char *module,
				 const struct broker *broker, const struct reader_database *database, struct err *err);
void event_reader_release(struct event_reader *reader);

/* One turn: collects the available events (waits up to timeout_ms for the first) and applies them. Backs off by itself; a failure
 * is ERR_FATAL. */
MUST_CHECK int event_reader_step(struct event_reader *reader, int timeout_ms, struct err *err);

/* The edge over libpq: the schema `name` with its reader_head, and `rules->apply`. Does not connect yet: claim does. */
struct reader_pg;
MUST_CHECK int reader_pg_open(const char *conninfo, const struct reader *rules, struct reader_pg **ret_edge,
			      struct reader_database *ret_database, struct err *err);
void reader_pg_close(struct reader_pg *edge); /* accepts NULL */

#endif
