#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* ---- ResolveUnknown ---- */

#define PROVIDER_PERSON "person" /* the receipt's provider: no gateway has this name */

static bool can_be_resolved(const struct resolve_unknown *body, const struct workset *set, struct decision *decision)
{
	const struct communication *communication = workset_state(set, &communication_entity, &body->communication_id);
	const struct queue *queue = workset_state(set, &queue_entity, &body->customer_id);
	enum unknown_resolution resolution = unknown_resolution_by_name(body->resolution);

	if (communication == NULL || !uuid_equal(&communication->customer_id, &body->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "communication_id", "the customer has no such communication");
	} else if (!body->has_expected_version) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "expected_version", "name the version of which it was found out");
	} else if (body->expected_version != communication->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the communication's version is %lld",
				(long long)communication->version);
	} else if (resolution == UNKNOWN_RESOLUTION_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "resolution", "not one of " UNKNOWN_RESOLUTION_LISTED);
	} else if (body->reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "say how it is known");
	} else if (communication->state != COMMUNICATION_UNKNOWN) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is %s: only of an unknown one there is anything to find out",
				communication_state_name((enum communication_state)communication->state));
	} else if (resolution == UNKNOWN_RESOLUTION_NOT_SENT && queue != NULL && queue->count >= QUEUE_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "customer_id", "%d messages to the customer are under way",
				QUEUE_MAX);
	} else {
		return true;
	}
	return false;
}

/*
 * The version is required: it stands for the attempt that the person asked about. Without it, the words of two persons about one
 * attempt, of which the second comes when the next one has become unknown, would lead to a third one of which nobody asked.
 *
 * What the person says is a receipt like a provider's, but for the rank: only a person leads out of `unknown` to another attempt.
 */
void decide_resolve_unknown(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct resolve_unknown *body = command->body;
	const struct communication *communication;
	struct communication_progressed *event;
	bool is_sent;

	if (!can_be_resolved(body, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	communication = workset_state(set, &communication_entity, &body->communication_id);
	is_sent = unknown_resolution_by_name(body->resolution) == UNKNOWN_RESOLUTION_SENT;
	event = decision_event(decision, &communication_progressed_type);
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = communication->version + 1;
	event->channel = str_of(channel_name((enum channel)communication->channel));
	event->requested_on = communication->requested_on;
	event->previous_state = str_of(communication_state_name(COMMUNICATION_UNKNOWN));
	event->state = str_of(communication_state_name(is_sent ? COMMUNICATION_SUBMITTED : COMMUNICATION_RETRY_WAIT));
	event->attempt = communication->attempt;
	event->provider = STR(PROVIDER_PERSON);
	event->has_provider_code = true;
	event->provider_code = body->reason;
	event->occurred_at = command->now_ms;
}
