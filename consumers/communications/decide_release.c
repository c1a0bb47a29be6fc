#include "base/must.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/*
 * The time of a scheduled message has come. It is asked for as if just now: with the balances, the address, the consent and the
 * template of now.
 */

/* ---- RescheduleCommunication ---- */

static bool can_be_rescheduled(const struct command *command, const struct communication *waiting, struct decision *decision)
{
	const struct reschedule_communication *body = command->body;

	if (!sending_times_are_good(body->has_not_before, body->not_before, body->send_by, command->now_ms, decision))
		return false;
	if (waiting == NULL || !uuid_equal(&waiting->customer_id, &body->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "communication_id", "the customer has no such communication");
	} else if (body->has_expected_version && body->expected_version != waiting->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the communication's version is %lld",
				(long long)waiting->version);
	} else if (waiting->state != COMMUNICATION_SCHEDULED) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
				"the communication is %s: only what waits can be given another time",
				communication_state_name((enum communication_state)waiting->state));
	} else {
		return true;
	}
	return false;
}

/* Later than now, also where it may go at once: the guard answers about a message once in a millisecond. */
void decide_reschedule_communication(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct reschedule_communication *body = command->body;
	const struct communication *waiting = workset_state(set, &communication_entity, &body->communication_id);
	struct communication_rescheduled *event;
	int64_t soon_ms = command->now_ms + 1;

	if (!can_be_rescheduled(command, waiting, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &communication_rescheduled_type);
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = waiting->version + 1;
	event->has_not_before = body->has_not_before;
	event->not_before = body->not_before;
	event->release_at = body->has_not_before && body->not_before > soon_ms ? body->not_before : soon_ms;
	event->send_by = body->send_by;
	decision_set_timer_at(decision, &release_timer, &body->communication_id, event->release_at);
}

/* ---- the timer ---- */

/* Its request, with the times that it has now. False: the arena is full. */
static bool begin(struct sending *sending, const struct uuid *id, const struct workset *set, struct decision *decision)
{
	const struct request *request = workset_state(set, &request_entity, id);
	struct send_communication *body = arena_take(decision->arena, 1, sizeof(*body));

	MUST(request != NULL);
	if (body == NULL || !request_body(request, decision->arena, body)) {
		decision->overflow = true;
		return false;
	}
	body->communication_id = *id;
	body->customer_id = sending->waiting->customer_id;
	body->has_not_before = sending->waiting->not_before_ms != 0;
	body->not_before = sending->waiting->not_before_ms;
	body->send_by = sending->waiting->send_by_ms;
	body->mergeable = !uuid_is_none(&sending->waiting->merge_key);
	sending->body = body;
	sending->channel = (enum channel)sending->waiting->channel;
	sending->language = body->language;
	return true;
}

void decide_release(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct communication *waiting = workset_state(set, &communication_entity, id);
	struct sending sending = { .command = timer, .waiting = waiting };

	MUST(waiting != NULL);
	if (waiting->state != COMMUNICATION_SCHEDULED || !begin(&sending, id, set, decision))
		return;
	if (waiting->send_by_ms <= timer->now_ms) {
		sending_suppress(&sending, str_of(refusal_code(REFUSAL_EXPIRED)), decision);
		return;
	}
	sending_find(&sending, set);
	sending_take_steps(&sending, set, decision);
}
