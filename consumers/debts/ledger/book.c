#include "base/must.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"

/* P5: the accounts and contra of every entry sum to zero, no balance is below 0, and the sum owed equals the event's balance. */
void ledger_book(struct workset *set, const struct posting *posting)
{
	struct debt *debt = workset_change(set, &debt_entity, posting->debt_id);

	MUST(balances_sum(&posting->debits) == -posting->contra_minor);
	balances_post(&debt->balances, &posting->debits);
	debt->entries++;
	MUST(!balances_are_negative(&debt->balances));
	MUST(balances_owed(&debt->balances) == posting->balance_minor);
}
