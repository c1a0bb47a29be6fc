#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"
#include "schemas/debts.h"

/* The ledger entry of an event: one function for each event that moves money. */

struct posting posting_of_opening(const void *body)
{
	const struct debt_created *event = body;
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

struct posting posting_of_payment(const void *body)
{
	const struct payment_recorded *event = body;
	const struct balances allocated = BALANCES_OF(event);

	return (struct posting){ .kind = event->has_is_recovery && event->is_recovery ? LEDGER_RECOVERY : LEDGER_PAYMENT,
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

struct posting posting_of_reversal(const void *body)
{
	const struct payment_reversed *event = body;
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

/* Credit becomes money that is to be paid out. */
struct posting posting_of_refund(const void *body)
{
	const struct payment_refunded *event = body;
	return (struct posting){ .kind = LEDGER_REFUND,
				 .contra = CONTRA_REFUND_PAYABLE,
				 .contra_minor = -event->amount_minor,
				 .debits = { .minor = { [ACCOUNT_CREDIT] = event->amount_minor } },
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->refunded_on,
				 .has_booked_on = true,
				 .booked_on = event->refunded_on,
				 .debt_id = &event->debt_id,
				 .payment_id = &event->payment_id };
}

struct posting posting_of_credit(const void *body)
{
	const struct credit_applied *event = body;
	const struct balances applied = OWED_OF(event);

	return (struct posting){ .kind = LEDGER_CREDIT_APPLIED,
				 .debits = ledger_credit_debits(&applied),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->applied_on,
				 .has_booked_on = true,
				 .booked_on = event->applied_on,
				 .debt_id = &event->debt_id };
}

/* All that is owed is taken away, by an event of that day. */
static struct posting posting_of_all(enum ledger_kind kind, enum contra_account contra, const struct balances *owed,
				     int32_t booked_on, const struct uuid *debt_id)
{
	return (struct posting){ .kind = kind,
				 .contra = contra,
				 .contra_minor = balances_owed(owed),
				 .debits = balances_negated(owed),
				 .balance_minor = 0,
				 .occurred_on = booked_on,
				 .has_booked_on = true,
				 .booked_on = booked_on,
				 .debt_id = debt_id };
}

struct posting posting_of_cancellation(const void *body)
{
	const struct debt_cancelled *event = body;
	const struct balances charged = OWED_OF(event);

	return posting_of_all(LEDGER_CANCELLATION, CONTRA_CREDITOR_CLAIM, &charged, event->cancelled_on, &event->debt_id);
}

struct posting posting_of_write_off(const void *body)
{
	const struct debt_written_off *event = body;
	const struct balances owed = OWED_OF(event);

	return posting_of_all(LEDGER_WRITE_OFF, CONTRA_WRITE_OFF, &owed, event->written_off_on, &event->debt_id);
}

struct posting posting_of_transfer(const void *body)
{
	const struct debt_transferred *event = body;
	const struct balances owed = OWED_OF(event);

	return posting_of_all(LEDGER_TRANSFER_OUT, CONTRA_CREDITOR_CLAIM, &owed, event->booked_on, &event->debt_id);
}

/* Of a paid debt, the creditor takes over what is owed to the debtor. */
struct posting posting_of_recall(const void *body)
{
	const struct debt_recalled *event = body;
	const struct balances owed = OWED_OF(event);
	struct posting posting =
		posting_of_all(LEDGER_TRANSFER_OUT, CONTRA_CREDITOR_CLAIM, &owed, event->recalled_on, &event->debt_id);

	posting.debits.minor[ACCOUNT_CREDIT] = event->credit_minor;
	posting.contra_minor -= event->credit_minor;
	if (event->amount_minor == 0 && event->credit_minor == 0)
		posting.kind = LEDGER_NONE;
	return posting;
}

struct posting posting_of_discount(const void *body)
{
	const struct settlement_fulfilled *event = body;
	const struct balances discount = OWED_OF(event);

	return posting_of_all(LEDGER_SETTLEMENT_DISCOUNT, CONTRA_SETTLEMENT_LOSS, &discount, event->booked_on, &event->debt_id);
}

/* The mirror of a discount, which is owed again. */
static struct posting posting_of_owed_again(const struct balances *discount, int64_t balance_minor, int32_t booked_on,
					    const struct uuid *debt_id)
{
	const int64_t discount_minor = balances_owed(discount);

	return (struct posting){ .kind = discount_minor == 0 ? LEDGER_NONE : LEDGER_DISCOUNT_REVERSAL,
				 .contra = CONTRA_SETTLEMENT_LOSS,
				 .contra_minor = -discount_minor,
				 .debits = *discount,
				 .balance_minor = balance_minor,
				 .occurred_on = booked_on,
				 .has_booked_on = true,
				 .booked_on = booked_on,
				 .debt_id = debt_id };
}

struct posting posting_of_reopening(const void *body)
{
	const struct settlement_reopened *event = body;
	const struct balances discount = OWED_OF(event);

	return posting_of_owed_again(&discount, event->balance_minor, event->reopened_on, &event->debt_id);
}

struct posting posting_of_breach(const void *body)
{
	const struct settlement_breached *event = body;
	const struct balances discount = OWED_OF(event);

	return posting_of_owed_again(&discount, event->balance_minor, event->breached_on, &event->debt_id);
}

/* One component of what is owed goes up, or down by an amount below 0. */
static struct balances debits_of(struct str component, int64_t by_minor)
{
	struct balances debits = { 0 };

	debits.minor[component_account(component_by_name(component))] = by_minor;
	return debits;
}

struct posting posting_of_charge(const void *body)
{
	const struct charge_assessed *event = body;
	const bool is_fee = component_by_name(event->component) == COMPONENT_FEE;

	return (struct posting){ .kind = is_fee ? LEDGER_ASSESS_FEE : LEDGER_ASSESS_COST,
				 .contra = CONTRA_FEE_INCOME,
				 .contra_minor = -event->amount_minor,
				 .debits = debits_of(event->component, event->amount_minor),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->booked_on,
				 .has_booked_on = true,
				 .booked_on = event->booked_on,
				 .debt_id = &event->debt_id };
}

struct posting posting_of_waiver(const void *body)
{
	const struct amount_waived *event = body;

	return (struct posting){ .kind = LEDGER_WAIVE,
				 .contra = CONTRA_WAIVER,
				 .contra_minor = event->amount_minor,
				 .debits = debits_of(event->component, -event->amount_minor),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->booked_on,
				 .has_booked_on = true,
				 .booked_on = event->booked_on,
				 .debt_id = &event->debt_id };
}

struct posting posting_of_adjustment(const void *body)
{
	const struct balance_adjusted *event = body;
	const bool is_up = adjustment_direction_by_name(event->direction) == ADJUSTMENT_UP;
	const int64_t by_minor = is_up ? event->amount_minor : -event->amount_minor;

	return (struct posting){ .kind = is_up ? LEDGER_ADJUST_UP : LEDGER_ADJUST_DOWN,
				 .contra = CONTRA_CREDITOR_CLAIM,
				 .contra_minor = -by_minor,
				 .debits = debits_of(event->component, by_minor),
				 .balance_minor = event->balance_minor,
				 .occurred_on = event->booked_on,
				 .has_booked_on = true,
				 .booked_on = event->booked_on,
				 .debt_id = &event->debt_id };
}
