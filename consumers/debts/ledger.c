#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/debts.h"

/* The arithmetic of a debt's accounts. Pure; nothing here knows of commands. */

int64_t balances_owed(const struct balances *balances)
{
	return balances->cost_minor + balances->fee_minor + balances->interest_minor + balances->principal_minor;
}

/* Moves up to *rest of `from` into the result, and takes it off *rest. */
static int64_t take(int64_t from_minor, int64_t *rest_minor)
{
	int64_t part_minor = from_minor < *rest_minor ? from_minor : *rest_minor;

	MUST(part_minor >= 0);
	*rest_minor -= part_minor;
	return part_minor;
}

struct balances allocate(const struct balances *owed, int64_t amount_minor)
{
	struct balances allocated;

	MUST(amount_minor >= 0);
	allocated.cost_minor = take(owed->cost_minor, &amount_minor);
	allocated.fee_minor = take(owed->fee_minor, &amount_minor);
	allocated.interest_minor = take(owed->interest_minor, &amount_minor);
	allocated.principal_minor = take(owed->principal_minor, &amount_minor);
	allocated.credit_minor = amount_minor;
	return allocated;
}

int64_t standing_payments(const struct debt *debt, const struct debt_terms *terms)
{
	return terms->charged_minor - balances_owed(&debt->balances) + debt->balances.credit_minor;
}

struct balances deallocate(const struct balances *allocated, int64_t amount_minor)
{
	struct balances returned = { 0 };

	MUST(amount_minor >= 0);
	returned.principal_minor = take(allocated->principal_minor, &amount_minor);
	returned.interest_minor = take(allocated->interest_minor, &amount_minor);
	returned.fee_minor = take(allocated->fee_minor, &amount_minor);
	returned.cost_minor = take(allocated->cost_minor, &amount_minor);
	MUST(amount_minor == 0);
	return returned;
}
