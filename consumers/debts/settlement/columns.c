#include "consumers/debts/settlement/columns.h"

#include "consumers/debts/debts.h"

enum { MOVING = 1 << 0 };

/* clang-format off */
#define DISCOUNT(NAME, name, ...) \
	{ "discount_" #name "_minor", DB_INT64(struct settlement, discount.minor[ACCOUNT_##NAME]), .set = MOVING, .or_null = true },

static const struct db_column rows[] = {
	{ "customer_id", DB_UUID(struct settlement, customer_id) },
	{ "debt_id", DB_UUID(struct settlement, debt_id) },
	{ "amount_minor", DB_INT64(struct settlement, amount_minor) },
	{ "balance_minor", DB_INT64(struct settlement, balance_minor), .set = MOVING },
	{ "paid_minor", DB_INT64(struct settlement, paid_minor), .set = MOVING },
	OWED_ACCOUNTS(DISCOUNT, )
	{ "version", DB_INT64(struct settlement, version), .set = MOVING },
	{ "offered_on", DB_DATE(struct settlement, offered_on) },
	{ "expires_on", DB_DATE(struct settlement, expires_on) },
	{ "pay_by", DB_DATE(struct settlement, pay_by) },
	{ "grace_ends_on", DB_DATE(struct settlement, grace_ends_on) },
	{ "accepted_on", DB_DATE(struct settlement, accepted_on), .set = MOVING, .or_null = true },
	{ "after_entries", DB_INT32(struct settlement, after_entries), .set = MOVING },
	{ "state", DB_WORD(struct settlement, state, settlement_state_words), .set = MOVING },
};
/* clang-format on */

const struct db_columns settlement_columns = DB_COLUMNS(rows, 0);
const struct db_columns settlement_columns_moving = DB_COLUMNS(rows, MOVING);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct settlement, version_stored) } };

const struct db_columns settlement_columns_version_stored = DB_COLUMNS(version_rows, 0);
