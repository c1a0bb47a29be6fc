#ifndef CLI_REST_H
#define CLI_REST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bus/bus.h"
#include "database.h"

/*
 * Whether a stack has done all that a Tick and some commands have caused: the modules have applied them, the readers have read
 * their events, modules that follow others have answered these, what they have sent is known to its modules, and the notifier has
 * nothing to send or to report. It asks the database only, by one statement, and where modules react by a second one, so that a
 * rehearsal can ask after each Tick. Who sends tells it the offsets (rest_expect).
 */
struct rest {
	struct db *db; /* borrows */
	struct schemas modules, readers, reacting;
	struct buf sql_heads, sql_due, sql_unsent;
	struct db_statement heads, due, unsent;
	int32_t parts[SCHEMAS_MAX];
	int64_t next[SCHEMAS_MAX][BUS_PARTS_MAX];       /* behind the last command that was sent */
	int64_t log_seq[SCHEMAS_MAX][BUS_PARTS_MAX];    /* as of the last look */
	int64_t rested_seq[SCHEMAS_MAX][BUS_PARTS_MAX]; /* when all were at rest, if they were */
	bool has_rested;
	int64_t tick_ms;
	char missing[80]; /* for the operator: who is not at rest */
};

/* The producer tells the topics' partitions. ERR_FATAL: no modules. */
MUST_CHECK int rest_open(struct rest *rest, struct db *db, struct bus_producer *producer, struct err *err);
void rest_release(struct rest *rest); /* accepts a zeroed one */

/* Until the next wait: every module must have this Tick, and the command at this offset of a module (index in rest->modules). */
void rest_expect_tick(struct rest *rest, int64_t tick_ms);
void rest_expect(struct rest *rest, size_t module, int32_t part, int64_t offset);
MUST_CHECK bool rest_find_module(const struct rest *rest, struct str name, size_t *ret_module); /* false: there is none */

/*
 * Whether the next Tick sets anything going, once its time is told (engine.now()): a timer, a parked command, a message. If not,
 * commands of its instant may follow it as soon as every module has it (rest_wait_idle). Not at once: a module that follows others
 * would get an event that such a command causes before the Tick, if it is slow, and what the event sets would be due a Tick
 * earlier.
 */
MUST_CHECK int rest_has_due(struct rest *rest, int32_t business_date, bool *ret_due, struct err *err);

/* Polls the producer between two looks. ERR_RETRY: not at rest within the timeout; ERR_FATAL: a partition is halted. */
MUST_CHECK int rest_wait(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, struct err *err);

/* The same, where nothing was set going: one look is enough. */
MUST_CHECK int rest_wait_idle(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, struct err *err);

#endif
