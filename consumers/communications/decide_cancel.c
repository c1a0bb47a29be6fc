#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* ---- CancelCommunication ---- */

/* A message can be cancelled while it is in the customer's queue and not claimed by the notifier. */
static const struct queued *find_queued(const struct queue *queue, const struct uuid *communication_id)
{
	for (uint32_t index = 0; queue != NULL && index < queue->count; index++) {
		if (uuid_equal(&queue->messages[index].communication_id, communication_id))
			return &queue->messages[index];
	}
	return NULL;
}

static bool can_be_cancelled(const struct cancel_communication *body, const struct workset *set, struct decision *decision)
{
	const struct communication *communication = workset_state(set, &communication_entity, &body->communication_id);
	const struct queued *queued = find_queued(workset_state(set, &queue_entity, &body->customer_id), &body->communication_id);

	if (communication == NULL || !uuid_equal(&communication->customer_id, &body->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "communication_id", "the customer has no such communication");
	} else if (body->has_expected_version && body->expected_version != communication->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the communication's version is %lld",
				(long long)communication->version);
	} else if (queued == NULL) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is %s: only what has not left can be cancelled",
				communication_state_name((enum communication_state)communication->state));
	} else if (!outbox_is_cancellable(queued->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is being sent: only what has not left can be cancelled");
	} else {
		return true;
	}
	return false;
}

void decide_cancel_communication(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct cancel_communication *body = command->body;
	const struct communication *communication;
	struct communication_cancelled *event;

	if (!can_be_cancelled(body, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	communication = workset_state(set, &communication_entity, &body->communication_id);
	event = decision_event(decision, &communication_cancelled_type);
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = communication->version + 1;
	event->channel = str_of(channel_name((enum channel)communication->channel));
	event->requested_on = communication->requested_on;
	event->previous_state = str_of(communication_state_name((enum communication_state)communication->state));
	if (communication->state == COMMUNICATION_SCHEDULED)
		decision_cancel_timer(decision, &release_timer, &body->communication_id);
}
