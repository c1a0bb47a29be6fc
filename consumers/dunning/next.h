#ifndef CONSUMERS_DUNNING_NEXT_H
#define CONSUMERS_DUNNING_NEXT_H

#include "consumers/dunning/dunning.h"

/*
 * The next step of a group: a pure function of its facts, the policies and the business date (README.md, "The evaluation"). No memory
 * and no clock: whether it was asked yesterday makes no difference, except that skip_to_current does not pass over the step that
 * the group waits with (group->wait, wait_policy, wait_step).
 *
 * With an `event`, a step for that event comes before those of the day; without one, or when none can be taken now, the day is asked
 * about. A step for an event that is held back (WAIT) is not due again on the next day.
 */
struct next_debt {
	struct uuid debt_id;
	const struct dunned_debt *state;
};

/* By due day, then by id. */
bool next_debt_is_older(const struct next_debt *a, const struct next_debt *b);

struct next_facts {
	const struct dunned_person *person;
	const struct dunned_group *group;
	const struct dunned_demands *demands; /* the whole person's; NULL: none */
	const struct policies *policies;
	struct uuid customer_id;
	const struct next_debt *debts; /* open ones, and others that have a credit; at most GROUP_DEBTS_MAX, the oldest first */
	uint32_t debts_count;
	uint32_t event; /* enum dunning_cause that has just come; NONE: the day is asked about */
};

enum next_kind {
	NEXT_NOTHING,
	NEXT_STEP,
	NEXT_WAIT,
	NEXT_EXHAUSTED, /* the step has failed (group->failed_step); none of its channels from group->next_channel on can be tried, one before can */
};

struct next_answer {
	enum next_kind kind;
	/*
	 * NOTHING, WAIT: no day before this one has another answer, if no event comes; it may be the same once more. 0: no day has.
	 * STEP, EXHAUSTED: 0.
	 */
	int32_t ask_on;

	/* WAIT */
	uint32_t wait; /* enum dunning_wait */

	/* STEP, EXHAUSTED, and WAIT for a step (inbound, balance of what it lists, precondition, cap, retry, opted_out, no_contact): which */
	const struct policy *policy; /* of facts->policies; NULL: none */
	const struct policy_step *step;
	uint32_t channel;                /* STEP: enum channel; NONE: a task */
	int64_t net_minor;               /* what is owed in the listed debts, less the group's credits */
	uint32_t listed_count;           /* 0 for a precondition */
	uint32_t listed[STEP_DEBTS_MAX]; /* indices of facts->debts, ascending */
};

void next_step(const struct next_facts *facts, int32_t today, struct next_answer *ret_answer);

/* Whether the step is about the debt. */
bool step_lists(const struct dunned_step *step, const struct uuid *debt_id);

/*
 * Why a step under way must not go on: dunning of the person stops (a word of enum dunning_wait), or one of the listed debts is held
 * (dispute | promise | plan | held). NULL: it may go on.
 */
const char *next_stop(const struct next_facts *facts, const struct dunned_step *step);

/* What follows when a step is EXHAUSTED. */
enum next_end {
	NEXT_END_REVIEW,  /* a task for a person, in the step's place */
	NEXT_END_RETRY,   /* another round of its channels, after its retry_days */
	NEXT_END_MOVE_ON, /* its debts rise without it */
};
enum next_end next_end_of(const struct policy_step *step, const struct dunned_group *group);

/* Whether the group's failure, or its wait, is of this step: a number alone may be one of another policy of the group. */
bool group_has_failed(const struct dunned_group *group, const struct policy *policy, const struct policy_step *step);
bool group_waits_with(const struct dunned_group *group, const struct policy *policy, const struct policy_step *step);

/* Days past due: 0 on the due day and before (consumers/DOMAIN.md 4, axis 2). */
int32_t days_past_due(const struct dunned_debt *debt, int32_t today);

/* Whether a step asks for money, so that the caps count it: messages that do (model/asks.h: reminders, too), calls. */
bool step_is_demand(const struct policy_step *step);

#endif
