#ifndef DEBTS_PLAN_COLUMNS_H
#define DEBTS_PLAN_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.plan that struct plan holds: all; those that change. */
extern const struct db_columns plan_columns, plan_columns_moving;

/* The version in the row, as it was loaded. */
extern const struct db_columns plan_columns_version_stored;

#endif
