#include "base/must.h"
#include "consumers/debts/plan/events.h"
#include "consumers/debts/plan/plan.h"

/* What a payment, a reversal or the end of a grace is for a debt's plan: the events behind those of the command. */

const struct timer_kind plan_timer = { .name = "plan", .number = 11 };

/* One timer, for the next number that may be missed: where it is due follows from what was paid and missed. */
static void follow_deadline(const struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			    bool is_active, struct decision *decision)
{
	const bool was_active = plan->state == PLAN_ACTIVE;
	const int32_t next = plan_next(plan, judgement->paid_minor, judgement->missed);

	if (!is_active) {
		if (was_active)
			decision_cancel_timer(decision, &plan_timer, review->plan_id);
		return;
	}
	if (!was_active || review->is_timer || next != plan_next(plan, plan->paid_minor, plan->missed))
		decision_set_timer_on(decision, &plan_timer, review->plan_id, plan_instalment(plan, next).grace_ends_on + 1);
}

static bool has_more(int64_t now, int64_t before)
{
	return (now & ~before) != 0;
}

/* What was paid and missed. The end of the plan, which says so too, follows. */
static void add_instalments(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			    struct decision *decision)
{
	const bool is_taken_back = has_more(plan->missed, judgement->missed);
	const bool reaches_more = plan_paid_through(plan, judgement->paid_minor) > plan_paid_through(plan, plan->paid_minor);

	if (has_more(judgement->missed, plan->missed))
		plan_add_missed(review, plan, judgement, decision);
	if (judgement->verdict != PLAN_COMPLETED && (is_taken_back || reaches_more))
		plan_add_paid(review, plan, judgement, decision);
}

static void review_active(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			  struct decision *decision)
{
	add_instalments(review, plan, judgement, decision);
	if (judgement->verdict == PLAN_COMPLETED)
		plan_add_completed(review, plan, judgement, decision);
	else if (judgement->verdict == PLAN_BROKEN)
		plan_add_broken(review, plan, judgement, decision);
	follow_deadline(review, plan, judgement, judgement->verdict == PLAN_ACTIVE, decision);
}

/*
 * A plan that has ended is judged anew while it is what was last arranged: the debt may be arranged, nobody has promised anything
 * since, and the rest of the plan is what is owed: nothing was charged or waived. A promise has taken its place otherwise, and the plan stays
 * as it has ended.
 */
static bool may_hold_again(const struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement)
{
	return debt_takes_plan(review->lifecycle) && uuid_is_none(&review->debt->promise_id) &&
	       plan->total_minor - judgement->paid_minor == review->balance_minor;
}

static void review_completed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			     struct decision *decision)
{
	if (judgement->verdict == PLAN_COMPLETED || !may_hold_again(review, plan, judgement))
		return;
	if (has_more(judgement->missed, plan->missed))
		plan_add_missed(review, plan, judgement, decision);
	if (judgement->verdict == PLAN_BROKEN)
		plan_add_broken(review, plan, judgement, decision);
	else
		plan_add_resumed(review, plan, judgement, decision);
	follow_deadline(review, plan, judgement, judgement->verdict == PLAN_ACTIVE, decision);
}

/* Only by a payment that was booked late and takes misses back. A broken plan that is paid otherwise stays broken. */
static void review_broken(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			  struct decision *decision)
{
	if (!has_more(plan->missed, judgement->missed))
		return;
	if (judgement->verdict == PLAN_ACTIVE && may_hold_again(review, plan, judgement)) {
		plan_add_resumed(review, plan, judgement, decision);
		follow_deadline(review, plan, judgement, true, decision);
	} else {
		plan_add_paid(review, plan, judgement, decision);
	}
}

static void review_plan(struct plan_review *review, const struct plan *plan, const struct plan_receipt *receipt,
			struct decision *decision)
{
	struct plan_judgement judgement = plan_judge(plan, receipt, decision->command->today);

	if (review->balance_minor == 0)
		judgement.verdict = PLAN_COMPLETED;
	switch ((enum plan_state)plan->state) {
	case PLAN_ACTIVE:
		review_active(review, plan, &judgement, decision);
		return;
	case PLAN_COMPLETED:
		review_completed(review, plan, &judgement, decision);
		return;
	case PLAN_BROKEN:
		review_broken(review, plan, &judgement, decision);
		return;
	case PLAN_CANCELLED:
		return;
	case PLAN_PROPOSED:
	case PLAN_NONE:
	case PLAN_STATE_COUNT:
		break;
	}
	MUST_NOT_REACH("the plan of a debt was activated");
}

void plan_review_payment(struct plan_review review, const struct plan_receipt *receipt, const struct workset *set,
			 struct decision *decision)
{
	const struct plan *plan;

	if (uuid_is_none(&review.debt->plan_id))
		return;
	review.plan_id = &review.debt->plan_id;
	plan = workset_state(set, &plan_entity, review.plan_id);
	MUST(plan != NULL);
	if (!plan_counts(plan, receipt)) {
		receipt = NULL;
		if (plan->state == PLAN_ACTIVE)
			review.payment_id = NULL; /* if anything is missed now, a grace is over: this payment is not the plan's */
	}
	review_plan(&review, plan, receipt, decision);
}

void plan_end(struct plan_review *review, enum plan_end reason, const struct workset *set, struct decision *decision)
{
	const struct plan *plan;

	review->plan_id = &review->debt->plan_id;
	if (uuid_is_none(review->plan_id))
		return;
	plan = workset_state(set, &plan_entity, review->plan_id);
	MUST(plan != NULL);
	if (plan->state != PLAN_ACTIVE)
		return;
	plan_add_cancelled(review, plan, str_of(plan_end_name(reason)), decision);
	decision_cancel_timer(decision, &plan_timer, review->plan_id);
	review->lifecycle = lifecycle_after(review->lifecycle, CAUSE_ARRANGEMENT_ENDED);
}

/* A plan that ended otherwise has no timer; one that is there all the same finds nothing to do. */
void decide_plan_judgement(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct plan *plan = workset_state(set, &plan_entity, id);
	const struct debt *debt = plan == NULL ? NULL : workset_state(set, &debt_entity, &plan->debt_id);
	struct plan_review review;

	if (debt == NULL || plan->state != PLAN_ACTIVE || !uuid_equal(&debt->plan_id, id))
		return;
	review = (struct plan_review){ .plan_id = id,
				       .debt = debt,
				       .version = debt->version,
				       .balance_minor = balances_owed(&debt->balances),
				       .lifecycle = debt->lifecycle,
				       .is_timer = true };
	review_plan(&review, plan, NULL, decision);
}
