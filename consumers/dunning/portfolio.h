#ifndef CONSUMERS_DUNNING_PORTFOLIO_H
#define CONSUMERS_DUNNING_PORTFOLIO_H

#include "consumers/dunning/dunning.h"
#include "consumers/dunning/next.h"

/*
 * A group with all that its next step depends on but the policies and the day: for who asks about many groups without the engine
 * (previews, simulations). Flat, so that it can be copied; of the debts only `debts_count` count (portfolio_group_size). Pure.
 */
struct portfolio_debt {
	struct uuid debt_id;
	struct dunned_debt state;
	bool is_under_way; /* the step that is under way lists it */
};

struct portfolio_group {
	struct uuid group_id;
	struct dunned_person person;
	struct dunned_group group;
	struct dunned_demands demands; /* of the person; older than a week they count against no cap, and may be left out */
	struct {
		char policy[POLICY_NAME_MAX + 1];
		int32_t number;
	} under_way;    /* of group.step_id */
	int32_t ask_on; /* for who asks day by day (play.h) */
	uint32_t debts_count;
	struct portfolio_debt debts[GROUP_DEBTS_MAX]; /* as next_facts.debts: the oldest first */
};

static inline size_t portfolio_group_size(const struct portfolio_group *group)
{
	return offsetof(struct portfolio_group, debts) + group->debts_count * sizeof(group->debts[0]);
}

/* Adds a debt in its place. Debts come in the order of their ids; those beyond GROUP_DEBTS_MAX are left out, as in group_debts. */
void portfolio_put(struct portfolio_group *group, const struct portfolio_debt *debt);

/* The next step of the group on a day: next_step with these demands of the person; `listed` are places in group->debts. */
void portfolio_ask(const struct portfolio_group *group, const struct dunned_demands *demands, const struct policies *policies,
		   int32_t today, struct next_answer *ret_answer);

/* Whether a step that is asked for counts against the caps: a step of this answer, with this action (a review in its place does not). */
bool portfolio_is_demand(const struct next_answer *answer, enum dunning_action action);

#endif
