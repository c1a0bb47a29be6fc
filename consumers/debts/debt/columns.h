#ifndef DEBTS_DEBT_COLUMNS_H
#define DEBTS_DEBT_COLUMNS_H

#include "db/db_columns.h"

/*
 * The columns of debts.debt that struct debt holds, for the store and for `dcs verify`: all; what an entry of the ledger changes; what
 * only CreditApplied; what only an amendment; what only its ageing (delinquency/).
 */
extern const struct db_columns debt_columns, debt_columns_posted, debt_columns_credit_used, debt_columns_amended,
	debt_columns_aged;

/* The version in the row, as it was loaded. */
extern const struct db_columns debt_columns_version_stored;

#endif
