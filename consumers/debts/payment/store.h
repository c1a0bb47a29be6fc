#ifndef DEBTS_PAYMENT_STORE_H
#define DEBTS_PAYMENT_STORE_H

#include "worker/slot_query.h"

/* Payments in debts.payment: loaded with what their entries allocated, inserted, and updated when they are reversed. */
struct debts_store;

extern const struct slot_query payment_query;

/* The row of a PaymentRecorded. */
extern const struct db_table payment_table;
void payment_copy(struct db_copy *copy, const struct workset *set, const struct logged_event *logged);

MUST_CHECK int payment_update(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);

#endif
