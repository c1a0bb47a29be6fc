#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/reference/reference.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"

/* ---- RecordPayment ---- */

static bool payment_body_is_good(const struct record_payment *body, int32_t today, struct decision *decision)
{
	if (uuid_is_none(&body->payment_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "payment_id", "the id is all zeros");
	} else if (body->source.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "source", "the source is empty");
	} else if (body->external_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is empty");
	} else if (payment_method_by_name(body->method) == PAYMENT_METHOD_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "method", "not one of " PAYMENT_METHOD_LISTED);
	} else if (body->has_reason && body->reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "the reason is empty");
	} else if (body->amount_minor <= 0 || body->amount_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else if (body->received_on < DEBTS_DAY_MIN || body->received_on > today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "received_on", "before the year 1900, or after the business date");
	} else {
		return true;
	}
	return false;
}

static bool payment_is_new(const struct record_payment *body, const struct workset *set, struct decision *decision)
{
	const struct payment *payment = workset_state(set, &payment_entity, &body->payment_id);
	struct reference_key key;
	struct uuid reference;

	if (payment != NULL && command_is_bound(decision->command) && !uuid_equal(&payment->debt_id, &body->debt_id)) {
		decision_refuse_unbound(decision, "payment_id"); /* the payment is on another debt, which may be hidden from
								    the issuer */
		return false;
	}
	if (payment != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "payment_id", "a payment has this id");
		return false;
	}
	if (!reference_key_of_payment(&key, body->source, body->external_ref)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the source or its reference is too long");
		return false;
	}
	reference = reference_id(&key);
	if (reference_is_taken(set, &payment_reference_entity, &reference)) {
		decision_refuse(decision, REFUSAL_EXISTS, "external_ref", "a payment of this source has this reference");
		return false;
	}
	return true;
}

/*
 * A payment on a debt on which nothing is owed is accepted as credit: refused, the money received would be in no ledger. Only a
 * debt that has left our books refuses payments.
 */
static bool debt_takes_payment(const struct record_payment *body, const struct debt *debt, struct decision *decision)
{
	int64_t credit_minor = 0;

	if (!str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
	} else if (body->received_on < debt->opened_on && !body->has_reason) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "received_on", "before the debt was opened, and no reason says why");
	} else if (!debt_is_in_books(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id",
				"the debt was written off, transferred or cancelled");
	} else if (!money_add(debt->balances.minor[ACCOUNT_CREDIT], body->amount_minor, &credit_minor) ||
		   credit_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the credit would be above %lld",
				(long long)MONEY_MINOR_MAX);
	} else {
		return true;
	}
	return false;
}

/* What the payment is for a promise about the debt, behind the events of the payment itself. */
static void judge_promise(const struct record_payment *body, const struct debt *debt, int64_t balance_minor,
			  const struct workset *set, struct decision *decision)
{
	const struct promise_review review = { .debt_id = &body->debt_id,
					       .debt = debt,
					       .version = debt->version + (int64_t)decision->events_count,
					       .balance_minor = balance_minor,
					       .payment_id = &body->payment_id };
	const struct promise_receipt receipt = { .amount_minor = body->amount_minor,
						 .received_on = body->received_on,
						 .entry_no = debt->entries + 1 };

	promise_review_payment(review, receipt, set, decision);
}

/* The same for its plan. */
static void judge_plan(const struct record_payment *body, const struct debt *debt, int64_t balance_minor,
		       const struct workset *set, struct decision *decision)
{
	const struct plan_review review = { .debt = debt,
					    .version = debt->version + (int64_t)decision->events_count,
					    .balance_minor = balance_minor,
					    .lifecycle = (enum lifecycle)debt->lifecycle,
					    .payment_id = &body->payment_id };
	const struct plan_receipt receipt = { .amount_minor = body->amount_minor,
					      .received_on = body->received_on,
					      .entry_no = debt->entries + 1 };

	plan_review_payment(review, &receipt, set, decision);
}

