#ifndef DEBTS_DISPUTE_STORE_H
#define DEBTS_DISPUTE_STORE_H

#include "worker/slot_query.h"

/* Disputes in debts.dispute: each of them, and of a debt what is known of all together. */
struct debts_store;

extern const struct slot_query dispute_query, dispute_query_of_debt;
extern const struct db_table dispute_table;

/* Batches without an event about a dispute cost nothing. */
MUST_CHECK int dispute_write(struct debts_store *store, struct db *db, const struct workset *set,
			     const struct logged_event *events, size_t events_count, struct err *err);

#endif
