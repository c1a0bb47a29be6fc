#ifndef CONSUMERS_DUNNING_PLAY_H
#define CONSUMERS_DUNNING_PLAY_H

#include "base/must.h"
#include "consumers/dunning/portfolio.h"

/*
 * Plays days ahead for a person, in memory: the groups are asked on each day on which something may change, and what they get changes
 * them as the module's events would. Pure. Assumed, and to be said to who reads the result:
 *  - a message is accepted on its day, on the first channel that the person has; a task is done on its day;
 *  - what is under way is taken on the first day;
 *  - nothing else happens but the changes that the caller names: no payments, no new debts, no messages of the person, no other stop
 *    than those of now.
 */
#define PLAY_DAYS_MAX 366

/* What is known from the beginning of a day on. */
enum play_change_kind {
	PLAY_PAYS,     /* the oldest debts of the person first, over all groups of the currency; the rest is not used */
	PLAY_OPTS_OUT, /* of a channel */
};
struct play_change {
	enum play_change_kind kind;
	int32_t day;
	int64_t minor;        /* PAYS: above 0 */
	const char *currency; /* PAYS: NULL: of every currency */
	enum channel channel; /* OPTS_OUT */
};

enum play_said {
	PLAY_STEP,        /* action, channel */
	PLAY_TAKEN,       /* what was under way: policy NULL if it is not known any more */
	PLAY_PASSED_OVER, /* a step that has failed for good */
	PLAY_WAIT,        /* the group begins to wait, or for another reason, or with another step */
};

struct play_line {
	enum play_said said;
	int32_t day;
	const struct portfolio_group *group; /* as it is after it */
	const struct policy *policy;         /* NULL: none; as step */
	const struct policy_step *step;
	enum dunning_action action;
	enum channel channel;
	enum dunning_wait wait;
	uint32_t debts_count;
	int64_t net_minor; /* of the listed debts, as in next_answer */
};

struct play {
	const struct policies *policies;
	int32_t from;                      /* the first day */
	int32_t days;                      /* 1 to PLAY_DAYS_MAX */
	const struct play_change *changes; /* in the order of their days */
	size_t changes_count;
	void (*tell)(void *tell_arg, const struct play_line *line);
	void *tell_arg;
};

/* All groups of one person, in the order of their ids; they are changed. */
void play_person(const struct play *play, struct portfolio_group *groups, size_t count);

#endif
