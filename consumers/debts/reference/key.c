#include "base/must.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/reference/reference.h"
#include "crypto/crypto.h"

/*
 * Natural keys as slots of the workset. The first part of a key has a fixed length, or its length is part of the key, so that no
 * two pairs of texts give the same key.
 */

static bool key_add(struct reference_key *key, const void *bytes, size_t size)
{
	if (size > sizeof(key->text) - key->size)
		return false;
	if (size == 0)
		return true;
	memcpy(key->text + key->size, bytes, size);
	key->size += size;
	return true;
}

bool reference_key_of_debt(struct reference_key *ret_key, const struct uuid *creditor_id, struct str external_ref)
{
	ret_key->size = 0;
	return key_add(ret_key, creditor_id->bytes, sizeof(creditor_id->bytes)) &&
	       key_add(ret_key, external_ref.data, external_ref.size);
}

/* The key is three ids of fixed size. */
void reference_key_of_acquaintance(struct reference_key *ret_key, const struct scope_pair *pair, const struct uuid *customer_id)
{
	bool fits;

	ret_key->size = 0;
	fits = key_add(ret_key, pair, sizeof(*pair)) && key_add(ret_key, customer_id, sizeof(*customer_id));
	MUST(fits);
}

void reference_split_acquaintance(struct str text, struct scope_pair *ret_pair, struct uuid *ret_customer_id)
{
	MUST(text.size == sizeof(*ret_pair) + sizeof(*ret_customer_id));
	memcpy(ret_pair, text.data, sizeof(*ret_pair));
	memcpy(ret_customer_id, text.data + sizeof(*ret_pair), sizeof(*ret_customer_id));
}

bool reference_key_of_payment(struct reference_key *ret_key, struct str source, struct str external_ref)
{
	uint8_t source_size = (uint8_t)source.size;

	ret_key->size = 0;
	return source.size <= UINT8_MAX && key_add(ret_key, &source_size, 1) && key_add(ret_key, source.data, source.size) &&
	       key_add(ret_key, external_ref.data, external_ref.size);
}

struct uuid reference_id(const struct reference_key *key)
{
	return uuid_of_key((struct str){ .data = key->text, .size = key->size });
}

bool reference_is_taken(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	const struct taken *taken = workset_state(set, entity, id);

	return taken != NULL && taken->is_taken;
}

void reference_split_debt(struct str text, struct uuid *ret_creditor_id, struct str *ret_external_ref)
{
	MUST(text.size >= sizeof(ret_creditor_id->bytes));
	memcpy(ret_creditor_id->bytes, text.data, sizeof(ret_creditor_id->bytes));
	*ret_external_ref = (struct str){ .data = text.data + sizeof(ret_creditor_id->bytes),
					  .size = text.size - sizeof(ret_creditor_id->bytes) };
}

void reference_split_payment(struct str text, struct str *ret_source, struct str *ret_external_ref)
{
	size_t source_size;

	MUST(text.size >= 1);
	source_size = (uint8_t)text.data[0];
	MUST(text.size >= 1 + source_size);
	*ret_source = (struct str){ .data = text.data + 1, .size = source_size };
	*ret_external_ref = (struct str){ .data = text.data + 1 + source_size, .size = text.size - 1 - source_size };
}

struct taken *reference_take(struct workset *set, const struct entity *entity, const struct reference_key *key)
{
	struct uuid id = reference_id(key);
	struct taken *taken = workset_change(set, entity, &id);

	taken->is_taken = 1;
	return taken;
}

void reference_free(struct workset *set, const struct entity *entity, const struct reference_key *key)
{
	struct uuid id = reference_id(key);
	struct taken *taken = workset_change(set, entity, &id);

	MUST(taken->is_taken);
	taken->is_taken = 0;
}
