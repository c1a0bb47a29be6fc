#include "consumers/debts/payment/store.h"

#include "base/must.h"
#include "consumers/debts/payment/columns.h"
#include "consumers/debts/payment/payment.h"

/* Nearly every command has a new payment id, and a UUIDv7 above the highest stored one needs no look-up. */
static struct db_template select_payments = {
	.name = "debts_select_payments",
	.columns = &payment_columns_allocated,
	.sql = "SELECT u.n, p.source, e.entry_no, {p.columns} "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.payment t WHERE t.payment_id = u.id OFFSET 0) p "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.ledger_entry t WHERE t.part = p.part AND t.seq = p.entry_seq OFFSET 0) e "
	       "WHERE u.id <= (SELECT payment_id FROM debts.payment WHERE payment_id IS NOT NULL "
	       "ORDER BY payment_id DESC LIMIT 1)",
};

static int read_payment(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct payment *payment = slot->state;

	(void)self;
	(void)err;
	payment_set_source(payment, db_str(result, row, 1));
	payment->entry_no = db_int32(result, row, 2);
	MUST(balances_sum(&payment->allocated) == payment->amount_minor);
	return 0;
}

const struct slot_query payment_query = { .entity = &payment_entity, .template = &select_payments, .read = read_payment };
