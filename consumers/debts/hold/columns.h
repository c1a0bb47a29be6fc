#ifndef DEBTS_HOLD_COLUMNS_H
#define DEBTS_HOLD_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.hold that struct hold holds: all; those that change. */
extern const struct db_columns hold_columns, hold_columns_moving;

/* The version in the row, as it was loaded. */
extern const struct db_columns hold_columns_version_stored;

/* Of an item of the list debt_holds. */
extern const struct db_columns open_hold_columns;

#endif
