#include <string.h>

#include "base/must.h"
#include "consumers/debts/settlement/settlement.h"

/* Its version counts all of its changes. */
static struct settlement *settlement_change(struct workset *set, const struct uuid *settlement_id)
{
	struct settlement *settlement = workset_change(set, &settlement_entity, settlement_id);

	settlement->version++;
	return settlement;
}

/* The debt is ARRANGED while its settlement is accepted, if it has not left that otherwise. */
static void end_arrangement(struct debt *debt, bool was_accepted)
{
	if (was_accepted && debt->lifecycle == LIFECYCLE_ARRANGED)
		debt_move(debt, CAUSE_ARRANGEMENT_ENDED);
}

void settlement_on_offered(struct workset *set, const void *body)
{
	const struct settlement_offered *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);

	debt_change(set, &event->debt_id, event->version)->settlement_id = event->settlement_id;
	settlement->customer_id = event->customer_id;
	settlement->debt_id = event->debt_id;
	settlement->amount_minor = event->amount_minor;
	settlement->balance_minor = event->balance_minor;
	settlement->offered_on = event->offered_on;
	settlement->expires_on = event->expires_on;
	settlement->pay_by = event->pay_by;
	settlement->grace_ends_on = event->grace_ends_on;
	settlement->state = SETTLEMENT_OFFERED;
}

/* What was promised or planned before is not judged any more. */
void settlement_on_accepted(struct workset *set, const void *body)
{
	const struct settlement_accepted *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(settlement->state == SETTLEMENT_OFFERED);
	settlement->state = SETTLEMENT_ACCEPTED;
	settlement->accepted_on = event->accepted_on;
	settlement->balance_minor = event->balance_minor;
	settlement->after_entries = debt->entries;
	debt->promise_id = debt->plan_id = (struct uuid){ { 0 } };
	debt_move(debt, CAUSE_ARRANGED);
}

/* The entry, which is booked already, has left nothing. */
void settlement_on_fulfilled(struct workset *set, const void *body)
{
	const struct settlement_fulfilled *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(settlement->state == SETTLEMENT_ACCEPTED || settlement->state == SETTLEMENT_BREACHED);
	MUST(settlement->paid_minor == event->paid_minor);
	MUST(balances_owed(&debt->balances) == 0);
	settlement->state = SETTLEMENT_FULFILLED;
	settlement->discount = OWED_OF(event);
	debt_move(debt, CAUSE_SETTLED);
}

/* What was waived is owed again: the exact mirror of the entry that has waived it. */
static void take_back(struct settlement *settlement, const struct balances *discount)
{
	MUST(memcmp(&settlement->discount, discount, sizeof(*discount)) == 0);
	settlement->discount = (struct balances){ 0 };
}

void settlement_on_reopened(struct workset *set, const void *body)
{
	const struct settlement_reopened *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);
	const struct balances discount = OWED_OF(event);

	MUST(settlement->state == SETTLEMENT_FULFILLED);
	take_back(settlement, &discount);
	settlement->state = SETTLEMENT_ACCEPTED;
	debt_move(debt_change(set, &event->debt_id, event->version), CAUSE_ARRANGED);
}

void settlement_on_breached(struct workset *set, const void *body)
{
	const struct settlement_breached *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);
	const struct balances discount = OWED_OF(event);

	end_arrangement(debt_change(set, &event->debt_id, event->version), settlement->state == SETTLEMENT_ACCEPTED);
	take_back(settlement, &discount);
	settlement->state = SETTLEMENT_BREACHED;
}

void settlement_on_withdrawn(struct workset *set, const void *body)
{
	const struct settlement_withdrawn *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);

	MUST(event->was_accepted == (settlement->state == SETTLEMENT_ACCEPTED));
	end_arrangement(debt_change(set, &event->debt_id, event->version), event->was_accepted);
	settlement->state = SETTLEMENT_WITHDRAWN;
}

void settlement_on_expired(struct workset *set, const void *body)
{
	const struct settlement_expired *event = body;
	struct settlement *settlement = settlement_change(set, &event->settlement_id);

	(void)debt_change(set, &event->debt_id, event->version);
	MUST(settlement->state == SETTLEMENT_OFFERED);
	settlement->state = SETTLEMENT_EXPIRED;
}

void settlement_on_payment(struct workset *set, const struct debt *debt, const struct promise_receipt *receipt)
{
	const struct settlement *settlement;

	if (uuid_is_none(&debt->settlement_id))
		return;
	settlement = workset_state(set, &settlement_entity, &debt->settlement_id);
	MUST(settlement != NULL);
	if (settlement_counts(settlement, receipt))
		settlement_change(set, &debt->settlement_id)->paid_minor += receipt->amount_minor;
}
