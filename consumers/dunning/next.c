#include "consumers/dunning/next.h"

#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "base/must.h"
#include "model/asks.h"

/*
 * Days are computed in 64 bits, so that no due date or pause overflows; NEVER and other days beyond the calendar do not come.
 */
#define NEVER  (INT64_C(1) << 40)
#define LAPSED (NEVER + 1)

/* A policy whose segment has the group, as far as it is about the person, the creditor and the currency. */
struct ladder {
	const struct policy *policy;
	const struct policy_arm *arm; /* of the person; known when the first debt is on the ladder */
	bool is_used;
};

/* Where a debt stands. */
struct standing {
	const struct ladder *ladder;    /* NULL: it is left out */
	int32_t level;                  /* with the steps that count as done on their day */
	const struct policy_step *step; /* that is due; NULL: none */
	bool is_ready;                  /* its preconditions hold */
};

struct question {
	const struct next_facts *facts;
	int32_t today;
	int32_t ask_on;                /* the earliest day noted so far; 0: none */
	int64_t credits;               /* of all debts of the group */
	int64_t net_minor;             /* what is owed, less the credits */
	uint32_t on_ladder, too_small; /* debts by what became of them */
	bool skips;                    /* a debt's ladder is one of skip_to_current */
	uint32_t ladders_count;
	struct ladder ladders[POLICIES_MAX]; /* in the order of their priority */
	struct standing debts[GROUP_DEBTS_MAX];
};

