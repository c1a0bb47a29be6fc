#include "base/must.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/reference/reference.h"
#include "consumers/debts/settlement/settlement.h"

void payment_set_source(struct payment *payment, struct str source)
{
	if (!str_to_chars(payment->source, sizeof(payment->source), source))
		payment->source[0] = '\0';
}

/* As a promise and a settlement see it. */
static struct promise_receipt receipt_of(const struct payment *payment, int64_t amount_minor)
{
	return (struct promise_receipt){ .amount_minor = amount_minor,
					 .received_on = payment->received_on,
					 .entry_no = payment->entry_no };
}

/*
 * What was arranged counts the payment, or so much less of it: the same money shall not count when the debt is owed again. is_returned: for
 * want of funds.
 */
static void count(struct workset *set, const struct debt *debt, const struct promise_receipt *receipt, bool is_returned)
{
	promise_on_payment(set, debt, *receipt);
	settlement_on_payment(set, debt, receipt);
	plan_on_payment(set, debt,
			&(struct plan_receipt){ .amount_minor = receipt->amount_minor,
						.received_on = receipt->received_on,
						.entry_no = receipt->entry_no,
						.is_returned = is_returned });
}

void payment_on_recorded(struct workset *set, const void *body)
{
	const struct payment_recorded *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct payment *payment = workset_change(set, &payment_entity, &event->payment_id);
	struct promise_receipt receipt;
	struct reference_key key;
	bool fits;

	payment->customer_id = event->customer_id;
	payment->debt_id = event->debt_id;
	payment->allocated = BALANCES_OF(event);
	payment->amount_minor = event->amount_minor;
	payment->received_on = event->received_on;
	payment->entry_no = debt->entries;
	payment->state = PAYMENT_SETTLED;
	payment_set_source(payment, event->source);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0 || event->balance_minor == 0);

	fits = reference_key_of_payment(&key, event->source, event->external_ref);
	MUST(fits);
	reference_take(set, &payment_reference_entity, &key);
	receipt = receipt_of(payment, payment->amount_minor);
	count(set, debt, &receipt, false);
}

void payment_on_reversed(struct workset *set, const void *body)
{
	const struct payment_reversed *event = body;
	struct payment *payment = workset_change(set, &payment_entity, &event->payment_id);
	const struct debt *debt = debt_change(set, &event->debt_id, event->version);
	const struct promise_receipt receipt = receipt_of(payment, -payment->amount_minor);

	MUST(payment->state == PAYMENT_SETTLED);
	payment->state = PAYMENT_REVERSED;
	count(set, debt, &receipt, reversal_reason_by_name(event->reason) == REVERSAL_REASON_NSF);
}

/* Nothing is owed, so there is nothing to be judged. */
void payment_on_refunded(struct workset *set, const void *body)
{
	const struct payment_refunded *event = body;
	struct payment *payment = workset_change(set, &payment_entity, &event->payment_id);
	const struct debt *debt = debt_change(set, &event->debt_id, event->version);
	const struct promise_receipt receipt = receipt_of(payment, -event->amount_minor);

	MUST(payment->state == PAYMENT_SETTLED);
	payment->refunded_minor += event->amount_minor;
	MUST(payment->refunded_minor == event->refunded_minor);
	MUST(payment->refunded_minor <= payment->allocated.minor[ACCOUNT_CREDIT]);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == event->credit_minor);
	count(set, debt, &receipt, false);
}

void payment_on_credit_applied(struct workset *set, const void *body)
{
	const struct credit_applied *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	const struct balances applied = OWED_OF(event);

	balances_add(&debt->credit_used, &applied);
	MUST(!balances_are_negative(&debt->credit_used));
}
