#ifndef DEBTS_HOLD_STORE_H
#define DEBTS_HOLD_STORE_H

#include "worker/slot_query.h"

/* Holds in debts.hold: each of them, and of a debt those that have not ended, and when others have stopped its ageing. */
struct debts_store;

extern const struct slot_query hold_query, hold_query_of_debt, hold_query_pauses;
extern const struct db_table hold_table;

/* Batches without an event about a hold cost nothing. */
MUST_CHECK int hold_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
			  size_t events_count, struct err *err);

#endif
