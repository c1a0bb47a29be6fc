#include "base/day.h"
#include "base/must.h"
#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"
#include "crypto/crypto.h"
#include "schemas/customers.h"

/*
 * What the tables keep and events do not - names, birth dates, addresses: it comes from the bodies of a batch's commands, or
 * stands in a row already, and is sealed here for the row's place and version (lib/crypto/seal.h).
 */

#define PERSONAL_SIZE_MAX (SEAL_OVERHEAD + (size_t)2048) /* a letter's address is the longest, and far below it */

/* ---- what the commands of a batch say about a person ---- */

static bool clears_birth_date(const struct update_customer *command)
{
	for (size_t index = 0; index < command->clears_count; index++) {
		if (str_is(command->clears[index], "birth_date"))
			return true;
	}
	return false;
}

static struct customer *changed_customer(const struct workset *set, const struct uuid *customer_id)
{
	struct slot *slot = workset_find(set, &customer_entity, customer_id);

	MUST(slot != NULL);
	MUST(slot->changed);
	return slot->state;
}

static void note_personal(struct customer *customer, uint32_t number, bool has_name, bool says_birth_date)
{
	if (has_name)
		customer->name_event = number;
	if (says_birth_date)
		customer->birth_date_event = number;
}

static void note_event(const struct workset *set, const struct event *event, uint32_t number)
{
	const struct create_customer *created;
	const struct update_customer *updated;

	switch (customers_event(event->type)) {
	case EVENT_CUSTOMER_CREATED:
		created = event->command->body;
		note_personal(changed_customer(set, &created->customer_id), number, true, created->has_birth_date);
		return;
	case EVENT_CUSTOMER_UPDATED:
		updated = event->command->body;
		note_personal(changed_customer(set, &updated->customer_id), number, updated->has_full_name,
			      updated->has_birth_date || clears_birth_date(updated));
		return;
	case EVENT_CUSTOMER_ERASED: /* after all else: erase_rows */
	case EVENT_CONTACT_POINT_ADDED:
	case EVENT_CONTACT_POINT_VERIFIED:
	case EVENT_CONTACT_POINT_INVALIDATED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

void personal_note(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++)
		note_event(set, events[index].event, (uint32_t)index + 1);
}

static struct str name_of(const struct event *event)
{
	if (event->type == &customer_created_type)
		return ((const struct create_customer *)event->command->body)->full_name;
	return ((const struct update_customer *)event->command->body)->full_name;
}

static int32_t birth_date_of(const struct event *event)
{
	if (event->type == &customer_created_type)
		return ((const struct create_customer *)event->command->body)->birth_date;
	return ((const struct update_customer *)event->command->body)->birth_date;
}

/* False: the event clears it. */
static bool has_birth_date(const struct event *event)
{
	if (event->type == &customer_created_type)
		return ((const struct create_customer *)event->command->body)->has_birth_date;
	return ((const struct update_customer *)event->command->body)->has_birth_date;
}

/* ---- sealing ---- */

struct str personal_seal(struct customers_store *store, const struct seal_place *place, struct str salt, struct str text)
{
	unsigned char *room;
	uint8_t key[32];

	buf_reset(&store->sealed);
	room = buf_reserve(&store->sealed, text.size + SEAL_OVERHEAD);
	MUST(room != NULL);
	person_key(key, store->key, salt);
	seal(room, text, place, key);
	wipe(key, sizeof(key));
	store->sealed.size += text.size + SEAL_OVERHEAD;
	return buf_str(&store->sealed);
}

static struct str seal_of_customer(struct customers_store *store, const struct sealed_column *column, const struct slot *slot,
				   struct str text)
{
	const struct customer *customer = slot->state;
	const struct seal_place place = { .column = column, .row = slot->id, .version = customer->version, .owner = slot->id };

	return personal_seal(store, &place, customer_salt(customer), text);
}

bool personal_name(struct customers_store *store, const struct slot *slot, const struct logged_event *events,
		   struct str *ret_sealed)
{
	uint32_t event = ((const struct customer *)slot->state)->name_event;

	if (event == 0)
		return false;
	*ret_sealed = seal_of_customer(store, &sealed_name, slot, name_of(events[event - 1].event));
	return true;
}

bool personal_birth_date(struct customers_store *store, const struct slot *slot, const struct logged_event *events,
			 struct str *ret_sealed)
{
	uint32_t event = ((const struct customer *)slot->state)->birth_date_event;
	char text[16];

	if (event == 0)
		return false;
	if (!has_birth_date(events[event - 1].event)) {
		*ret_sealed = (struct str){ 0 };
		return true;
	}
	day_format(text, birth_date_of(events[event - 1].event));
	*ret_sealed = seal_of_customer(store, &sealed_birth_date, slot, str_of(text));
	return true;
}

int personal_reseal(struct customers_store *store, const struct seal_place *place, int64_t version_was, struct str salt,
		    struct str *sealed, struct err *err)
{
	struct seal_place from = *place;
	char room[PERSONAL_SIZE_MAX];
	struct opened opened;
	uint8_t key[32];
	int result;

	from.version = version_was;
	if (sealed->size > sizeof(room))
		return err_set(err, ERR_POISON, "%s.%s is too long to be sealed again", place->column->table,
			       place->column->column);
	person_key(key, store->key, salt);
	result = unseal(&opened, room, *sealed, &from, key, err);
	wipe(key, sizeof(key));
	if (result != 0)
		return err_add(err, place->column->column);
	*sealed = personal_seal(store, place, salt, opened.text);
	wipe(room, sizeof(room));
	return 0;
}
