#ifndef CONSUMERS_DUNNING_DRY_RUN_H
#define CONSUMERS_DUNNING_DRY_RUN_H

#include "consumers/dunning/portfolio.h"

/*
 * What the policies would do on one day, group by group, without doing it, and the totals. Pure.
 *
 *   dry_run_init; dry_run_ask for each group, those of a person one after the other; dry_totals_add of each item
 *
 * Steps that a person's groups get on the day count against the caps of the groups that come later, as in the module. There the order of
 * two groups of a person is that of their timers and not foreseen: if the caps leave room for one of them, it may be the other one.
 */
struct dry_run {
	const struct policies *policies; /* borrows */
	int32_t today;
	struct uuid customer_id;       /* of the last group */
	struct dunned_demands demands; /* of that person, with the steps of today */
};

enum dry_guard {
	DRY_NOT_ASKED, /* a task, or nobody asked the guard */
	DRY_ALLOWED,
	DRY_LATER,   /* it may leave, but not at the beginning of the day: until_ms */
	DRY_STOPPED, /* denied, or not before the step's send_days are over, or refused before the guard is asked: rules */
};

#define DRY_RULES_MAX 8

/* What a group gets. */
struct dry_item {
	struct uuid customer_id, group_id, creditor_id;
	char currency[4];
	enum next_kind kind;
	enum dunning_action action;  /* STEP; of EXHAUSTED: review, or none */
	enum next_end end;           /* EXHAUSTED */
	enum dunning_wait wait;      /* WAIT */
	int32_t ask_on;              /* WAIT: 0 or the day on which time may change it */
	const struct policy *policy; /* NULL: none; as the next one */
	const struct policy_step *step;
	enum channel channel; /* NONE: a task */
	uint32_t debts_count; /* listed */
	size_t debts_at;      /* the caller's */
	int64_t net_minor;
	int64_t begins_ms, ends_ms; /* a message may leave from then on, and before then; set by who asks the guard */
	enum dry_guard guard;
	int64_t until_ms;
	const char
		*rules[DRY_RULES_MAX]; /* of STOPPED and LATER: ids of rules or a refusal's code; terminated by NULL or the end */
};

void dry_run_init(struct dry_run *run, const struct policies *policies, int32_t today);

/* `ret_answer` lists the debts by their places in the group. */
void dry_run_ask(struct dry_run *run, const struct portfolio_group *group, struct next_answer *ret_answer,
		 struct dry_item *ret_item);

/* ---- two answers about the same group ---- */

enum dry_difference {
	DRY_SAME,
	DRY_BEGINS,       /* a step instead of none */
	DRY_ENDS,         /* none instead of a step */
	DRY_OTHER_STEP,   /* another number, or of another policy */
	DRY_OTHER_WAY,    /* the same step, by another channel or as another task, or in other words (template, class) */
	DRY_OTHER_DEBTS,  /* the same, about another sum or number of debts */
	DRY_OTHER_REASON, /* both wait, for different reasons */
	DRY_DIFFERENCE_COUNT
};
enum dry_difference dry_difference(const struct dry_item *a, const struct dry_item *b);

/* ---- totals ---- */

#define DRY_ROWS_MAX 512

/* Groups with the same step on the same channel in the same currency. */
struct dry_row {
	const struct policy *policy;
	const struct policy_step *step;
	enum dunning_action action; /* NONE: the step is passed over */
	enum channel channel;
	char currency[4];
	int64_t groups, debts, net_minor;
	int64_t later, stopped; /* of the groups */
};

struct dry_totals {
	int64_t persons, groups, debts; /* that were asked about */
	int64_t steps;                  /* groups that get one */
	int64_t under_way;              /* groups with a step that was asked for before */
	int64_t waits[DUNNING_WAIT_COUNT];
	struct uuid customer_id; /* of the last group */
	uint32_t rows_count;
	struct dry_row rows[DRY_ROWS_MAX]; /* what does not fit is added to the last one */
	uint32_t rules_count;
	struct dry_rule {
		const char *rule;
		int64_t groups;
	} rules[64];
};

/* Of each group; the guard's word is added later, with the item (dry_totals_add). */
void dry_totals_count(struct dry_totals *totals, const struct portfolio_group *group);
void dry_totals_add(struct dry_totals *totals, const struct dry_item *item);

/* By policy, step, action, channel and currency. */
void dry_totals_sort(struct dry_totals *totals);

/*
 * What a row costs: those that are not stopped, at the price of their channel in minor units. A task costs nothing here.
 * INT64_MAX: more than fits.
 */
int64_t dry_row_cost(const struct dry_row *row, const int64_t prices[CHANNEL_COUNT]);

#endif
