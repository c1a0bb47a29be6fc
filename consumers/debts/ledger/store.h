#ifndef DEBTS_LEDGER_STORE_H
#define DEBTS_LEDGER_STORE_H

#include "db/db.h"
#include "worker/store.h"

/*
 * The entry of an event in debts.posting, if the event has one; a payment's entry is its payment's row, too. Entries are only
 * inserted. They are made in log order and before the rows of debts: each links its debt and its payment to the entry
 * (`last_entry_seq`, `entries_stored`, `part`, `entry_seq`). False: the event has none.
 */
extern const struct db_table ledger_table;
bool ledger_copy(struct db_copy *copy, const struct workset *set, const struct logged_event *logged);

#endif
