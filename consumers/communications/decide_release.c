#include "base/must.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/*
 * The time of a scheduled message has come. It is asked for as if just now: with the balances, the address, the consent and the
 * template of now.
 */

/* ---- RescheduleCommunication ---- */

/* NULL: refused. */
static const struct communication *find_to_reschedule(const struct command *command, const struct workset *set,
						      struct decision *decision)
{
	const struct reschedule_communication *body = command->body;
	const struct communication *communication;

	if (!sending_times_are_good(body->has_not_before, body->not_before, body->send_by, command->now_ms, decision))
		return NULL;
	communication = find_not_left(set, &body->communication_id, &body->customer_id,
				      body->has_expected_version ? body->expected_version : 0, decision);
	if (communication == NULL || communication->state == COMMUNICATION_SCHEDULED ||
	    communication->send_by_ms > command->now_ms)
		return communication;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "communication_id",
			"the time to send the communication has passed: it is given up");
	return NULL;
}

/*
 * One that was released waits again, also for a new send_by alone: the guard is asked about the new time, and the notifier learns it by
 * the new release. Later than now, also where it may go at once: the guard answers about a message once in a millisecond.
 */
void decide_reschedule_communication(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct reschedule_communication *body = command->body;
	const struct communication *communication = find_to_reschedule(command, set, decision);
	struct communication_rescheduled *event;
	int64_t soon_ms = command->now_ms + 1;

	if (communication == NULL)
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &communication_rescheduled_type);
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = communication->version + 1;
	event->has_not_before = body->has_not_before;
	event->not_before = body->not_before;
	event->release_at = body->has_not_before && body->not_before > soon_ms ? body->not_before : soon_ms;
	event->send_by = body->send_by;
	event->has_channel = event->has_requested_on = event->has_previous_state = true;
	event->channel = str_of(channel_name((enum channel)communication->channel));
	event->requested_on = communication->requested_on;
	event->previous_state = str_of(communication_state_name((enum communication_state)communication->state));
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
