#include "consumers/debts/closing/common.h"
#include "consumers/debts/delinquency/delinquency.h"

/* ---- ChargeOff ---- */

bool debt_takes_charge_off(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_CHARGED_OFF) != LIFECYCLE_NONE;
}

static void add_charged_off(const struct charge_off *body, struct plan_review *review, struct decision *decision)
{
	struct debt_charged_off *event = decision_event(decision, &debt_charged_off_type);
	const struct debt *debt = review->debt;

	ABOUT_DEBT(event, debt, body->debt_id, ++review->version);
	event->due_on = debt->due_on;
	event->charged_off_on = decision->command->today;
	event->previous_lifecycle = str_of(lifecycle_name(review->lifecycle));
	event->amount_minor = balances_owed(&debt->balances);
	OWED_INTO(event, &debt->balances);
	event->reason = body->reason;
}

void decide_charge_off(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct charge_off *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct delinquency_review ageing;
	struct plan_review review;

	if (!closing_is_good(CLOSING_OF(body), debt, debt_takes_charge_off, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = closing_begin(debt, PLAN_END_DEBT_CHARGED_OFF, SETTLEMENT_END_DEBT_CHARGED_OFF, set, decision);
	add_charged_off(body, &review, decision);
	closing_end(&body->debt_id, &review, PROMISE_END_DEBT_CHARGED_OFF, set, decision);
	ageing = delinquency_of(&body->debt_id, debt);
	ageing.lifecycle = LIFECYCLE_CHARGED_OFF;
	if (debt->lifecycle == LIFECYCLE_NEW) /* others age on */
		delinquency_follow(&ageing, decision);
}

/* ---- UndoChargeOff ---- */

bool debt_is_charged_off(unsigned lifecycle)
{
	return lifecycle == LIFECYCLE_CHARGED_OFF;
}

/* A recovery that was booked as one stays one; so what was booked since has to be right about the debt. */
static bool nothing_was_booked(const struct debt *debt, struct decision *decision)
{
	if (debt->entries == debt->charged_off_entries)
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "something was booked since it was charged off");
	return false;
}

/* A debt that was NEW may have become due meanwhile, and its timer has passed without effect. */
void decide_undo_charge_off(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct undo_charge_off *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct charge_off_undone *event;

	if (!closing_is_good(CLOSING_OF(body), debt, debt_is_charged_off, decision) || !nothing_was_booked(debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &charge_off_undone_type);
	ABOUT_DEBT(event, debt, body->debt_id, debt->version + 1);
	event->due_on = debt->due_on;
	event->undone_on = command->today;
	event->lifecycle = str_of(lifecycle_name((enum lifecycle)debt->charged_off_from));
	event->balance_minor = balances_owed(&debt->balances);
	event->reason = body->reason;
	if (debt->charged_off_from == LIFECYCLE_NEW)
		debt_follow_due_date(&body->debt_id, debt, debt->due_on, event->version + 1, decision);
}
