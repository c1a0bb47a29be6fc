#ifndef WORKER_PG_EDGE_H
#define WORKER_PG_EDGE_H

#include "worker/edge.h"
#include "worker/store.h"

/* The engine's edge to PostgreSQL: its tables (sql/0001_engine.sql) in the module's schema, and the module's store. */
struct pg_edge;

/* Does not connect: claim does, again after each failure. conninfo and module are borrowed. */
MUST_CHECK int pg_edge_open(const char *conninfo, const char *module, const struct store *store, struct pg_edge **ret_edge,
			    struct database *ret_database, struct err *err);
/* The module follows others or sends commands (sql: dcs_create_reaction): its positions are read and written, too. Borrows it. */
void pg_edge_react(struct pg_edge *edge, const struct module *module);

void pg_edge_close(struct pg_edge *edge); /* accepts NULL */

/* Connects with `schema` as the search_path. A statement waits 5 s for a lock (ERR_RETRY); the server ends a transaction that is
 * idle for 10 s. */
MUST_CHECK int pg_connect(const char *conninfo, const char *schema, struct db **ret_db, struct err *err);

/* After a failed claim: if it waited for a lock, ends the connections that `evict` finds holding it, so that the next claim
 * succeeds. */
void pg_evict(struct db *db, const struct db_statement *evict, const struct db_params *params);

#endif
