#ifndef DEBTS_DEBT_STORE_H
#define DEBTS_DEBT_STORE_H

#include "worker/slot_query.h"

/* A debt; its terms; the customer of a new debt. */
extern const struct slot_query debt_query, debt_query_terms, debt_query_customer;

#endif
