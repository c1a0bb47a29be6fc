#include "base/must.h"
#include "consumers/debts/charge/charge.h"

/* What was charged in all follows; the balances, the ledger has booked already. */
static void change_terms(struct workset *set, const struct uuid *debt_id, int64_t version, int64_t by_minor)
{
	const struct debt *debt = debt_change(set, debt_id, version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, debt_id);

	terms->charged_minor += by_minor;
	MUST(terms->charged_minor >= 0);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
}

void charge_on_assessed(struct workset *set, const void *body)
{
	const struct charge_assessed *event = body;
	change_terms(set, &event->debt_id, event->version, event->amount_minor);
}

void charge_on_waived(struct workset *set, const void *body)
{
	const struct amount_waived *event = body;
	change_terms(set, &event->debt_id, event->version, -event->amount_minor);
}

void charge_on_adjusted(struct workset *set, const void *body)
{
	const struct balance_adjusted *event = body;
	bool is_up = adjustment_direction_by_name(event->direction) == ADJUSTMENT_UP;

	change_terms(set, &event->debt_id, event->version, is_up ? event->amount_minor : -event->amount_minor);
}
