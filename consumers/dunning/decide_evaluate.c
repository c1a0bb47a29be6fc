#include "base/day.h"
#include "base/must.h"
#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/next.h"
#include "consumers/dunning/place.h"
#include "schemas/communications.h"
#include "schemas/dunning.h"

/* The timer of a group: its next step is asked for, if it is due. */

struct evaluation {
	struct uuid group_id;
	struct uuid step_id;  /* of the step that may be asked for, and of its task */
	struct uuid trace_id; /* of the task to trace the person that may be opened */
	struct next_facts facts;
	struct next_debt debts[GROUP_DEBTS_MAX];
	struct next_answer answer;
};

static void put_debt(struct evaluation *evaluation, const struct next_debt *debt)
{
	uint32_t place = evaluation->facts.debts_count++;

	for (; place > 0 && next_debt_is_older(debt, &evaluation->debts[place - 1]); place--)
		evaluation->debts[place] = evaluation->debts[place - 1];
	evaluation->debts[place] = *debt;
}

/* Whether there is anything to ask about: the group and its person are known, and the next step may be made (rules.c: touch_steps). */
static bool gather(struct evaluation *evaluation, const struct uuid *group_id, const struct timer *timer,
		   const struct workset *set)
{
	const struct group_debts *listed = workset_state(set, &group_debts_entity, group_id);
	struct next_facts *facts = &evaluation->facts;

	*facts = (struct next_facts){ .group = workset_state(set, &dunned_group_entity, group_id) };
	if (facts->group == NULL || listed == NULL)
		return false;
	evaluation->group_id = *group_id;
	evaluation->step_id = step_id_of(group_id, facts->group->asks + 1, timer->due_on);
	facts->customer_id = facts->group->customer_id;
	facts->person = workset_state(set, &dunned_person_entity, &facts->customer_id);
	facts->demands = workset_state(set, &dunned_demands_entity, &facts->customer_id);
	facts->policies = workset_state(set, &policies_entity, &policies_id);
	facts->debts = evaluation->debts;
	for (uint32_t index = 0; index < listed->count; index++)
		put_debt(evaluation,
			 &(struct next_debt){ .debt_id = listed->ids[index],
					      .state = workset_state(set, &dunned_debt_entity, &listed->ids[index]) });
	if (facts->person != NULL)
		evaluation->trace_id = trace_id_of(&facts->customer_id, facts->person->traces + 1, timer->due_on);
	return facts->person != NULL && facts->policies != NULL &&
	       workset_find(set, &dunned_step_entity, &evaluation->step_id) != NULL;
}

/* ---- a step ---- */

static const struct uuid *listed_ids(const struct evaluation *evaluation, struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	struct uuid *ids = arena_take(decision->arena, answer->listed_count + 1, sizeof(*ids));

	if (ids == NULL)
		decision->overflow = true;
	for (uint32_t index = 0; ids != NULL && index < answer->listed_count; index++)
		ids[index] = evaluation->debts[answer->listed[index]].debt_id;
	return ids;
}

static struct dunning_step_due *say_due(const struct evaluation *evaluation, enum dunning_action action,
					struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	const struct dunned_group *group = evaluation->facts.group;
	const struct policy_arm *arm = policy_arm_of(answer->policy, &evaluation->facts.customer_id);
	struct dunning_step_due *due = decision_event(decision, &dunning_step_due_type);

	due->step_id = evaluation->step_id;
	due->customer_id = evaluation->facts.customer_id;
	due->version = 1;
	due->group_id = evaluation->group_id;
	due->creditor_id = group->creditor_id;
	due->currency = decision_text(decision, group->currency);
	due->policy = decision_text(decision, answer->policy->name);
	due->policy_version = answer->policy->version;
	due->step = answer->step->number;
	due->arm = decision_text(decision, arm == NULL ? "" : arm->name);
	due->action = str_of(dunning_action_name(action));
	due->channel = str_of(channel_name((enum channel)answer->channel));
	due->template_name = decision_text(decision, action == ACTION_SEND ? answer->step->template_name : "");
	due->is_demand = step_is_demand(answer->step) && (action == ACTION_SEND || action == ACTION_CALL);
	due->ask = group->asks + 1;
	due->due_for = decision->command->today;
	due->net_minor = answer->net_minor;
	due->debt_ids = listed_ids(evaluation, decision);
	due->debt_ids_count = due->debt_ids == NULL ? 0 : answer->listed_count;
	return due;
}

