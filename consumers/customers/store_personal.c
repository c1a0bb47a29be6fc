#include "base/day.h"
#include "base/must.h"
#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"
#include "crypto/crypto.h"
#include "schemas/customers.h"

/*
 * The personal data in the tables, which no event contains: names and birth dates from the confidential data of the batch's
 * events, addresses from its commands, and values already in a row. They are sealed here for the row's place and version
 * (lib/crypto/seal.h).
 */

#define PERSONAL_SIZE_MAX (SEAL_OVERHEAD + (size_t)2048) /* a letter's address is the longest, and far below it */

/* ---- personal data in the commands of a batch ---- */

void personal_note(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct personal *personal = event->confidential;
		struct customer *customer;

		if (personal == NULL)
			continue;
		customer = workset_changed(set, &customer_entity, message_uuid(event->type->key_field, event->body))->state;
		if (personal->has_full_name)
			customer->name = personal;
		if (personal->has_birth_date || personal->clears_birth_date)
			customer->birth_date = personal;
	}
}

/* ---- sealing ---- */

struct str personal_seal(struct customers_store *store, const struct seal_place *place, struct str salt, struct str text)
{
	struct str sealed;
	uint8_t key[32];

	buf_reset(&store->sealed);
	person_key(key, store->key, salt);
	sealed = seal_add(&store->sealed, text, place, key);
	wipe(key, sizeof(key));
	return sealed;
}

static struct str seal_of_customer(struct customers_store *store, const struct sealed_column *column, const struct slot *slot,
				   struct str text)
{
	const struct customer *customer = slot->state;
	const struct seal_place place = { .column = column, .row = slot->id, .version = customer->version, .owner = slot->id };

	return personal_seal(store, &place, customer_salt(customer), text);
}

bool personal_name(struct customers_store *store, const struct slot *slot, struct str *ret_sealed)
{
	const struct personal *personal = ((const struct customer *)slot->state)->name;

	if (personal == NULL)
		return false;
	*ret_sealed = seal_of_customer(store, &sealed_name, slot, personal->full_name);
	return true;
}

bool personal_birth_date(struct customers_store *store, const struct slot *slot, struct str *ret_sealed)
{
	const struct personal *personal = ((const struct customer *)slot->state)->birth_date;
	char text[16];

	if (personal == NULL)
		return false;
	if (!personal->has_birth_date) {
		*ret_sealed = (struct str){ 0 };
		return true;
	}
	day_format(text, personal->birth_date);
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
