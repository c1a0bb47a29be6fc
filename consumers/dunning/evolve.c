#include <string.h>

#include "base/must.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policies.h"
#include "schemas/dunning.h"

/* A text of an event that the module has made itself: it fits. */
#define SET_CHARS(chars, text) MUST(str_to_chars((chars), sizeof(chars), (text)))

/* ---- facts ---- */

static uint32_t channels_read(struct str words)
{
	uint32_t bits = 0;

	while (words.size > 0)
		bits |= 1U << channel_by_name(str_cut(words, ' ', &words));
	return bits;
}

static void on_person_noted(struct workset *set, const struct person_noted *event)
{
	struct dunned_person *person = workset_change(set, &dunned_person_entity, &event->customer_id);

	person->version = event->version;
	person->is_active = event->is_active;
	person->kind = customer_kind_by_name(event->customer_kind);
	SET_CHARS(person->country, event->country);
	SET_CHARS(person->region, event->region);
	SET_CHARS(person->timezone, event->timezone);
	SET_CHARS(person->locale, event->locale);
	person->usable[CHANNEL_EMAIL] = event->emails;
	person->usable[CHANNEL_SMS] = event->mobiles;
	person->usable[CHANNEL_VOICE] = event->telephones;
	person->usable[CHANNEL_LETTER] = event->letters;
	person->opted_out = channels_read(event->opted_out);
	person->inbound_on = event->has_inbound_on ? event->inbound_on : 0;
}

static void note_debt(struct dunned_debt *debt, const struct debt_noted *event)
{
	debt->customer_id = event->customer_id;
	debt->creditor_id = event->creditor_id;
	debt->portfolio_id = event->portfolio_id;
	debt->group_id = event->group_id;
	debt->version = event->version;
	debt->balance_minor = event->balance_minor;
	debt->credit_minor = event->credit_minor;
	debt->opened_on = event->opened_on;
	debt->due_on = event->due_on;
	debt->lifecycle = lifecycle_by_name(event->lifecycle);
	debt->is_promised = event->has_is_promised && event->is_promised;
	debt->is_held = event->has_is_held && event->is_held;
	SET_CHARS(debt->currency, event->currency);
	if (event->level == 0) {
		debt->level = debt->level_on = 0;
		debt->policy[0] = '\0';
	}
}

static void on_debt_noted(struct workset *set, const struct debt_noted *event)
{
	struct dunned_debt *debt = workset_change(set, &dunned_debt_entity, &event->debt_id);
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);

	note_debt(debt, event);
	group->customer_id = event->customer_id;
	group->creditor_id = event->creditor_id;
	SET_CHARS(group->currency, event->currency);
	group_debts_put(workset_change(set, &group_debts_entity, &event->group_id), &event->debt_id, debt_is_dunned(debt));
	if (workset_find(set, &person_groups_entity, &event->customer_id) != NULL)
		person_groups_put(workset_change(set, &person_groups_entity, &event->customer_id), &event->group_id);
}

/* A stop of one debt counts at that debt, any other at the person. */
static void on_stop_noted(struct workset *set, const struct stop_noted *event)
{
	struct dunning_stop *stop = workset_change(set, &dunning_stop_entity, &event->circumstance_id);
	const int32_t by = event->is_open ? 1 : -1;

	stop->customer_id = event->customer_id;
	stop->debt_id = event->debt_id;
	stop->version = event->version;
	stop->kind = dunning_stop_kind_by_name(event->kind);
	stop->is_open = event->is_open;
	if (event->has_debt_id) {
		struct dunned_debt *debt = workset_change(set, &dunned_debt_entity, &event->debt_id);

		debt->disputes += by;
	} else {
		struct dunned_person *person = workset_change(set, &dunned_person_entity, &event->customer_id);

		*(stop->kind == STOP_DECEASED     ? &person->deceased
		  : stop->kind == STOP_BANKRUPTCY ? &person->bankruptcy
						  : &person->restriction) += by;
	}
}

/* ---- steps ---- */

static bool has_failed(const struct dunned_group *group, struct str policy, int32_t step)
{
	return group->failed_step == step && str_is(policy, group->failed_policy);
}

/* For who asks for it in this batch: nobody else needs it. */
static void note_under_way(struct workset *set, const struct uuid *customer_id, const struct uuid *group_id, bool is_under_way)
{
	const struct slot *slot = workset_find(set, &groups_under_way_entity, customer_id);

	if (slot != NULL && slot->loaded)
		groups_under_way_put(slot->state, group_id, is_under_way);
}

/* What a step that is asked for again begins with: its failures count on, those of another step do not. */
static void group_on_step_due(struct dunned_group *group, const struct dunning_step_due *event)
{
	group->step_id = event->step_id;
	group->asks = event->ask;
	group_forget_wait(group);
	if (!has_failed(group, event->policy, event->step))
		group_forget_failures(group);
}