static void note(struct question *question, int64_t day)
{
	if (day > question->today && day <= DAY_MAX && (question->ask_on == 0 || day < question->ask_on))
		question->ask_on = (int32_t)day;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- debts ---- */

/* The day on which a debt is so many days past due. */
static int64_t day_past_due(const struct dunned_debt *debt, int32_t days)
{
	return (int64_t)debt->due_on + debt->paused_days + days;
}

int32_t days_past_due(const struct dunned_debt *debt, int32_t today)
{
	int64_t days = today - day_past_due(debt, 0);

	return days < 0 ? 0 : days > INT32_MAX ? INT32_MAX : (int32_t)days;
}

/* A debt of a plan in force is asked for by the plan; so is one whose settlement is accepted. */
static bool is_dunned(enum lifecycle lifecycle)
{
	switch (lifecycle) {
	case LIFECYCLE_NEW:
	case LIFECYCLE_ACTIVE:
	case LIFECYCLE_LEGAL:
	case LIFECYCLE_CHARGED_OFF:
		return true;
	case LIFECYCLE_NONE:
	case LIFECYCLE_ARRANGED:
	case LIFECYCLE_PAID:
	case LIFECYCLE_SETTLED:
	case LIFECYCLE_WRITTEN_OFF:
	case LIFECYCLE_TRANSFERRED:
	case LIFECYCLE_CANCELLED:
	case LIFECYCLE_COUNT:
		return false;
	}
	MUST_NOT_REACH("no such state of a debt");
}

static bool is_asked_for(const struct dunned_debt *debt)
{
	return is_dunned((enum lifecycle)debt->lifecycle) && debt->balance_minor > 0 && debt->disputes == 0 &&
	       !debt->is_promised && !debt->is_held;
}

bool next_debt_is_older(const struct next_debt *a, const struct next_debt *b)
{
	if (a->state->due_on != b->state->due_on)
		return a->state->due_on < b->state->due_on;
	return uuid_compare(&a->debt_id, &b->debt_id) < 0;
}

/* A sum beyond 64 bits stays at their end: it is above every tolerance all the same. */
static int64_t plus(int64_t sum, int64_t minor)
{
	return money_add(sum, minor, &sum) ? sum : minor > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t minus(int64_t sum, int64_t minor)
{
	return money_sub(sum, minor, &sum) ? sum : minor > 0 ? INT64_MIN : INT64_MAX;
}

/* False: the group owes nothing that is asked for. */
static bool add_up(struct question *question)
{
	const struct next_facts *facts = question->facts;
	int64_t owed = 0;

	for (uint32_t index = 0; index < facts->debts_count; index++) {
		const struct dunned_debt *debt = facts->debts[index].state;

		question->credits = plus(question->credits, debt->credit_minor);
		if (is_asked_for(debt))
			owed = plus(owed, debt->balance_minor);
	}
	question->net_minor = minus(owed, question->credits);
	return owed > 0;
}

/* ---- the policy of a debt ---- */

static struct segment_facts segment_of_group(const struct next_facts *facts)
{
	return (struct segment_facts){
		.country = facts->person->country,
		.language = facts->person->locale,
		.customer_kind = facts->person->kind,
		.currency = facts->group->currency,
		.creditor_id = facts->group->creditor_id,
	};
}

static void find_ladders(struct question *question, const struct segment_facts *segment)
{
	const struct policies *policies = question->facts->policies;

	for (uint32_t index = 0; index < policies->count; index++) {
		const struct policy *policy = &policies->items[index];
		uint32_t at = question->ladders_count;

		if (policy->is_retired || !policy_is_for_group(policy, segment))
			continue;
		for (; at > 0 && question->ladders[at - 1].policy->priority > policy->priority; at--)
			question->ladders[at] = question->ladders[at - 1];
		question->ladders[at] = (struct ladder){ .policy = policy };
		question->ladders_count++;
	}
}

/* The ladder of a debt; NULL: none. Notes the days on which it will be another one. */
static struct ladder *find_ladder(struct question *question, const struct dunned_debt *debt, const struct segment_facts *segment)
{
	for (uint32_t index = 0; index < question->ladders_count; index++) {
		struct ladder *ladder = &question->ladders[index];
		const struct policy *policy = ladder->policy;

		if (!policy_is_for_debt(policy, segment))
			continue;
		if (segment->days_past_due < policy->days_from)
			note(question, day_past_due(debt, policy->days_from));
		if (!days_are_within(segment->days_past_due, policy->days_from, policy->days_to))
			continue;
		if (policy->days_to > 0)
			note(question, day_past_due(debt, policy->days_to + 1));
		return ladder;
	}
	return NULL;
}

static void use_ladder(struct question *question, struct ladder *ladder)
{
	if (!ladder->is_used)
		ladder->arm = policy_arm_of(ladder->policy, &question->facts->customer_id);
	ladder->is_used = true;
}

/* ---- the day of a step ---- */

/* How far a walk up the ladder has come. */
struct walk {
	int64_t since; /* the day of the step before, for days_since_step; NEVER: there is none */
	int64_t from;  /* no step is due before */
};

/* The wait after the step of the debt's level, which may be one of a policy that was the debt's before. */
static int32_t wait_after_level(const struct question *question, const struct dunned_debt *debt, const struct ladder *ladder,
				bool is_same)
{
	const struct policy *policy = is_same ? ladder->policy : policies_find(question->facts->policies, str_of(debt->policy));
	const struct policy_step *step;

	if (policy == NULL)
		return 0;
	step = policy_step_of(policy, debt->level, is_same ? ladder->arm : policy_arm_of(policy, &question->facts->customer_id));
	return step == NULL ? 0 : step->wait_days;
}

/* From the debt's level on; no step is due on the day of another one. */
static struct walk begin_walk(const struct question *question, const struct dunned_debt *debt, struct standing *standing)
{
	bool is_same = strcmp(debt->policy, standing->ladder->policy->name) == 0;
	struct walk walk = { .since = NEVER, .from = DAY_MIN };

	standing->level = is_same ? debt->level : 0;
	if (standing->level > 0)
		walk.since = debt->level_on;
	if (debt->level > 0)
		walk.from = debt->level_on + later(wait_after_level(question, debt, standing->ladder, is_same), 1);
	return walk;
}

/* 31 days behind the first of a month is a day of the next one, as many days in it as the month is shorter than that. */
static int64_t month_end(int32_t day)
{
	int year, month, of_month, beyond;
	int32_t next;

	day_split(day, &year, &month, &of_month);
	next = day - of_month + 1 + 31;
	day_split(next, &year, &month, &beyond);
	return next - beyond;
}

static int64_t trigger_day(const struct policy_step *step, const struct dunned_debt *debt, const struct walk *walk)
{
	switch ((enum dunning_trigger)step->trigger) {
	case TRIGGER_DAYS_PAST_DUE: /* reminders: plain days */
		return step_is_reminder(step) ? (int64_t)debt->due_on + step->days : day_past_due(debt, step->days);
	case TRIGGER_DAYS_SINCE_STEP:
		return walk->since == NEVER ? NEVER : walk->since + step->days;
	case TRIGGER_MONTH_END:
		return month_end(debt->due_on) + step->days;
	case TRIGGER_ON_DATE:
		return step->on;
	case TRIGGER_EVENT:
		return DAY_MIN;
	case TRIGGER_NONE:
	case DUNNING_TRIGGER_COUNT:
		return NEVER;
	}
	MUST_NOT_REACH("no such trigger");
}

/* Nothing but a reminder goes out before the debt is past due. LAPSED: the day of a reminder that is too late. */
static int64_t day_of_step(const struct policy_step *step, const struct dunned_debt *debt, const struct walk *walk, int32_t today)
{
	int64_t day = later(trigger_day(step, debt, walk), walk->from);

	if (!step_is_reminder(step))
		return later(day, day_past_due(debt, 1));
	return today >= debt->due_on || day >= debt->due_on ? LAPSED : day;
}

/* ---- the step that is due for a debt ---- */

static bool preconditions_hold(struct question *question, const struct policy_step *step, const struct dunned_debt *debt)
{
	int32_t days = days_past_due(debt, question->today);
	int64_t old_enough_on = (int64_t)debt->opened_on + step->min_age_days;

	note(question, old_enough_on);
	if (days < step->days_from)
		note(question, day_past_due(debt, step->days_from));
	else if (step->days_to > 0)
		note(question, day_past_due(debt, step->days_to + 1));
	return question->net_minor >= step->min_balance_minor && question->today >= old_enough_on &&
	       days_are_within(days, step->days_from, step->days_to);
}

bool group_has_failed(const struct dunned_group *group, const struct policy *policy, const struct policy_step *step)
{
	return group->failed_step == step->number && strcmp(group->failed_policy, policy->name) == 0;
}

/* Both NULL: a wait with no step that is known. */
bool group_waits_with(const struct dunned_group *group, const struct policy *policy, const struct policy_step *step)
{
	if (step == NULL)
		return group->wait_step == 0;
	return group->wait_step == step->number && strcmp(group->wait_policy, policy->name) == 0;
}

static void consider(struct question *question, const struct policy_step *step, const struct dunned_debt *debt,
		     struct standing *standing)
{
	if (step_is_reminder(step))
		note(question, debt->due_on); /* it lapses */
	standing->step = step;
	standing->is_ready = preconditions_hold(question, step, debt);
}

/* skip_to_current: a step whose day has passed, unless it was held back on its day or has failed since. */
static bool has_passed(struct question *question, const struct policy *policy, const struct policy_step *step, int64_t day)
{
	const struct dunned_group *group = question->facts->group;

	if ((group->wait != WAIT_NONE && group_waits_with(group, policy, step)) || group_has_failed(group, policy, step))
		return false;
	if (day == question->today)
		note(question, day + 1);
	return day < question->today;
}

/* A reminder that nobody has got leaves no wait, neither before the due day nor after it has lapsed. */
static void pass_over(struct standing *standing, struct walk *walk, const struct policy_step *step, int64_t day)
{
	standing->level = step->number;
	if (step_is_reminder(step))
		return;
	walk->since = day;
	walk->from = day + later(step->wait_days, 1);
}

static bool is_above(const struct policy_step *step, const struct standing *standing)
{
	return step->number > standing->level && step_is_in_arm(step, standing->ladder->arm);
}

/* Whether the walk goes on. Of the steps further up, the one before was not taken, so no days have passed since it. */
static bool climb(struct question *question, const struct dunned_debt *debt, struct standing *standing, struct walk *walk,
		  const struct policy_step *step, int64_t day)
{
	const struct policy *policy = standing->ladder->policy;
	bool has_come = day <= question->today;

	if (has_come && policy->catch_up == CATCH_UP_SKIP_TO_CURRENT && has_passed(question, policy, step, day)) {
		pass_over(standing, walk, step, day);
		return true;
	}
	if (has_come)
		consider(question, step, debt, standing);
	walk->since = NEVER;
	return policy->catch_up == CATCH_UP_MOST_SEVERE;
}

/* The first step whose day has come; of most_severe the last; of skip_to_current the first that was not passed over. */
static void climb_by_day(struct question *question, const struct dunned_debt *debt, struct standing *standing)
{
	const struct policy *policy = standing->ladder->policy;
	struct walk walk = begin_walk(question, debt, standing);

	for (uint32_t index = 0; index < policy->steps_count; index++) {
		const struct policy_step *step = &policy->steps[index];
		int64_t day;

		if (step->trigger == TRIGGER_EVENT || !is_above(step, standing))
			continue;
		day = day_of_step(step, debt, &walk, question->today);
		if (day == LAPSED)
			continue;
		note(question, day);
		if (!climb(question, debt, standing, &walk, step, day))
			return;
	}
}

/* The first step above the level that is for the event, if it can be taken now: it is not due later. */
static bool climb_by_event(struct question *question, const struct dunned_debt *debt, struct standing *standing)
{
	const struct policy *policy = standing->ladder->policy;
	struct walk walk = begin_walk(question, debt, standing);

	for (uint32_t index = 0; index < policy->steps_count; index++) {
		const struct policy_step *step = &policy->steps[index];

		if (step->trigger != TRIGGER_EVENT || step->event != question->facts->event || !is_above(step, standing))
			continue;
		if (day_of_step(step, debt, &walk, question->today) > question->today ||
		    !preconditions_hold(question, step, debt))
			continue;
		note(question, (int64_t)question->today + 1); /* the debt's step of the day, if this one is held back */
		standing->step = step;
		standing->is_ready = true;
		return true;
	}
	return false;
}

static void stand(struct question *question, const struct dunned_debt *debt, struct segment_facts *segment,
		  struct standing *standing)
{
	struct ladder *ladder;

	if (!is_asked_for(debt))
		return;
	segment->portfolio_id = debt->portfolio_id;
	segment->balance_minor = debt->balance_minor;
	segment->days_past_due = days_past_due(debt, question->today);
	segment->is_charged_off = debt->lifecycle == LIFECYCLE_CHARGED_OFF;
	ladder = find_ladder(question, debt, segment);
	if (ladder == NULL)
		return;
	if (question->net_minor < ladder->policy->tolerance_minor) {
		question->too_small++;
		return;
	}
	question->on_ladder++;
	use_ladder(question, ladder);
	standing->ladder = ladder;
	question->skips |= ladder->policy->catch_up == CATCH_UP_SKIP_TO_CURRENT;
	if (question->facts->event == DUNNING_EVENT_NONE || !climb_by_event(question, debt, standing))
		climb_by_day(question, debt, standing);
}

/* ---- the group's step ---- */

/* Steps of the event that has come before those of the day: they are not due again. */
static int32_t rank_of(const struct standing *standing)
{
	if (standing->step == NULL)
		return 0;
	return (standing->is_ready ? 4 : 0) * (LEVEL_MAX + 1) +
	       (standing->step->trigger == TRIGGER_EVENT ? 2 : 0) * (LEVEL_MAX + 1) + standing->step->number;
}

/* The standing with the highest step, first of those that are ready; of equal ones the older debt's. NULL: nothing is due. */
static const struct standing *find_highest(const struct question *question)
{
	const struct standing *highest = NULL;

	for (uint32_t index = 0; index < question->facts->debts_count; index++) {
		const struct standing *standing = &question->debts[index];

		if (standing->step != NULL && (highest == NULL || rank_of(standing) > rank_of(highest)))
			highest = standing;
	}
	return highest;
}

static bool is_listed(const struct question *question, uint32_t index, const struct standing *highest)
{
	const struct standing *standing = &question->debts[index];
	const struct dunned_debt *debt = question->facts->debts[index].state;

	if (standing->ladder != highest->ladder)
		return false;
	if (standing->step == highest->step && standing->is_ready)
		return true;
	if (highest->ladder->policy->new_debts != NEW_DEBTS_JOIN || step_is_reminder(highest->step))
		return false;
	return days_past_due(debt, question->today) > 0 && standing->level < highest->step->number &&
	       (debt->level == 0 || debt->level_on < question->today);
}

static void list(const struct question *question, const struct standing *highest, struct next_answer *answer)
{
	for (uint32_t index = 0; index < question->facts->debts_count && answer->listed_count < STEP_DEBTS_MAX; index++) {
		if (!is_listed(question, index, highest))
			continue;
		answer->listed[answer->listed_count++] = index;
		answer->net_minor = plus(answer->net_minor, question->facts->debts[index].state->balance_minor);
	}
	answer->net_minor = minus(answer->net_minor, question->credits);
}

/* ---- what holds a step back ---- */

bool step_is_demand(const struct policy_step *step)
{
	return step->action == ACTION_CALL ||
	       (step->action == ACTION_SEND && class_asks((enum message_class)step->message_class) != ASKS_NOTHING);
}

/* The first day on which one more demand is within the caps. */
static int64_t free_on(const struct dunned_demands *demands, const struct policy *policy)
{
	uint32_t a_day = (uint32_t)policy->demands_a_day, a_week = (uint32_t)policy->demands_a_week;
	int64_t day = DAY_MIN;

	if (demands == NULL)
		return day;
	if (demands->count >= a_day)
		day = (int64_t)demands->days[a_day - 1] + 1;
	if (demands->count >= a_week)
		day = later(day, (int64_t)demands->days[a_week - 1] + 7);
	return day;
}

/* A debt that becomes past due may be listed, too. */
static void note_past_due(struct question *question)
{
	for (uint32_t index = 0; index < question->facts->debts_count; index++) {
		if (question->debts[index].ladder != NULL)
			note(question, day_past_due(question->facts->debts[index].state, 1));
	}
}

static enum dunning_wait hold_until(struct question *question, int64_t day, enum dunning_wait wait)
{
	note(question, day);
	return day > question->today ? wait : WAIT_NONE;
}

/* NONE: nothing does. */
static enum dunning_wait find_hold(struct question *question, const struct next_answer *answer)
{
	const struct next_facts *facts = question->facts;
	enum dunning_wait wait = WAIT_NONE;

	if (answer->net_minor <= 0) {
		note_past_due(question);
		return WAIT_BALANCE;
	}
	if (facts->person->inbound_on != 0)
		wait = hold_until(question, (int64_t)facts->person->inbound_on + 1, WAIT_INBOUND);
	if (wait == WAIT_NONE && step_is_demand(answer->step))
		wait = hold_until(question, free_on(facts->demands, answer->policy), WAIT_CAP);
	if (wait == WAIT_NONE && group_has_failed(facts->group, answer->policy, answer->step))
		wait = hold_until(question, facts->group->retry_on, WAIT_RETRY);
	return wait;
}

/* ---- the channel ---- */

static bool has_point(const struct dunned_person *person, uint32_t channel)
{
	return person->usable[channel] > 0;
}

/* NONE: there is none. */
static enum channel find_channel(const struct policy_step *step, const struct dunned_person *person, uint32_t from)
{
	for (uint32_t index = from; index < step->channels_count; index++) {
		if (has_point(person, step->channels[index]) && (person->opted_out >> step->channels[index] & 1) == 0)
			return (enum channel)step->channels[index];
	}
	return CHANNEL_NONE;
}

static enum dunning_wait why_no_channel(const struct policy_step *step, const struct dunned_person *person)
{
	for (uint32_t index = 0; index < step->channels_count; index++) {
		if (has_point(person, step->channels[index]))
			return WAIT_OPTED_OUT;
	}
	return WAIT_NO_CONTACT;
}

/*
 * A task is its step's only channel. A message has failed for good when the person can be reached, but by those channels only that have
 * failed: who refuses all of them, or has no address left, is stopped (consumers/DOMAIN.md 8).
 */
static void reach(const struct question *question, struct next_answer *answer)
{
	const struct dunned_group *group = question->facts->group;
	const struct dunned_person *person = question->facts->person;
	bool has_failed = group_has_failed(group, answer->policy, answer->step);
	uint32_t from = has_failed ? (uint32_t)group->next_channel : 0;
	bool is_task = answer->step->action != ACTION_SEND;

	answer->channel = find_channel(answer->step, person, from);
	if (is_task ? from == 0 : answer->channel != CHANNEL_NONE)
		answer->kind = NEXT_STEP;
	else if (is_task || find_channel(answer->step, person, 0) != CHANNEL_NONE)
		answer->kind = NEXT_EXHAUSTED;
	else
		answer->wait = why_no_channel(answer->step, person);
}

enum next_end next_end_of(const struct policy_step *step, const struct dunned_group *group)
{
	if (step->otherwise == OTHERWISE_REVIEW)
		return NEXT_END_REVIEW;
	if (step->otherwise == OTHERWISE_RETRY && group->rounds + 1 < step->tries_max)
		return NEXT_END_RETRY;
	return NEXT_END_MOVE_ON;
}

/* ---- all of it ---- */

static enum dunning_wait find_stop(const struct dunned_person *person)
{
	if (!person->is_active)
		return WAIT_PERSON;
	if (person->deceased > 0)
		return WAIT_DECEASED;
	if (person->bankruptcy > 0)
		return WAIT_BANKRUPTCY;
	return person->restriction > 0 ? WAIT_RESTRICTION : WAIT_NONE;
}

bool step_lists(const struct dunned_step *step, const struct uuid *debt_id)
{
	for (uint32_t index = 0; index < step->debts_count; index++) {
		if (uuid_equal(&step->debts[index], debt_id))
			return true;
	}
	return false;
}

static const char *why_held(const struct dunned_debt *debt)
{
	if (debt->disputes > 0)
		return "dispute";
	if (debt->is_promised)
		return "promise";
	return debt->lifecycle == LIFECYCLE_ARRANGED ? "plan" : "held";
}

/* A debt that is owed no more has withdrawn the step by its event. */
const char *next_stop(const struct next_facts *facts, const struct dunned_step *step)
{
	const enum dunning_wait stop = find_stop(facts->person);

	if (stop != WAIT_NONE)
		return dunning_wait_name(stop);
	for (uint32_t index = 0; index < facts->debts_count; index++) {
		const struct dunned_debt *debt = facts->debts[index].state;

		if (!step_lists(step, &facts->debts[index].debt_id) || is_asked_for(debt))
			continue;
		return why_held(debt);
	}
	return NULL;
}

static void answer_step(struct question *question, const struct standing *highest, struct next_answer *answer)
{
	answer->policy = highest->ladder->policy;
	answer->step = highest->step;
	if (!highest->is_ready) {
		answer->wait = WAIT_PRECONDITION;
		return;
	}
	list(question, highest, answer);
	answer->wait = find_hold(question, answer);
	if (answer->wait == WAIT_NONE)
		reach(question, answer);
}

static void answer_debts(struct question *question, struct next_answer *answer)
{
	struct segment_facts segment = segment_of_group(question->facts);
	const struct standing *highest;

	find_ladders(question, &segment);
	for (uint32_t index = 0; index < question->facts->debts_count; index++)
		stand(question, question->facts->debts[index].state, &segment, &question->debts[index]);
	highest = find_highest(question);
	if (highest != NULL)
		answer_step(question, highest, answer);
	else if (question->on_ladder == 0 && question->too_small > 0)
		answer->wait = WAIT_BALANCE;
}

/* That the group waits with another step than before is news for skip_to_current. */
static void note_wait(struct question *question, struct next_answer *answer)
{
	answer->kind = NEXT_WAIT;
	if (question->skips && !group_waits_with(question->facts->group, answer->policy, answer->step))
		note(question, (int64_t)question->today + 1);
}

/* The day on which a step was taken or withdrawn is over for the group. */
static int32_t rests_until(const struct dunned_group *group)
{
	return group->withdrawn_on > group->stepped_on ? group->withdrawn_on : group->stepped_on;
}

void next_step(const struct next_facts *facts, int32_t today, struct next_answer *ret_answer)
{
	struct question question = { .facts = facts, .today = today };
	const int32_t rests = rests_until(facts->group);

	MUST(facts->debts_count <= GROUP_DEBTS_MAX);
	MUST(facts->policies->count <= POLICIES_MAX);
	memset(ret_answer, 0, sizeof(*ret_answer));
	if (!uuid_is_none(&facts->group->step_id) || !add_up(&question))
		return;
	ret_answer->wait = find_stop(facts->person);
	if (ret_answer->wait == WAIT_NONE && rests >= today) {
		ret_answer->ask_on = rests + 1;
		return;
	}
	if (ret_answer->wait == WAIT_NONE)
		answer_debts(&question, ret_answer);
	if (ret_answer->wait != WAIT_NONE)
		note_wait(&question, ret_answer);
	if (ret_answer->kind == NEXT_NOTHING || ret_answer->kind == NEXT_WAIT)
		ret_answer->ask_on = question.ask_on;
}
