#ifndef CONSUMERS_DUNNING_NEXT_H
#define CONSUMERS_DUNNING_NEXT_H

#include "consumers/dunning/dunning.h"

/*
 * The next step of a group: a pure function of its facts, the policies and the business date (README.md, "The evaluation"). It asks for
 * no event steps: those are asked for by their event (`event`).
 */
struct next_debt {
	struct uuid debt_id;
	const struct dunned_debt *state;
};

struct next_facts {
	const struct dunned_person *person;
	const struct dunned_group *group;
	const struct dunned_demands *demands; /* the whole person's */
	const struct policies *policies;
	struct uuid customer_id;
	const struct next_debt *debts; /* open ones, the oldest first */
	uint32_t debts_count;
	uint32_t event; /* enum dunning_cause that has just come; NONE: the day is asked about */
};

enum next_kind {
	NEXT_NOTHING,
	NEXT_STEP,
	NEXT_WAIT,
	NEXT_EXHAUSTED, /* the step has failed (group->failed_step), and none of its channels from group->next_channel on can be tried */
};

struct next_answer {
	enum next_kind kind;
	int32_t ask_on; /* NOTHING, WAIT: asked again on this day; 0: nothing changes by time alone */

	/* WAIT */
	uint32_t wait; /* enum dunning_wait */

	/* STEP, EXHAUSTED, and WAIT for a step (cap, precondition, retry, opted_out, no_contact): which */
	const struct policy *policy;
	const struct policy_step *step;
	uint32_t channel;                /* enum channel; NONE: a task */
	int64_t net_minor;               /* what is owed in the listed debts, less the group's credits */
	uint32_t listed_count;
	uint32_t listed[STEP_DEBTS_MAX]; /* indices of facts->debts, ascending */
};

void next_step(const struct next_facts *facts, int32_t today, struct next_answer *ret_answer);

/* Days past due: 0 on the due day and before (consumers/DOMAIN.md 4, axis 2). */
int32_t days_past_due(const struct dunned_debt *debt, int32_t today);

/* Whether a step asks for money, so that the caps count it: messages that do (message_class_asks), calls. */
bool step_is_demand(const struct policy_step *step);

#endif
