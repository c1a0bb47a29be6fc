#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* ---- CancelCommunication ---- */

const struct communication *find_not_left(const struct workset *set, const struct uuid *communication_id,
					  const struct uuid *customer_id, int64_t expected_version, struct decision *decision)
{
	const struct communication *communication = workset_state(set, &communication_entity, communication_id);
	const struct queued *queued = queue_find(workset_state(set, &queue_entity, customer_id), communication_id);

	if (communication == NULL || !uuid_equal(&communication->customer_id, customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "communication_id", "the customer has no such communication");
	} else if (expected_version != 0 && expected_version != communication->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the communication's version is %lld",
				(long long)communication->version);
	} else if (queued == NULL) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is %s: only what has not left can be changed",
				communication_state_name((enum communication_state)communication->state));
	} else if (!outbox_has_not_left(queued->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is being sent: only what has not left can be changed");
	} else {
		return communication;
	}
	return NULL;
}

void decide_cancel_communication(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct cancel_communication *body = command->body;
	const struct communication *communication =
		find_not_left(set, &body->communication_id, &body->customer_id,
			      body->has_expected_version ? body->expected_version : 0, decision);
	struct communication_cancelled *event;

	if (communication == NULL)
		return;

	/* ---- nothing refuses from here on ---- */
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
