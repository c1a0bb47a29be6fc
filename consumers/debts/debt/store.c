#include "consumers/debts/debt/store.h"

#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debts.h"

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

const struct slot_query debt_query = { .entity = &debt_entity, .template = &select_debts, .read = read_debt };

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

const struct slot_query debt_query_terms = { .entity = &debt_terms_entity, .statement = &select_terms, .read = read_terms };

/* Of another module: a debt is made for an active customer. */
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

const struct slot_query debt_query_customer = {
	.entity = &debts_customer_entity,
	.statement = &select_customers,
	.read = read_customer,
};
