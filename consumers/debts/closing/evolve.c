#include "base/must.h"
#include "consumers/debts/closing/closing.h"

void closing_on_charged_off(struct workset *set, const void *body)
{
	const struct debt_charged_off *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(balances_owed(&debt->balances) == event->amount_minor);
	MUST(str_is(event->previous_lifecycle, lifecycle_name((enum lifecycle)debt->lifecycle)));
	debt->charged_off_on = event->charged_off_on;
	debt->charged_off_entries = debt->entries;
	debt->charged_off_from = debt->lifecycle;
	debt_move(debt, CAUSE_CHARGED_OFF);
}

/* Back the way that it has come. */
void closing_on_charge_off_undone(struct workset *set, const void *body)
{
	const struct charge_off_undone *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(debt->lifecycle == LIFECYCLE_CHARGED_OFF);
	MUST(lifecycle_after((enum lifecycle)debt->charged_off_from, CAUSE_CHARGED_OFF) == LIFECYCLE_CHARGED_OFF);
	debt->lifecycle = debt->charged_off_from;
	debt->charged_off_on = 0;
	debt->charged_off_entries = 0;
	debt->charged_off_from = LIFECYCLE_NONE;
}
