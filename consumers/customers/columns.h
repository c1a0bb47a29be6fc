#ifndef CONSUMERS_CUSTOMERS_COLUMNS_H
#define CONSUMERS_CUSTOMERS_COLUMNS_H

#include "db/db_columns.h"

/* The columns of customers.customer that struct customer holds: all; those that the store writes, which is not the status: an erasure
 * is a function of the schema. */
extern const struct db_columns customer_columns, customer_columns_written;

/* Of customers.contact_point and struct contact_point: all; what events change. */
extern const struct db_columns contact_point_columns, contact_point_columns_changed;

/* The versions in the rows, as they were loaded. */
extern const struct db_columns customer_columns_version_stored, contact_point_columns_version_stored;

#endif
