#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"
#include "schemas/debts.h"

/* The ledger entry of an event: one function for each event that moves money. */

static struct posting opening(const struct debt_created *event)
{
	return (struct posting){ .kind = LEDGER_OPENING,
				 .contra = CONTRA_CREDITOR_CLAIM,
				 .contra_minor = -event->balance_minor,
				 .debits = OWED_OF(event),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->opened_on,
				 .has_booked_on = event->has_booked_on,
				 .booked_on = event->booked_on,
				 .debt_id = &event->debt_id };
}

static struct posting payment(const struct payment_recorded *event)
{
	const struct balances allocated = BALANCES_OF(event);

	return (struct posting){ .kind = LEDGER_PAYMENT,
				 .contra = CONTRA_CASH_CLEARING,
				 .contra_minor = event->amount_minor,
				 .debits = balances_negated(&allocated),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->received_on,
				 .has_booked_on = event->has_booked_on,
				 .booked_on = event->booked_on,
				 .debt_id = &event->debt_id,
				 .payment_id = &event->payment_id };
}

static struct posting reversal(const struct payment_reversed *event)
{
	return (struct posting){ .kind = LEDGER_PAYMENT_REVERSAL,
				 .contra = CONTRA_CASH_CLEARING,
				 .contra_minor = -event->amount_minor,
				 .debits = BALANCES_OF(event),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->reversed_on,
				 .has_booked_on = true,
				 .booked_on = event->reversed_on,
				 .debt_id = &event->debt_id,
				 .payment_id = &event->payment_id };
}

static struct posting credit_used(const struct credit_applied *event)
{
	const struct balances applied = OWED_OF(event);

	return (struct posting){ .kind = LEDGER_CREDIT_APPLIED,
				 .debits = ledger_credit_debits(&applied),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->applied_on,
				 .has_booked_on = true,
				 .booked_on = event->applied_on,
				 .debt_id = &event->debt_id };
}

static struct posting cancellation(const struct debt_cancelled *event)
{
	const struct balances charged = OWED_OF(event);

	return (struct posting){ .kind = LEDGER_CANCELLATION,
				 .contra = CONTRA_CREDITOR_CLAIM,
				 .contra_minor = event->amount_minor,
				 .debits = balances_negated(&charged),
				 .balance_minor = 0,
				 .occurred_on = event->cancelled_on,
				 .has_booked_on = true,
				 .booked_on = event->cancelled_on,
				 .debt_id = &event->debt_id };
}

bool posting_of(const struct event *event, struct posting *ret_posting)
{
	switch (debts_event(event->type)) {
	case EVENT_DEBT_CREATED:
		*ret_posting = opening(event->body);
		return true;
	case EVENT_PAYMENT_RECORDED:
		*ret_posting = payment(event->body);
		return true;
	case EVENT_PAYMENT_REVERSED:
		*ret_posting = reversal(event->body);
		return true;
	case EVENT_CREDIT_APPLIED:
		*ret_posting = credit_used(event->body);
		return true;
	case EVENT_DEBT_CANCELLED:
		*ret_posting = cancellation(event->body);
		return true;
	case EVENT_DEBT_PAID: /* no money moves */
	case EVENT_DEBT_ACTIVATED:
	case EVENT_DEBT_REOPENED:
	case EVENT_DEBT_AMENDED:
	case EVENT_PROMISE_MADE:
	case EVENT_PROMISE_KEPT:
	case EVENT_PROMISE_PARTLY_KEPT:
	case EVENT_PROMISE_BROKEN:
	case EVENT_PROMISE_REOPENED:
	case EVENT_PROMISE_CANCELLED:
	case EVENT_PROMISE_SUPERSEDED:
	case EVENT_CREDITOR_DESCRIBED:
	case EVENT_PORTFOLIO_DESCRIBED:
	case EVENT_DEBT_POLICY_PUBLISHED:
		break;
	}
	return false;
}
