#ifndef DEBTS_PLAN_STORE_H
#define DEBTS_PLAN_STORE_H

#include "worker/slot_query.h"

/* Payment plans in debts.plan: one row each. */
struct debts_store;

extern const struct slot_query plan_query;
extern const struct db_table plan_table;

/* Updates, then inserts, so that one plan of a debt is active at a time. Batches that change no plan cost nothing. */
MUST_CHECK int plan_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
			  size_t events_count, struct err *err);

#endif
