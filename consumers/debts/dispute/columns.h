#ifndef DEBTS_DISPUTE_COLUMNS_H
#define DEBTS_DISPUTE_COLUMNS_H

#include "db/db_columns.h"

/* The columns of debts.dispute that struct dispute holds: all; those that change; the version in the row, as it was loaded. */
extern const struct db_columns dispute_columns, dispute_columns_moving, dispute_columns_version_stored;

/* What the list of a debt's disputes needs of one. */
extern const struct db_columns dispute_columns_listed;

#endif
