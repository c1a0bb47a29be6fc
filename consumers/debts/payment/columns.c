#include "consumers/debts/payment/columns.h"

#include "consumers/debts/debts.h"

enum { OF_PAYMENT = 1 << 0 };

/* clang-format off */
/* The ledger entry credits the payment's accounts, so its amounts are below 0. */
#define ALLOCATED(NAME, name, ...) \
	{ #name "_minor", DB_INT64(struct payment, allocated.minor[ACCOUNT_##NAME]), .or_null = true, .load = "-e." #name "_minor" },

static const struct db_column payment_rows[] = {
	{ "customer_id", DB_UUID(struct payment, customer_id), .set = OF_PAYMENT },
	{ "debt_id", DB_UUID(struct payment, debt_id), .set = OF_PAYMENT },
	{ "amount_minor", DB_INT64(struct payment, amount_minor), .set = OF_PAYMENT },
	{ "refunded_minor", DB_INT64(struct payment, refunded_minor), .set = OF_PAYMENT },
	{ "entry_seq", DB_INT64(struct payment, entry_seq), .set = OF_PAYMENT },
	{ "received_on", DB_DATE(struct payment, received_on), .set = OF_PAYMENT },
	{ "state", DB_WORD(struct payment, state, payment_state_words), .set = OF_PAYMENT },
	ACCOUNTS(ALLOCATED, allocated)
};
/* clang-format on */

const struct db_columns payment_columns = DB_COLUMNS(payment_rows, OF_PAYMENT);
const struct db_columns payment_columns_allocated = DB_COLUMNS(payment_rows, 0);
