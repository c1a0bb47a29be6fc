#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* ---- GrantConsent ---- */

static bool consent_is_good(const struct command *command, const struct grant_consent *body, struct decision *decision)
{
	if (uuid_is_none(&body->consent_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "consent_id", "the id is all zeros");
	} else if (channel_by_name(body->channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (purpose_by_name(body->purpose) == PURPOSE_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "purpose", "not one of " PURPOSE_LISTED);
	} else if (basis_by_name(body->basis) == BASIS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "basis", "not one of " BASIS_LISTED);
	} else if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "a consent needs evidence");
	} else if (body->obtained_at <= 0 || body->obtained_at > command->received_ms) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "obtained_at", "before 1970, or later than we were told");
	} else if (body->has_expires_at && body->expires_at <= body->obtained_at) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "expires_at", "not after the consent was given");
	} else {
		return true;
	}
	return false;
}

/*
 * Only the person's own act lifts an opt-out (consumers/DOMAIN.md 3): prior use, a creditor's notice and a prior collector's consent are
 * said by others. One that is older than the opt-out is recorded, as any other, and permits nothing.
 */
static bool lifts_an_opt_out(const struct grant_consent *body, const struct recipient *recipient)
{
	int64_t withdrawn_at_ms = recipient == NULL ? 0 : recipient->withdrawn_at_ms[channel_by_name(body->channel)];

	return withdrawn_at_ms != 0 && body->obtained_at > withdrawn_at_ms;
}

/*
 * Customers are not looked up: a consent may arrive before its customer. A consent older than the last withdrawal is recorded and
 * permits nothing (recipient_permits).
 */
void decide_grant_consent(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct grant_consent *body = command->body;
	struct consent_granted *event;

	if (!consent_is_good(command, body, decision))
		return;
	if (workset_state(set, &consent_entity, &body->consent_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "consent_id", "a consent has this id");
		return;
	}
	if (basis_by_name(body->basis) != BASIS_EXPRESS &&
	    lifts_an_opt_out(body, workset_state(set, &recipient_entity, &body->customer_id))) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "basis",
				"the person has opted out of the channel: only an express consent lifts that");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &consent_granted_type);
	event->consent_id = body->consent_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->channel = body->channel;
	event->purpose = body->purpose;
	event->basis = body->basis;
	event->evidence_ref = body->evidence_ref;
	event->obtained_at = body->obtained_at;
	event->has_received_at = true;
	event->received_at = command->received_ms;
	event->has_expires_at = body->has_expires_at;
	event->expires_at = body->expires_at;
}

/* ---- WithdrawConsent ---- */

/*
 * Lists the messages that the withdrawal cancels, with their states: those of the channel (NONE: of all) that the notifier has not
 * claimed. A message that waits for its time has a timer, which ends too.
 */
static size_t list_cancelled(const struct workset *set, const struct queue *queue, enum channel channel,
			     struct cancelled_communication *cancelled, struct str *states, struct decision *decision)
{
	size_t count = 0;

	for (uint32_t index = 0; index < queue->count; index++) {
		const struct queued *queued = &queue->messages[index];
		const struct communication *communication;

		if (!outbox_has_not_left(queued->state) || (channel != CHANNEL_NONE && queued->channel != channel))
			continue;
		communication = workset_state(set, &communication_entity, &queued->communication_id);
		MUST(communication != NULL);
		if (communication->state == COMMUNICATION_SCHEDULED)
			decision_cancel_timer(decision, &release_timer, &queued->communication_id);
		states[count] = str_of(communication_state_name((enum communication_state)communication->state));
		cancelled[count++] = (struct cancelled_communication){ .communication_id = queued->communication_id,
								       .channel = str_of(channel_name(queued->channel)),
								       .requested_on = queued->requested_on,
								       .version = communication->version + 1 };
	}
	return count;
}

int64_t withdrawal_at(int64_t said_ms, int64_t received_ms)
{
	return said_ms < 1 ? 1 : said_ms > received_ms ? received_ms : said_ms;
}

void withdraw_consent(const struct uuid *customer_id, enum channel channel, const struct withdrawal_reason *reason,
		      const struct workset *set, struct decision *decision)
{
	int64_t received_ms = decision->command->received_ms;
	const struct recipient *recipient = workset_state(set, &recipient_entity, customer_id);
	const struct queue *queue = workset_state(set, &queue_entity, customer_id);
	struct consent_withdrawn *event = decision_event(decision, &consent_withdrawn_type);
	struct cancelled_communication *cancelled = arena_take(decision->arena, QUEUE_MAX, sizeof(*cancelled));
	struct str *states = arena_take(decision->arena, QUEUE_MAX, sizeof(*states));

	if (cancelled == NULL || states == NULL) {
		decision->overflow = true;
		return;
	}
	event->customer_id = *customer_id;
	event->version = recipient == NULL ? 1 : recipient->version + 1;
	event->has_channel = channel != CHANNEL_NONE;
	event->channel = str_of(channel_name(channel));
	event->via = reason->via;
	event->has_keyword = reason->has_keyword;
	event->keyword = reason->keyword;
	event->withdrawn_at = withdrawal_at(reason->withdrawn_at_ms, received_ms);
	event->has_received_at = true;
	event->received_at = received_ms;
	event->cancelled = cancelled;
	event->cancelled_count = queue == NULL ? 0 : list_cancelled(set, queue, channel, cancelled, states, decision);
	event->cancelled_states = states;
	event->cancelled_states_count = event->cancelled_count;
}

/*
 * A withdrawal is never refused, from any sender and in any form (consumers/DOMAIN.md 3): an unknown channel means all channels,
 * and the withdrawal of an unknown customer is remembered. It takes effect at `withdrawn_at`, but at the latest when we received
 * it.
 */
void decide_withdraw_consent(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct withdraw_consent *body = command->body;

	withdraw_consent(&body->customer_id, body->has_channel ? channel_by_name(body->channel) : CHANNEL_NONE,
			 &(struct withdrawal_reason){ .via = body->via,
						      .has_keyword = body->has_keyword,
						      .keyword = body->keyword,
						      .withdrawn_at_ms = body->withdrawn_at },
			 set, decision);
}
