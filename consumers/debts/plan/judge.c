#include "base/must.h"
#include "consumers/debts/plan/plan.h"

/* The judgement of a plan, by what was paid. */

const struct plan_limits plan_limits = { .instalments_min = 2,
					 .instalments_max = PLAN_NUMBER_MAX,
					 .grace_days = 5,
					 .days_ahead = 62,
					 .missed_in_row = 2,
					 .missed_in_all = 3,
					 .returned = 2,
					 .reinstate_days = 30 };

bool plan_counts(const struct plan *plan, const struct plan_receipt *receipt)
{
	return plan->state != PLAN_PROPOSED && plan->state != PLAN_CANCELLED && receipt->entry_no > plan->after_entries;
}

static bool has_bit(int64_t bits, int32_t number)
{
	return ((uint64_t)bits >> number & 1) != 0;
}

/*
 * A number whose grace is over and that is not marked was reached before, or nobody has judged it yet: whoever comes first on the day
 * after the grace does. So what was paid before now was in time, and what is paid now is, if its value date is.
 */
static bool is_missed(const struct plan *plan, const struct instalment *instalment, const struct plan_receipt *receipt)
{
	const bool was_missed = has_bit(plan->missed, instalment->number);
	const int64_t amount_minor = receipt == NULL ? 0 : receipt->amount_minor;
	const bool is_late = amount_minor > 0 && receipt->received_on > instalment->grace_ends_on;
	const bool is_reached = plan->paid_minor + (is_late ? 0 : amount_minor) >= instalment->reached_minor;

	if (was_missed)
		return !(amount_minor > 0 && !is_late && is_reached);
	return !is_reached;
}

static int64_t missed_numbers(const struct plan *plan, const struct plan_receipt *receipt, int32_t today)
{
	uint64_t missed = 0;

	for (int32_t number = plan_first(plan); number <= plan->instalments; number++) {
		const struct instalment instalment = plan_instalment(plan, number);

		if (instalment.grace_ends_on >= today)
			break;
		if (is_missed(plan, &instalment, receipt))
			missed |= (uint64_t)1 << number;
	}
	return (int64_t)missed;
}

static enum plan_break break_by_misses(const struct plan *plan, int64_t missed)
{
	int32_t in_row = 0, in_all = 0, longest = 0;

	for (int32_t number = plan->counts_from; number <= plan->instalments; number++) {
		in_row = has_bit(missed, number) ? in_row + 1 : 0;
		in_all += has_bit(missed, number) ? 1 : 0;
		longest = in_row > longest ? in_row : longest;
	}
	if (longest >= plan_limits.missed_in_row)
		return PLAN_BREAK_MISSED_IN_ROW;
	return in_all >= plan_limits.missed_in_all ? PLAN_BREAK_MISSED_IN_ALL : PLAN_BREAK_NONE;
}

int32_t plan_next(const struct plan *plan, int64_t paid_minor, int64_t missed)
{
	int32_t number = plan_first(plan);

	while (number <= plan->instalments &&
	       (has_bit(missed, number) || plan_instalment(plan, number).reached_minor <= paid_minor))
		number++;
	return number;
}

static enum plan_break break_of(const struct plan *plan, const struct plan_judgement *judgement)
{
	if (judgement->returned >= plan_limits.returned)
		return PLAN_BREAK_RETURNED;
	if (plan_next(plan, judgement->paid_minor, judgement->missed) > plan->instalments)
		return PLAN_BREAK_ENDED; /* the last was missed: nothing is left to wait for */
	return break_by_misses(plan, judgement->missed);
}

struct plan_judgement plan_judge(const struct plan *plan, const struct plan_receipt *receipt, int32_t today)
{
	struct plan_judgement judgement = { .paid_minor = plan->paid_minor,
					    .missed = missed_numbers(plan, receipt, today),
					    .returned = plan->returned,
					    .verdict = PLAN_ACTIVE };

	if (receipt != NULL) {
		judgement.paid_minor += receipt->amount_minor;
		judgement.returned += receipt->is_returned ? 1 : 0;
	}
	if (judgement.paid_minor >= plan->total_minor) {
		judgement.verdict = PLAN_COMPLETED;
		return judgement;
	}
	judgement.why = break_of(plan, &judgement);
	if (judgement.why != PLAN_BREAK_NONE)
		judgement.verdict = PLAN_BROKEN;
	return judgement;
}
