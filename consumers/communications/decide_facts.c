#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/*
 * Facts that people tell: contacts, circumstances, preferences. Each is recorded once under an id that its sender makes. Nothing here waits
 * for a customer or a debt: a fact may arrive before them, and what forbids contact counts at once.
 */

/* ---- RecordContact ---- */

/* A call has one of the outcomes of a call; what is written was sent, or came back. */
static bool fits(enum channel channel, enum contact_outcome outcome)
{
	bool is_written = outcome == CONTACT_SENT || outcome == CONTACT_RETURNED;

	return is_written == (channel != CHANNEL_VOICE);
}

static bool contact_is_good(const struct command *command, const struct record_contact *body, struct decision *decision)
{
	enum channel channel = channel_by_name(body->channel);
	enum contact_outcome outcome = contact_outcome_by_name(body->outcome);

	if (uuid_is_none(&body->contact_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "contact_id", "the id is all zeros");
	} else if (channel == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (contact_direction_by_name(body->direction) == CONTACT_DIRECTION_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "direction", "not one of " CONTACT_DIRECTION_LISTED);
	} else if (contact_party_by_name(body->party) == PARTY_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "party", "not one of " CONTACT_PARTY_LISTED);
	} else if (outcome == CONTACT_NONE || !fits(channel, outcome)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "not an outcome of this channel");
	} else if (body->has_message_class && message_class_by_name(body->message_class) == MESSAGE_CLASS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "message_class", "not a known message class");
	} else if (body->at <= 0 || body->at > command->received_ms) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "at", "before 1970, or later than we were told");
	} else {
		return true;
	}
	return false;
}

void decide_record_contact(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_contact *body = command->body;
	struct contact_recorded *event;

	if (!contact_is_good(command, body, decision))
		return;
	if (workset_state(set, &contact_entity, &body->contact_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "contact_id", "a contact has this id");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &contact_recorded_type);
	event->contact_id = body->contact_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->debt_ids = body->debt_ids;
	event->debt_ids_count = body->debt_ids_count;
	event->channel = body->channel;
	event->direction = body->direction;
	event->party = body->party;
	event->outcome = body->outcome;
	event->has_message_class = body->has_message_class;
	event->message_class = body->message_class;
	event->consented = body->consented;
	event->at = body->at;
}

/* ---- RecordCircumstance, EndCircumstance ---- */

/* The others forbid something. To record one of these permits contact as the end of one of those does, so it needs the same roles. */
static bool permits(enum circumstance_kind kind)
{
	return kind == CIRCUMSTANCE_ATTORNEY_ASKED || kind == CIRCUMSTANCE_ATTORNEY_CONSENTS ||
	       kind == CIRCUMSTANCE_LIMITATION_RESTARTED;
}

static bool payment_is_good(const struct record_circumstance *body, struct decision *decision)
{
	if (!body->has_payment_id)
		return true;
	if (uuid_is_none(&body->payment_id))
		decision_refuse(decision, REFUSAL_BAD_VALUE, "payment_id", "the id is all zeros");
	else if (circumstance_kind_by_name(body->kind) != CIRCUMSTANCE_LIMITATION_RESTARTED)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "payment_id", "only a restart of limitation rests on a payment");
	else
		return true;
	return false;
}

static bool circumstance_is_good(const struct command *command, const struct record_circumstance *body, struct decision *decision)
{
	if (uuid_is_none(&body->circumstance_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "circumstance_id", "the id is all zeros");
	} else if (body->has_debt_id && uuid_is_none(&body->debt_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "debt_id", "the id is all zeros");
	} else if (circumstance_kind_by_name(body->kind) == CIRCUMSTANCE_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " CIRCUMSTANCE_KIND_LISTED);
	} else if (circumstance_kind_by_name(body->kind) == CIRCUMSTANCE_LIMITATION_RESTARTED && !body->has_debt_id) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "debt_id",
				"each debt has a limitation period of its own: say whose");
	} else if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "a circumstance needs evidence");
	} else if (body->from_on <= 0 || body->from_on > command->today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "from_on", "before 1970, or in the future");
	} else if (body->has_until_on && body->until_on <= body->from_on) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "until_on", "not after the first day");
	} else if (permits(circumstance_kind_by_name(body->kind)) &&
		   (command->roles & (ROLE_SUPERVISOR | ROLE_COMPLIANCE)) == 0) {
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "kind",
				"only a supervisor or compliance records what permits contact");
	} else {
		return payment_is_good(body, decision);
	}
	return false;
}

/* A debt that is not known yet may become the customer's; until it is, the circumstance is about no message of another customer. */
static bool is_of_another(const struct record_circumstance *body, const struct workset *set)
{
	const struct owed_debt *debt = body->has_debt_id ? workset_state(set, &owed_debt_entity, &body->debt_id) : NULL;

	return debt != NULL && !uuid_equal(&debt->customer_id, &body->customer_id);
}

