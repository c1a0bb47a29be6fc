#include "consumers/debts/dispute/columns.h"

#include "consumers/debts/debts.h"

enum { MOVING = 1 << 0 };

/* clang-format off */
static const struct db_column rows[] = {
	{ "customer_id", DB_UUID(struct dispute, customer_id) },
	{ "debt_id", DB_UUID(struct dispute, debt_id) },
	{ "duplicate_of", DB_UUID(struct dispute, duplicate_of), .or_null = true },
	{ "portion_minor", DB_INT64(struct dispute, portion_minor), .or_null = true },
	{ "version", DB_INT64(struct dispute, version), .set = MOVING },
	{ "received_on", DB_DATE(struct dispute, received_on) },
	{ "raised_on", DB_DATE(struct dispute, raised_on) },
	{ "sent_on", DB_DATE(struct dispute, sent_on), .set = MOVING, .or_null = true },
	{ "entries", DB_INT32(struct dispute, entries), .set = MOVING },
	{ "evidence_count", DB_INT32(struct dispute, evidence_count), .set = MOVING },
	{ "grounds", DB_WORD(struct dispute, grounds, dispute_grounds_words) },
	{ "state", DB_WORD(struct dispute, state, dispute_state_words), .set = MOVING },
	{ "in_writing", DB_FLAG(struct dispute, in_writing) },
	{ "within_validation", DB_FLAG(struct dispute, within_validation) },
	{ "verification_ref", DB_CHARS(struct dispute, verification_ref), .set = MOVING, .or_null = true },
	{ "evidence_refs", DB_CHARS(struct dispute, evidence_refs), .set = MOVING },
};

static const struct db_column listed[] = {
	{ "portion_minor", DB_INT64(struct dispute, portion_minor), .or_null = true },
	{ "entries", DB_INT32(struct dispute, entries) },
	{ "grounds", DB_WORD(struct dispute, grounds, dispute_grounds_words) },
	{ "state", DB_WORD(struct dispute, state, dispute_state_words) },
};
/* clang-format on */

const struct db_columns dispute_columns = DB_COLUMNS(rows, 0);
const struct db_columns dispute_columns_moving = DB_COLUMNS(rows, MOVING);
const struct db_columns dispute_columns_listed = DB_COLUMNS(listed, 0);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct dispute, version_stored) } };

const struct db_columns dispute_columns_version_stored = DB_COLUMNS(version_rows, 0);
