#ifndef DEBTS_SETTLEMENT_STORE_H
#define DEBTS_SETTLEMENT_STORE_H

#include "worker/slot_query.h"

/* Settlements in debts.settlement: one row each. */
struct debts_store;

extern const struct slot_query settlement_query;
extern const struct db_table settlement_table;

/* Updates, then inserts, so that one settlement of a debt is open at a time. Batches that change no settlement cost nothing. */
MUST_CHECK int settlement_write(struct debts_store *store, struct db *db, const struct workset *set,
				const struct logged_event *events, size_t events_count, struct err *err);

#endif
