#include "base/day.h"
#include "base/must.h"
#include "consumers/customers/customers.h"
#include "crypto/crypto.h"

/* Natural keys as slots of the workset. */

struct uuid customer_reference_id(struct str external_ref)
{
	return uuid_of_text(external_ref);
}

void acquaintance_key(char ret_key[ACQUAINTANCE_KEY_SIZE], const struct uuid *customer_id, const struct scope_pair *pair)
{
	memcpy(ret_key, customer_id->bytes, 16);
	memcpy(ret_key + 16, pair->creditor_id.bytes, 16);
	memcpy(ret_key + 32, pair->portfolio_id.bytes, 16);
}

struct uuid acquaintance_id(const char key[ACQUAINTANCE_KEY_SIZE])
{
	return uuid_of_text((struct str){ .data = key, .size = ACQUAINTANCE_KEY_SIZE });
}

bool contact_address_key(struct contact_address_key *ret_key, const struct workset *set, const struct uuid *customer_id,
			 enum channel channel, struct str address)
{
	const struct slot *slot = workset_find(set, &customer_entity, customer_id);
	const struct customer *customer;
	size_t head;

	MUST(slot != NULL);
	MUST(slot->loaded);
	if (address.size > ADDRESS_MAX)
		return false;
	customer = slot->state;
	head = 18 + customer->salt_size;
	MUST(head <= CONTACT_ADDRESS_HEAD_MAX);
	memcpy(ret_key->text, customer_id->bytes, 16);
	ret_key->text[16] = (char)customer->salt_size;
	memcpy(ret_key->text + 17, customer->salt, customer->salt_size);
	ret_key->text[head - 1] = (char)channel;
	for (size_t index = 0; index < address.size; index++)
		ret_key->text[head + index] = channel == CHANNEL_EMAIL ? ascii_lower(address.data[index]) : address.data[index];
	ret_key->size = head + address.size;
	return true;
}

/* The customer must be loaded: then a new customer has a salt, too. */
static struct str hidden(struct arena *arena, const struct workset *set, const struct uuid *customer_id, const char *member,
			 struct str text)
{
	const struct slot *slot = workset_find(set, &customer_entity, customer_id);
	uint8_t *hash = arena_take(arena, 1, DIGEST_SIZE);

	MUST(slot != NULL);
	if (hash == NULL)
		return (struct str){ .data = NULL };
	hidden_hash(hash, member, text, ((const struct customer *)slot->state)->hash_key);
	return (struct str){ .data = (const char *)hash, .size = DIGEST_SIZE };
}

struct str customer_name_hash(struct arena *arena, const struct workset *set, const struct uuid *customer_id,
			      struct str full_name)
{
	return hidden(arena, set, customer_id, "full_name", full_name);
}

struct str customer_birth_hash(struct arena *arena, const struct workset *set, const struct uuid *customer_id, int32_t birth_date)
{
	char text[16];

	day_format(text, birth_date);
	return hidden(arena, set, customer_id, "birth_date", str_of(text));
}

struct contact_address_parts contact_address_split(struct str text)
{
	struct contact_address_parts parts;
	size_t salt_size;

	MUST(text.size >= 16 + 1);
	salt_size = (uint8_t)text.data[16];
	MUST(text.size >= 16 + 1 + salt_size + 1);
	memcpy(parts.customer_id.bytes, text.data, 16);
	parts.salt = (struct str){ .data = text.data + 17, .size = salt_size };
	parts.channel = (enum channel)text.data[17 + salt_size];
	parts.address = (struct str){ .data = text.data + 18 + salt_size, .size = text.size - 18 - salt_size };
	return parts;
}

struct uuid contact_address_id(const struct contact_address_key *key)
{
	return uuid_of_text((struct str){ .data = key->text, .size = key->size });
}
