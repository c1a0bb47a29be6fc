#include "consumers/debts/debt/columns.h"

#include "consumers/debts/debts.h"

enum { POSTED = 1 << 0, CREDIT_USED = 1 << 1, AMENDED = 1 << 2, AGED = 1 << 3 };

/* clang-format off */
#define BALANCE(NAME, name, ...) { #name "_minor", DB_INT64(struct debt, balances.minor[ACCOUNT_##NAME]), .set = POSTED },
#define USED(NAME, name, ...) \
	{ "used_" #name "_minor", DB_INT64(struct debt, credit_used.minor[ACCOUNT_##NAME]), .set = CREDIT_USED, .or_null = true },

static const struct db_column debt_rows[] = {
	{ "customer_id", DB_UUID(struct debt, customer_id) },
	{ "creditor_id", DB_UUID(struct debt, creditor_id) },
	{ "version", DB_INT64(struct debt, version), .set = POSTED },
	{ "last_entry_seq", DB_INT64(struct debt, last_entry_seq), .set = POSTED },
	ACCOUNTS(BALANCE, balances)
	{ "entries", DB_INT32(struct debt, entries), .set = POSTED },
	{ "lifecycle", DB_SMALLINT(struct debt, lifecycle), .set = POSTED },
	{ "part", DB_INT32(struct debt, part), .set = POSTED },
	{ "opened_on", DB_DATE(struct debt, opened_on) },
	{ "due_on", DB_DATE(struct debt, due_on), .set = AMENDED },
	{ "currency", DB_CHARS(struct debt, currency) },
	{ "portfolio_id", DB_UUID(struct debt, portfolio_id), .or_null = true },
	{ "promise_id", DB_UUID(struct debt, promise_id), .set = AMENDED, .or_null = true },
	{ "plan_id", DB_UUID(struct debt, plan_id), .set = AMENDED, .or_null = true },
	{ "settlement_id", DB_UUID(struct debt, settlement_id), .set = AMENDED, .or_null = true },
	{ "allocation", DB_SMALLINT(struct debt, allocation), .or_null = true },
	{ "stopped", DB_SMALLINT(struct debt, stopped), .set = AMENDED, .or_null = true },
	{ "charged_off_on", DB_DATE(struct debt, charged_off_on), .set = AMENDED, .or_null = true },
	{ "charged_off_entries", DB_INT32(struct debt, charged_off_entries), .set = AMENDED, .or_null = true },
	{ "charged_off_from", DB_SMALLINT(struct debt, charged_off_from), .set = AMENDED, .or_null = true },
	{ "bucket", DB_SMALLINT(struct debt, bucket), .set = AGED, .or_null = true },
	{ "paused_days", DB_INT32(struct debt, paused_days), .set = AGED, .or_null = true },
	{ "paused_since", DB_DATE(struct debt, paused_since), .set = AGED, .or_null = true },
	OWED_ACCOUNTS(USED, credit_used)
};
/* clang-format on */

const struct db_columns debt_columns = DB_COLUMNS(debt_rows, 0);
const struct db_columns debt_columns_posted = DB_COLUMNS(debt_rows, POSTED);
const struct db_columns debt_columns_credit_used = DB_COLUMNS(debt_rows, CREDIT_USED);
const struct db_columns debt_columns_amended = DB_COLUMNS(debt_rows, AMENDED);
const struct db_columns debt_columns_aged = DB_COLUMNS(debt_rows, AGED);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct debt, version_stored) } };

const struct db_columns debt_columns_version_stored = DB_COLUMNS(version_rows, 0);
