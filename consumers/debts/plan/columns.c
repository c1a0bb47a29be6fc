#include "consumers/debts/plan/columns.h"

#include "consumers/debts/debts.h"

enum { MOVING = 1 << 0 };

/* clang-format off */
static const struct db_column rows[] = {
	{ "customer_id", DB_UUID(struct plan, customer_id) },
	{ "debt_id", DB_UUID(struct plan, debt_id) },
	{ "total_minor", DB_INT64(struct plan, total_minor) },
	{ "down_payment_minor", DB_INT64(struct plan, down_minor), .or_null = true },
	{ "paid_minor", DB_INT64(struct plan, paid_minor), .set = MOVING },
	{ "missed", DB_INT64(struct plan, missed), .set = MOVING },
	{ "version", DB_INT64(struct plan, version), .set = MOVING },
	{ "down_payment_on", DB_DATE(struct plan, down_due_on), .or_null = true },
	{ "first_due_on", DB_DATE(struct plan, first_due_on) },
	{ "proposed_on", DB_DATE(struct plan, proposed_on) },
	{ "broken_on", DB_DATE(struct plan, broken_on), .set = MOVING, .or_null = true },
	{ "instalments", DB_INT32(struct plan, instalments) },
	{ "after_entries", DB_INT32(struct plan, after_entries), .set = MOVING },
	{ "counts_from", DB_INT32(struct plan, counts_from), .set = MOVING, .or_null = true },
	{ "returned", DB_INT32(struct plan, returned), .set = MOVING },
	{ "holidays", DB_SMALLINT(struct plan, holidays) },
	{ "frequency", DB_WORD(struct plan, frequency, plan_frequency_words) },
	{ "state", DB_WORD(struct plan, state, plan_state_words), .set = MOVING },
};
/* clang-format on */

const struct db_columns plan_columns = DB_COLUMNS(rows, 0);
const struct db_columns plan_columns_moving = DB_COLUMNS(rows, MOVING);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct plan, version_stored) } };

const struct db_columns plan_columns_version_stored = DB_COLUMNS(version_rows, 0);
