#include "consumers/debts/promise/columns.h"

#include "consumers/debts/debts.h"

enum { MOVING = 1 << 0 };

/* clang-format off */
static const struct db_column rows[] = {
	{ "customer_id", DB_UUID(struct promise, customer_id) },
	{ "debt_id", DB_UUID(struct promise, debt_id) },
	{ "amount_minor", DB_INT64(struct promise, amount_minor) },
	{ "enough_minor", DB_INT64(struct promise, enough_minor) },
	{ "paid_minor", DB_INT64(struct promise, paid_minor), .set = MOVING },
	{ "version", DB_INT64(struct promise, version), .set = MOVING },
	{ "made_on", DB_DATE(struct promise, made_on) },
	{ "due_on", DB_DATE(struct promise, due_on) },
	{ "grace_ends_on", DB_DATE(struct promise, grace_ends_on) },
	{ "after_entries", DB_INT32(struct promise, after_entries) },
	{ "state", DB_WORD(struct promise, state, promise_state_words), .set = MOVING },
	{ "channel", DB_WORD(struct promise, channel, channel_words), .or_null = true },
};
/* clang-format on */

const struct db_columns promise_columns = DB_COLUMNS(rows, 0);
const struct db_columns promise_columns_moving = DB_COLUMNS(rows, MOVING);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct promise, version_stored) } };

const struct db_columns promise_columns_version_stored = DB_COLUMNS(version_rows, 0);
