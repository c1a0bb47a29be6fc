#ifndef DEBTS_PROMISE_COLUMNS_H
#define DEBTS_PROMISE_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.promise that struct promise holds: all; those that change. */
extern const struct db_columns promise_columns, promise_columns_moving;

/* The version in the row, as it was loaded. */
extern const struct db_columns promise_columns_version_stored;

#endif
