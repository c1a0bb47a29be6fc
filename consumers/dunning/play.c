#include "consumers/dunning/play.h"

/* The next day on which a group is asked about is kept beside it; 0: none. */
struct playing {
	const struct play *play;
	struct portfolio_group *groups;
	size_t count;
	struct dunned_demands demands; /* of the person */
	int32_t today;
};

static void tell(const struct playing *playing, const struct play_line *line)
{
	playing->play->tell(playing->play->tell_arg, line);
}

/* A step is taken on the day on which it is asked for. */
static void raise_listed(struct portfolio_group *group, const struct next_answer *answer, int32_t day)
{
	for (uint32_t index = 0; index < answer->listed_count; index++)
		debt_rise(&group->debts[answer->listed[index]].state, str_of(answer->policy->name), answer->step->number, day);
	group_forget_wait(&group->group);
	group_forget_failures(&group->group);
}

/* ---- a day of a group ---- */

static struct play_line line_of(const struct playing *playing, const struct portfolio_group *group,
				const struct next_answer *answer, enum play_said said)
{
	return (struct play_line){ .said = said,
				   .day = playing->today,
				   .group = group,
				   .policy = answer->policy,
				   .step = answer->step,
				   .channel = (enum channel)answer->channel,
				   .wait = (enum dunning_wait)answer->wait,
				   .debts_count = answer->listed_count,
				   .net_minor = answer->net_minor };
}

/* A group that waits may wait for the caps from now on. Those behind this one are asked on the same day. */
static void count_demand(struct playing *playing, const struct portfolio_group *group)
{
	demands_add(&playing->demands, playing->today);
	for (size_t at = 0; at < playing->count; at++) {
		struct portfolio_group *other = &playing->groups[at];
		const int32_t day = other > group ? playing->today : playing->today + 1;

		if (other != group && other->group.wait != WAIT_NONE && (other->ask_on == 0 || other->ask_on > day))
			other->ask_on = day;
	}
}

static void take(struct playing *playing, struct portfolio_group *group, const struct next_answer *answer,
		 enum dunning_action action)
{
	struct play_line line = line_of(playing, group, answer, PLAY_STEP);

	if (portfolio_is_demand(answer, action))
		count_demand(playing, group);
	raise_listed(group, answer, playing->today);
	group_note_step(&group->group, playing->today);
	line.action = action;
	tell(playing, &line);
}

static void say_waiting(const struct playing *playing, struct portfolio_group *group, const struct next_answer *answer)
{
	const struct play_line line = line_of(playing, group, answer, PLAY_WAIT);

	group_wait(&group->group, (enum dunning_wait)answer->wait, str_of(answer->policy == NULL ? "" : answer->policy->name),
		   answer->step == NULL ? 0 : answer->step->number, answer->ask_on);
	tell(playing, &line);
}

static void wait_for(const struct playing *playing, struct portfolio_group *group, const struct next_answer *answer)
{
	if (group->group.wait != answer->wait || !group_waits_with(&group->group, answer->policy, answer->step))
		say_waiting(playing, group, answer);
}

static void begin_round(struct playing *playing, struct portfolio_group *group, struct next_answer *answer)
{
	answer->wait = WAIT_RETRY;
	answer->ask_on = playing->today + answer->step->retry_days;
	say_waiting(playing, group, answer);
}

static void give_up(struct playing *playing, struct portfolio_group *group, struct next_answer *answer)
{
	const struct play_line line = line_of(playing, group, answer, PLAY_PASSED_OVER);

	switch (next_end_of(answer->step, &group->group)) {
	case NEXT_END_REVIEW:
		take(playing, group, answer, ACTION_REVIEW);
		return;
	case NEXT_END_RETRY:
		begin_round(playing, group, answer);
		return;
	case NEXT_END_MOVE_ON:
		raise_listed(group, answer, playing->today);
		tell(playing, &line);
		return;
	}
}

