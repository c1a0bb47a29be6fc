#include "consumers/debts/settlement/events.h"
#include "base/must.h"

/* The events of a debt's settlement, the one that it knows: each is about the debt, whose version counts it. SettlementOffered: decide.c. */

#define ABOUT(event, review, settlement)                                                                                         \
	do {                                                                                                                     \
		ABOUT_DEBT(event, (review)->debt, (settlement)->debt_id, ++(review)->version);                                   \
		(event)->settlement_id = (review)->debt->settlement_id;                                                          \
		(event)->amount_minor = (settlement)->amount_minor;                                                              \
	} while (0)

/* An entry of the discount. */
#define WAIVED(event, review, its_paid_minor, its_discount)                                                                      \
	do {                                                                                                                     \
		(event)->due_on = (review)->debt->due_on;                                                                        \
		(event)->paid_minor = (its_paid_minor);                                                                          \
		(event)->discount_minor = balances_owed(its_discount);                                                           \
		OWED_INTO(event, its_discount);                                                                                  \
	} while (0)

void settlement_add_accepted(struct settlement_review *review, const struct settlement *settlement, struct decision *decision)
{
	struct settlement_accepted *event = decision_event(decision, &settlement_accepted_type);

	ABOUT(event, review, settlement);
	event->balance_minor = balances_owed(&review->balances);
	event->pay_by = settlement->pay_by;
	event->grace_ends_on = settlement->grace_ends_on;
	event->accepted_on = decision->command->today;
}

void settlement_add_fulfilled(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			      struct decision *decision)
{
	struct settlement_fulfilled *event = decision_event(decision, &settlement_fulfilled_type);
	const struct balances discount = review->balances;

	MUST(review->payment_id != NULL);
	MUST(discount.minor[ACCOUNT_CREDIT] == 0);
	ABOUT(event, review, settlement);
	WAIVED(event, review, paid_minor, &discount);
	event->payment_id = *review->payment_id;
	event->booked_on = decision->command->today;
	review->balances = (struct balances){ 0 };
	review->lifecycle = lifecycle_after(review->lifecycle, CAUSE_SETTLED);
}

void settlement_add_reopened(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			     struct decision *decision)
{
	struct settlement_reopened *event = decision_event(decision, &settlement_reopened_type);

	MUST(review->payment_id != NULL);
	ABOUT(event, review, settlement);
	WAIVED(event, review, paid_minor, &settlement->discount);
	balances_post(&review->balances, &settlement->discount);
	event->balance_minor = balances_owed(&review->balances);
	event->grace_ends_on = settlement->grace_ends_on;
	event->payment_id = *review->payment_id;
	event->reopened_on = decision->command->today;
	review->lifecycle = lifecycle_after(review->lifecycle, CAUSE_ARRANGED);
}

void settlement_add_breached(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			     struct decision *decision)
{
	struct settlement_breached *event = decision_event(decision, &settlement_breached_type);

	ABOUT(event, review, settlement);
	WAIVED(event, review, paid_minor, &settlement->discount);
	balances_post(&review->balances, &settlement->discount);
	event->shortfall_minor = settlement->amount_minor - paid_minor;
	event->balance_minor = balances_owed(&review->balances);
	event->has_payment_id = review->payment_id != NULL;
	if (review->payment_id != NULL)
		event->payment_id = *review->payment_id;
	event->breached_on = decision->command->today;
}

/* A debt that its last payment has paid has left the arrangement already. */
void settlement_add_withdrawn(struct settlement_review *review, const struct settlement *settlement, enum settlement_end reason,
			      struct decision *decision)
{
	struct settlement_withdrawn *event = decision_event(decision, &settlement_withdrawn_type);

	ABOUT(event, review, settlement);
	event->reason = str_of(settlement_end_name(reason));
	event->was_accepted = settlement->state == SETTLEMENT_ACCEPTED;
	event->withdrawn_on = decision->command->today;
	decision_cancel_timer(decision, &settlement_timer, &review->debt->settlement_id);
	if (event->was_accepted && review->lifecycle == LIFECYCLE_ARRANGED)
		review->lifecycle = lifecycle_after(review->lifecycle, CAUSE_ARRANGEMENT_ENDED);
}

void settlement_add_expired(struct settlement_review *review, const struct settlement *settlement, struct decision *decision)
{
	struct settlement_expired *event = decision_event(decision, &settlement_expired_type);

	ABOUT(event, review, settlement);
	event->expires_on = settlement->expires_on;
	event->expired_on = decision->command->today;
}
