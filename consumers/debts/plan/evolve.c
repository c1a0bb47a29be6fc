#include "base/must.h"
#include "consumers/debts/plan/plan.h"

/* Its version counts all of its changes. */
static struct plan *plan_change(struct workset *set, const struct uuid *plan_id)
{
	struct plan *plan = workset_change(set, &plan_entity, plan_id);

	plan->version++;
	return plan;
}

/* The debt of the event, as the event's version says. It is ARRANGED while its plan is active, if it has not left the books otherwise. */
static struct debt *follow(struct workset *set, const struct plan *plan, int64_t version)
{
	struct debt *debt = debt_change(set, &plan->debt_id, version);

	if (plan->state == PLAN_ACTIVE && debt_takes_plan(debt->lifecycle))
		debt_move(debt, CAUSE_ARRANGED);
	else if (plan->state != PLAN_ACTIVE && debt->lifecycle == LIFECYCLE_ARRANGED)
		debt_move(debt, CAUSE_ARRANGEMENT_ENDED);
	return debt;
}

void plan_on_proposed(struct workset *set, const void *body)
{
	const struct plan_proposed *event = body;
	struct plan *plan = plan_change(set, &event->plan_id);

	(void)debt_change(set, &event->debt_id, event->version);
	plan->customer_id = event->customer_id;
	plan->debt_id = event->debt_id;
	plan->total_minor = event->total_minor;
	plan->instalments = event->instalments;
	plan->frequency = plan_frequency_by_name(event->frequency);
	plan->first_due_on = event->first_due_on;
	plan->down_minor = event->has_down_payment_minor ? event->down_payment_minor : 0;
	plan->down_due_on = event->has_down_payment_on ? event->down_payment_on : 0;
	plan->holidays = event->has_calendar ? holidays_of(event->calendar) : HOLIDAYS_NONE;
	plan->proposed_on = event->proposed_on;
	plan->state = PLAN_PROPOSED;
}

/* What was promised about the debt is not judged any more: the plan has taken its place. */
static void take_place(struct debt *debt, const struct uuid *plan_id)
{
	debt->plan_id = *plan_id;
	debt->promise_id = (struct uuid){ { 0 } };
}

void plan_on_activated(struct workset *set, const void *body)
{
	const struct plan_activated *event = body;
	struct plan *plan = plan_change(set, &event->plan_id);
	struct debt *debt;

	MUST(plan->state == PLAN_PROPOSED);
	plan->state = PLAN_ACTIVE;
	debt = follow(set, plan, event->version);
	plan->after_entries = debt->entries;
	take_place(debt, &event->plan_id);
}

void plan_on_reinstated(struct workset *set, const void *body)
{
	const struct plan_reinstated *event = body;
	struct plan *plan = plan_change(set, &event->plan_id);

	MUST(plan->state == PLAN_BROKEN);
	MUST(plan->counts_from == 0);
	plan->state = PLAN_ACTIVE;
	plan->counts_from = event->counts_from;
	take_place(follow(set, plan, event->version), &event->plan_id);
}

void plan_on_cancelled(struct workset *set, const void *body)
{
	const struct plan_cancelled *event = body;
	struct plan *plan = plan_change(set, &event->plan_id);

	MUST(event->was_active == (plan->state == PLAN_ACTIVE));
	plan->state = PLAN_CANCELLED;
	if (event->was_active)
		(void)follow(set, plan, event->version);
	else
		(void)debt_change(set, &event->debt_id, event->version);
}

/* The debt's plan, judged: what was missed, and what it is now. */
static struct plan *judge(struct workset *set, const struct uuid *plan_id, int64_t missed, enum plan_state state, int64_t version)
{
	struct plan *plan = plan_change(set, plan_id);
	const struct debt *debt;

	plan->missed = missed;
	plan->state = state;
	debt = follow(set, plan, version);
	MUST(uuid_equal(&debt->plan_id, plan_id));
	return plan;
}

static enum plan_state state_of(const struct workset *set, const struct uuid *plan_id)
{
	const struct plan *plan = workset_state(set, &plan_entity, plan_id);

	MUST(plan != NULL);
	return (enum plan_state)plan->state;
}

void plan_on_instalment_paid(struct workset *set, const void *body)
{
	const struct instalment_paid *event = body;

	(void)judge(set, &event->plan_id, event->missed, state_of(set, &event->plan_id), event->version);
}

void plan_on_instalment_missed(struct workset *set, const void *body)
{
	const struct instalment_missed *event = body;

	(void)judge(set, &event->plan_id, event->missed, state_of(set, &event->plan_id), event->version);
}

void plan_on_broken(struct workset *set, const void *body)
{
	const struct plan_broken *event = body;

	judge(set, &event->plan_id, event->missed, PLAN_BROKEN, event->version)->broken_on = event->broken_on;
}

/* As if it had not been broken. */
void plan_on_resumed(struct workset *set, const void *body)
{
	const struct plan_resumed *event = body;

	judge(set, &event->plan_id, event->missed, PLAN_ACTIVE, event->version)->broken_on = 0;
}

void plan_on_completed(struct workset *set, const void *body)
{
	const struct plan_completed *event = body;

	(void)judge(set, &event->plan_id, event->missed, PLAN_COMPLETED, event->version);
}

void plan_on_payment(struct workset *set, const struct debt *debt, const struct plan_receipt *receipt)
{
	const struct plan *plan;
	struct plan *changed;

	if (uuid_is_none(&debt->plan_id))
		return;
	plan = workset_state(set, &plan_entity, &debt->plan_id);
	MUST(plan != NULL);
	if (!plan_counts(plan, receipt))
		return;
	changed = plan_change(set, &debt->plan_id);
	changed->paid_minor += receipt->amount_minor;
	changed->returned += receipt->is_returned ? 1 : 0;
}
