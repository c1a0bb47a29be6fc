#include "consumers/dunning/portfolio.h"

static bool is_older(const struct portfolio_debt *a, const struct portfolio_debt *b)
{
	return next_debt_is_older(&(struct next_debt){ a->debt_id, &a->state }, &(struct next_debt){ b->debt_id, &b->state });
}

void portfolio_put(struct portfolio_group *group, const struct portfolio_debt *debt)
{
	uint32_t place = group->debts_count;

	if (place == GROUP_DEBTS_MAX)
		return;
	for (; place > 0 && is_older(debt, &group->debts[place - 1]); place--)
		group->debts[place] = group->debts[place - 1];
	group->debts[place] = *debt;
	group->debts_count++;
}

void portfolio_ask(const struct portfolio_group *group, const struct dunned_demands *demands, const struct policies *policies,
		   int32_t today, struct next_answer *ret_answer)
{
	struct next_debt debts[GROUP_DEBTS_MAX];
	const struct next_facts facts = { .person = &group->person,
					  .group = &group->group,
					  .demands = demands,
					  .policies = policies,
					  .customer_id = group->group.customer_id,
					  .debts = debts,
					  .debts_count = group->debts_count };

	for (uint32_t index = 0; index < group->debts_count; index++)
		debts[index] = (struct next_debt){ group->debts[index].debt_id, &group->debts[index].state };
	next_step(&facts, today, ret_answer);
}

bool portfolio_is_demand(const struct next_answer *answer, enum dunning_action action)
{
	return step_is_demand(answer->step) && (action == ACTION_SEND || action == ACTION_CALL);
}
