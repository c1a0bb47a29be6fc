#include "consumers/debts/charge/charge.h"
#include "consumers/debts/closing/common.h"

/* The debt leaves our books for good: WriteOff, TransferDebt, RecallDebt. */

/* What the three events have in common. */
#define LEFT(event, body, review)                                                                                                \
	do {                                                                                                                     \
		const struct debt *left_debt = (review)->debt;                                                                   \
		ABOUT_DEBT(event, left_debt, (body)->debt_id, ++(review)->version);                                              \
		(event)->due_on = left_debt->due_on;                                                                             \
		(event)->amount_minor = balances_owed(&left_debt->balances);                                                     \
		OWED_INTO(event, &left_debt->balances);                                                                          \
		(event)->reason = (body)->reason;                                                                                \
	} while (0)

/* ---- WriteOff ---- */

bool debt_can_be_written_off(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_WRITTEN_OFF) != LIFECYCLE_NONE;
}

/* The second person vouches for the amount of that version; it must not be more at the approval. */
static void keep(const struct write_off *body, const struct debt *debt, struct decision *decision)
{
	if (body->has_expected_version)
		charge_keep(str_of(debt->currency), decision);
	else
		decision_refuse(decision, REFUSAL_BAD_VALUE, "expected_version",
				"so much is written off by two persons, who name the version of the debt");
}

void decide_write_off(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct write_off *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct debt_written_off *event;
	struct plan_review review;

	if (!closing_is_good(CLOSING_OF(body), debt, debt_can_be_written_off, decision))
		return;
	if (!charge_may_alone(command, balances_owed(&debt->balances))) {
		keep(body, debt, decision);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	review = closing_begin(debt, PLAN_END_DEBT_WRITTEN_OFF, SETTLEMENT_END_DEBT_WRITTEN_OFF, set, decision);
	event = decision_event(decision, &debt_written_off_type);
	LEFT(event, body, &review);
	event->written_off_on = command->today;
	event->has_approved_by = command->approval != NULL;
	if (command->approval != NULL)
		event->approved_by = command->approval->actor;
	closing_end(&body->debt_id, &review, PROMISE_END_DEBT_WRITTEN_OFF, set, decision);
	decision_cancel_timer(decision, &delinquency_timer, &body->debt_id);
}

/* ---- TransferDebt ---- */

bool debt_can_be_transferred(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_TRANSFERRED) != LIFECYCLE_NONE;
}

static bool transfer_is_good(const struct transfer_debt *body, struct decision *decision)
{
	if (transfer_kind_by_name(body->kind) == TRANSFER_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " TRANSFER_KIND_LISTED);
	} else if (body->transferee.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "transferee", "say to whom");
	} else {
		return true;
	}
	return false;
}

static bool transfer_day_is_good(bool is_good, struct decision *decision)
{
	if (!is_good)
		decision_refuse(decision, REFUSAL_BAD_DATE, "transferred_on",
				"before the debt was opened, or after the business date");
	return is_good;
}

static bool transfer_may_be(const struct transfer_debt *body, const struct debt *debt, struct decision *decision)
{
	const struct closing *closing = CLOSING_OF(body);

	if (!transfer_is_good(body, decision) || !closing_says_why(closing, decision) ||
	    !transfer_day_is_good(!body->has_transferred_on || body->transferred_on <= decision->command->today, decision) ||
	    !debt_is_known(debt, closing->customer_id, decision) ||
	    !transfer_day_is_good(!body->has_transferred_on || body->transferred_on >= debt->opened_on, decision) ||
	    !closing_is_taken(closing, debt, debt_can_be_transferred, decision))
		return false;
	if (!debt_is_stopped(debt, HOLD_EFFECT_SALE))
		return true;
	decision_refuse(decision, REFUSAL_HELD, "debt_id", "a hold stops the sale of the debt");
	return false;
}

void decide_transfer_debt(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct transfer_debt *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct debt_transferred *event;
	struct plan_review review;

	if (!transfer_may_be(body, debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = closing_begin(debt, PLAN_END_DEBT_TRANSFERRED, SETTLEMENT_END_DEBT_TRANSFERRED, set, decision);
	event = decision_event(decision, &debt_transferred_type);
	LEFT(event, body, &review);
	event->booked_on = command->today;
	event->transferred_on = body->has_transferred_on ? body->transferred_on : command->today;
	event->kind = body->kind;
	event->transferee = body->transferee;
	closing_end(&body->debt_id, &review, PROMISE_END_DEBT_TRANSFERRED, set, decision);
	decision_cancel_timer(decision, &delinquency_timer, &body->debt_id);
}

/* ---- RecallDebt ---- */

bool debt_can_be_recalled(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_RECALLED) != LIFECYCLE_NONE;
}

void decide_recall_debt(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct recall_debt *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct debt_recalled *event;
	struct plan_review review;

	if (!closing_is_good(CLOSING_OF(body), debt, debt_can_be_recalled, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = closing_begin(debt, PLAN_END_DEBT_RECALLED, SETTLEMENT_END_DEBT_RECALLED, set, decision);
	event = decision_event(decision, &debt_recalled_type);
	LEFT(event, body, &review);
	event->recalled_on = command->today;
	event->credit_minor = debt->balances.minor[ACCOUNT_CREDIT];
	closing_end(&body->debt_id, &review, PROMISE_END_DEBT_RECALLED, set, decision);
	decision_cancel_timer(decision, &delinquency_timer, &body->debt_id);
}
