#ifndef CONSUMERS_DEBTS_STORE_H
#define CONSUMERS_DEBTS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The debts module in PostgreSQL (sql/0003_debts.sql): store_load.c reads states, store.c writes them and the ledger. */

struct debts_store {
	struct slot_loader loader;
	struct db_copy debts;
	struct db_copy entries;
	struct db_copy payments;
	struct db_params params;
	struct buf list; /* struct slot *: those to be updated */
};

/* Once, before the first batch; what `debts_store` needs to work. */
MUST_CHECK int debts_store_prepare(void *self, struct err *err);

int debts_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err);
int debts_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
	       struct err *err);

#endif
