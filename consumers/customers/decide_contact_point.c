#include "base/must.h"
#include "consumers/customers/customers.h"
#include "schemas/customers.h"

/* ---- AddContactPoint ---- */

static bool contact_point_is_good(const struct add_contact_point *body, struct decision *decision)
{
	enum channel channel = channel_by_name(body->channel);

	if (uuid_is_none(&body->contact_point_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "contact_point_id", "the id is all zeros");
	} else if (channel == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (!contact_address_is_valid(channel, body->address)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "address", "not an address of this channel");
	} else if (contact_point_place_by_name(body->place) == CONTACT_POINT_PLACE_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "place", "not one of " CONTACT_POINT_PLACE_LISTED);
	} else if (contact_point_source_by_name(body->source) == CONTACT_POINT_SOURCE_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "source", "not one of " CONTACT_POINT_SOURCE_LISTED);
	} else {
		return true;
	}
	return false;
}

static bool customer_is_active(const struct uuid *customer_id, const struct workset *set, struct decision *decision)
{
	const struct customer *customer = workset_state(set, &customer_entity, customer_id);

	if (customer == NULL || !customer_is_reached(decision->command, customer_id, set)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "customer_id", "no such customer");
		return false;
	}
	if (!customer_is_changeable(customer->status)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is %s",
				customer_status_name(customer->status));
		return false;
	}
	return true;
}

/*
 * An address that belongs to another person, or was blocked, is accepted again only from the consumer: a third party's old list
 * is no evidence. A bounced address is accepted again from every source.
 */
static bool address_is_free(const struct add_contact_point *body, const struct contact_address *known, const struct workset *set,
			    struct decision *decision)
{
	const struct contact_point *point = workset_state(set, &contact_point_entity, &known->contact_point_id);

	MUST(point != NULL);
	if (point->state == CONTACT_POINT_USABLE) {
		decision_refuse(decision, REFUSAL_EXISTS, "address", "the customer has this address");
		return false;
	}
	if (point->state != CONTACT_POINT_BOUNCED &&
	    contact_point_source_by_name(body->source) != CONTACT_POINT_SOURCE_CONSUMER) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "address",
				"the address was given up as %s: only the consumer can bring it back",
				contact_point_state_name(point->state));
		return false;
	}
	return true;
}

static bool point_is_new(const struct add_contact_point *body, const struct workset *set, struct decision *decision)
{
	const struct contact_point *point = workset_state(set, &contact_point_entity, &body->contact_point_id);

	if (point == NULL)
		return true;
	if (command_is_limited(decision->command) && !uuid_equal(&point->customer_id, &body->customer_id))
		decision_refuse_unbound(decision, "contact_point_id");
	else
		decision_refuse(decision, REFUSAL_EXISTS, "contact_point_id", "a contact point has this id");
	return false;
}

void decide_add_contact_point(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct add_contact_point *body = command->body;
	struct contact_address_key key;
	struct uuid address_id;
	const struct slot *address;
	struct contact_point_added *event;

	if (!contact_point_is_good(body, decision))
		return;
	if (!customer_is_active(&body->customer_id, set, decision) || !point_is_new(body, set, decision))
		return;
	if (!contact_address_key(&key, set, &body->customer_id, channel_by_name(body->channel), body->address))
		MUST_NOT_REACH("an address that is valid and too long");
	address_id = contact_address_id(&key);
	address = workset_find(set, &contact_address_entity, &address_id);
	MUST(address != NULL);
	if (address->exists && !address_is_free(body, address->state, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &contact_point_added_type);
	event->contact_point_id = body->contact_point_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->channel = body->channel;
	event->address_hash = (struct str){ .data = (const char *)((const struct contact_address *)address->state)->hash,
					    .size = sizeof(((const struct contact_address *)address->state)->hash) };
	event->place = body->place;
	event->source = body->source;
}

/* ---- VerifyContactPoint, InvalidateContactPoint ---- */

/* The customer's usable contact point; the customer must not have been erased, not even in this batch. NULL: refused. */
static const struct contact_point *usable_point(const struct uuid *contact_point_id, const struct uuid *customer_id,
						const struct workset *set, struct decision *decision)
{
	const struct contact_point *point = workset_state(set, &contact_point_entity, contact_point_id);
	const struct customer *customer = workset_state(set, &customer_entity, customer_id);

	if (point == NULL || !uuid_equal(&point->customer_id, customer_id) ||
	    !customer_is_reached(decision->command, customer_id, set)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "contact_point_id", "the customer has no such contact point");
		return NULL;
	}
	if (customer != NULL && customer->status == CUSTOMER_ERASED) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is erased");
		return NULL;
	}
	if (!contact_point_is_usable(point->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "contact_point_id", "the contact point is %s",
				contact_point_state_name(point->state));
		return NULL;
	}
	return point;
}

/* A look-up is not the person's word: it is of those who can ask such a data base. */
static bool look_up_is_good(const struct command *command, const struct verify_contact_point *body,
			    const struct contact_point *point, struct decision *decision)
{
	if (!body->has_number_checked_at)
		return true;
	if ((command->roles & (ROLE_CREDITOR | ROLE_AGENT)) == 0) {
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "number_checked_at", "a consumer looks no number up");
	} else if (point->channel != CHANNEL_SMS && point->channel != CHANNEL_VOICE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "number_checked_at", "the contact point is no telephone number");
	} else if (body->number_checked_at <= 0 || body->number_checked_at > command->received_ms) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "number_checked_at", "before 1970, or later than we were told");
	} else {
		return true;
	}
	return false;
}

void decide_verify_contact_point(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct verify_contact_point *body = command->body;
	const struct contact_point *point = usable_point(&body->contact_point_id, &body->customer_id, set, decision);
	struct contact_point_verified *event;

	if (point == NULL || !look_up_is_good(command, body, point, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &contact_point_verified_type);
	event->contact_point_id = body->contact_point_id;
	event->customer_id = body->customer_id;
	event->version = point->version + 1;
	event->has_number_checked_at = body->has_number_checked_at;
	event->number_checked_at = body->number_checked_at;
}

void decide_invalidate_contact_point(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct invalidate_contact_point *body = command->body;
	enum contact_point_state state = contact_point_fault_by_name(body->reason);
	const struct contact_point *point;
	struct contact_point_invalidated *event;

	if (state == CONTACT_POINT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " CONTACT_POINT_FAULT_LISTED);
		return;
	}
	point = usable_point(&body->contact_point_id, &body->customer_id, set, decision);
	if (point == NULL)
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &contact_point_invalidated_type);
	event->contact_point_id = body->contact_point_id;
	event->customer_id = body->customer_id;
	event->version = point->version + 1;
	event->channel = str_of(channel_name(point->channel));
	event->reason = body->reason;
}