/* The first day on which the message is of no use: a reminder lapses on the due day, wherever it waits. */
static int32_t lapses_on(const struct evaluation *evaluation, int32_t today)
{
	const struct next_answer *answer = &evaluation->answer;
	int32_t until = today + answer->step->send_days;

	for (uint32_t index = 0; index < answer->listed_count && step_is_reminder(answer->step); index++) {
		int32_t due_on = evaluation->debts[answer->listed[index]].state->due_on;

		until = due_on < until ? due_on : until;
	}
	return until;
}

/* Not before the day has begun wherever the person may be, and on so many days at most. */
static void set_times(struct send_communication *send, const struct evaluation *evaluation, const struct workset *set,
		      const struct command *timer)
{
	const struct calendar *calendar = workset_state(set, &calendar_entity, &calendar_id);
	const struct dunned_person *person = evaluation->facts.person;

	send->not_before = place_day_begins(calendar, person, timer->today);
	send->has_not_before = send->not_before > timer->now_ms;
	send->send_by = place_day_begins(calendar, person, lapses_on(evaluation, timer->today));
	if (send->send_by <= timer->now_ms)
		send->send_by = timer->now_ms + DAY_MS;
}

static void ask_for_message(const struct evaluation *evaluation, const struct workset *set, struct decision *decision)
{
	const struct policy_step *step = evaluation->answer.step;
	const struct dunning_step_due *due = say_due(evaluation, ACTION_SEND, decision);
	struct send_communication *send = decision_send(decision, &send_communication_type, &due->step_id);

	send->communication_id = due->step_id;
	send->customer_id = due->customer_id;
	send->debt_ids = due->debt_ids;
	send->debt_ids_count = due->debt_ids_count;
	send->channel = due->channel;
	send->template_name = due->template_name;
	send->language = decision_text(decision, evaluation->facts.person->locale);
	send->message_class = str_of(message_class_name((enum message_class)step->message_class));
	set_times(send, evaluation, set, decision->command);
}

static void open_task(const struct evaluation *evaluation, const struct uuid *task_id, enum task_kind kind,
		      enum task_reason reason, struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	const struct dunned_group *group = evaluation->facts.group;
	struct task_opened *opened = decision_event(decision, &task_opened_type);

	MUST(answer->policy != NULL &&
	     answer->step != NULL); /* a step that is due, that has failed, or that waits for a contact */
	opened->task_id = *task_id;
	opened->customer_id = evaluation->facts.customer_id;
	opened->version = 1;
	opened->group_id = evaluation->group_id;
	opened->creditor_id = group->creditor_id;
	opened->currency = decision_text(decision, group->currency);
	opened->kind = str_of(task_kind_name(kind));
	opened->reason = str_of(task_reason_name(reason));
	opened->policy = decision_text(decision, answer->policy->name);
	opened->step = answer->step->number;
	opened->opened_on = decision->command->today;
}

static void ask_for_task(const struct evaluation *evaluation, enum dunning_action action, enum task_reason reason,
			 struct decision *decision)
{
	say_due(evaluation, action, decision);
	open_task(evaluation, &evaluation->step_id, task_kind_by_name(str_of(dunning_action_name(action))), reason, decision);
}

static void ask_for_step(const struct evaluation *evaluation, const struct workset *set, struct decision *decision)
{
	const enum dunning_action action = (enum dunning_action)evaluation->answer.step->action;

	if (action == ACTION_SEND)
		ask_for_message(evaluation, set, decision);
	else
		ask_for_task(evaluation, action, TASK_REASON_STEP_DUE, decision);
}

