#include "consumers/debts/creditor/columns.h"

#include "consumers/debts/creditor/creditor.h"

static const struct db_column creditor_rows[] = {
	{ "version", DB_INT64(struct creditor, version) },
	{ "name", DB_CHARS(struct creditor, name) },
	{ "legal_address", DB_CHARS(struct creditor, legal_address), .or_null = true },
	{ "is_original", DB_FLAG(struct creditor, is_original) },
	{ "regulated_class", DB_WORD(struct creditor, regulated_class, regulated_class_words) },
	{ "licence_refs", DB_CHARS(struct creditor, licence_refs), .or_null = true },
};

const struct db_columns creditor_columns = DB_COLUMNS(creditor_rows, 0);

static const struct db_column portfolio_rows[] = {
	{ "version", DB_INT64(struct portfolio, version) },
	{ "creditor_id", DB_UUID(struct portfolio, creditor_id) },
	{ "name", DB_CHARS(struct portfolio, name) },
	{ "product_kind", DB_WORD(struct portfolio, product_kind, product_kind_words) },
	{ "jurisdiction", DB_CHARS(struct portfolio, jurisdiction), .or_null = true },
	{ "allocation_policy_id", DB_UUID(struct portfolio, allocation_policy_id), .or_null = true },
};

const struct db_columns portfolio_columns = DB_COLUMNS(portfolio_rows, 0);

static const struct db_column debt_policy_rows[] = {
	{ "version", DB_INT64(struct debt_policy, version) },
	{ "kind", DB_WORD(struct debt_policy, kind, debt_policy_kind_words) },
	{ "title", DB_CHARS(struct debt_policy, title) },
	{ "allocation_order", DB_WORD(struct debt_policy, allocation, allocation_order_words), .or_null = true },
};

const struct db_columns debt_policy_columns = DB_COLUMNS(debt_policy_rows, 0);
