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

/* The entry, which is booked already, has left nothing. */
static void leave(struct workset *set, const struct uuid *debt_id, int64_t version, enum lifecycle_cause cause)
{
	struct debt *debt = debt_change(set, debt_id, version);

	MUST(balances_owed(&debt->balances) == 0);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	debt_move(debt, cause);
}

void closing_on_written_off(struct workset *set, const void *body)
{
	const struct debt_written_off *event = body;
	leave(set, &event->debt_id, event->version, CAUSE_WRITTEN_OFF);
}

/* What went back to the creditor is not charged any more, as after a cancellation. */
static void return_to_creditor(struct workset *set, const struct uuid *debt_id, int64_t minor)
{
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, debt_id);

	terms->charged_minor -= minor;
	MUST(terms->charged_minor >= 0);
}

void closing_on_transferred(struct workset *set, const void *body)
{
	const struct debt_transferred *event = body;

	leave(set, &event->debt_id, event->version, CAUSE_TRANSFERRED);
	return_to_creditor(set, &event->debt_id, event->amount_minor);
}

void closing_on_recalled(struct workset *set, const void *body)
{
	const struct debt_recalled *event = body;

	leave(set, &event->debt_id, event->version, CAUSE_RECALLED);
	return_to_creditor(set, &event->debt_id, event->amount_minor - event->credit_minor);
}
