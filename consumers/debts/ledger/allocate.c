#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/ledger/ledger.h"

/* The arithmetic of a debt's accounts. Pure; nothing here knows of commands. */

/* BGB 367: costs, then interest, then principal. */
static const enum account order_of_payment[] = { ACCOUNT_COST, ACCOUNT_FEE, ACCOUNT_INTEREST, ACCOUNT_PRINCIPAL };

_Static_assert(COUNT(order_of_payment) == ACCOUNT_OWED_COUNT, "each that is owed has its place");

/* Takes up to *rest_minor from an account, and subtracts it from *rest_minor. */
static int64_t take(int64_t from_minor, int64_t *rest_minor)
{
	int64_t part_minor = from_minor < *rest_minor ? from_minor : *rest_minor;

	MUST(part_minor >= 0);
	*rest_minor -= part_minor;
	return part_minor;
}

struct balances ledger_allocate(const struct balances *owed, int64_t amount_minor)
{
	struct balances allocated = { 0 };

	MUST(amount_minor >= 0);
	for (int i = 0; i < ACCOUNT_OWED_COUNT; i++)
		allocated.minor[order_of_payment[i]] = take(owed->minor[order_of_payment[i]], &amount_minor);
	allocated.minor[ACCOUNT_CREDIT] = amount_minor;
	return allocated;
}

struct balances ledger_deallocate(const struct balances *allocated, int64_t amount_minor)
{
	struct balances returned = { 0 };

	MUST(amount_minor >= 0);
	for (int i = ACCOUNT_OWED_COUNT - 1; i >= 0; i--)
		returned.minor[order_of_payment[i]] = take(allocated->minor[order_of_payment[i]], &amount_minor);
	MUST(amount_minor == 0);
	return returned;
}

struct balances ledger_credit_debits(const struct balances *applied)
{
	struct balances debits = balances_negated(applied);

	debits.minor[ACCOUNT_CREDIT] = balances_owed(applied);
	return debits;
}
