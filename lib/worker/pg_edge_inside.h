#ifndef WORKER_PG_EDGE_INSIDE_H
#define WORKER_PG_EDGE_INSIDE_H

#include "db/db.h"
#include "worker/pg_edge.h"
#include "worker/slot_query.h"

/* For the files pg_edge_*.c: one connection, and the buffers that every batch uses again. */
struct pg_edge {
	const char *conninfo;
	const char *module;
	struct store store;
	struct db *db;
	struct db_params params;
	struct db_params params_answers;
	struct db_copy log, parked, dead, kept;
	struct buf scope; /* of a parked command, as text */
	struct buf body;  /* of an event, packed or read */
	struct slot_loader actors;
	const struct module *reacting; /* NULL: the module does not react */
};

extern const char *const pg_edge_parked_kinds[3]; /* by enum parked_kind, as in the table */

/* Connects when the connection is dead: for claim, the first call after a start or a failure. */
MUST_CHECK int pg_edge_connect_again(struct pg_edge *edge, struct err *err);

/* For all other functions: without a connection they fail, and the engine claims again. */
MUST_CHECK int pg_edge_need_connection(const struct pg_edge *edge, struct err *err);

void pg_edge_copy_bytes(uint8_t *bytes, size_t size, struct str value);

/* Each file sets its functions of struct database. */
void pg_edge_fill_heads(struct database *database);
void pg_edge_fill_batch(struct database *database);
void pg_edge_fill_read(struct database *database);

void pg_edge_fill_timers(struct database *database);

/* The timers of a batch; nothing is sent when there are none. */
MUST_CHECK int pg_edge_write_timers(struct pg_edge *edge, const struct changes *changes, struct err *err);

/* Kept commands. Nothing is sent when there are none. */
void pg_edge_fill_kept(struct database *database);
void pg_edge_init_kept(struct db_copy *copy, size_t size_max);
MUST_CHECK int pg_edge_write_kept(struct pg_edge *edge, const struct changes *changes, struct err *err);

/*
 * Modules that react (pg_edge_react.c); no-ops for others. A claim: the quarantine of followed topics is kept from the head as it was
 * held to that which was claimed, its `tries` being what the claim adds, and then all is read. A release; and the rows of a batch.
 */
void pg_edge_keep_quarantine(const struct pg_edge *edge, struct head *claimed, const struct head *held);
MUST_CHECK int pg_edge_claim_reaction(struct pg_edge *edge, struct head *heads, size_t count, struct err *err);
MUST_CHECK int pg_edge_release_reaction(struct pg_edge *edge, const struct head *heads, size_t count, struct err *err);
/* As statement_attempt of partition_head, with the same parameters and, behind them, the followed module. */
const struct db_statement *pg_edge_followed_attempt(struct pg_edge *edge, int32_t source);
MUST_CHECK int pg_edge_write_reaction(struct pg_edge *edge, const struct changes *changes, struct err *err);

/* NULL: the arena is full. */
const struct scope *pg_edge_keep_scope(struct arena *arena, struct str text);

/* The rows of a batch. */
void pg_edge_init_copies(struct pg_edge *edge);
MUST_CHECK int pg_edge_write(void *self, const struct changes *changes, bool *ret_conflict, struct err *err);

#endif