/* And for its settlement. Answers what is owed after it. */
static int64_t judge_settlement(const struct record_payment *body, const struct debt *debt, const struct balances *allocated,
				const struct workset *set, struct decision *decision)
{
	const struct balances credited = balances_negated(allocated);
	const struct promise_receipt receipt = { .amount_minor = body->amount_minor,
						 .received_on = body->received_on,
						 .entry_no = debt->entries + 1 };
	struct settlement_review review = { .debt = debt,
					    .version = debt->version + (int64_t)decision->events_count,
					    .balances = debt->balances,
					    .lifecycle = (enum lifecycle)debt->lifecycle,
					    .payment_id = &body->payment_id };

	balances_post(&review.balances, &credited);
	return settlement_review_payment(review, &receipt, set, decision);
}

void decide_record_payment(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_payment *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct payment_recorded *event;
	struct balances allocated;
	int64_t owed_minor, left_minor;

	/* The debt before the ids and references, so that a sender without access to it does not learn whether they are taken. */
	if (!payment_body_is_good(body, command->today, decision) || !debt_is_known(debt, &body->customer_id, decision) ||
	    !payment_is_new(body, set, decision) || !debt_takes_payment(body, debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	owed_minor = balances_owed(&debt->balances);
	allocated = ledger_allocate(debt->allocation, &debt->balances, body->amount_minor);
	event = decision_event(decision, &payment_recorded_type);
	event->payment_id = body->payment_id;
	event->customer_id = body->customer_id;
	event->debt_id = body->debt_id;
	event->version = debt->version + 1;
	event->creditor_id = debt->creditor_id;
	event->due_on = debt->due_on;
	event->source = body->source;
	event->external_ref = body->external_ref;
	event->method = body->method;
	event->currency = body->currency;
	event->received_on = body->received_on;
	event->has_reason = body->has_reason;
	event->reason = body->reason;
	event->has_booked_on = true;
	event->booked_on = command->today;
	event->amount_minor = body->amount_minor;
	BALANCES_INTO(event, &allocated);
	event->balance_minor = left_minor = owed_minor - balances_owed(&allocated);
	event->has_is_recovery = event->is_recovery = debt->lifecycle == LIFECYCLE_CHARGED_OFF;
	if (owed_minor > 0 && event->balance_minor == 0)
		debt_pay_up(&body->debt_id, debt, body->received_on, debt->version + 2, decision);
	if (!uuid_is_none(&debt->promise_id))
		judge_promise(body, debt, event->balance_minor, set, decision);
	if (!uuid_is_none(&debt->plan_id))
		judge_plan(body, debt, event->balance_minor, set, decision);
	if (!uuid_is_none(&debt->settlement_id))
		left_minor = judge_settlement(body, debt, &allocated, set, decision);
	if (left_minor == 0)
		delinquency_cure(&body->debt_id, debt, decision);
}

/* ---- ReversePayment ---- */

/* A debt's accounts on the way through the events of one reversal. */
struct reversal {
	const struct command *command;
	const struct reverse_payment *body;
	const struct payment *payment;
	const struct debt *debt;
	struct balances balances;
	enum lifecycle lifecycle;
	int64_t version;
};

bool payment_is_known(const struct payment *payment, const struct debt *debt, const struct uuid *customer_id,
		      struct decision *decision)
{
	MUST(payment == NULL || debt != NULL);
	if (payment == NULL || !uuid_equal(&payment->customer_id, customer_id) || !debt_is_reached(decision->command, debt)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "payment_id", "the customer has no such payment");
		return false;
	}
	if (command_is_bound(decision->command) && !scope_has_source(decision->command->scope, str_of(payment->source))) {
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "payment_id",
				"the payment came in at a source that the sender is not bound to");
		return false;
	}
	return true;
}

