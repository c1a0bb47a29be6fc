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
