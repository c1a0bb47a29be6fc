#include "consumers/debts/reference/store.h"

#include "consumers/debts/debts.h"
#include "consumers/debts/reference/reference.h"

/* ---- a debt: creditor and reference ---- */

static const struct db_statement select_debt_references = {
	.name = "debts_select_debt_references",
	.sql = "SELECT u.n, d.portfolio_id FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (creditor_id, external_ref, "
	       "n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.debt t WHERE t.creditor_id = u.creditor_id AND t.external_ref = "
	       "u.external_ref OFFSET 0) d",
};

static void ask_debt_references(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	struct uuid creditor_id;
	struct str external_ref;

	(void)self;
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		reference_split_debt(slots[index]->text, &creditor_id, &external_ref);
		db_array_uuid(params, &creditor_id);
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		reference_split_debt(slots[index]->text, &creditor_id, &external_ref);
		db_array_text(params, external_ref);
	}
}

static int read_debt_reference(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct taken *taken = slot->state;

	(void)self;
	(void)err;
	taken->is_taken = 1;
	if (!db_is_null(result, row, 1))
		taken->portfolio_id = db_uuid(result, row, 1);
	return 0;
}

const struct slot_query reference_query_debt = {
	.entity = &debt_reference_entity,
	.statement = &select_debt_references,
	.ask = ask_debt_references,
	.read = read_debt_reference,
};

/* ---- a payment: source and reference ---- */

static const struct db_statement select_payment_references = {
	.name = "debts_select_payment_references",
	.sql = "SELECT u.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (source, external_ref, n) "
	       "CROSS JOIN LATERAL (SELECT FROM debts.payment t WHERE t.source = u.source AND t.external_ref = u.external_ref "
	       "OFFSET 0) p",
};

static void ask_payment_references(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	struct str source;
	struct str external_ref;

	(void)self;
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		reference_split_payment(slots[index]->text, &source, &external_ref);
		db_array_text(params, source);
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		reference_split_payment(slots[index]->text, &source, &external_ref);
		db_array_text(params, external_ref);
	}
}

static int read_taken(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct taken *taken = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	taken->is_taken = 1;
	return 0;
}

const struct slot_query reference_query_payment = {
	.entity = &payment_reference_entity,
	.statement = &select_payment_references,
	.ask = ask_payment_references,
	.read = read_taken,
};

/* ---- an acquaintance: creditor and customer ---- */

/*
 * A creditor knows a customer that it introduced (public_acquaintance of the module customers), or that owes it a debt (this
 * module).
 */
static const struct db_statement select_acquaintances = {
	.name = "debts_select_acquaintances",
	.sql = "SELECT u.n FROM (SELECT n, creditor_id, customer_id, CASE WHEN portfolio_id IS NOT NULL THEN ARRAY[portfolio_id] "
	       "END AS "
	       "portfolios FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS u (creditor_id, portfolio_id, "
	       "customer_id, n)) u WHERE EXISTS (SELECT FROM customers.public_acquaintance k WHERE k.creditor_id = u.creditor_id "
	       "AND k.customer_id = u.customer_id AND public.dcs_in_portfolios(k.portfolio_ids, u.portfolios)) "
	       "OR EXISTS (SELECT FROM debts.debt d WHERE d.creditor_id = u.creditor_id AND d.customer_id = u.customer_id "
	       "AND public.dcs_in_portfolios(ARRAY[d.portfolio_id], u.portfolios))",
};

static void ask_acquaintances(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	struct scope_pair pair;
	struct uuid customer_id;

	(void)self;
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		reference_split_acquaintance(slots[index]->text, &pair, &customer_id);
		db_array_uuid(params, &pair.creditor_id);
	}
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		reference_split_acquaintance(slots[index]->text, &pair, &customer_id);
		if (uuid_is_none(&pair.portfolio_id))
			db_array_null(params);
		else
			db_array_uuid(params, &pair.portfolio_id);
	}
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		reference_split_acquaintance(slots[index]->text, &pair, &customer_id);
		db_array_uuid(params, &customer_id);
	}
}

static int read_acquaintance(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debts_acquaintance *acquaintance = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	acquaintance->is_known = 1;
	return 0;
}

const struct slot_query reference_query_acquaintance = {
	.entity = &debts_acquaintance_entity,
	.statement = &select_acquaintances,
	.ask = ask_acquaintances,
	.read = read_acquaintance,
};