static bool reversal_is_good(const struct reverse_payment *body, const struct payment *payment, const struct debt *debt,
			     struct decision *decision)
{
	if (reversal_reason_by_name(body->reason) == REVERSAL_REASON_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " REVERSAL_REASON_LISTED);
		return false;
	}
	if (!payment_is_known(payment, debt, &body->customer_id, decision))
		return false;
	if (payment->state != PAYMENT_SETTLED) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "payment_id", "the payment was reversed before");
		return false;
	}
	if (!debt_is_in_books(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "payment_id",
				"the debt was written off, transferred or cancelled");
		return false;
	}
	if (payment->refunded_minor > 0) {
		decision_refuse(decision, REFUSAL_HELD, "payment_id", "%lld of the payment were refunded",
				(long long)payment->refunded_minor);
		return false;
	}
	return true;
}

/* Credit pays owed accounts (amounts above 0), or is taken back from them (below 0). */
static void add_credit_applied(struct reversal *reversal, struct decision *decision, const struct balances *applied)
{
	struct credit_applied *event = decision_event(decision, &credit_applied_type);
	const struct balances debits = ledger_credit_debits(applied);

	event->debt_id = reversal->payment->debt_id;
	event->customer_id = reversal->body->customer_id;
	event->version = ++reversal->version;
	event->creditor_id = reversal->debt->creditor_id;
	event->due_on = reversal->debt->due_on;
	event->currency = str_of(reversal->debt->currency);
	event->applied_on = reversal->command->today;
	OWED_INTO(event, applied);
	event->amount_minor = balances_owed(applied);
	balances_post(&reversal->balances, &debits);
	event->balance_minor = balances_owed(&reversal->balances);
}

static void add_payment_reversed(struct reversal *reversal, struct decision *decision)
{
	struct payment_reversed *event = decision_event(decision, &payment_reversed_type);
	const struct payment *payment = reversal->payment;

	event->payment_id = reversal->body->payment_id;
	event->customer_id = reversal->body->customer_id;
	event->debt_id = payment->debt_id;
	event->version = ++reversal->version;
	event->creditor_id = reversal->debt->creditor_id;
	event->due_on = reversal->debt->due_on;
	event->currency = str_of(reversal->debt->currency);
	event->received_on = payment->received_on;
	event->reversed_on = reversal->command->today;
	event->reason = reversal->body->reason;
	event->amount_minor = payment->amount_minor;
	BALANCES_INTO(event, &payment->allocated);
	balances_post(&reversal->balances, &payment->allocated);
	event->balance_minor = balances_owed(&reversal->balances);
}

static void add_debt_reopened(struct reversal *reversal, struct decision *decision)
{
	struct debt_reopened *event = decision_event(decision, &debt_reopened_type);

	event->debt_id = reversal->payment->debt_id;
	event->customer_id = reversal->body->customer_id;
	event->version = ++reversal->version;
	event->creditor_id = reversal->debt->creditor_id;
	event->currency = str_of(reversal->debt->currency);
	event->due_on = reversal->debt->due_on;
	event->balance_minor = balances_owed(&reversal->balances);
	event->reopened_on = reversal->command->today;
	reversal->lifecycle = lifecycle_after(reversal->lifecycle, debt_reopening(reversal->debt));
	event->has_lifecycle = true;
	event->lifecycle = str_of(lifecycle_name(reversal->lifecycle));
}

/* What the payment was for a promise about the debt, behind the events of the reversal. */
static void judge_promise_anew(const struct reversal *reversal, const struct workset *set, struct decision *decision)
{
	const struct payment *payment = reversal->payment;
	const struct promise_review review = { .debt_id = &payment->debt_id,
					       .debt = reversal->debt,
					       .version = reversal->version,
					       .balance_minor = balances_owed(&reversal->balances),
					       .payment_id = &reversal->body->payment_id };
	const struct promise_receipt receipt = { .amount_minor = -payment->amount_minor,
						 .received_on = payment->received_on,
						 .entry_no = payment->entry_no };

	promise_review_payment(review, receipt, set, decision);
}

