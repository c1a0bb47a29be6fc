#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

/*
 * The database as the subcommands see it: with a role that may read every module's tables. The modules are read from the
 * database: every schema with a partition_head is a command module, every one with a reader_head a reader.
 */
#define SCHEMAS_MAX 16

struct schemas {
	size_t count;
	char names[SCHEMAS_MAX][64]; /* as SQL writes them */
};

/* `user` "": as the conninfo says. timeout_ms 0: none. */
MUST_CHECK int database_open(const char *conninfo, const char *user, int64_t timeout_ms, struct db **ret_db, struct err *err);

/* ERR_FATAL: there is none at all (not migrated). */
MUST_CHECK int command_schemas(struct db *db, struct schemas *ret_schemas, struct err *err);
MUST_CHECK int reader_schemas(struct db *db, struct schemas *ret_schemas, struct err *err); /* none is fine */
/* Command modules that react to the events of others (worker/follow.h); none is fine. */
MUST_CHECK int reacting_schemas(struct db *db, struct schemas *ret_schemas, struct err *err);
bool schemas_have(const struct schemas *schemas, const char *name);

/*
 * A statement for one schema: `sql` with every "{schema}" replaced, under the name "<name>_<schema>". Lives in the arena, which
 * must not be reset while the connection is used. NULL: the arena is full.
 */
const struct db_statement *schema_statement(struct arena *arena, const char *name, const char *sql, const char *schema);

#endif
