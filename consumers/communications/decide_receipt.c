#include "base/day.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* What a provider said about a message, from either command. */
struct receipt {
	const struct uuid *communication_id;
	const struct uuid *customer_id;
	enum communication_state state; /* that it would bring */
	struct str status;              /* as it was said */
	int32_t attempt;
	struct str provider;
	bool has_provider_ref;
	struct str provider_ref;
	bool has_provider_code;
	struct str provider_code;
	int64_t occurred_at;
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

static void progress(const struct receipt *receipt, const struct communication *communication, struct decision *decision)
{
	struct communication_progressed *event = decision_event(decision, &communication_progressed_type);

	event->communication_id = *receipt->communication_id;
	event->customer_id = *receipt->customer_id;
	event->version = communication->version + 1;
	event->channel = str_of(message_channel_name(communication->channel));
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
}

/* A message nobody here has heard of is waited for: reports must not be lost because they are quick. */
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
	} else if (communication_moves(communication->state, communication->attempt, receipt->state, receipt->attempt)) {
		progress(receipt, communication, decision);
	} else {
		ignore(receipt, communication, decision);
	}
}

/* ---- RecordDispatch ---- */

static enum communication_state state_of_outcome(const struct record_dispatch *body)
{
	if (str_is(body->outcome, "accepted"))
		return COMMUNICATION_SUBMITTED;
	if (str_is(body->outcome, "not_accepted"))
		return COMMUNICATION_RETRY_WAIT;
	if (str_is(body->outcome, "unknown"))
		return COMMUNICATION_UNKNOWN;
	if (!str_is(body->outcome, "failed"))
		return COMMUNICATION_NONE;
	return body->has_provider_code && str_is(body->provider_code, "expired") ? COMMUNICATION_EXPIRED : COMMUNICATION_FAILED;
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
				   .occurred_at = body->occurred_at };

	if (receipt.state == COMMUNICATION_NONE)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "not one of accepted, failed, not_accepted, unknown");
	else if (body->attempt < 1)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "attempt", "attempts are 1, 2, 3 ...");
	else
		take_receipt(&receipt, set, decision);
}

/* ---- RecordDelivery ---- */

static enum communication_state state_of_status(struct str status)
{
	if (str_is(status, "delivered"))
		return COMMUNICATION_DELIVERED;
	if (str_is(status, "accepted") || str_is(status, "buffered"))
		return COMMUNICATION_SUBMITTED;
	if (str_is(status, "failed"))
		return COMMUNICATION_FAILED;
	if (str_is(status, "expired"))
		return COMMUNICATION_EXPIRED;
	if (str_is(status, "rejected"))
		return COMMUNICATION_REJECTED;
	return COMMUNICATION_NONE;
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
				   .occurred_at = body->occurred_at };

	if (receipt.state == COMMUNICATION_NONE)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "status",
				"not one of delivered, failed, buffered, accepted, rejected, expired");
	else
		take_receipt(&receipt, set, decision);
}
