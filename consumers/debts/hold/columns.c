#include "consumers/debts/hold/columns.h"

#include "consumers/debts/debts.h"

enum { MOVING = 1 << 0 };

/* clang-format off */
static const struct db_column rows[] = {
	{ "customer_id", DB_UUID(struct hold, customer_id) },
	{ "debt_id", DB_UUID(struct hold, debt_id) },
	{ "kind", DB_WORD(struct hold, kind, hold_kind_words) },
	{ "state", DB_WORD(struct hold, state, hold_state_words), .set = MOVING },
	{ "effects", DB_SMALLINT(struct hold, effects), .set = MOVING },
	{ "version", DB_INT64(struct hold, version), .set = MOVING },
	{ "from_on", DB_DATE(struct hold, from_on), .set = MOVING },
	{ "until_on", DB_DATE(struct hold, until_on), .set = MOVING, .or_null = true },
	{ "review_on", DB_DATE(struct hold, review_on), .set = MOVING, .or_null = true },
	{ "review_asked_on", DB_DATE(struct hold, review_asked_on), .set = MOVING, .or_null = true },
	{ "ended_on", DB_DATE(struct hold, ended_on), .set = MOVING, .or_null = true },
	{ "merged_into", DB_UUID(struct hold, merged_into), .set = MOVING, .or_null = true },
	{ "evidence_ref", DB_CHARS(struct hold, evidence_ref) },
};

static const struct db_column open_rows[] = {
	{ "hold_id", DB_UUID(struct open_hold, hold_id) },
	{ "kind", DB_WORD(struct open_hold, kind, hold_kind_words) },
	{ "effects", DB_SMALLINT(struct open_hold, effects) },
	{ "from_on", DB_DATE(struct open_hold, from_on) },
	{ "until_on", DB_DATE(struct open_hold, until_on), .or_null = true },
	{ "review_on", DB_DATE(struct open_hold, review_on), .or_null = true },
	{ "is_active", DB_FLAG(struct open_hold, is_active) },
};
/* clang-format on */

const struct db_columns hold_columns = DB_COLUMNS(rows, 0);
const struct db_columns hold_columns_moving = DB_COLUMNS(rows, MOVING);
const struct db_columns open_hold_columns = DB_COLUMNS(open_rows, 0);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct hold, version_stored) } };

const struct db_columns hold_columns_version_stored = DB_COLUMNS(version_rows, 0);
