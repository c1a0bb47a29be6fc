#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/payment/columns.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/reference/reference.h"
#include "consumers/debts/store.h"

/* ---- debts ---- */

static struct db_template select_debts = {
	.name = "debts_select_debts",
	.columns = &debt_columns,
	.sql = "SELECT u.n, d.ctid, {d.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN debts.debt d ON d.debt_id = u.id",
};

static int read_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debt *debt = slot->state;

	(void)self;
	(void)err;
	slot->locator = db_tid(result, row, 1);
	debt->version_stored = debt->version;
	debt->entries_stored = debt->entries;
	MUST(debt->lifecycle > LIFECYCLE_NONE);
	MUST(debt->lifecycle < LIFECYCLE_COUNT);
	return 0;
}

/*
 * For rare commands: the charges are summed from the ledger and are no column of the debt, so that no row changes its size for
 * them.
 */
static const struct db_statement select_terms = {
	.name = "debts_select_terms",
	.sql = "SELECT u.n, (SELECT -coalesce(sum(e.contra_minor), 0)::bigint FROM debts.ledger_of(d.debt_id) e "
	       "WHERE e.contra = 'CREDITOR_CLAIM'), d.opened_on, d.external_ref "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN debts.debt d ON d.debt_id = u.id",
};

static int read_terms(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debt_terms *terms = slot->state;

	(void)self;
	terms->charged_minor = db_int64(result, row, 1);
	terms->opened_on = db_date(result, row, 2);
	if (!str_to_chars(terms->external_ref, sizeof(terms->external_ref), db_str(result, row, 3)))
		return err_set(err, ERR_POISON, "a debt's reference is longer than any command's");
	return 0;
}

/* ---- payments ---- */

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

/* ---- natural keys ---- */

static const struct db_statement select_debt_references = {
	.name = "debts_select_debt_references",
	.sql = "SELECT u.n, d.portfolio_id FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (creditor_id, external_ref, "
	       "n) "
	       "JOIN debts.debt d ON d.creditor_id = u.creditor_id AND d.external_ref = u.external_ref",
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

static const struct db_statement select_payment_references = {
	.name = "debts_select_payment_references",
	.sql = "SELECT u.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (source, external_ref, n) "
	       "JOIN debts.payment p ON p.source = u.source AND p.external_ref = u.external_ref",
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

/* ---- customers: another module's ---- */

static const struct db_statement select_customers = {
	.name = "debts_select_customers",
	.sql = "SELECT u.n, c.status = 'active' FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.public_customer c ON c.customer_id = u.id",
};

static int read_customer(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debts_customer *customer = slot->state;

	(void)self;
	(void)err;
	customer->is_active = db_bool(result, row, 1) ? 1 : 0;
	return 0;
}

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

static const struct slot_query queries[] = {
	{ .entity = &debt_entity, .template = &select_debts, .read = read_debt },
	{ .entity = &debt_terms_entity, .statement = &select_terms, .read = read_terms },
	{ .entity = &payment_entity, .template = &select_payments, .read = read_payment },
	{ .entity = &debt_reference_entity,
	  .statement = &select_debt_references,
	  .ask = ask_debt_references,
	  .read = read_debt_reference },
	{ .entity = &payment_reference_entity,
	  .statement = &select_payment_references,
	  .ask = ask_payment_references,
	  .read = read_taken },
	{ .entity = &debts_customer_entity, .statement = &select_customers, .read = read_customer },
	{ .entity = &debts_acquaintance_entity,
	  .statement = &select_acquaintances,
	  .ask = ask_acquaintances,
	  .read = read_acquaintance },
};

int debts_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct debts_store *store = self;

	return slot_queries_run(&store->loader, db, queries, sizeof(queries) / sizeof(queries[0]), self, slots, count, err);
}
