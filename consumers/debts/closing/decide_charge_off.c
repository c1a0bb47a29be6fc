#include "base/must.h"
#include "consumers/debts/closing/closing.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"

/* ---- ChargeOff ---- */

bool debt_takes_charge_off(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_CHARGED_OFF) != LIFECYCLE_NONE;
}

static bool reason_is_said(struct str reason, struct decision *decision)
{
	if (reason.size == 0)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "say why");
	return reason.size > 0;
}

static bool can_be_charged_off(const struct debt *debt, struct decision *decision)
{
	if (debt_takes_charge_off(debt->lifecycle))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "the debt is %s",
			lifecycle_name((enum lifecycle)debt->lifecycle));
	return false;
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
	struct plan_review review;

	if (!reason_is_said(body->reason, decision) || !debt_is_known(debt, &body->customer_id, decision) ||
	    !debt_is_expected(debt, body->has_expected_version, body->expected_version, decision) ||
	    !can_be_charged_off(debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = (struct plan_review){ .debt = debt, .version = debt->version, .lifecycle = (enum lifecycle)debt->lifecycle };
	plan_end(&review, PLAN_END_DEBT_CHARGED_OFF, set, decision);
	add_charged_off(body, &review, decision);
	promise_review(&(struct promise_review){ .debt_id = &body->debt_id,
						 .debt = debt,
						 .version = review.version,
						 .ended_by = PROMISE_END_DEBT_CHARGED_OFF },
		       set, decision);
}

/* ---- UndoChargeOff ---- */

bool debt_is_charged_off(unsigned lifecycle)
{
	return lifecycle == LIFECYCLE_CHARGED_OFF;
}

/* A recovery that was booked as one stays one; so what was booked since has to be right about the debt. */
static bool can_be_undone(const struct debt *debt, struct decision *decision)
{
	if (!debt_is_charged_off(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "the debt is %s",
				lifecycle_name((enum lifecycle)debt->lifecycle));
		return false;
	}
	if (debt->entries != debt->charged_off_entries) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "something was booked since it was charged off");
		return false;
	}
	return true;
}

/* A debt that was NEW may have become due meanwhile, and its timer has passed without effect. */
void decide_undo_charge_off(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct undo_charge_off *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct charge_off_undone *event;

	if (!reason_is_said(body->reason, decision) || !debt_is_known(debt, &body->customer_id, decision) ||
	    !debt_is_expected(debt, body->has_expected_version, body->expected_version, decision) ||
	    !can_be_undone(debt, decision))
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
