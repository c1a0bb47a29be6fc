#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/ledger/ledger.h"

/* The arithmetic of a debt's accounts. Pure; nothing here knows of commands. */

/* consumers/DOMAIN.md 6: what is owed in the order in which it is paid. There is no account for penalties: cost stands for it. */
static const enum account orders[][ACCOUNT_OWED_COUNT] = {
	[ORDER_COST_INTEREST_PRINCIPAL] = { ACCOUNT_COST, ACCOUNT_FEE, ACCOUNT_INTEREST, ACCOUNT_PRINCIPAL }, /* BGB 367(1) */
	[ORDER_COST_PRINCIPAL_INTEREST] = { ACCOUNT_COST, ACCOUNT_PRINCIPAL, ACCOUNT_FEE, ACCOUNT_INTEREST }, /* BGB 497(3) */
	[ORDER_PENALTY_FEE_INTEREST_PRINCIPAL] = { ACCOUNT_COST, ACCOUNT_FEE, ACCOUNT_INTEREST, ACCOUNT_PRINCIPAL },
	[ORDER_INTEREST_PRINCIPAL] = { ACCOUNT_INTEREST, ACCOUNT_PRINCIPAL, ACCOUNT_FEE, ACCOUNT_COST },
	[ORDER_FEES_FIRST] = { ACCOUNT_FEE, ACCOUNT_COST, ACCOUNT_INTEREST, ACCOUNT_PRINCIPAL },
	[ORDER_PRINCIPAL_FIRST] = { ACCOUNT_PRINCIPAL, ACCOUNT_INTEREST, ACCOUNT_FEE, ACCOUNT_COST },
};
_Static_assert(COUNT(orders) == ALLOCATION_ORDER_COUNT, "each order says what is paid first");

static const enum account *accounts_in(uint32_t order)
{
	MUST(order < ALLOCATION_ORDER_COUNT);
	return orders[order == ORDER_NONE ? ORDER_COST_INTEREST_PRINCIPAL : order];
}

/* Takes up to *rest_minor from an account, and subtracts it from *rest_minor. */
static int64_t take(int64_t from_minor, int64_t *rest_minor)
{
	int64_t part_minor = from_minor < *rest_minor ? from_minor : *rest_minor;

	MUST(part_minor >= 0);
	*rest_minor -= part_minor;
	return part_minor;
}

struct balances ledger_allocate(uint32_t order, const struct balances *owed, int64_t amount_minor)
{
	const enum account *accounts = accounts_in(order);
	struct balances allocated = { 0 };

	MUST(amount_minor >= 0);
	for (int i = 0; i < ACCOUNT_OWED_COUNT; i++)
		allocated.minor[accounts[i]] = take(owed->minor[accounts[i]], &amount_minor);
	allocated.minor[ACCOUNT_CREDIT] = amount_minor;
	return allocated;
}

struct balances ledger_deallocate(uint32_t order, const struct balances *allocated, int64_t amount_minor)
{
	const enum account *accounts = accounts_in(order);
	struct balances returned = { 0 };

	MUST(amount_minor >= 0);
	for (int i = ACCOUNT_OWED_COUNT - 1; i >= 0; i--)
		returned.minor[accounts[i]] = take(allocated->minor[accounts[i]], &amount_minor);
	MUST(amount_minor == 0);
	return returned;
}

struct balances ledger_credit_debits(const struct balances *applied)
{
	struct balances debits = balances_negated(applied);

	debits.minor[ACCOUNT_CREDIT] = balances_owed(applied);
	return debits;
}

#define ACCOUNT_OF_COMPONENT(NAME, name, ...) [COMPONENT_##NAME] = ACCOUNT_##NAME,

enum account component_account(enum component component)
{
	static const enum account accounts[] = { OWED_ACCOUNTS(ACCOUNT_OF_COMPONENT, ) };

	_Static_assert(COUNT(accounts) == COMPONENT_COUNT, "each component is an account");
	MUST(component > COMPONENT_NONE && component < COMPONENT_COUNT);
	return accounts[component];
}