/* ---- no step ---- */

static void say_waiting(const struct evaluation *evaluation, enum dunning_wait wait, int32_t ask_on, struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	struct dunning_waiting *waiting = decision_event(decision, &dunning_waiting_type);

	waiting->group_id = evaluation->group_id;
	waiting->customer_id = evaluation->facts.customer_id;
	waiting->version = evaluation->facts.group->version + 1;
	waiting->reason = str_of(dunning_wait_name(wait));
	waiting->policy = decision_text(decision, answer->policy == NULL ? "" : answer->policy->name);
	waiting->step = answer->step == NULL ? 0 : answer->step->number;
	waiting->has_ask_on = ask_on != 0;
	waiting->ask_on = ask_on;
}

static void say_skipped(const struct evaluation *evaluation, struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	struct dunning_step_skipped *skipped = decision_event(decision, &dunning_step_skipped_type);

	skipped->group_id = evaluation->group_id;
	skipped->customer_id = evaluation->facts.customer_id;
	skipped->version = evaluation->facts.group->version + 1;
	skipped->policy = decision_text(decision, answer->policy->name);
	skipped->step = answer->step->number;
	skipped->skipped_on = decision->command->today;
	skipped->debt_ids = listed_ids(evaluation, decision);
	skipped->debt_ids_count = skipped->debt_ids == NULL ? 0 : answer->listed_count;
}

/*
 * Nobody knows how to reach the person: somebody finds out, for all groups, and once until a step was taken. Of more than rules.c has
 * touched for a batch, the rest is opened on another day.
 */
static void trace(const struct evaluation *evaluation, const struct workset *set, struct decision *decision)
{
	const struct dunned_person *person = evaluation->facts.person;

	if (uuid_is_none(&person->trace_id) && !person->is_traced &&
	    workset_find(set, &dunning_task_entity, &evaluation->trace_id) != NULL)
		open_task(evaluation, &evaluation->trace_id, TASK_KIND_TRACE, TASK_REASON_NO_CONTACT, decision);
}

/* Said once for as long as it is so. */
static void wait_for(const struct evaluation *evaluation, const struct workset *set, struct decision *decision)
{
	const struct next_answer *answer = &evaluation->answer;
	const struct dunned_group *group = evaluation->facts.group;

	if (group->wait != answer->wait || !group_waits_with(group, answer->policy, answer->step))
		say_waiting(evaluation, (enum dunning_wait)answer->wait, answer->ask_on, decision);
	if (answer->wait == WAIT_NO_CONTACT)
		trace(evaluation, set, decision);
}

/* What it waited for is gone, and nothing is due: the reason on record must not stay. A step under way has cleared it. */
static void wait_no_more(const struct evaluation *evaluation, struct decision *decision)
{
	if (evaluation->facts.group->wait != WAIT_NONE)
		say_waiting(evaluation, WAIT_NONE, evaluation->answer.ask_on, decision);
}

/* The step has failed on all channels that it has. */
static void give_up(const struct evaluation *evaluation, struct decision *decision)
{
	const struct policy_step *step = evaluation->answer.step;

	switch (next_end_of(step, evaluation->facts.group)) {
	case NEXT_END_REVIEW:
		ask_for_task(evaluation, ACTION_REVIEW, TASK_REASON_STEP_FAILED, decision);
		return;
	case NEXT_END_RETRY:
		say_waiting(evaluation, WAIT_RETRY, decision->command->today + step->retry_days, decision);
		return;
	case NEXT_END_MOVE_ON:
		say_skipped(evaluation, decision);
		return;
	}
}

/* ---- the timer ---- */