void decide_record_circumstance(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_circumstance *body = command->body;
	const struct circumstances *circumstances = workset_state(set, &circumstances_entity, &body->customer_id);
	struct circumstance_recorded *event;

	if (!circumstance_is_good(command, body, decision))
		return;
	if (workset_state(set, &circumstance_entity, &body->circumstance_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "circumstance_id", "a circumstance has this id");
		return;
	}
	if (is_of_another(body, set)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "debt_id", "the customer has no such debt");
		return;
	}
	if (circumstances != NULL && circumstances->count >= CIRCUMSTANCES_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "customer_id", "the customer has %d open circumstances",
				CIRCUMSTANCES_MAX);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &circumstance_recorded_type);
	event->circumstance_id = body->circumstance_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->kind = body->kind;
	event->has_debt_id = body->has_debt_id;
	event->debt_id = body->debt_id;
	event->from_on = body->from_on;
	event->has_until_on = body->has_until_on;
	event->until_on = body->until_on;
	event->evidence_ref = body->evidence_ref;
	event->has_payment_id = body->has_payment_id;
	event->payment_id = body->payment_id;
}

void decide_end_circumstance(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct end_circumstance *body = command->body;
	const struct circumstance *circumstance = workset_state(set, &circumstance_entity, &body->circumstance_id);
	struct circumstance_ended *event;

	if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "the end of a circumstance needs evidence");
		return;
	}
	if (circumstance == NULL || !uuid_equal(&circumstance->customer_id, &body->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "circumstance_id", "the customer has no such circumstance");
		return;
	}
	if (circumstance->is_ended) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "circumstance_id", "it was ended before");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &circumstance_ended_type);
	event->circumstance_id = body->circumstance_id;
	event->customer_id = body->customer_id;
	event->version = circumstance->version + 1;
	event->kind = str_of(circumstance_kind_name((enum circumstance_kind)circumstance->kind));
	event->evidence_ref = body->evidence_ref;
}

/* ---- SetPreference ---- */

static bool times_are_good(const struct set_preference *body, struct decision *decision)
{
	for (size_t index = 0; index < body->blocked_times_count; index++) {
		const struct blocked_time *time = &body->blocked_times[index];
		uint32_t weekdays;

		if (weekdays_read(&weekdays, time->weekdays) && time->from_minute >= 0 && time->from_minute < 24 * 60 &&
		    time->to_minute >= 0 && time->to_minute <= 24 * 60)
			continue;
		decision_refuse(decision, REFUSAL_BAD_VALUE, "blocked_times",
				"weekdays are of " WEEKDAY_LISTED "; minutes are of the day");
		return false;
	}
	return true;
}

static bool preference_is_good(const struct command *command, const struct set_preference *body, struct decision *decision)
{
	if (uuid_is_none(&body->preference_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "preference_id", "the id is all zeros");
		return false;
	}
	if (!times_are_good(body, decision))
		return false;
	for (size_t index = 0; index < body->blocked_places_count; index++) {
		if (blocked_place_by_name(body->blocked_places[index]) != CONTACT_POINT_PLACE_NONE)
			continue;
		decision_refuse(decision, REFUSAL_BAD_VALUE, "blocked_places", "not one of " BLOCKED_PLACE_LISTED);
		return false;
	}
	for (size_t index = 0; index < body->blocked_channels_count; index++) {
		if (channel_by_name(body->blocked_channels[index]) != CHANNEL_NONE)
			continue;
		decision_refuse(decision, REFUSAL_BAD_VALUE, "blocked_channels", "not one of " CHANNEL_LISTED);
		return false;
	}
	if (body->has_preferred_channel && channel_by_name(body->preferred_channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "preferred_channel", "not one of " CHANNEL_LISTED);
		return false;
	}
	if (body->has_valid_until && body->valid_until < command->today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "valid_until", "the day has passed");
		return false;
	}
	return true;
}

/* The event's list of times has a type of its own, of the same members. */
static const struct unwanted_time *copy_times(const struct set_preference *body, struct arena *arena)
{
	struct unwanted_time *times = arena_take(arena, body->blocked_times_count, sizeof(*times));

	for (size_t index = 0; times != NULL && index < body->blocked_times_count; index++)
		times[index] = (struct unwanted_time){ .weekdays = body->blocked_times[index].weekdays,
						       .from_minute = body->blocked_times[index].from_minute,
						       .to_minute = body->blocked_times[index].to_minute };
	return times;
}

void decide_set_preference(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct set_preference *body = command->body;
	struct preference_set *event;

	if (!preference_is_good(command, body, decision))
		return;
	if (workset_state(set, &preference_entity, &body->preference_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "preference_id", "a preference has this id");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &preference_set_type);
	event->preference_id = body->preference_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->blocked_times = copy_times(body, decision->arena);
	event->blocked_times_count = body->blocked_times_count;
	event->blocked_places = body->blocked_places;
	event->blocked_places_count = body->blocked_places_count;
	event->blocked_channels = body->blocked_channels;
	event->blocked_channels_count = body->blocked_channels_count;
	event->has_preferred_channel = body->has_preferred_channel;
	event->preferred_channel = body->preferred_channel;
	event->has_valid_until = body->has_valid_until;
	event->valid_until = body->valid_until;
	if (event->blocked_times == NULL)
		decision->overflow = true;
}
