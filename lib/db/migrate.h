#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "base/err.h"
#include "db/db.h"
#include "model/module.h"

/*
 * Forward-only migrations: files NNNN_name.sql of a directory, in the order of their number, each in one transaction, recorded
 * in `dcs_migration(number, name, sha256, applied_at)` under an advisory lock, so that two runs at once do no harm. Numbers may
 * have gaps. ERR_FATAL: a file changed after it was applied, a duplicate number, a number that the database has and the
 * directory has not, a number below one that was applied.
 *
 * Before the migrations, generated SQL is applied whenever its text has changed; its hash is kept in `dcs_generated`. It is the
 * function dcs_schema_ids (model/message.h), with which no migration contains a schema id; dcs_role_names (schemas/words.h), with
 * which none lists the roles; and the functions dcs_<thing>_actions of the modules' tables (model/actions.h), with which none
 * repeats a rule.
 *
 * Behind the migrations, each file of its folder `current` is applied in the same way, in the order of their names, and again
 * whenever a migration was applied: views and functions that change often, each whole in one place (sql/README.md). They can be
 * applied any number of times. A failure leaves the migrations applied; the next run goes on there. *ret_applied counts numbered
 * files only.
 */
MUST_CHECK int migrate(struct db *db, const char *directory, const struct module *const *modules, size_t modules_count,
		       int *ret_applied, struct err *err);

#endif
