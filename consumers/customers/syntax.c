#include "base/address.h"
#include "base/text.h"
#include "consumers/customers/customers.h"

/*
 * The syntax of texts. Strict and bounded: a valid text is later put into an SMTP dialogue, a mail's header or a gateway's query
 * (lib/TRAPS.md C1, C2).
 */

/* ---- addresses ---- */

bool contact_letter_is_valid(struct str address)
{
	return text_is_good(address, TEXT_LINES);
}

bool contact_push_token_is_valid(struct str address)
{
	if (address.size < 8)
		return false;
	for (size_t index = 0; index < address.size; index++) {
		if (address.data[index] <= ' ' || address.data[index] > '~')
			return false;
	}
	return true;
}

bool contact_address_is_valid(enum channel channel, struct str address)
{
	if (address.size > ADDRESS_MAX)
		return false;
	switch (channel) {
	case CHANNEL_EMAIL:
		return address_is_email(address);
	case CHANNEL_SMS:
	case CHANNEL_VOICE:
		return address_is_phone(address);
	case CHANNEL_LETTER:
		return contact_letter_is_valid(address);
	case CHANNEL_PUSH:
		return contact_push_token_is_valid(address);
	case CHANNEL_NONE:
	case CHANNEL_COUNT:
		break;
	}
	return false;
}

bool contact_address_is_answered_from(enum channel channel)
{
	return channel == CHANNEL_EMAIL || channel == CHANNEL_SMS || channel == CHANNEL_VOICE;
}

/* ---- persons ---- */

bool customer_name_is_valid(struct str name)
{
	return text_is_good(name, TEXT_PROSE);
}
