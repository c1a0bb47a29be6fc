#include <string.h>

#include "base/money.h"
#include "consumers/communications/communications.h"
#include "tests/fuzz/facts.h"
#include "tests/fuzz/law.h"
#include "tests/fuzz/script.h"

#define FILLER 0xF0 /* first byte of the ids of messages that no record has made */
#define IS_LAW 16   /* of FACT_PERSON */

static void load_person(const uint8_t *facts, struct slot *slot)
{
	struct person *person = slot->state;
	uint8_t fact = facts[FACT_PERSON];

	slot->exists = (fact & 1) == 0;
	if (!slot->exists)
		return;
	choose_law(person, (fact & IS_LAW) != 0, (fact & 32) != 0);
	person->is_active = (fact & 2) == 0;
	person->salt_size = (fact & 4) != 0 ? 0 : SALT_MAX;
	person->full_name_size = facts[FACT_NAME] == 0 ? 3 : 4U * (facts[FACT_NAME] % (FULL_NAME_MAX / 4 + 1));
	memset(person->full_name, 'n', person->full_name_size);
}

static void load_collection(const uint8_t *facts, struct slot *slot)
{
	slot->exists = (facts[FACT_PERSON] & IS_LAW) != 0;
	if (slot->exists)
		((struct collection *)slot->state)->collector = COLLECTOR_THIRD_PARTY;
}

static void load_addresses(const uint8_t *facts, struct slot *slot)
{
	struct addresses *addresses = slot->state;
	uint8_t fact = facts[FACT_ADDRESSES];

	slot->exists = (fact & 3) != 3;
	addresses->email.text_size = addresses->sms.text_size = fact < 4 ? 20 : 5U * (fact >> 2);
	memset(addresses->email.text, 'a', addresses->email.text_size);
	memset(addresses->sms.text, '1', addresses->sms.text_size);
	if ((fact & 1) == 0)
		addresses->email.contact_point_id = script_id(4);
	if ((fact & 2) == 0)
		addresses->sms.contact_point_id = script_id(5);
}

/* All of the customer, of one creditor, in EUR; some of the bits make each second one another. */
static void load_debt(const uint8_t *facts, struct slot *slot)
{
	struct owed_debt *debt = slot->state;
	uint8_t fact = facts[FACT_DEBT];
	bool is_odd = (slot->id.bytes[15] & 1) != 0;

	slot->exists = (fact & 1) == 0 || is_odd;
	if (!slot->exists)
		return;
	debt->customer_id = script_id((fact & 2) != 0 && is_odd ? 2 : SCRIPT_CUSTOMER);
	debt->creditor_id = script_id((fact & 4) != 0 && is_odd ? 2 : 3);
	memcpy(debt->currency, (fact & 8) != 0 && is_odd ? "JPY" : "EUR", 4);
	memcpy(debt->external_ref, "D-1", 4);
	debt->balance_minor = (fact & 16) != 0 ? 0 : (fact & 32) != 0 ? MONEY_MINOR_MAX : 12345;
	debt->is_closed = (fact & 64) != 0;
	debt->credits_minor = (fact & 128) != 0 ? 12346 : 0;
	debt->due_on = (int32_t)(NOW_MS / 86400000) - 30 + 8 * (int8_t)facts[FACT_DUE];
}

static void add_queued(struct queue *queue, const struct uuid *communication_id, const struct communication *communication,
		       uint8_t fact)
{
	bool is_claimed = (fact & 64) != 0 && communication->state != COMMUNICATION_SCHEDULED;
	enum outbox_state state = communication->state == COMMUNICATION_SCHEDULED ? OUTBOX_SCHEDULED : OUTBOX_RELEASED;

	if (queue->count < QUEUE_MAX)
		queue->messages[queue->count++] = (struct queued){ .communication_id = *communication_id,
								   .channel = communication->channel,
								   .requested_on = (int32_t)(NOW_MS / 86400000),
								   .state = is_claimed ? OUTBOX_CLAIMED : state,
								   .claims = (fact & 128) != 0 ? 5 : 0,
								   .is_mergeable = !uuid_is_none(&communication->merge_key) };
}

static void load_queue(const uint8_t *facts, const struct memory *memory, struct slot *slot)
{
	uint8_t fact = facts[FACT_QUEUE];

	for (size_t i = 0; i < memory->count; i++) {
		const struct communication *communication = memory->kept[i].state;

		if (memory->kept[i].entity == &communication_entity && uuid_equal(&communication->customer_id, &slot->id) &&
		    (communication->state == COMMUNICATION_SCHEDULED || communication->state == COMMUNICATION_RELEASED ||
		     communication->state == COMMUNICATION_RETRY_WAIT))
			add_queued(slot->state, &memory->kept[i].id, communication, fact);
	}
	for (uint8_t i = 0; i < (fact & 63); i++) {
		const struct communication filler = { .channel = i % 2 == 0 ? CHANNEL_EMAIL : CHANNEL_SMS,
						      .state = COMMUNICATION_RELEASED };
		struct uuid id = script_id(i);

		id.bytes[0] = FILLER;
		add_queued(slot->state, &id, &filler, fact);
	}
	slot->exists = ((struct queue *)slot->state)->count > 0;
}

static bool load_filler(struct slot *slot)
{
	if (slot->entity != &communication_entity || slot->id.bytes[0] != FILLER)
		return false;
	*(struct communication *)slot->state = (struct communication){
		.customer_id = script_id(SCRIPT_CUSTOMER), .version = 1, .channel = CHANNEL_EMAIL, .state = COMMUNICATION_RELEASED
	};
	slot->exists = true;
	return true;
}

bool facts_load_post(const uint8_t *facts, const struct memory *memory, struct slot *slot)
{
	if (slot->entity == &person_entity)
		load_person(facts, slot);
	else if (slot->entity == &collection_entity)
		load_collection(facts, slot);
	else if (slot->entity == &addresses_entity)
		load_addresses(facts, slot);
	else if (slot->entity == &owed_debt_entity)
		load_debt(facts, slot);
	else if (slot->entity == &queue_entity)
		load_queue(facts, memory, slot);
	else if (memory_find(memory, slot->entity, &slot->id) != NULL || !load_filler(slot))
		return false;
	slot->loaded = true;
	slot->stored = slot->exists;
	return true;
}
