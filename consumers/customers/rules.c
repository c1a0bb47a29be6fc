#include "base/array.h"
#include "consumers/customers/customers.h"
#include "schemas/customers.h"

const struct entity customer_entity = { .name = "customer", .state_size = sizeof(struct customer), .is_ordered = true };
const struct entity acquaintance_entity = { .name = "acquaintance", .state_size = sizeof(struct acquaintance) };
const struct entity customer_reference_entity = { .name = "customer_reference", .state_size = sizeof(struct customer_reference) };
const struct entity contact_point_entity = { .name = "contact_point",
					     .state_size = sizeof(struct contact_point),
					     .is_ordered = true };
const struct entity contact_address_entity = { .name = "contact_address", .state_size = sizeof(struct contact_address) };
const struct entity retention_entity = { .name = "retention", .state_size = sizeof(struct retention) };

static struct slot *touch(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	return workset_touch(set, entity, id, (struct str){ 0 });
}

/*
 * For an issuer that acts as a creditor: touches the acquaintance of the customer with each pair of its creditors and portfolios.
 * The pairs of a user are known once the rights are loaded.
 */
static void touch_acquaintances(const struct command *command, const struct uuid *customer_id, struct workset *set)
{
	if (!command_is_bound(command))
		return;
	for (size_t i = 0; i < scope_pairs(command->scope); i++) {
		const struct scope_pair pair = scope_pair(command->scope, i);
		char key[ACQUAINTANCE_KEY_SIZE];
		struct str text;
		struct uuid id;

		acquaintance_key(key, customer_id, &pair);
		id = acquaintance_id(key);
		if (workset_find(set, &acquaintance_entity, &id) != NULL)
			continue;
		text = str_copy(set->arena, (struct str){ .data = key, .size = sizeof(key) });
		if (text.data == NULL)
			set->overflow = true;
		else
			workset_touch(set, &acquaintance_entity, &id, text);
	}
}

static void touch_create_customer(const struct command *command, struct workset *set)
{
	const struct create_customer *body = command->body;
	struct uuid reference = customer_reference_id(body->external_ref);
	const struct slot *taken = workset_touch(set, &customer_reference_entity, &reference, body->external_ref);

	touch(set, &customer_entity, &body->customer_id);
	touch_acquaintances(command, &command->key, set);
	if (taken != NULL && taken->exists)
		touch_acquaintances(command, &((const struct customer_reference *)taken->state)->customer_id, set);
}

static void touch_update_customer(const struct command *command, struct workset *set)
{
	touch(set, &customer_entity, &((const struct update_customer *)command->body)->customer_id);
	touch_acquaintances(command, &command->key, set);
}

static void touch_erase_customer(const struct command *command, struct workset *set)
{
	const struct erase_customer *body = command->body;

	touch(set, &customer_entity, &body->customer_id);
	touch(set, &retention_entity, &body->customer_id);
}

/*
 * Touches the customer first, whose salt is part of the address's key, then the address, then the contact point that the loaded
 * address names.
 */
static void touch_add_contact_point(const struct command *command, struct workset *set)
{
	const struct add_contact_point *body = command->body;
	const struct slot *customer = touch(set, &customer_entity, &body->customer_id);
	struct contact_address_key key;
	struct str text;
	struct uuid id;
	const struct slot *slot;

	touch(set, &contact_point_entity, &body->contact_point_id);
	touch_acquaintances(command, &command->key, set);
	if (customer == NULL || !customer->loaded ||
	    !contact_address_key(&key, set, &body->customer_id, channel_by_name(body->channel), body->address))
		return;
	id = contact_address_id(&key);
	slot = workset_find(set, &contact_address_entity, &id);
	if (slot == NULL) {
		text = str_copy(set->arena, (struct str){ .data = key.text, .size = key.size });
		if (text.data == NULL)
			set->overflow = true;
		else
			slot = workset_touch(set, &contact_address_entity, &id, text);
	}
	if (slot != NULL && slot->exists)
		touch(set, &contact_point_entity, &((const struct contact_address *)slot->state)->contact_point_id);
}

static void touch_verify_contact_point(const struct command *command, struct workset *set)
{
	const struct verify_contact_point *body = command->body;

	touch(set, &customer_entity, &body->customer_id);
	touch_acquaintances(command, &command->key, set);
	touch(set, &contact_point_entity, &body->contact_point_id);
}

static void touch_invalidate_contact_point(const struct command *command, struct workset *set)
{
	const struct invalidate_contact_point *body = command->body;

	touch(set, &customer_entity, &body->customer_id);
	touch_acquaintances(command, &command->key, set);
	touch(set, &contact_point_entity, &body->contact_point_id);
}

static const struct rule rules[] = {
	{ &create_customer_type, touch_create_customer, decide_create_customer, false, false },
	{ &update_customer_type, touch_update_customer, decide_update_customer, false, false },
	{ &erase_customer_type, touch_erase_customer, decide_erase_customer, false, false },
	{ &add_contact_point_type, touch_add_contact_point, decide_add_contact_point, true, false },
	{ &verify_contact_point_type, touch_verify_contact_point, decide_verify_contact_point, false, false },
	{ &invalidate_contact_point_type, touch_invalidate_contact_point, decide_invalidate_contact_point, false, false },
};
_Static_assert(COUNT(rules) == CUSTOMERS_COMMANDS, "each command has a rule");

static const struct action customer_actions[] = {
	{ &update_customer_type, customer_is_changeable, false, NULL },
	{ &add_contact_point_type, customer_is_changeable, false, NULL },
	{ &erase_customer_type, customer_is_erasable, true, NULL }, /* unless debts are open */
};

static const struct action contact_point_actions[] = {
	{ &verify_contact_point_type, contact_point_is_usable, false, NULL },
	{ &invalidate_contact_point_type, contact_point_is_usable, false, NULL },
};

static const struct actions actions[] = {
	{ .thing = "customer",
	  .states = CUSTOMER_STATUS_WORDS,
	  .fact = "has open debts",
	  .rows = customer_actions,
	  .rows_count = COUNT(customer_actions) },
	{ .thing = "contact_point",
	  .states = CONTACT_POINT_STATE_WORDS,
	  .rows = contact_point_actions,
	  .rows_count = COUNT(contact_point_actions) },
};

const struct module customers_module = {
	.name = "customers",
	.rules = rules,
	.rules_count = COUNT(rules),
	.actions = actions,
	.actions_count = COUNT(actions),
	.evolve = customers_evolve,
};
