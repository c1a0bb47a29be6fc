#include "consumers/debts/payment/columns.h"

#include "consumers/debts/debts.h"

enum { STORED = 1 << 0 };

/* clang-format off */
/* The ledger entry credits the payment's accounts, so its amounts are below 0. */
#define ALLOCATED(NAME, name, ...) \
	{ #name "_minor", DB_INT64(struct payment, allocated.minor[ACCOUNT_##NAME]), .or_null = true, .load = "-e." #name "_minor" },

static const struct db_column payment_rows[] = {
	{ "customer_id", DB_UUID(struct payment, customer_id), .set = STORED },
	{ "debt_id", DB_UUID(struct payment, debt_id), .set = STORED },
	{ "amount_minor", DB_INT64(struct payment, amount_minor), .set = STORED },
	{ "entry_seq", DB_INT64(struct payment, entry_seq), .set = STORED },
	{ "received_on", DB_DATE(struct payment, received_on), .set = STORED },
	{ "state", DB_WORD(struct payment, state, payment_state_words), .set = STORED },
	ACCOUNTS(ALLOCATED, allocated)
};
/* clang-format on */

const struct db_columns payment_columns = DB_COLUMNS(payment_rows, STORED);
const struct db_columns payment_columns_allocated = DB_COLUMNS(payment_rows, 0);
