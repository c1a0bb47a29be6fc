#ifndef DEBTS_PROMISE_STORE_H
#define DEBTS_PROMISE_STORE_H

#include "worker/slot_query.h"

/* Promises in debts.promise. */
struct debts_store;

extern const struct slot_query promise_query;
extern const struct db_table promise_table;

/* Updates, then inserts, so that one promise of a debt is open at a time. Batches without a promise cost nothing. */
MUST_CHECK int promise_write(struct debts_store *store, struct db *db, const struct workset *set,
			     const struct logged_event *events, size_t events_count, struct err *err);

#endif
