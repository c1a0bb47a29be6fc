#ifndef WORKER_READER_RULES_H
#define WORKER_READER_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"
#include "db/db.h"
#include "model/message.h"

/*
 * A reader of events as the engine (worker/reader.h) sees it: the modules whose events it reads, and the function that applies
 * the events. main.c gives one to reader_main.
 *
 * The engine guarantees: of each (module, part) the events come in `seq` order, each exactly once, none left out. It guarantees
 * no order between partitions or modules, and no particular number of events per call. A reader's writes must not depend on
 * either, so that a rebuild from the logs gives equal tables (P7).
 */
struct read_event {
	const struct message_type *type; /* any event type of the modules, including unused ones: skip their events */
	const void *body;                /* the generated struct; borrows from the batch, as all here */
	struct uuid event_id;
	struct uuid command_id; /* the cause */
	int32_t part;
	int64_t seq; /* 1, 2, 3 ... in (module, part) */
	int64_t at_ms;
	const char *module; /* module of the event log */
};

struct reader {
	const char *name;           /* "reporting": database schema and role, consumer group */
	const char *const *modules; /* modules whose events are read; then NULL */
	const char *costly_module;  /* module with slow events: small batches, so that other modules get their turn; NULL: none */

	/*
	 * Applies a batch of events of any of the modules, in order within each partition. Runs inside the transaction that also
	 * moves reader_head: it neither begins nor commits, and its writes take effect exactly once. Set-based: the number of
	 * statements does not depend on `count`. ERR_POISON halts the partition: an event that is in the log cannot be left out.
	 */
	int (*apply)(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err);

	void *self; /* given to apply: buffers that live as long as the process */
};

#endif
