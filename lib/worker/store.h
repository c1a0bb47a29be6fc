#ifndef WORKER_STORE_H
#define WORKER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"
#include "model/decision.h"
#include "model/workset.h"

/*
 * A command module's own tables in PostgreSQL, beside the engine's: two functions in its store.c. Both run inside the batch's
 * transaction, set-based: a number of statements that does not depend on the number of slots. A third one, if it keeps what is
 * nobody's.
 */

/* An event with its place in the log. */
struct logged_event {
	const struct event *event;
	struct uuid event_id;
	int32_t part;
	int64_t seq; /* 1, 2, 3 ... in its partition */
	int64_t at_ms;
	/*
	 * In the batch's set: the states that the event's command was the first to touch; for workset_set_near. It changes others, too, if
	 * a command before it had touched them.
	 */
	size_t slots_first, slots_count;
};

struct store {
	/*
	 * Fills every slot given: `loaded`, `exists`, `stored`, `state`, `locator`. The slots are of any of the module's
	 * entities, in the order touched; rows are locked or read in id order. Entities of other modules are read through their
	 * public_* views.
	 */
	int (*load)(void *store, struct db *db, struct slot **slots, size_t count, struct err *err);

	/*
	 * Writes all changed slots (insert when not `stored`, update when `stored`; an update must find exactly the version it
	 * loaded) and the rows that the events add (ledger entries, payments, messages to send). `events` are in log order, of
	 * all partitions of the batch. Writes with db_write and db_write_copy, into the pipeline that the batch has begun: call
	 * db_write_end before anything that needs an answer at once.
	 */
	int (*save)(void *store, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		    struct err *err);

	/*
	 * NULL: there is no such thing. Deletes personal data that belongs to no person, so that no erasure reaches it, of before that
	 * instant: at most `max` rows, in one statement. Called when dead letters are forgotten, with the same instant, outside of
	 * batches. The rows stay.
	 */
	int (*forget)(void *store, struct db *db, int64_t before_ms, size_t max, size_t *ret_count, struct err *err);

	/* As read_states of the database (edge.h). NULL: the module has no cached states. */
	int (*read_states)(void *store, struct db *db, const struct entity *entity, const struct uuid *below, size_t max,
			   struct arena *arena, struct slot **ret_slots, size_t *ret_count, struct err *err);

	void *self; /* given to all: buffers that live as long as the process */
};

#endif
