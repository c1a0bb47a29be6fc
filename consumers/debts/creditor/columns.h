#ifndef DEBTS_CREDITOR_COLUMNS_H
#define DEBTS_CREDITOR_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.creditor_version that struct creditor holds, for the store and for `dcs verify`. */
extern const struct db_columns creditor_columns;

#endif
