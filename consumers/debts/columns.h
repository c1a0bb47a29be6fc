#ifndef CONSUMERS_DEBTS_COLUMNS_H
#define CONSUMERS_DEBTS_COLUMNS_H

#include "db/db_columns.h"

/*
 * The columns of the module's tables that its states hold, for the store and for `dcs verify`. A new one is a row in columns.c: it is
 * loaded, inserted and compared, and updated if it is in a set.
 */

/* Of debts.debt and struct debt: all; what an entry of the ledger changes; what only CreditApplied; what only an amendment. */
extern const struct db_columns debt_columns, debt_columns_posted, debt_columns_credit_used, debt_columns_amended;

/* The version in the row, as it was loaded. */
extern const struct db_columns debt_columns_version_stored;

/* Of debts.payment and struct payment; and the same with what its ledger entry allocated, `p` joined with `e`. */
extern const struct db_columns payment_columns, payment_columns_allocated;

#endif
