#include "model/balances.h"

#include "base/money.h"
#include "base/must.h"

#define ACCOUNT_FIELD(NAME, name, member) [ACCOUNT_##NAME] = #name member,

const char *account_field(enum account account)
{
	static const char *const fields[] = { ACCOUNTS(ACCOUNT_FIELD, "_minor") };

	MUST(account < ACCOUNT_COUNT);
	return fields[account];
}

static int64_t sum(int64_t a_minor, int64_t b_minor)
{
	int64_t sum_minor = 0;
	bool fits = money_add(a_minor, b_minor, &sum_minor);

	MUST(fits);
	return sum_minor;
}

static int64_t difference(int64_t a_minor, int64_t b_minor)
{
	int64_t difference_minor = 0;
	bool fits = money_sub(a_minor, b_minor, &difference_minor);

	MUST(fits);
	return difference_minor;
}

int64_t balances_owed(const struct balances *balances)
{
	int64_t owed_minor = 0;

	for (int account = 0; account < ACCOUNT_OWED_COUNT; account++)
		owed_minor = sum(owed_minor, balances->minor[account]);
	return owed_minor;
}

int64_t balances_sum(const struct balances *balances)
{
	return sum(balances_owed(balances), balances->minor[ACCOUNT_CREDIT]);
}

struct balances balances_negated(const struct balances *balances)
{
	struct balances negated;

	for (int account = 0; account < ACCOUNT_COUNT; account++)
		negated.minor[account] = difference(0, balances->minor[account]);
	return negated;
}

void balances_add(struct balances *balances, const struct balances *added)
{
	for (int account = 0; account < ACCOUNT_COUNT; account++)
		balances->minor[account] = sum(balances->minor[account], added->minor[account]);
}

void balances_post(struct balances *balances, const struct balances *debits)
{
	for (int account = 0; account < ACCOUNT_OWED_COUNT; account++)
		balances->minor[account] = sum(balances->minor[account], debits->minor[account]);
	balances->minor[ACCOUNT_CREDIT] = difference(balances->minor[ACCOUNT_CREDIT], debits->minor[ACCOUNT_CREDIT]);
}

bool balances_are_negative(const struct balances *balances)
{
	for (int account = 0; account < ACCOUNT_COUNT; account++)
		if (balances->minor[account] < 0)
			return true;
	return false;
}
