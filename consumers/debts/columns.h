#ifndef CONSUMERS_DEBTS_COLUMNS_H
#define CONSUMERS_DEBTS_COLUMNS_H

#include "db/db_columns.h"

/*
 * The columns of the module's tables that its states hold, for the store and for `dcs verify`. A new one is a row in columns.c:
 * it is loaded, inserted and compared, and updated if it is in a set.
 */

/* Columns of debts.debt and struct debt: all; those changed by a ledger entry; only by CreditApplied; only by an amendment. */
extern const struct db_columns debt_columns, debt_columns_posted, debt_columns_credit_used, debt_columns_amended;

/* The version in the row, as it was loaded. */
extern const struct db_columns debt_columns_version_stored;

/*
 * Columns of debts.payment and struct payment; the same with the amounts allocated by the payment's ledger entry (`p` joined with
 * `e`).
 */
extern const struct db_columns payment_columns, payment_columns_allocated;

#endif
