#ifndef WORKER_PG_EDGE_H
#define WORKER_PG_EDGE_H

#include "worker/edge.h"
#include "worker/store.h"

/* The engine's edge to PostgreSQL, the real one: the engine's tables of sql/0001_engine.sql in the module's schema, and the
 * module's store. */
struct pg_edge;

/* Does not connect yet: claim does, again and again if it must. conninfo and module are borrowed. */
MUST_CHECK int pg_edge_open(const char *conninfo, const char *module, const struct store *store, struct pg_edge **ret_edge,
			    struct database *ret_database, struct err *err);
void pg_edge_close(struct pg_edge *edge); /* accepts NULL */

/* A connection to `conninfo` whose search_path is `schema`. A lock is waited for 5 s (ERR_RETRY); in a transaction it may be
 * silent for 10 s. */
MUST_CHECK int pg_connect(const char *conninfo, const char *schema, struct db **ret_db, struct err *err);

/* After a claim that failed: if a lock was in its way, ends the connections that `evict` finds holding it, so that the next claim
 * succeeds. */
void pg_evict(struct db *db, const struct db_statement *evict, const struct db_params *params);

#endif
