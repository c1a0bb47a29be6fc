#include "base/must.h"
#include "consumers/customers/customers.h"
#include "crypto/crypto.h"

/* Natural keys as slots of the workset. */

struct uuid customer_reference_id(struct str external_ref)
{
	return uuid_of_text(external_ref);
}

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool contact_address_key(struct contact_address_key *ret_key, const struct uuid *customer_id, enum channel channel,
			 struct str address)
{
	if (address.size > ADDRESS_MAX)
		return false;
	memcpy(ret_key->text, customer_id->bytes, 16);
	ret_key->text[16] = (char)channel;
	for (size_t index = 0; index < address.size; index++)
		ret_key->text[17 + index] = channel == CHANNEL_EMAIL ? lower(address.data[index]) : address.data[index];
	ret_key->size = 17 + address.size;
	return true;
}

void contact_address_split(struct str text, struct uuid *ret_customer_id, enum channel *ret_channel, struct str *ret_address)
{
	MUST(text.size >= 17);
	memcpy(ret_customer_id->bytes, text.data, 16);
	*ret_channel = (enum channel)text.data[16];
	*ret_address = (struct str){ .data = text.data + 17, .size = text.size - 17 };
}

struct uuid contact_address_id(const struct contact_address_key *key)
{
	return uuid_of_text((struct str){ .data = key->text, .size = key->size });
}
