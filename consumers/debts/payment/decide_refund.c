#include "base/must.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/payment/payment.h"

/* RefundPayment: what is left of the credit that a payment has made is paid back, or a part of it. */

static bool refund_is_good(const struct refund_payment *body, struct decision *decision)
{
	if (body->has_transfer_ref && body->transfer_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "transfer_ref", "the number of the transfer is empty");
		return false;
	}
	return charge_is_good(body->reason, body->amount_minor, decision);
}

/* Credit is the debt's: what one payment has made may have paid something that the reversal of another has left owed. */
static int64_t left_of(const struct payment *payment, const struct debt *debt)
{
	const int64_t own_minor = payment->allocated.minor[ACCOUNT_CREDIT] - payment->refunded_minor;
	const int64_t debts_minor = debt->balances.minor[ACCOUNT_CREDIT];

	return own_minor < debts_minor ? own_minor : debts_minor;
}

static bool payment_can_be_refunded(const struct refund_payment *body, const struct payment *payment, const struct debt *debt,
				    struct decision *decision)
{
	if (!str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
	} else if (payment->state != PAYMENT_SETTLED) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "payment_id", "the payment was reversed");
	} else if (!debt_is_in_books(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "payment_id",
				"the debt was written off, transferred or cancelled");
	} else if (body->amount_minor > left_of(payment, debt)) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "of the payment's credit only %lld are left",
				(long long)left_of(payment, debt));
	} else {
		return true;
	}
	return false;
}

void decide_refund_payment(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct refund_payment *body = command->body;
	const struct payment *payment = workset_state(set, &payment_entity, &body->payment_id);
	const struct debt *debt = payment == NULL ? NULL : workset_state(set, &debt_entity, &payment->debt_id);
	struct payment_refunded *event;

	if (!refund_is_good(body, decision) || !payment_is_known(payment, debt, &body->customer_id, decision))
		return;
	MUST(payment != NULL);
	if (!payment_can_be_refunded(body, payment, debt, decision))
		return;
	if (!charge_may_alone(command, body->amount_minor)) {
		charge_keep(body->currency, decision);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	MUST(balances_owed(&debt->balances) == 0);
	event = decision_event(decision, &payment_refunded_type);
	event->payment_id = body->payment_id;
	ABOUT_DEBT(event, debt, payment->debt_id, debt->version + 1);
	event->due_on = debt->due_on;
	event->received_on = payment->received_on;
	event->refunded_on = command->today;
	event->reason = body->reason;
	event->has_transfer_ref = body->has_transfer_ref;
	event->transfer_ref = body->transfer_ref;
	event->amount_minor = body->amount_minor;
	event->refunded_minor = payment->refunded_minor + body->amount_minor;
	event->credit_minor = debt->balances.minor[ACCOUNT_CREDIT] - body->amount_minor;
	event->balance_minor = balances_owed(&debt->balances);
	event->has_approved_by = command->approval != NULL;
	if (command->approval != NULL)
		event->approved_by = command->approval->actor;
}
