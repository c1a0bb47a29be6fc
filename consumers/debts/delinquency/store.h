#ifndef DEBTS_DELINQUENCY_STORE_H
#define DEBTS_DELINQUENCY_STORE_H

#include "worker/slot_query.h"

/* The buckets that debts have entered, in debts.delinquency: a row for each event by which one did, which nothing changes. */
extern const struct db_table delinquency_table;
void delinquency_copy(struct db_copy *copy, const struct event *event); /* any event; most have no row */

#endif
