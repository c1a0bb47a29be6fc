#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "schemas/dunning.h"

/* Tasks: a user takes one, gives it back, puts it off or finishes it; one that is forgotten comes back by itself. */

/* ---- states ---- */

bool task_can_be_taken(unsigned state)
{
	return state == TASK_STATE_OPEN || state == TASK_STATE_PUT_OFF;
}

bool task_is_taken(unsigned state)
{
	return state == TASK_STATE_TAKEN;
}

bool task_has_ended(unsigned state)
{
	return state == TASK_STATE_FINISHED || state == TASK_STATE_CANCELLED;
}

/* ---- what refuses ---- */

static bool is_known(const struct dunning_task *task, const struct uuid *customer_id, struct decision *decision)
{
	if (task != NULL && uuid_equal(&task->customer_id, customer_id))
		return true;
	decision_refuse(decision, REFUSAL_NOT_FOUND, "task_id", "the customer has no such task");
	return false;
}

static bool is_expected(const struct dunning_task *task, bool has_version, int64_t version, struct decision *decision)
{
	if (!has_version || version == task->version)
		return true;
	decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the task has version %lld",
			(long long)task->version);
	return false;
}

/* A service cannot have a task: nobody could be asked what became of it. */
static bool is_person(const struct command *command, struct decision *decision)
{
	if (command->is_user)
		return true;
	decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "", "a task is for a user");
	return false;
}

/* A supervisor disposes of everybody's. */
static bool is_theirs(const struct dunning_task *task, const struct command *command, struct decision *decision)
{
	if (!is_person(command, decision))
		return false;
	if (!task_is_taken(task->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "task_id", "nobody has taken the task: it is %s",
				task_state_name((enum task_state)task->state));
		return false;
	}
	if (uuid_equal(&task->taken_by, &command->user_id) || (command->roles & ROLE_SUPERVISOR) != 0)
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "task_id", "another user has the task");
	return false;
}

/* ---- TakeTask, ReleaseTask ---- */

void decide_take_task(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct take_task *body = command->body;
	const struct dunning_task *task = workset_state(set, &dunning_task_entity, &body->task_id);
	struct task_taken *event;

	if (!is_known(task, &body->customer_id, decision) ||
	    !is_expected(task, body->has_expected_version, body->expected_version, decision) || !is_person(command, decision))
		return;
	if (!task_can_be_taken(task->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "task_id", "the task is %s",
				task_state_name((enum task_state)task->state));
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &task_taken_type);
	event->task_id = body->task_id;
	event->customer_id = body->customer_id;
	event->version = task->version + 1;
	event->taken_by = command->user_id;
	event->back_on = command->today + TASK_KEPT_DAYS;
	decision_set_timer_on(decision, &task_timer, &body->task_id, event->back_on);
}

static void say_released(const struct uuid *task_id, const struct dunning_task *task, struct decision *decision)
{
	struct task_released *event = decision_event(decision, &task_released_type);

	event->task_id = *task_id;
	event->customer_id = task->customer_id;
	event->version = task->version + 1;
}

void decide_release_task(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct release_task *body = command->body;
	const struct dunning_task *task = workset_state(set, &dunning_task_entity, &body->task_id);

	if (!is_known(task, &body->customer_id, decision) ||
	    !is_expected(task, body->has_expected_version, body->expected_version, decision) ||
	    !is_theirs(task, command, decision))
		return;
	say_released(&body->task_id, task, decision);
	decision_cancel_timer(decision, &task_timer, &body->task_id);
}

/* The day has come on which a task is open again. */
void decide_task_back(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *task_id = &((const struct timer *)timer->body)->subject;
	const struct dunning_task *task = workset_state(set, &dunning_task_entity, task_id);

	if (task != NULL && task->back_on != 0 && task->back_on <= timer->today)
		say_released(task_id, task, decision);
}

/* ---- FinishTask ---- */

static bool outcome_is_good(const struct finish_task *body, int32_t today, struct decision *decision)
{
	const enum task_outcome outcome = task_outcome_by_name(body->outcome);

	if (outcome == TASK_OUTCOME_NONE)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "one of " TASK_OUTCOME_LISTED);
	else if (body->has_back_on != (outcome == TASK_OUTCOME_LATER))
		decision_refuse(decision, REFUSAL_BAD_VALUE, "back_on", "of the outcome later, and of no other");
	else if (body->has_back_on && (body->back_on <= today || body->back_on > today + TASK_LATER_DAYS_MAX))
		decision_refuse(decision, REFUSAL_BAD_DATE, "back_on", "in the next %d days", TASK_LATER_DAYS_MAX);
	else
		return true;
	return false;
}

static void put_off(const struct finish_task *body, const struct dunning_task *task, struct decision *decision)
{
	struct task_put_off *event = decision_event(decision, &task_put_off_type);

	event->task_id = body->task_id;
	event->customer_id = body->customer_id;
	event->version = task->version + 1;
	event->back_on = body->back_on;
	decision_set_timer_on(decision, &task_timer, &body->task_id, body->back_on);
}

/*
 * A step that was not taken goes on as its policy says. Behind a review of a step that has failed nobody is left to ask: its debts move
 * on.
 */
static void end_step(const struct uuid *step_id, const struct dunning_task *task, enum task_outcome outcome,
		     const struct workset *set, struct decision *decision)
{
	const struct dunned_step *step = workset_state(set, &dunned_step_entity, step_id);
	const int64_t now_ms = decision->command->now_ms;

	if (step == NULL || step->state != STEP_STATE_ASKED) /* of a trace, or withdrawn */
		return;
	if (outcome == TASK_OUTCOME_DONE) {
		say_step_taken(step_id, step, step_day(step, now_ms, now_ms, set), decision);
		return;
	}
	say_step_failed(step_id, step, str_of(task_outcome_name(outcome)), set, decision);
	if (task->reason == TASK_REASON_STEP_FAILED)
		say_step_passed(step, set, decision);
}

void decide_finish_task(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct finish_task *body = command->body;
	const enum task_outcome outcome = task_outcome_by_name(body->outcome);
	const struct dunning_task *task = workset_state(set, &dunning_task_entity, &body->task_id);
	struct task_finished *event;

	if (!outcome_is_good(body, command->today, decision) || !is_known(task, &body->customer_id, decision) ||
	    !is_expected(task, body->has_expected_version, body->expected_version, decision) ||
	    !is_theirs(task, command, decision))
		return;
	if (outcome == TASK_OUTCOME_LATER) {
		put_off(body, task, decision);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &task_finished_type);
	event->task_id = body->task_id;
	event->customer_id = body->customer_id;
	event->version = task->version + 1;
	event->outcome = str_of(task_outcome_name(outcome));
	decision_cancel_timer(decision, &task_timer, &body->task_id);
	end_step(&body->task_id, task, outcome, set, decision);
}

/* ---- cancelled with its step ---- */

void cancel_task(const struct uuid *task_id, const char *reason, const struct workset *set, struct decision *decision)
{
	const struct dunning_task *task = workset_state(set, &dunning_task_entity, task_id);
	struct task_cancelled *event;

	if (task == NULL || task_has_ended(task->state))
		return;
	event = decision_event(decision, &task_cancelled_type);
	event->task_id = *task_id;
	event->customer_id = task->customer_id;
	event->version = task->version + 1;
	event->reason = str_of(reason);
	decision_cancel_timer(decision, &task_timer, task_id);
}
