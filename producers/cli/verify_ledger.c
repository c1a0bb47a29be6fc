/* P5 between modules: a debt's customer is one that there is. What the ledger says is checked where it is read (verify_debts.c).
 */
#include "verify.h"

static const struct db_statement select_owners = {
	"verify_owners",
	"SELECT format('debts debt %s', d.debt_id), 'its customer is not known' FROM debts.debt d "
	"LEFT JOIN customers.public_customer c ON c.customer_id = d.customer_id WHERE c.customer_id IS NULL LIMIT 1000"
};

int verify_owners(struct verify *verify, struct err *err)
{
	bool exists = false;

	if (table_exists(verify, "debts.debt", &exists, err) != 0)
		return -1;
	return exists ? find_by_query(verify, 5, &select_owners, err) : 0;
}
