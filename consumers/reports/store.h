#ifndef CONSUMERS_REPORTS_STORE_H
#define CONSUMERS_REPORTS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The reports module in PostgreSQL (sql/0013_reports.sql): one table, append-only. */
struct reports_store {
	struct slot_loader loader;
	struct db_copy reports;
};

/* Once, before the first batch. */
MUST_CHECK int reports_store_prepare(void *self, struct err *err);

#endif
