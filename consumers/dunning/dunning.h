#ifndef CONSUMERS_DUNNING_DUNNING_H
#define CONSUMERS_DUNNING_DUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "base/zone.h"
#include "consumers/dunning/policy.h"
#include "model/module.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The dunning module: it follows the modules that own people, debts and messages, and asks for the next step of each group on its day
 * (README.md).
 *
 *   events of others --------> DebtNoted, PersonNoted, StopNoted        facts; a change sets the group's timer
 *   (a timer of the group) --> DunningStepDue [TaskOpened]              and SendCommunication to communications
 *                              DunningWaiting                           nothing can be done now; the reason
 *   reports of messages -----> DunningStepTaken | DunningStepFailed
 *                              DunningStepSkipped                       it has failed for good, and the policy moves on
 *   money, a cancellation ---> DunningStepWithdrawn                     and CancelCommunication
 *   PublishPolicy -----------> PolicyPublished     RetirePolicy -> PolicyRetired
 *   TakeTask, ReleaseTask, FinishTask -> TaskTaken, TaskReleased, TaskPutOff | TaskFinished [DunningStepTaken | DunningStepFailed]
 *   (a timer of the task) ---> TaskReleased
 *
 * Invariants: a group has at most one step under way; a debt's level is the number of the last step that was taken about it; a group
 * with an open debt that is due within REMINDER_DAYS_MAX has a timer for the next day, so each is asked about every day: also by a policy
 * that was published meanwhile.
 */
struct store;

extern const struct module dunning_module;
extern const struct store dunning_store;

/* ---- facts ---- */

#define COUNTRY_SIZE 9
#define REGION_SIZE  17 /* with its country: US-MA */
#define LOCALE_SIZE  36
#define DEMANDS_MAX  56 /* twice as many as a policy allows in seven days */

/* Aggregate: a person, under the customer's id. */
struct dunned_person {
	int64_t version; /* of this module's row */
	uint32_t is_active;
	uint32_t kind; /* enum customer_kind */
	char country[COUNTRY_SIZE];
	char region[REGION_SIZE];
	char timezone[ZONE_NAME_MAX + 1];
	char locale[LOCALE_SIZE];
	int32_t usable[CHANNEL_COUNT];             /* contact points by channel */
	uint32_t opted_out;                        /* bits by enum channel */
	int32_t inbound_on;                        /* of the last message of the person, the latest day in its place; 0: none */
	int32_t deceased, bankruptcy, restriction; /* open stops of these kinds, about all debts */
	struct uuid trace_id;                      /* the open task to trace the person; nil: none */
	int32_t traces;                            /* how many were opened so far: their ids count on */
	uint32_t is_traced;                        /* one was opened since a step was taken, and was not cancelled */
};

/*
 * Not saved: the days of the newest steps of the person that ask for money and have neither failed nor been withdrawn, the newest first.
 * Read from dunning.step.
 */
struct dunned_demands {
	uint32_t count;
	int32_t days[DEMANDS_MAX];
};
void demands_add(struct dunned_demands *demands, int32_t day);
void demands_remove(struct dunned_demands *demands, int32_t day);

/* Aggregate: a debt and where it stands on its ladder, under the debt's id. */
struct dunned_debt {
	struct uuid customer_id, creditor_id, portfolio_id, group_id;
	int64_t version; /* of this module's row */
	int64_t balance_minor, credit_minor;
	int32_t opened_on, due_on;
	int32_t paused_days;  /* days that do not age it; 0 until the debts module has holds */
	uint32_t lifecycle;   /* enum lifecycle */
	int32_t disputes;     /* open stops about this debt alone */
	uint32_t is_promised; /* a promise to pay about it is open */
	uint32_t is_held;     /* a hold stops contact or dunning about it */
	char currency[4];

	char policy[POLICY_NAME_MAX + 1]; /* by which the level was reached, in whichever version; "": none */
	int32_t level;                    /* 0: no step was taken */
	int32_t level_on;                 /* the day on which it was taken */
};

/* Aggregate: a circumstance that stops dunning (StopNoted), under its id. */
struct dunning_stop {
	struct uuid customer_id;
	struct uuid debt_id; /* nil: it stops all debts of the person */
	int64_t version;
	uint32_t kind; /* enum dunning_stop_kind */
	uint32_t is_open;
};

/* Aggregate: what a person owes a creditor in a currency. */
struct dunned_group {
	struct uuid customer_id, creditor_id;
	int64_t version;
	struct uuid step_id;  /* under way; nil: none */
	int32_t asks;         /* how many steps were asked for so far: their ids count on */
	int32_t failed_step;  /* the step that failed last; 0: none has failed since one was taken, or moved on from */
	int32_t next_channel; /* of it: the index of the channel that is tried next */
	int32_t rounds;       /* of it: how often it has failed on all its channels */
	int32_t retry_on;     /* of it: not tried before this day; 0: no such day */
	int32_t withdrawn_on; /* the last day on which a step was withdrawn; 0: none was */
	int32_t stepped_on;   /* the last day on which a step was taken; 0: none was */
	uint32_t wait;        /* enum dunning_wait as of the last evaluation */
	int32_t wait_step;    /* the step that waits; 0: none is known */
	char currency[4];

