#ifndef CONSUMERS_DEBTS_STORE_H
#define CONSUMERS_DEBTS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The debts module in PostgreSQL (sql/0003_debts.sql): what its parts use while they load and write a batch. */

struct debts_store {
	struct slot_loader loader;
	struct db_copy debts;
	struct db_copy delinquencies;
	struct db_copy entries;
	struct db_copy promises;
	struct db_copy holds;
	struct db_copy plans;
	struct db_copy settlements;
	struct db_copy disputes;
	struct db_copy creditors;
	struct db_copy portfolios;
	struct db_copy policies;
	struct db_params params;
	struct buf list;      /* struct slot *: the slots to update */
	bool has_amendments;  /* whether the current batch has amendments; few have */
	bool has_aged;        /* whether a debt has entered a bucket, or its pauses have changed */
	bool has_holds;       /* whether it has an event about a hold */
	bool has_promises;    /* whether it has changed a promise */
	bool has_plans;       /* the same of a plan */
	bool has_settlements; /* of a settlement */
	bool has_disputes;    /* and of a dispute */
};

/*
 * How the rows of a part are updated whose states count their own versions. Parameters of the statement: ids, the versions that were
 * loaded (a row that another wrote since does not fit), the times of the last event, then the moving columns.
 */
struct debts_update {
	const struct entity *entity;
	struct db_template *template;
	const struct db_columns *version_stored, *moving;
};

/* All states of the entity that the batch has changed and that have a row. */
MUST_CHECK int debts_store_update(struct debts_store *store, struct db *db, const struct workset *set,
				  const struct debts_update *update, struct err *err);

/* Initialises the buffers of `debts_store`: once, before the first batch. */
MUST_CHECK int debts_store_prepare(void *self, struct err *err);

#endif
