#include "base/day.h"
#include "base/must.h"
#include "consumers/debts/plan/plan.h"

/* The instalments of a plan, each derived from its terms. */

#define MONTHS 12
#define WEEK   7

static int32_t days_in_month(int year, int month)
{
	const int next_year = month == MONTHS ? year + 1 : year, next_month = month == MONTHS ? 1 : month + 1;

	return day_of(next_year, next_month, 1) - day_of(year, month, 1);
}

/* Always from the first day, so that a short month does not move the days behind it: 31 January, 28 February, 31 March. */
static int32_t day_after_months(int32_t first, int32_t months)
{
	int year, month, day;
	int32_t last;

	day_split(first, &year, &month, &day);
	months += month - 1;
	year += months / MONTHS;
	month = months % MONTHS + 1;
	last = days_in_month(year, month);
	return day_of(year, month, day < last ? day : last);
}

static int32_t due_after(enum plan_frequency frequency, int32_t first, int32_t times)
{
	switch (frequency) {
	case PLAN_FREQUENCY_WEEKLY:
		return first + WEEK * times;
	case PLAN_FREQUENCY_FORTNIGHTLY:
		return first + 2 * WEEK * times;
	case PLAN_FREQUENCY_MONTHLY:
		return day_after_months(first, times);
	case PLAN_FREQUENCY_NONE:
	case PLAN_FREQUENCY_COUNT:
		break;
	}
	MUST_NOT_REACH("no frequency");
}

int32_t plan_first(const struct plan *plan)
{
	return plan->down_minor > 0 ? 0 : 1;
}

static struct instalment down_payment(const struct plan *plan)
{
	return (struct instalment){ .number = 0,
				    .due_on = plan->down_due_on,
				    .grace_ends_on = plan->down_due_on + plan_limits.grace_days,
				    .amount_minor = plan->down_minor,
				    .reached_minor = plan->down_minor };
}

struct instalment plan_instalment(const struct plan *plan, int32_t number)
{
	const int64_t rest_minor = plan->total_minor - plan->down_minor, part_minor = rest_minor / plan->instalments;
	struct instalment instalment;

	MUST(number >= plan_first(plan));
	MUST(number <= plan->instalments);
	if (number == 0)
		return down_payment(plan);
	instalment = (struct instalment){ .number = number,
					  .due_on = due_after(plan->frequency, plan->first_due_on, number - 1),
					  .amount_minor = part_minor,
					  .reached_minor = plan->down_minor + part_minor * number };
	if (number == plan->instalments) {
		instalment.amount_minor = rest_minor - part_minor * (number - 1);
		instalment.reached_minor = plan->total_minor;
	}
	instalment.grace_ends_on = business_day_from((enum holidays)plan->holidays, instalment.due_on + plan_limits.grace_days);
	return instalment;
}

int32_t plan_paid_through(const struct plan *plan, int64_t paid_minor)
{
	int32_t number = plan_first(plan);

	while (number <= plan->instalments && plan_instalment(plan, number).reached_minor <= paid_minor)
		number++;
	return number - 1;
}

int64_t plan_fallen_due(const struct plan *plan, int32_t today)
{
	int64_t due_minor = 0;

	for (int32_t number = plan_first(plan); number <= plan->instalments; number++) {
		const struct instalment instalment = plan_instalment(plan, number);

		if (instalment.due_on > today)
			break;
		due_minor = instalment.reached_minor;
	}
	return due_minor;
}