	/* A number names a step of a policy only. "": none */
	char failed_policy[POLICY_NAME_MAX + 1];
	char wait_policy[POLICY_NAME_MAX + 1];
};

/* What events change of a group and of a debt; play.c, which looks ahead, changes the same. */
void group_forget_failures(struct dunned_group *group);
void group_forget_wait(struct dunned_group *group);
void group_note_step(struct dunned_group *group, int32_t taken_on);
/* ask_on: the day of the next round, where it waits for one (WAIT_RETRY), which begins it. */
void group_wait(struct dunned_group *group, enum dunning_wait wait, struct str policy, int32_t step, int32_t ask_on);
void debt_rise(struct dunned_debt *debt, struct str policy, int32_t level, int32_t day);

/*
 * Not saved: the group's debts that dunning is about, in the order of ids, which is that of their creation. Read from dunning.debt. Of more
 * than fit, the oldest; the others follow when these are paid.
 */
#define GROUP_DEBTS_MAX 64
struct group_debts {
	uint32_t count;
	struct uuid ids[GROUP_DEBTS_MAX];
};
void group_debts_put(struct group_debts *debts, const struct uuid *debt_id, bool is_dunned);

/* Not saved: a person's groups, in the order of ids. Read from dunning.debt_group; of more than fit, the first. */
#define PERSON_GROUPS_MAX 31
struct person_groups {
	uint32_t count;
	struct uuid ids[PERSON_GROUPS_MAX];
};
void person_groups_put(struct person_groups *groups, const struct uuid *group_id);

/*
 * Not saved: the groups of a person with a step under way, in the order of their ids; of more than fit, the first. Read from dunning.step.
 * Only a batch with an item that asks for it has it.
 */
#define GROUPS_UNDER_WAY_MAX 24
struct groups_under_way {
	uint32_t count;
	struct uuid ids[GROUPS_UNDER_WAY_MAX];
};
void groups_under_way_put(struct groups_under_way *groups, const struct uuid *group_id, bool is_under_way);

/* Whether dunning is about the debt: it is open, and owes something or has a credit. */
bool debt_is_dunned(const struct dunned_debt *debt);

/* A step that was asked for, under the id of its communication or task. */
#define STEP_DEBTS_MAX 32
struct dunned_step {
	struct uuid customer_id, group_id;
	int64_t version;
	char policy[POLICY_NAME_MAX + 1];
	char arm[POLICY_ARM_MAX + 1]; /* of an experiment; "": none */
	int32_t number;
	int32_t asked_on;
	uint32_t action;    /* enum dunning_action */
	uint32_t channel;   /* enum channel; NONE: a task */
	uint32_t is_demand; /* counts against the caps until it fails */
	uint32_t state;     /* enum step_state */
	int32_t taken_on;   /* 0: it was not taken */
	uint32_t debts_count;
	struct uuid debts[STEP_DEBTS_MAX];
};

/*
 * A task for a person (README.md, "Tasks"): to take a step, whose id it has; or to trace somebody (kind TRACE), under an id of its own.
 * Whoever has it loses it after TASK_KEPT_DAYS, so that nothing is forgotten; never in less than a day, in any time zone.
 */
#define TASK_KEPT_DAYS      2
#define TASK_LATER_DAYS_MAX 90
struct dunning_task {
	struct uuid customer_id, group_id;
	int64_t version;
	uint32_t kind, reason, state; /* enum task_kind, task_reason, task_state */
	uint32_t outcome;             /* FINISHED: enum task_outcome; NONE in other states */
	char policy[POLICY_NAME_MAX + 1];
	int32_t step; /* that it takes, or that waits for it */
	int32_t opened_on;
	int32_t back_on;      /* TAKEN, PUT_OFF: it is open again from this business date on; 0 in other states */
	struct uuid taken_by; /* the user who has it, or had it when it was FINISHED; nil in other states */
	int64_t created_at_ms, updated_at_ms;
};

/* Which moves a state (enum task_state) allows. */
bool task_can_be_taken(unsigned state);
bool task_is_taken(unsigned state);
bool task_has_ended(unsigned state);

/* The system's zones: not of the database. One state, calendar_id. */
struct calendar {
	const struct zones *zones;
};
extern const struct uuid calendar_id, policies_id;

extern const struct entity dunned_person_entity, dunned_demands_entity, dunned_debt_entity, dunned_group_entity,
	group_debts_entity, person_groups_entity, groups_under_way_entity, dunned_step_entity, dunning_stop_entity,
	dunning_task_entity, policies_entity, published_policy_entity, calendar_entity;

extern const struct timer_kind evaluation_timer; /* of a group: what is its next step? */
extern const struct timer_kind
	reversal_timer; /* of a group: money was taken back; a step for that comes before those of the day */
extern const struct timer_kind contact_timer;  /* of a group: its person has a contact point more; likewise */
extern const struct timer_kind broken_timer;   /* of a group: the time of a promise is over, and nothing was paid; likewise */
extern const struct timer_kind rejected_timer; /* of a group: a dispute of one of its debts was rejected; likewise */
extern const struct timer_kind entry_timer;    /* of a debt: it is due within REMINDER_DAYS_MAX */
extern const struct timer_kind stop_timer;     /* of a stop: the first day on which it is over */
extern const struct timer_kind task_timer;     /* of a task that comes back */

void dunning_evolve(struct workset *set, const struct event *event);

#endif
