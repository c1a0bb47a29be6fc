#ifndef DEBTS_DELINQUENCY_COLUMNS_H
#define DEBTS_DELINQUENCY_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.delinquency that struct bucket_entry holds. */
extern const struct db_columns bucket_entry_columns;

#endif
