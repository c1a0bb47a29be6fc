#ifndef DEBTS_REFERENCE_STORE_H
#define DEBTS_REFERENCE_STORE_H

#include "worker/slot_query.h"

/* Natural keys: which are taken, and which acquaintances exist. The rows that have them are written by other parts. */
extern const struct slot_query reference_query_debt, reference_query_payment, reference_query_acquaintance;

#endif
