#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "schemas/dunning.h"

/* Tasks. */

/* ---- states ---- */

bool task_has_ended(unsigned state)
{
	return state == TASK_STATE_FINISHED || state == TASK_STATE_CANCELLED;
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
