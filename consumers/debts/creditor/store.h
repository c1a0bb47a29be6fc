#ifndef DEBTS_CREDITOR_STORE_H
#define DEBTS_CREDITOR_STORE_H

#include "worker/slot_query.h"

/* Descriptions of creditors in debts.creditor_version: a row for each, the newest is the state. */
extern const struct slot_query creditor_query;

/* The row of a CreditorDescribed. */
extern const struct db_table creditor_table;
void creditor_copy(struct db_copy *copy, const struct logged_event *logged);

#endif