static void on_dunning_step_due(struct workset *set, const struct dunning_step_due *event)
{
	struct dunned_step *step = workset_change(set, &dunned_step_entity, &event->step_id);

	step->customer_id = event->customer_id;
	step->group_id = event->group_id;
	step->version = event->version;
	SET_CHARS(step->policy, event->policy);
	SET_CHARS(step->arm, event->arm);
	step->number = event->step;
	step->asked_on = event->due_for;
	step->action = dunning_action_by_name(event->action);
	step->channel = channel_by_name(event->channel);
	step->is_demand = event->is_demand;
	step->state = STEP_STATE_ASKED;
	step->debts_count = (uint32_t)event->debt_ids_count;
	for (size_t index = 0; index < event->debt_ids_count; index++)
		step->debts[index] = event->debt_ids[index];
	group_on_step_due(workset_change(set, &dunned_group_entity, &event->group_id), event);
	note_under_way(set, &event->customer_id, &event->group_id, true);
	if (event->is_demand)
		demands_add(workset_change(set, &dunned_demands_entity, &event->customer_id), event->due_for);
}

/*
 * The step is under way no more. One that was not taken asks for nothing, so it counts against no cap; one that was counts on the day on
 * which the person got it. taken_on: 0, it was not.
 */
static void end_step(struct workset *set, const struct uuid *step_id, int64_t version, enum step_state state, int32_t taken_on)
{
	struct dunned_step *step = workset_change(set, &dunned_step_entity, step_id);
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &step->group_id);

	if (step->state == STEP_STATE_ASKED && step->is_demand)
		demands_remove(workset_change(set, &dunned_demands_entity, &step->customer_id), step->asked_on);
	if (taken_on != 0 && step->is_demand)
		demands_add(workset_change(set, &dunned_demands_entity, &step->customer_id), taken_on);
	step->taken_on = taken_on;
	step->version = version;
	step->state = state;
	if (!uuid_equal(&group->step_id, step_id))
		return;
	group->step_id = (struct uuid){ .bytes = { 0 } };
	note_under_way(set, &step->customer_id, &step->group_id, false);
}

/* Of a step that had failed the report may come when its debt is further up, or on another policy's ladder: it stays there. */
static bool has_risen_since(const struct dunned_debt *debt, const struct dunned_step *step)
{
	return debt->level > 0 && debt->level_on > step->asked_on &&
	       (debt->level > step->number || strcmp(debt->policy, step->policy) != 0);
}

static void on_dunning_step_taken(struct workset *set, const struct dunning_step_taken *event)
{
	struct dunned_person *person = workset_change(set, &dunned_person_entity, &event->customer_id);
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);
	struct dunned_step *step = workset_change(set, &dunned_step_entity, &event->step_id);

	end_step(set, &event->step_id, event->version, STEP_STATE_TAKEN, event->taken_on);
	for (size_t index = 0; index < event->debt_ids_count; index++) {
		struct dunned_debt *debt = workset_change(set, &dunned_debt_entity, &event->debt_ids[index]);

		if (!has_risen_since(debt, step))
			debt_rise(debt, event->policy, event->step, event->taken_on);
	}
	group_forget_failures(group);
	group_note_step(group, event->taken_on);
	person->is_traced = 0;
}

static void on_dunning_step_failed(struct workset *set, const struct dunning_step_failed *event)
{
	const struct dunned_step *step = workset_change(set, &dunned_step_entity, &event->step_id);
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);

	end_step(set, &event->step_id, event->version, STEP_STATE_FAILED, 0);
	if (!has_failed(group, str_of(step->policy), event->step))
		group_forget_failures(group);
	SET_CHARS(group->failed_policy, str_of(step->policy));
	group->failed_step = event->step;
	group->next_channel = event->next_channel;
}

static void on_dunning_step_withdrawn(struct workset *set, const struct dunning_step_withdrawn *event)
{
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);

	end_step(set, &event->step_id, event->version, STEP_STATE_WITHDRAWN, 0);
	if (event->has_withdrawn_on)
		group->withdrawn_on = event->withdrawn_on;
}

static void on_dunning_step_skipped(struct workset *set, const struct dunning_step_skipped *event)
{
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);

	group->version = event->version;
	group_forget_wait(group);
	group_forget_failures(group);
	for (size_t index = 0; index < event->debt_ids_count; index++)
		debt_rise(workset_change(set, &dunned_debt_entity, &event->debt_ids[index]), event->policy, event->step,
			  event->skipped_on);
}

static void on_dunning_waiting(struct workset *set, const struct dunning_waiting *event)
{
	struct dunned_group *group = workset_change(set, &dunned_group_entity, &event->group_id);

	group->version = event->version;
	group_wait(group, dunning_wait_by_name(event->reason), event->policy, event->step, event->ask_on);
}

/* ---- tasks ---- */

