#include "base/must.h"
#include "consumers/debts/settlement/events.h"

/* What a payment, a reversal, the end of its debt or of its time is for a debt's settlement: the events that follow. */

const struct timer_kind settlement_timer = { .name = "settlement", .number = 12 };

bool settlement_is_offered(unsigned state)
{
	return state == SETTLEMENT_OFFERED;
}

bool settlement_is_open(unsigned state)
{
	return state == SETTLEMENT_OFFERED || state == SETTLEMENT_ACCEPTED;
}

/* One that was withdrawn or has expired is not judged any more. */
static bool is_judged(unsigned state)
{
	return state == SETTLEMENT_ACCEPTED || state == SETTLEMENT_FULFILLED || state == SETTLEMENT_BREACHED;
}

bool settlement_counts(const struct settlement *settlement, const struct promise_receipt *receipt)
{
	return is_judged(settlement->state) && receipt->entry_no > settlement->after_entries &&
	       receipt->received_on >= settlement->accepted_on && receipt->received_on <= settlement->grace_ends_on;
}

/* The debt's settlement; NULL: it has none. */
static const struct settlement *settlement_of(const struct debt *debt, const struct workset *set)
{
	const struct settlement *settlement;

	if (uuid_is_none(&debt->settlement_id))
		return NULL;
	settlement = workset_state(set, &settlement_entity, &debt->settlement_id);
	MUST(settlement != NULL);
	return settlement;
}

/* Whether it may arrange the debt again: nothing has taken its place since. */
static bool may_hold_again(const struct settlement_review *review)
{
	return debt_takes_plan(review->lifecycle) && uuid_is_none(&review->debt->promise_id) &&
	       uuid_is_none(&review->debt->plan_id);
}

/* Whether no more than was agreed on would be waived, if so much is owed: nothing was charged since, and no earlier payment reversed. */
static bool is_as_agreed(const struct settlement *settlement, int64_t paid_minor, int64_t owed_minor)
{
	const int64_t missing_minor = paid_minor < settlement->amount_minor ? settlement->amount_minor - paid_minor : 0;

	return owed_minor - missing_minor <= settlement->balance_minor - settlement->amount_minor;
}

/* A payment of before it that is reversed raises what is owed, and so what would be waived. */
static void review_accepted(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			    const struct promise_receipt *receipt, struct decision *decision)
{
	const struct uuid *id = &review->debt->settlement_id;
	const bool is_of_before = receipt->entry_no <= settlement->after_entries;

	if (balances_owed(&review->balances) == 0) {
		settlement_add_withdrawn(review, settlement, SETTLEMENT_END_DEBT_PAID, decision);
	} else if (paid_minor >= settlement->amount_minor) {
		settlement_add_fulfilled(review, settlement, paid_minor, decision);
		decision_cancel_timer(decision, &settlement_timer, id);
	} else if (decision->command->today > settlement->grace_ends_on) {
		review->payment_id = NULL; /* it is its time that is over */
		settlement_add_breached(review, settlement, paid_minor, decision);
		decision_cancel_timer(decision, &settlement_timer, id);
	} else if (receipt->amount_minor < 0 && is_of_before) {
		settlement_add_withdrawn(review, settlement, SETTLEMENT_END_PAYMENT_REVERSED, decision);
	}
}

/* Only by the reversal of a payment that was booked since its acceptance, and for which something is owed. */
static void review_fulfilled(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			     const struct promise_receipt *receipt, struct decision *decision)
{
	const int64_t owed_minor = balances_owed(&review->balances) + balances_owed(&settlement->discount);
	const bool is_paid = paid_minor >= settlement->amount_minor;
	const bool is_in_time = decision->command->today <= settlement->grace_ends_on;
	const bool goes_on = may_hold_again(review) && is_as_agreed(settlement, paid_minor, owed_minor);

	if (receipt->amount_minor > 0 || receipt->entry_no <= settlement->after_entries || balances_owed(&review->balances) == 0)
		return;
	if (is_paid && !goes_on)
		return; /* what was agreed on is paid, and what is owed beside it remains so */
	if (!goes_on || !(is_paid || is_in_time)) {
		settlement_add_breached(review, settlement, paid_minor, decision);
		return;
	}
	settlement_add_reopened(review, settlement, paid_minor, decision);
	if (is_paid)
		settlement_add_fulfilled(review, settlement, paid_minor, decision);
	else
		decision_set_timer_on(decision, &settlement_timer, &review->debt->settlement_id, settlement->grace_ends_on + 1);
}