/* The same for its plan. */
static void judge_plan_anew(const struct reversal *reversal, const struct workset *set, struct decision *decision)
{
	const struct payment *payment = reversal->payment;
	const struct plan_review review = { .debt = reversal->debt,
					    .version = reversal->debt->version + (int64_t)decision->events_count,
					    .balance_minor = balances_owed(&reversal->balances),
					    .lifecycle = reversal->lifecycle,
					    .payment_id = &reversal->body->payment_id };
	const struct plan_receipt receipt = { .amount_minor = -payment->amount_minor,
					      .received_on = payment->received_on,
					      .entry_no = payment->entry_no,
					      .is_returned =
						      reversal_reason_by_name(reversal->body->reason) == REVERSAL_REASON_NSF };

	plan_review_payment(review, &receipt, set, decision);
}

/* And for its settlement, whose discount may be owed again. Answers what is owed after it. */
static int64_t judge_settlement_anew(const struct reversal *reversal, const struct workset *set, struct decision *decision)
{
	const struct payment *payment = reversal->payment;
	const struct settlement_review review = { .debt = reversal->debt,
						  .version = reversal->debt->version + (int64_t)decision->events_count,
						  .balances = reversal->balances,
						  .lifecycle = reversal->lifecycle,
						  .payment_id = &reversal->body->payment_id };
	const struct promise_receipt receipt = { .amount_minor = -payment->amount_minor,
						 .received_on = payment->received_on,
						 .entry_no = payment->entry_no };

	return settlement_review_payment(review, &receipt, set, decision);
}

/* A debt on which something is owed again ages from its due day, as if it had never been paid. */
static void age_again(const struct reversal *reversal, int64_t owed_minor, struct decision *decision)
{
	struct delinquency_review review = delinquency_of(&reversal->payment->debt_id, reversal->debt);

	if (review.owed_minor > 0 || owed_minor == 0)
		return;
	review.owed_minor = owed_minor;
	review.lifecycle = reversal->lifecycle;
	delinquency_follow(&review, decision);
}

/*
 * Posts the mirror of the payment's entry. Two cases need a further entry. The payment's credit may have been used meanwhile: it
 * is taken back first, so that no balance is ever below 0. Other credit may be left while something is owed again: it is applied
 * at once.
 */
void decide_reverse_payment(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct reverse_payment *body = command->body;
	const struct payment *payment = workset_state(set, &payment_entity, &body->payment_id);
	const struct debt *debt = payment == NULL ? NULL : workset_state(set, &debt_entity, &payment->debt_id);
	struct reversal reversal;
	struct balances applied;
	int64_t missing_minor;

	if (!reversal_is_good(body, payment, debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	reversal = (struct reversal){ .command = command,
				      .body = body,
				      .payment = payment,
				      .debt = debt,
				      .balances = debt->balances,
				      .lifecycle = (enum lifecycle)debt->lifecycle,
				      .version = debt->version };
	missing_minor = payment->allocated.minor[ACCOUNT_CREDIT] - debt->balances.minor[ACCOUNT_CREDIT];
	if (missing_minor > 0) {
		applied = ledger_deallocate(debt->allocation, &debt->credit_used, missing_minor);
		applied = balances_negated(&applied);
		add_credit_applied(&reversal, decision, &applied);
	}
	add_payment_reversed(&reversal, decision);
	if (reversal.balances.minor[ACCOUNT_CREDIT] > 0 && balances_owed(&reversal.balances) > 0) {
		applied = ledger_allocate(debt->allocation, &reversal.balances, reversal.balances.minor[ACCOUNT_CREDIT]);
		add_credit_applied(&reversal, decision, &applied);
	}
	if (lifecycle_after(debt->lifecycle, debt_reopening(debt)) != LIFECYCLE_NONE && balances_owed(&reversal.balances) > 0)
		add_debt_reopened(&reversal, decision);
	judge_promise_anew(&reversal, set, decision);
	judge_plan_anew(&reversal, set, decision);
	age_again(&reversal, judge_settlement_anew(&reversal, set, decision), decision);
}
