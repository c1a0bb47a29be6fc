#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* A provider's report about a message, from either command. */
struct receipt {
	const struct uuid *communication_id;
	const struct uuid *customer_id;
	enum communication_state state; /* the state that it reports */
	struct str status;              /* as in the command */
	int32_t attempt;
	struct str provider;
	bool has_provider_ref;
	struct str provider_ref;
	bool has_provider_code;
	struct str provider_code;
	int64_t occurred_at;
	int64_t now_ms;
};

static void ignore(const struct receipt *receipt, const struct communication *communication, struct decision *decision)
{
	struct receipt_ignored *event = decision_event(decision, &receipt_ignored_type);

	event->communication_id = *receipt->communication_id;
	event->customer_id = *receipt->customer_id;
	event->state = str_of(communication_state_name(communication->state));
	event->status = receipt->status;
	event->provider = receipt->provider;
}

/* At the next Tick: what the guard says then decides when it goes. */
static void ask_again(struct communication_progressed *event, const struct receipt *receipt, struct decision *decision)
{
	event->has_release_at = true;
	event->release_at = receipt->now_ms + 1;
	decision_set_timer_at(decision, &release_timer, receipt->communication_id, event->release_at);
}

static void progress(const struct receipt *receipt, const struct communication *communication, struct decision *decision)
{
	struct communication_progressed *event = decision_event(decision, &communication_progressed_type);

	event->communication_id = *receipt->communication_id;
	event->customer_id = *receipt->customer_id;
	event->version = communication->version + 1;
	event->channel = str_of(channel_name(communication->channel));
	event->requested_on = communication->requested_on;
	event->previous_state = str_of(communication_state_name(communication->state));
	event->state = str_of(communication_state_name(receipt->state));
	event->attempt = receipt->attempt > communication->attempt ? receipt->attempt : communication->attempt;
	event->provider = receipt->provider;
	event->has_provider_ref = receipt->has_provider_ref;
	event->provider_ref = receipt->provider_ref;
	event->has_provider_code = receipt->has_provider_code;
	event->provider_code = receipt->provider_code;
	event->occurred_at = receipt->occurred_at;
	if (receipt->state == COMMUNICATION_SCHEDULED)
		ask_again(event, receipt, decision);
	else if (communication->state == COMMUNICATION_SCHEDULED)
		decision_cancel_timer(decision, &release_timer, receipt->communication_id);
}

/* Whether the receipt changes anything. What has been claimed since is out of our hands: an older report does not take it back. */
static bool moves(const struct receipt *receipt, const struct communication *communication, const struct workset *set)
{
	const struct queued *queued =
		queue_find(workset_state(set, &queue_entity, receipt->customer_id), receipt->communication_id);

	if (receipt->state == COMMUNICATION_SCHEDULED && queued != NULL && queued->state == OUTBOX_CLAIMED &&
	    queued->claims > receipt->attempt)
		return false;
	return communication_moves(communication->state, communication->attempt, receipt->state, receipt->attempt);
}

/* The report of an unknown message waits for the message: a report must not be lost because it overtakes the message. */
static void take_receipt(const struct receipt *receipt, const struct workset *set, struct decision *decision)
{
	const struct communication *communication = workset_state(set, &communication_entity, receipt->communication_id);
	char id[UUID_TEXT_SIZE + 1];

	if (receipt->occurred_at < 0 || receipt->occurred_at > DAY_MAX * DAY_MS) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "occurred_at", "before 1970, or after the year 9999");
	} else if (communication == NULL) {
		uuid_format(id, receipt->communication_id);
		decision_wait(decision, "communication_id", "the communication %s is not known yet", id);
	} else if (!uuid_equal(&communication->customer_id, receipt->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "communication_id", "the customer has no such communication");
	} else if (moves(receipt, communication, set)) {
		progress(receipt, communication, decision);
	} else {
		ignore(receipt, communication, decision);
	}
}

/* ---- RecordDispatch ---- */

/* The claim has not handed it out: the guard's word holds no more, or something new was told of the person. */
static bool is_not_now(const struct record_dispatch *body)
{
	return str_is(body->provider, PROVIDER_NOTIFIER) && body->has_provider_code && str_is(body->provider_code, CODE_NOT_NOW);
}

static enum communication_state state_of_outcome(const struct record_dispatch *body)
{
	bool is_late = body->has_provider_code && str_is(body->provider_code, "expired");

	switch (dispatch_outcome_by_name(body->outcome)) {
	case DISPATCH_OUTCOME_ACCEPTED:
		return COMMUNICATION_SUBMITTED;
	case DISPATCH_OUTCOME_NOT_ACCEPTED:
		return is_not_now(body) ? COMMUNICATION_SCHEDULED : COMMUNICATION_RETRY_WAIT;
	case DISPATCH_OUTCOME_UNKNOWN:
		return COMMUNICATION_UNKNOWN;
	case DISPATCH_OUTCOME_FAILED:
		return is_late ? COMMUNICATION_EXPIRED : COMMUNICATION_FAILED;
	case DISPATCH_OUTCOME_NONE:
	case DISPATCH_OUTCOME_COUNT:
		return COMMUNICATION_NONE;
	}
	MUST_NOT_REACH("no such outcome");
}

void decide_record_dispatch(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_dispatch *body = command->body;
	struct receipt receipt = { .communication_id = &body->communication_id,
				   .customer_id = &body->customer_id,
				   .state = state_of_outcome(body),
				   .status = body->outcome,
				   .attempt = body->attempt,
				   .provider = body->provider,
				   .has_provider_ref = body->has_provider_ref,
				   .provider_ref = body->provider_ref,
				   .has_provider_code = body->has_provider_code,
				   .provider_code = body->provider_code,
				   .occurred_at = body->occurred_at,
				   .now_ms = command->now_ms };

	if (receipt.state == COMMUNICATION_NONE)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "not one of " DISPATCH_OUTCOME_LISTED);
	else if (body->attempt < 1)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "attempt", "attempts are 1, 2, 3 ...");
	else
		take_receipt(&receipt, set, decision);
}

/* ---- RecordDelivery ---- */

static enum communication_state state_of_status(struct str status)
{
	switch (delivery_status_by_name(status)) {
	case DELIVERY_STATUS_DELIVERED:
		return COMMUNICATION_DELIVERED;
	case DELIVERY_STATUS_ACCEPTED:
	case DELIVERY_STATUS_BUFFERED:
		return COMMUNICATION_SUBMITTED;
	case DELIVERY_STATUS_FAILED:
		return COMMUNICATION_FAILED;
	case DELIVERY_STATUS_EXPIRED:
		return COMMUNICATION_EXPIRED;
	case DELIVERY_STATUS_REJECTED:
		return COMMUNICATION_REJECTED;
	case DELIVERY_STATUS_NONE:
	case DELIVERY_STATUS_COUNT:
		return COMMUNICATION_NONE;
	}
	MUST_NOT_REACH("no such status");
}

void decide_record_delivery(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_delivery *body = command->body;
	struct receipt receipt = { .communication_id = &body->communication_id,
				   .customer_id = &body->customer_id,
				   .state = state_of_status(body->status),
				   .status = body->status,
				   .provider = body->provider,
				   .has_provider_ref = body->has_provider_ref,
				   .provider_ref = body->provider_ref,
				   .has_provider_code = body->has_provider_code,
				   .provider_code = body->provider_code,
				   .occurred_at = body->occurred_at,
				   .now_ms = command->now_ms };

	if (receipt.state == COMMUNICATION_NONE)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "status", "not one of " DELIVERY_STATUS_LISTED);
	else
		take_receipt(&receipt, set, decision);
}
