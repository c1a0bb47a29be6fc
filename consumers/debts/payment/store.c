#include "consumers/debts/payment/store.h"

#include "base/must.h"
#include "consumers/debts/payment/columns.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/store.h"
#include "schemas/debts.h"

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

const struct db_table payment_table = {
	.name = "debts.payment",
	.columns = "payment_id uuid, part integer, currency text, method text, source text, external_ref text",
	.list = &payment_columns,
};

void payment_copy(struct db_copy *copy, const struct workset *set, const struct logged_event *logged)
{
	const struct payment_recorded *event = logged->event->body;
	const struct payment *payment = workset_changed(set, &payment_entity, &event->payment_id)->state;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->payment_id);
	db_copy_int32(copy, logged->part);
	db_copy_str(copy, event->currency);
	db_copy_str(copy, event->method);
	db_copy_str(copy, event->source);
	db_copy_str(copy, event->external_ref);
	db_copy_columns(copy, &payment_columns, payment);
}

static const struct db_statement update_payments = {
	.name = "debts_update_payments",
	.sql = "UPDATE debts.payment p SET state = 'reversed' FROM unnest($1::uuid[]) AS u (id) "
	       "WHERE p.payment_id = u.id AND p.state = 'settled'",
};

int payment_update(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	size_t count;
	struct slot **slots = slots_to_update(&store->list, set, &payment_entity, &count);

	db_params_reset(&store->params);
	slots_add_ids(&store->params, slots, count);
	return db_write(db, &update_payments, &store->params, count, err);
}