/* A step is taken or has failed by the events behind: these are about the task alone. */
static struct dunning_task *change_task(struct workset *set, const struct event *event, const struct uuid *task_id,
					int64_t version, enum task_state state)
{
	struct dunning_task *task = workset_change(set, &dunning_task_entity, task_id);

	task->version = version;
	task->state = state;
	task->back_on = 0;
	task->updated_at_ms = event->command->now_ms;
	if (state != TASK_STATE_FINISHED)
		task->taken_by = (struct uuid){ .bytes = { 0 } };
	return task;
}

static void on_task_opened(struct workset *set, const struct event *event)
{
	const struct task_opened *body = event->body;
	struct dunning_task *task = change_task(set, event, &body->task_id, body->version, TASK_STATE_OPEN);

	task->customer_id = body->customer_id;
	task->group_id = body->group_id;
	task->kind = task_kind_by_name(body->kind);
	task->reason = task_reason_by_name(body->reason);
	SET_CHARS(task->policy, body->policy);
	task->step = body->step;
	task->opened_on = body->opened_on;
	task->created_at_ms = event->command->now_ms;
	if (task->kind == TASK_KIND_TRACE) {
		struct dunned_person *person = workset_change(set, &dunned_person_entity, &body->customer_id);

		person->trace_id = body->task_id;
		person->traces++;
		person->is_traced = 1;
	}
}

static void on_task_taken(struct workset *set, const struct event *event)
{
	const struct task_taken *body = event->body;
	struct dunning_task *task = change_task(set, event, &body->task_id, body->version, TASK_STATE_TAKEN);

	task->taken_by = body->taken_by;
	task->back_on = body->back_on;
}

static void on_task_released(struct workset *set, const struct event *event)
{
	const struct task_released *body = event->body;

	change_task(set, event, &body->task_id, body->version, TASK_STATE_OPEN);
}

static void on_task_put_off(struct workset *set, const struct event *event)
{
	const struct task_put_off *body = event->body;

	change_task(set, event, &body->task_id, body->version, TASK_STATE_PUT_OFF)->back_on = body->back_on;
}

/* Of a task to trace the person. One that is cancelled may be needed anew. */
static void end_search(struct workset *set, const struct uuid *task_id, const struct dunning_task *task, bool is_done)
{
	struct dunned_person *person;

	if (task->kind != TASK_KIND_TRACE)
		return;
	person = workset_change(set, &dunned_person_entity, &task->customer_id);
	person->is_traced = is_done;
	if (uuid_equal(&person->trace_id, task_id))
		person->trace_id = (struct uuid){ .bytes = { 0 } };
}

static void on_task_finished(struct workset *set, const struct event *event)
{
	const struct task_finished *body = event->body;

	struct dunning_task *task = change_task(set, event, &body->task_id, body->version, TASK_STATE_FINISHED);

	task->outcome = task_outcome_by_name(body->outcome);
	end_search(set, &body->task_id, task, true);
}

static void on_task_cancelled(struct workset *set, const struct event *event)
{
	const struct task_cancelled *body = event->body;

	end_search(set, &body->task_id, change_task(set, event, &body->task_id, body->version, TASK_STATE_CANCELLED), false);
}

void dunning_evolve(struct workset *set, const struct event *event)
{
	switch (dunning_event(event->type)) {
	case EVENT_POLICY_PUBLISHED:
		policy_on_published(set, event->body);
		return;
	case EVENT_POLICY_RETIRED:
		policy_on_retired(set, event->body);
		return;
	case EVENT_PERSON_NOTED:
		on_person_noted(set, event->body);
		return;
	case EVENT_DEBT_NOTED:
		on_debt_noted(set, event->body);
		return;
	case EVENT_STOP_NOTED:
		on_stop_noted(set, event->body);
		return;
	case EVENT_DUNNING_STEP_DUE:
		on_dunning_step_due(set, event->body);
		return;
	case EVENT_DUNNING_STEP_TAKEN:
		on_dunning_step_taken(set, event->body);
		return;
	case EVENT_DUNNING_STEP_FAILED:
		on_dunning_step_failed(set, event->body);
		return;
	case EVENT_DUNNING_STEP_WITHDRAWN:
		on_dunning_step_withdrawn(set, event->body);
		return;
	case EVENT_DUNNING_STEP_SKIPPED:
		on_dunning_step_skipped(set, event->body);
		return;
	case EVENT_DUNNING_WAITING:
		on_dunning_waiting(set, event->body);
		return;
	case EVENT_TASK_OPENED:
		on_task_opened(set, event);
		return;
	case EVENT_TASK_TAKEN:
		on_task_taken(set, event);
		return;
	case EVENT_TASK_RELEASED:
		on_task_released(set, event);
		return;
	case EVENT_TASK_PUT_OFF:
		on_task_put_off(set, event);
		return;
	case EVENT_TASK_FINISHED:
		on_task_finished(set, event);
		return;
	case EVENT_TASK_CANCELLED:
		on_task_cancelled(set, event);
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
