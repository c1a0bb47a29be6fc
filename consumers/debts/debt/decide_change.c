#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/reference/reference.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"

/* The changes of a debt by people, beside payments: AmendDebt, CancelDebt. */

/* The sum of the payments that were not reversed. */
static int64_t debt_standing_payments(const struct debt *debt, const struct debt_terms *terms)
{
	return terms->charged_minor - balances_owed(&debt->balances) + debt->balances.minor[ACCOUNT_CREDIT];
}

/* ---- AmendDebt ---- */

static bool amendment_is_good(const struct amend_debt *body, struct decision *decision)
{
	if (!body->has_due_on && !body->has_external_ref) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "",
				"nothing to change is given: neither the due date nor the reference");
	} else if (body->has_external_ref && body->external_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is empty");
	} else if (body->reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "say why");
	} else if (body->has_due_on && (body->due_on < DEBTS_DAY_MIN || body->due_on > DEBTS_DAY_MAX)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "due_on", "not between the years 1900 and 2199");
	} else {
		return true;
	}
	return false;
}

/* *ret_slot NULL: the reference was not looked up. */
static bool reference_is_free(const struct amend_debt *body, const struct debt *debt, const struct debt_terms *terms,
			      const struct workset *set, const struct slot **ret_slot, struct decision *decision)
{
	struct reference_key key;
	struct uuid id;

	if (!reference_key_of_debt(&key, &debt->creditor_id, body->external_ref)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is too long");
		return false;
	}
	id = reference_id(&key);
	*ret_slot = workset_find(set, &debt_reference_entity, &id);
	if (*ret_slot == NULL || str_is(body->external_ref, terms->external_ref))
		return true;
	return debt_reference_is_free(&id, &debt->creditor_id, set, decision);
}

static bool debt_takes_amendment(const struct amend_debt *body, const struct debt *debt, const struct debt_terms *terms,
				 const struct workset *set, struct decision *decision)
{
	const struct slot *reference = NULL;

	if (body->has_due_on && body->due_on < terms->opened_on) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "due_on", "before the debt was opened");
		return false;
	}
	if (body->has_external_ref && !reference_is_free(body, debt, terms, set, &reference, decision))
		return false;
	if (!debt_is_expected(debt, body->has_expected_version, body->expected_version, decision))
		return false;
	if (!debt_is_in_books(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id",
				"the debt was written off, transferred or cancelled");
		return false;
	}
	/* The reference was not touched, because its creditor was unknown: the debt is created earlier in this batch. */
	if (body->has_external_ref && reference == NULL) {
		decision_wait(decision, "debt_id", "the debt is being created; this is done right after");
		return false;
	}
	return true;
}

/* It may be past due by other days now. One that is ACTIVE stays so though it is due later: its days past due are 0 again. */
static void follow_due_date(const struct debt_amended *event, const struct debt *debt, const struct workset *set,
			    struct decision *decision)
{
	struct delinquency_review review = delinquency_of(&event->debt_id, debt);

	review.due_on = event->due_on;
	review.paused = paused_of(event->due_on, workset_state(set, &debt_pauses_entity, &event->debt_id),
				  workset_state(set, &debt_holds_entity, &event->debt_id));
	if (debt->lifecycle == LIFECYCLE_NEW) {
		debt_follow_due_date(&event->debt_id, debt, event->due_on, event->version + 1, decision);
		if (debt_is_due(event->due_on, decision->command->today))
			review.lifecycle = LIFECYCLE_ACTIVE;
	}
	delinquency_follow(&review, decision);
}

void decide_amend_debt(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct amend_debt *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debt_terms *terms = workset_state(set, &debt_terms_entity, &body->debt_id);
	struct debt_amended *event;
	struct str previous_ref;

	if (!amendment_is_good(body, decision) || !debt_is_known(debt, &body->customer_id, decision))
		return;
	MUST(terms != NULL);
	if (!debt_takes_amendment(body, debt, terms, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &debt_amended_type);
	previous_ref = decision_text(decision, terms->external_ref);
	event->debt_id = body->debt_id;
	event->customer_id = body->customer_id;
	event->version = debt->version + 1;
	event->creditor_id = debt->creditor_id;
	event->currency = str_of(debt->currency);
	event->previous_due_on = debt->due_on;
	event->due_on = body->has_due_on ? body->due_on : debt->due_on;
	event->previous_external_ref = previous_ref;
	event->external_ref = body->has_external_ref ? body->external_ref : previous_ref;
	event->balance_minor = balances_owed(&debt->balances);
	event->amended_on = command->today;
	event->reason = body->reason;
	event->by = command->actor;
	if (event->due_on != event->previous_due_on)
		follow_due_date(event, debt, set, decision);
}

/* ---- CancelDebt ---- */

static bool cancellation_is_good(const struct cancel_debt *body, struct decision *decision)
{
	if (cancel_reason_by_name(body->reason) == CANCEL_REASON_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " CANCEL_REASON_LISTED);
	} else if (body->has_comment && body->comment.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "comment", "the comment is empty");
	} else {
		return true;
	}
	return false;
}

/*
 * Payments on a debt that should not exist belong to the payer: each is reversed first, so that the ledger shows where it went.
 * Then only the charges are left, and the cancellation mirrors them.
 */
static bool debt_can_be_cancelled(const struct debt *debt, const struct debt_terms *terms, struct decision *decision)
{
	const struct currency *currency = currency_find(str_of(debt->currency));
	int64_t paid_minor = debt_standing_payments(debt, terms);
	char paid[32];

	MUST(currency != NULL);
	if (!debt_is_cancellable(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id",
				"the debt is %s: only NEW and ACTIVE ones are cancelled", lifecycle_name(debt->lifecycle));
		return false;
	}
	if (paid_minor != 0) {
		money_format(paid, paid_minor, currency);
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id",
				"%s %s were paid: reverse the payments first, then cancel", paid, debt->currency);
		return false;
	}
	return true;
}

void decide_cancel_debt(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct cancel_debt *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debt_terms *terms = workset_state(set, &debt_terms_entity, &body->debt_id);
	struct settlement_review settlement;
	struct debt_cancelled *event;

	if (!cancellation_is_good(body, decision) || !debt_is_known(debt, &body->customer_id, decision) ||
	    !debt_is_expected(debt, body->has_expected_version, body->expected_version, decision))
		return;
	MUST(terms != NULL);
	if (!debt_can_be_cancelled(debt, terms, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	event = decision_event(decision, &debt_cancelled_type);
	event->debt_id = body->debt_id;
	event->customer_id = body->customer_id;
	event->version = debt->version + 1;
	event->creditor_id = debt->creditor_id;
	event->due_on = debt->due_on;
	event->currency = str_of(debt->currency);
	event->cancelled_on = command->today;
	event->reason = body->reason;
	event->has_comment = body->has_comment;
	event->comment = body->comment;
	event->amount_minor = balances_owed(&debt->balances);
	OWED_INTO(event, &debt->balances);
	event->by = command->actor;
	settlement = (struct settlement_review){ .debt = debt, .version = event->version };
	settlement_end(&settlement, SETTLEMENT_END_DEBT_CANCELLED, set, decision);
	promise_review(&(struct promise_review){ .debt_id = &body->debt_id,
						 .debt = debt,
						 .version = settlement.version,
						 .ended_by = PROMISE_END_DEBT_CANCELLED },
		       set, decision);
	decision_cancel_timer(decision, &delinquency_timer, &body->debt_id);
}
