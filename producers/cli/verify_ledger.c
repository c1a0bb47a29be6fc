/*
 * Promises between modules. P5: the customer of a debt exists; the ledger is checked where it is read (verify_debts.c). P7: the
 * creditors and portfolios of a message are those of its debts.
 */
#include "verify.h"

static const struct db_statement select_owners = {
	"verify_owners",
	"SELECT format('debts debt %s', d.debt_id), 'its customer is not known' FROM debts.debt d "
	"LEFT JOIN customers.public_customer c ON c.customer_id = d.customer_id WHERE c.customer_id IS NULL LIMIT 1000"
};

/*
 * A trigger makes the rows, for the debts that exist at that time. A released message names existing debts only; a suppressed one
 * may name debts that are created later.
 */
static const struct db_statement select_creditors = {
	"verify_creditors",
	"SELECT format('communications.creditor_communication %s', communication_id), CASE WHEN k.communication_id IS NULL THEN "
	"'the row is missing, and the debts say that there is one' ELSE 'a column is not what the message and its debts say' "
	"END "
	"FROM (SELECT n.communication_id, array_agg(d.creditor_id) AS creditors, count(DISTINCT d.creditor_id) = 1 AS is_one, "
	"communications.only_portfolio(array_agg(d.portfolio_id)) AS portfolio FROM communications.communication_debt n "
	"JOIN debts.debt d USING (debt_id) GROUP BY n.communication_id) w "
	"FULL JOIN communications.creditor_communication k USING (communication_id) "
	"LEFT JOIN communications.communication c USING (communication_id) "
	"WHERE CASE WHEN k.communication_id IS NULL THEN w.is_one AND c.template_version IS NOT NULL "
	"WHEN w.communication_id IS NULL OR k.creditor_id <> ALL (w.creditors) OR k.created_at IS DISTINCT FROM c.created_at "
	"THEN true "
	"ELSE c.template_version IS NOT NULL AND (NOT w.is_one OR w.portfolio IS DISTINCT FROM k.portfolio_id) END LIMIT 1000"
};

/* A trigger makes the rows, with the first debt. */
static const struct db_statement select_debtors = {
	"verify_debtors",
	"SELECT format('debts.creditor_customer %s %s', creditor_id, customer_id), CASE WHEN w.is_owed IS NULL THEN "
	"'no debt made this row' WHEN k.is_there IS NULL THEN 'the row is missing, and a debt says that there is one' "
	"ELSE 'created_at is not the customer''s' END "
	"FROM (SELECT DISTINCT creditor_id, customer_id, coalesce(portfolio_id, '00000000-0000-0000-0000-000000000000') AS "
	"portfolio, "
	"true AS is_owed FROM debts.debt) w "
	"FULL JOIN (SELECT creditor_id, customer_id, coalesce(portfolio_id, '00000000-0000-0000-0000-000000000000') AS "
	"portfolio, "
	"created_at, true AS is_there FROM debts.creditor_customer) k USING (creditor_id, customer_id, portfolio) "
	"LEFT JOIN customers.customer c USING (customer_id) "
	"WHERE w.is_owed IS NULL OR (k.is_there IS NULL AND c.customer_id IS NOT NULL) "
	"OR (k.is_there AND k.created_at <> c.created_at) LIMIT 1000"
};

static int find_in(struct verify *verify, const char *table, const struct db_statement *select, struct err *err)
{
	bool exists = false;

	if (table_exists(verify, table, &exists, err) != 0)
		return -1;
	return exists ? find_by_query(verify, 7, select, err) : 0;
}

int verify_creditors(struct verify *verify, struct err *err)
{
	if (find_in(verify, "debts.creditor_customer", &select_debtors, err) != 0)
		return -1;
	return find_in(verify, "communications.creditor_communication", &select_creditors, err);
}

int verify_owners(struct verify *verify, struct err *err)
{
	bool exists = false;

	if (table_exists(verify, "debts.debt", &exists, err) != 0)
		return -1;
	return exists ? find_by_query(verify, 5, &select_owners, err) : 0;
}
