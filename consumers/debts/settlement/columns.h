#ifndef DEBTS_SETTLEMENT_COLUMNS_H
#define DEBTS_SETTLEMENT_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.settlement that struct settlement holds: all; those that change. */
extern const struct db_columns settlement_columns, settlement_columns_moving;

/* The version in the row, as it was loaded. */
extern const struct db_columns settlement_columns_version_stored;

#endif
