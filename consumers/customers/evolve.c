#include "base/must.h"
#include "consumers/customers/customers.h"
#include "schemas/customers.h"

/* A text that passed the rules fits, because the sizes of the members are the limits of the schema. */
static void set_text(char *chars, size_t chars_size, bool is_given, struct str text)
{
	bool fits = str_to_chars(chars, chars_size, is_given ? text : STR(""));

	MUST(fits);
}

/* Changes only a state that another command of the batch has touched. The store writes the row from the event. */
static void know(struct workset *set, const struct uuid *customer_id, const struct scope_pair *pair)
{
	char key[ACQUAINTANCE_KEY_SIZE];
	struct acquaintance *acquaintance;
	struct uuid id;

	acquaintance_key(key, customer_id, pair);
	id = acquaintance_id(key);
	if (workset_find(set, &acquaintance_entity, &id) == NULL)
		return;
	acquaintance = workset_change(set, &acquaintance_entity, &id);
	acquaintance->is_known = 1;
}

/* The customer becomes known to issuers bound to the whole creditor, and to issuers bound to one of the portfolios. */
static void know_by_creditor(struct workset *set, const struct customer_created *event, const struct uuid *creditor_id)
{
	struct scope_pair pair = { .creditor_id = *creditor_id };

	know(set, &event->customer_id, &pair);
	for (size_t index = 0; index < event->portfolio_ids_count; index++) {
		pair.portfolio_id = event->portfolio_ids[index];
		know(set, &event->customer_id, &pair);
	}
}

static void on_customer_created(struct workset *set, const struct customer_created *event)
{
	struct customer *customer = workset_change(set, &customer_entity, &event->customer_id);
	struct uuid reference = customer_reference_id(event->external_ref);
	struct customer_reference *taken = workset_change(set, &customer_reference_entity, &reference);

	for (size_t index = 0; index < event->creditor_ids_count; index++)
		know_by_creditor(set, event, &event->creditor_ids[index]);
	MUST(customer->version == 0);
	taken->is_taken = 1;
	taken->customer_id = event->customer_id;
	customer->version = event->version;
	customer->status = CUSTOMER_ACTIVE;
	set_text(customer->locale, sizeof(customer->locale), true, event->locale);
	set_text(customer->country, sizeof(customer->country), true, event->country);
	set_text(customer->region, sizeof(customer->region), event->has_region, event->region);
	set_text(customer->timezone, sizeof(customer->timezone), event->has_timezone, event->timezone);
}

/* Unchanged texts of the event are views into the state, so all are read before the state is written. */
static void on_customer_updated(struct workset *set, const struct customer_updated *event)
{
	struct customer *customer = workset_change(set, &customer_entity, &event->customer_id);
	struct customer next = *customer;

	MUST(event->version == customer->version + 1);
	next.version = event->version;
	set_text(next.locale, sizeof(next.locale), true, event->locale);
	set_text(next.country, sizeof(next.country), true, event->country);
	set_text(next.region, sizeof(next.region), event->has_region, event->region);
	set_text(next.timezone, sizeof(next.timezone), event->has_timezone, event->timezone);
	*customer = next;
}

/* The salt stays until the batch is saved: keys of slots that the batch has touched contain it. */
static void on_customer_erased(struct workset *set, const struct customer_erased *event)
{
	struct customer *customer = workset_change(set, &customer_entity, &event->customer_id);

	MUST(customer->status != CUSTOMER_ERASED);
	MUST(event->version == customer->version + 1);
	customer->version = event->version;
	customer->status = CUSTOMER_ERASED;
}

/* The address is in the command only. Its slot, which the command has touched, is set to the new contact point. */
static void on_contact_point_added(struct workset *set, const struct event *event)
{
	const struct contact_point_added *body = event->body;
	const struct add_contact_point *command = event->command->body;
	struct contact_point *point = workset_change(set, &contact_point_entity, &body->contact_point_id);
	struct contact_address_key key;
	struct contact_address *address;
	struct uuid address_id;
	bool fits;

	MUST(point->version == 0);
	point->customer_id = body->customer_id;
	point->version = body->version;
	point->channel = channel_by_name(body->channel);
	point->state = CONTACT_POINT_USABLE;
	MUST(point->channel != CHANNEL_NONE);

	fits = contact_address_key(&key, set, &body->customer_id, (enum channel)point->channel, command->address);
	MUST(fits);
	address_id = contact_address_id(&key);
	address = workset_change(set, &contact_address_entity, &address_id);
	address->contact_point_id = body->contact_point_id;
}

static struct contact_point *change_point(struct workset *set, const struct uuid *contact_point_id, int64_t version)
{
	struct contact_point *point = workset_change(set, &contact_point_entity, contact_point_id);

	MUST(version == point->version + 1);
	point->version = version;
	return point;
}

static void on_contact_point_verified(struct workset *set, const struct contact_point_verified *event)
{
	struct contact_point *point = change_point(set, &event->contact_point_id, event->version);

	if (event->has_number_checked_at && event->number_checked_at > point->number_checked_at_ms)
		point->number_checked_at_ms = event->number_checked_at;
}

static void on_contact_point_invalidated(struct workset *set, const struct contact_point_invalidated *event)
{
	struct contact_point *point = change_point(set, &event->contact_point_id, event->version);

	point->state = contact_point_state_by_name(event->reason);
	MUST(point->state != CONTACT_POINT_NONE);
}

void customers_evolve(struct workset *set, const struct event *event)
{
	switch (customers_event(event->type)) {
	case EVENT_CUSTOMER_CREATED:
		on_customer_created(set, event->body);
		return;
	case EVENT_CUSTOMER_UPDATED:
		on_customer_updated(set, event->body);
		return;
	case EVENT_CUSTOMER_ERASED:
		on_customer_erased(set, event->body);
		return;
	case EVENT_CONTACT_POINT_ADDED:
		on_contact_point_added(set, event);
		return;
	case EVENT_CONTACT_POINT_VERIFIED:
		on_contact_point_verified(set, event->body);
		return;
	case EVENT_CONTACT_POINT_INVALIDATED:
		on_contact_point_invalidated(set, event->body);
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
