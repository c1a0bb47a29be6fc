#ifndef DEBTS_PLAN_EVENTS_H
#define DEBTS_PLAN_EVENTS_H

#include "consumers/debts/plan/plan.h"

/* The events of a plan, each with what they have in common. Private to the part. Each raises review->version by one. */
void plan_add_proposed(struct plan_review *review, const struct plan *plan, struct decision *decision);
void plan_add_activated(struct plan_review *review, const struct plan *plan, struct decision *decision);
void plan_add_cancelled(struct plan_review *review, const struct plan *plan, struct str reason, struct decision *decision);
void plan_add_reinstated(struct plan_review *review, const struct plan *plan, int32_t counts_from, struct decision *decision);
void plan_add_paid(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		   struct decision *decision);
void plan_add_missed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		     struct decision *decision);
void plan_add_broken(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		     struct decision *decision);
void plan_add_resumed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		      struct decision *decision);
void plan_add_completed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			struct decision *decision);

#endif
