#ifndef DEBTS_CREDITOR_COLUMNS_H
#define DEBTS_CREDITOR_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.creditor_version, portfolio_version and policy_version that states hold, for the store and for `dcs verify`. */
extern const struct db_columns creditor_columns, portfolio_columns, debt_policy_columns;

#endif
