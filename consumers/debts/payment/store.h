#ifndef DEBTS_PAYMENT_STORE_H
#define DEBTS_PAYMENT_STORE_H

#include "worker/slot_query.h"

/* Payments in debts.payment, loaded with what their entries allocated. Payments and reversals are written by their entries (ledger/store.c). */
extern const struct slot_query payment_query;

#endif
