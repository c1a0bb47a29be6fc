#ifndef CONSUMERS_USERS_COLUMNS_H
#define CONSUMERS_USERS_COLUMNS_H

#include "db/db_columns.h"

/* The columns of users.account that struct user holds: all; what events change. */
extern const struct db_columns user_columns, user_columns_changed;

/* The version in the row, as it was loaded. */
extern const struct db_columns user_columns_version_stored;

#endif