/* A group with an open debt is asked about again tomorrow; one that is due far from now has its entry timer. */
static bool is_asked_again(const struct evaluation *evaluation, int32_t today)
{
	for (uint32_t index = 0; index < evaluation->facts.debts_count; index++) {
		const struct dunned_debt *debt = evaluation->debts[index].state;

		if (debt->balance_minor > 0 && debt->due_on - REMINDER_DAYS_MAX <= today)
			return true;
	}
	return false;
}

/* A stop that has come since it was asked for. The group is asked about again on the next day, which says why it waits. */
static bool withdraw_stopped(const struct evaluation *evaluation, const struct workset *set, struct decision *decision)
{
	const struct uuid *step_id = &evaluation->facts.group->step_id;
	const struct dunned_step *step;
	const char *reason;

	if (uuid_is_none(step_id))
		return false;
	step = workset_state(set, &dunned_step_entity, step_id);
	MUST(step != NULL);
	reason = next_stop(&evaluation->facts, step);
	if (reason != NULL)
		withdraw_step(step_id, step, reason, set, decision);
	return reason != NULL;
}

/* A contact point asks for its own steps alone: those of the day come on the next one, whenever it was heard of. */
static bool is_of_event(const struct next_answer *answer)
{
	return answer->step != NULL && answer->step->trigger == TRIGGER_EVENT;
}

/* cause: of an event that has just come; NONE: the day is asked about. */
static void evaluate(const struct uuid *group_id, enum dunning_cause cause, const struct workset *set, struct decision *decision)
{
	struct evaluation evaluation;
	const int32_t today = decision->command->today;

	if (!gather(&evaluation, group_id, decision->command->body, set)) {
		if (evaluation.facts.group != NULL)
			decision_set_timer_on(decision, &evaluation_timer, group_id, today + 1);
		return;
	}
	if (withdraw_stopped(&evaluation, set, decision)) {
		decision_set_timer_on(decision, &evaluation_timer, group_id, today + 1);
		return;
	}
	evaluation.facts.event = cause;
	next_step(&evaluation.facts, today, &evaluation.answer);
	if (cause == DUNNING_EVENT_CONTACT_POINT_ADDED && !is_of_event(&evaluation.answer))
		return;
	switch (evaluation.answer.kind) {
	case NEXT_STEP:
		ask_for_step(&evaluation, set, decision);
		break;
	case NEXT_EXHAUSTED:
		give_up(&evaluation, decision);
		break;
	case NEXT_WAIT:
		wait_for(&evaluation, set, decision);
		break;
	case NEXT_NOTHING:
		wait_no_more(&evaluation, decision);
		break;
	}
	if (is_asked_again(&evaluation, today))
		decision_set_timer_on(decision, &evaluation_timer, group_id, today + 1);
}

void decide_evaluation(const struct command *timer, const struct workset *set, struct decision *decision)
{
	evaluate(&((const struct timer *)timer->body)->subject, DUNNING_EVENT_NONE, set, decision);
}

void decide_reversal(const struct command *timer, const struct workset *set, struct decision *decision)
{
	evaluate(&((const struct timer *)timer->body)->subject, DUNNING_EVENT_PAYMENT_REVERSED, set, decision);
}

void decide_broken(const struct command *timer, const struct workset *set, struct decision *decision)
{
	evaluate(&((const struct timer *)timer->body)->subject, DUNNING_EVENT_PROMISE_BROKEN, set, decision);
}

void decide_rejected(const struct command *timer, const struct workset *set, struct decision *decision)
{
	evaluate(&((const struct timer *)timer->body)->subject, DUNNING_EVENT_DISPUTE_REJECTED, set, decision);
}

void decide_contact(const struct command *timer, const struct workset *set, struct decision *decision)
{
	evaluate(&((const struct timer *)timer->body)->subject, DUNNING_EVENT_CONTACT_POINT_ADDED, set, decision);
}

void decide_entry(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct dunned_debt *debt = workset_state(set, &dunned_debt_entity, &((const struct timer *)timer->body)->subject);

	if (debt != NULL)
		evaluate(&debt->group_id, DUNNING_EVENT_NONE, set, decision);
}
