#include "consumers/debts/payment/store.h"

#include "base/must.h"
#include "consumers/debts/payment/columns.h"
#include "consumers/debts/payment/payment.h"

/* Nearly every command has a new payment id, and a UUIDv7 above the highest stored one needs no look-up. */
static struct db_template select_payments = {
	.name = "debts_select_payments",
	.columns = &payment_columns_allocated,
	.sql = "SELECT u.n, p.source, {p.columns} "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN debts.payment p ON p.payment_id = u.id "
	       "JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = p.entry_seq "
	       "WHERE u.id <= (SELECT payment_id FROM debts.payment ORDER BY payment_id DESC LIMIT 1)",
};

static int read_payment(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct payment *payment = slot->state;

	(void)self;
	(void)err;
	payment_set_source(payment, db_str(result, row, 1));
	MUST(balances_sum(&payment->allocated) == payment->amount_minor);
	return 0;
}

const struct slot_query payment_query = { .entity = &payment_entity, .template = &select_payments, .read = read_payment };