/* Only by a payment that was in time and is booked late. */
static void review_breached(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			    const struct promise_receipt *receipt, struct decision *decision)
{
	const int64_t owed_minor = balances_owed(&review->balances);

	if (receipt->amount_minor > 0 && settlement_counts(settlement, receipt) && paid_minor >= settlement->amount_minor &&
	    owed_minor > 0 && may_hold_again(review) && is_as_agreed(settlement, paid_minor, owed_minor))
		settlement_add_fulfilled(review, settlement, paid_minor, decision);
}

static void review_payment(struct settlement_review *review, const struct settlement *settlement,
			   const struct promise_receipt *receipt, const struct workset *set, struct decision *decision)
{
	const int64_t paid_minor = settlement->paid_minor + (settlement_counts(settlement, receipt) ? receipt->amount_minor : 0);

	switch ((enum settlement_state)settlement->state) {
	case SETTLEMENT_OFFERED:
		if (balances_owed(&review->balances) == 0)
			settlement_end(review, SETTLEMENT_END_DEBT_PAID, set, decision);
		return;
	case SETTLEMENT_ACCEPTED:
		review_accepted(review, settlement, paid_minor, receipt, decision);
		return;
	case SETTLEMENT_FULFILLED:
		review_fulfilled(review, settlement, paid_minor, receipt, decision);
		return;
	case SETTLEMENT_BREACHED:
		review_breached(review, settlement, paid_minor, receipt, decision);
		return;
	case SETTLEMENT_WITHDRAWN:
	case SETTLEMENT_EXPIRED:
		return;
	case SETTLEMENT_NONE:
	case SETTLEMENT_STATE_COUNT:
		break;
	}
	MUST_NOT_REACH("no such state of a settlement");
}

int64_t settlement_review_payment(struct settlement_review review, const struct promise_receipt *receipt,
				  const struct workset *set, struct decision *decision)
{
	const struct settlement *settlement = settlement_of(review.debt, set);

	if (settlement != NULL)
		review_payment(&review, settlement, receipt, set, decision);
	return balances_owed(&review.balances);
}

void settlement_end(struct settlement_review *review, enum settlement_end reason, const struct workset *set,
		    struct decision *decision)
{
	const struct settlement *settlement = settlement_of(review->debt, set);

	if (settlement != NULL && settlement_is_open(settlement->state))
		settlement_add_withdrawn(review, settlement, reason, decision);
}

/* One that has ended has no timer; one that is there all the same finds nothing to do. */
void decide_settlement_day(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct settlement *settlement = workset_state(set, &settlement_entity, id);
	const struct debt *debt = settlement == NULL ? NULL : workset_state(set, &debt_entity, &settlement->debt_id);
	struct settlement_review review;

	if (debt == NULL || !uuid_equal(&debt->settlement_id, id))
		return;
	review = (struct settlement_review){
		.debt = debt, .version = debt->version, .balances = debt->balances, .lifecycle = (enum lifecycle)debt->lifecycle
	};
	if (settlement->state == SETTLEMENT_OFFERED && timer->today > settlement->expires_on)
		settlement_add_expired(&review, settlement, decision);
	else if (settlement->state == SETTLEMENT_ACCEPTED && timer->today > settlement->grace_ends_on)
		settlement_add_breached(&review, settlement, settlement->paid_minor, decision);
}