static void ask(struct playing *playing, struct portfolio_group *group)
{
	struct next_answer answer;

	portfolio_ask(group, &playing->demands, playing->play->policies, playing->today, &answer);
	group->ask_on = playing->today + 1;
	switch (answer.kind) {
	case NEXT_NOTHING:
		group_forget_wait(&group->group);
		group->ask_on = answer.ask_on;
		return;
	case NEXT_WAIT:
		wait_for(playing, group, &answer);
		group->ask_on = answer.ask_on;
		return;
	case NEXT_STEP:
		take(playing, group, &answer, (enum dunning_action)answer.step->action);
		return;
	case NEXT_EXHAUSTED:
		give_up(playing, group, &answer);
		return;
	}
}

/* ---- what is under way ---- */

static void take_under_way(struct playing *playing, struct portfolio_group *group)
{
	const struct policies *policies = playing->play->policies;
	struct play_line line = { .said = PLAY_TAKEN, .day = playing->today, .group = group };

	group->group.step_id = (struct uuid){ .bytes = { 0 } };
	group_forget_wait(&group->group);
	group_forget_failures(&group->group);
	group_note_step(&group->group, playing->today);
	for (uint32_t index = 0; index < group->debts_count; index++) {
		if (!group->debts[index].is_under_way)
			continue;
		debt_rise(&group->debts[index].state, str_of(group->under_way.policy), group->under_way.number, playing->today);
		line.debts_count++;
	}
	line.policy = policies_find(policies, str_of(group->under_way.policy));
	if (line.policy != NULL)
		line.step = policy_step_of(line.policy, group->under_way.number,
					   policy_arm_of(line.policy, &group->group.customer_id));
	if (line.step == NULL)
		line.policy = NULL;
	tell(playing, &line);
}

/* ---- changes ---- */

static bool takes_money(const struct portfolio_group *group, const struct play_change *change)
{
	return change->currency == NULL || strcmp(group->group.currency, change->currency) == 0;
}

/* NULL: nobody owes anything more. */
static struct dunned_debt *find_oldest(struct playing *playing, const struct play_change *change)
{
	struct dunned_debt *oldest = NULL;

	for (size_t at = 0; at < playing->count; at++) {
		for (uint32_t index = 0; takes_money(&playing->groups[at], change) && index < playing->groups[at].debts_count;
		     index++) {
			struct dunned_debt *debt = &playing->groups[at].debts[index].state;

			if (debt->balance_minor > 0 && (oldest == NULL || debt->due_on < oldest->due_on))
				oldest = debt;
		}
	}
	return oldest;
}

/* A debt that is paid is at level 0 again, as its event says (decide_facts.c). */
static void pay(struct playing *playing, const struct play_change *change)
{
	int64_t rest = change->minor;

	while (rest > 0) {
		struct dunned_debt *debt = find_oldest(playing, change);
		int64_t part;

		if (debt == NULL)
			return;
		part = debt->balance_minor < rest ? debt->balance_minor : rest;
		debt->balance_minor -= part;
		rest -= part;
		if (debt->balance_minor > 0)
			continue;
		debt->lifecycle = LIFECYCLE_PAID;
		debt->level = debt->level_on = 0;
		debt->policy[0] = '\0';
	}
}

static void make_changes(struct playing *playing)
{
	for (size_t index = 0; index < playing->play->changes_count; index++) {
		const struct play_change *change = &playing->play->changes[index];

		if (change->day != playing->today)
			continue;
		if (change->kind == PLAY_PAYS)
			pay(playing, change);
		for (size_t at = 0; at < playing->count; at++) {
			playing->groups[at].ask_on = playing->today;
			if (change->kind == PLAY_OPTS_OUT)
				playing->groups[at].person.opted_out |= 1U << change->channel;
		}
	}
}

void play_person(const struct play *play, struct portfolio_group *groups, size_t count)
{
	struct playing playing = { .play = play, .groups = groups, .count = count, .today = play->from };

	MUST(count > 0);
	playing.demands = groups[0].demands;
	for (size_t at = 0; at < count; at++) {
		groups[at].ask_on = play->from;
		if (!uuid_is_none(&groups[at].group.step_id))
			take_under_way(&playing, &groups[at]);
	}
	for (; playing.today < play->from + play->days; playing.today++) {
		make_changes(&playing);
		for (size_t at = 0; at < count; at++) {
			if (groups[at].ask_on != 0 && groups[at].ask_on <= playing.today)
				ask(&playing, &groups[at]);
		}
	}
}
