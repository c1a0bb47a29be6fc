#include "consumers/debts/delinquency/columns.h"

#include "consumers/debts/delinquency/delinquency.h"

static const struct db_column rows[] = {
	{ "version", DB_INT64(struct bucket_entry, version) },
	{ "bucket", DB_SMALLINT(struct bucket_entry, bucket) },
	{ "entered_on", DB_DATE(struct bucket_entry, entered_on) },
	{ "days_past_due", DB_INT32(struct bucket_entry, days_past_due) },
	{ "paused_days", DB_INT32(struct bucket_entry, paused_days) },
};

const struct db_columns bucket_entry_columns = DB_COLUMNS(rows, 0);
