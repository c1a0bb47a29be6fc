#include "tests/fuzz/facts.h"

#include <string.h>

#include "base/array.h"
#include "consumers/customers/customers.h"
#include "consumers/debts/debts.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policies.h"
#include "crypto/crypto.h"
#include "tests/fuzz/script.h"
#include "worker/rights.h"

static void load_actor(const uint8_t *facts, struct slot *slot)
{
	struct actor *actor = slot->state;
	uint8_t fact = facts[FACT_ACTOR];

	slot->exists = (fact & 1) == 0;
	if (!slot->exists)
		return;
	actor->roles = (fact & 8) != 0 ? 0 : UINT32_MAX;
	actor->customer_id = script_id((fact & 2) != 0 ? 2 : SCRIPT_CUSTOMER);
	actor->scope = scope_all;
	if ((fact & 4) == 0)
		return;
	actor->scope = scope_none;
	actor->scope.creditors[actor->scope.creditors_count++] = script_id((fact & 16) != 0 ? 2 : SCRIPT_CREDITOR);
	memcpy(actor->scope.sources[actor->scope.sources_count++], "bank-1", 6);
	if ((fact & 32) != 0)
		actor->scope.portfolios[actor->scope.portfolios_count++] = script_id(SCRIPT_PORTFOLIO);
}

static void load_retention(const uint8_t *facts, struct slot *slot)
{
	struct retention *retention = slot->state;

	retention->open_debts = facts[FACT_RETENTION] & 1;
	retention->credits = facts[FACT_RETENTION] >> 1 & 1;
	retention->debt_id = script_id(3);
	slot->exists = retention->open_debts + retention->credits > 0;
}

/* Of every name there is a demand on each channel, in German. */
static void load_templates(const uint8_t *facts, struct slot *slot)
{
	static const uint32_t channels[] = { CHANNEL_EMAIL, CHANNEL_SMS, CHANNEL_LETTER };
	struct policy_template *template = slot->state;

	slot->exists = (facts[FACT_PERSON] & 1) == 0;
	for (size_t i = 0; slot->exists && i < COUNT(channels); i++) {
		template->items[i].channel = channels[i];
		template->items[i].message_class = MESSAGE_CLASS_DEMAND;
		memcpy(template->items[i].language, "de", 3);
		template->count++;
	}
}

/* A task that the module has opened: no command does. */
static void load_task(const uint8_t *facts, struct slot *slot)
{
	slot->exists = (facts[FACT_PERSON] & 1) == 0;
	if (slot->exists)
		*(struct dunning_task *)slot->state = (struct dunning_task){ .customer_id = script_id(SCRIPT_CUSTOMER),
									     .version = 1,
									     .kind = TASK_KIND_TRACE,
									     .reason = TASK_REASON_NO_CONTACT,
									     .state = TASK_STATE_OPEN };
}

bool facts_load(const uint8_t *facts, struct slot *slot)
{
	uint8_t person = facts[FACT_PERSON];

	if (slot->entity == &actor_entity) {
		load_actor(facts, slot);
	} else if (slot->entity == &retention_entity) {
		load_retention(facts, slot);
	} else if (slot->entity == &debts_customer_entity) {
		slot->exists = (person & 1) == 0;
		((struct debts_customer *)slot->state)->is_active = slot->exists && (person & 2) == 0;
	} else if (slot->entity == &debts_acquaintance_entity || slot->entity == &acquaintance_entity) {
		slot->exists = (person & 8) == 0;
	} else if (slot->entity == &policy_template_entity) {
		load_templates(facts, slot);
	} else if (slot->entity == &dunning_task_entity) {
		load_task(facts, slot);
	} else {
		return false;
	}
	slot->loaded = true;
	slot->stored = slot->exists;
	return true;
}

void facts_finish(struct slot *slot)
{
	if (slot->entity == &contact_address_entity)
		digest_of(((struct contact_address *)slot->state)->hash, slot->text);
	if (slot->entity == &customer_entity && !slot->exists) {
		struct customer *customer = slot->state;

		memset(customer->salt, 7, sizeof(customer->salt));
		customer->salt_size = sizeof(customer->salt);
	}
}
