#ifndef DEBTS_SETTLEMENT_EVENTS_H
#define DEBTS_SETTLEMENT_EVENTS_H

#include "consumers/debts/settlement/settlement.h"

/*
 * The events of a settlement, each with what they have in common. Private to the part. Each raises review->version by one, and leaves
 * balances and lifecycle as they are after it.
 */
void settlement_add_accepted(struct settlement_review *review, const struct settlement *settlement, struct decision *decision);
void settlement_add_fulfilled(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			      struct decision *decision);
void settlement_add_reopened(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			     struct decision *decision);
void settlement_add_breached(struct settlement_review *review, const struct settlement *settlement, int64_t paid_minor,
			     struct decision *decision);
void settlement_add_withdrawn(struct settlement_review *review, const struct settlement *settlement, enum settlement_end reason,
			      struct decision *decision);
void settlement_add_expired(struct settlement_review *review, const struct settlement *settlement, struct decision *decision);

#endif
