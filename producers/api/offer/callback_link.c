#include "producers/api/offer/callback_link.h"

#include <stdio.h>

#include "crypto/crypto.h"

#define GATEWAY_MAX 32 /* RecordDelivery.provider */

static bool read_id(struct str text, struct uuid *ret_id)
{
	return uuid_parse(ret_id, text) && !uuid_is_none(ret_id);
}

static bool is_signed(const struct link_arguments *arguments, const struct callback_link *link, const char *purpose,
		      const uint8_t key[32])
{
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], content[160 + GATEWAY_MAX];
	uint8_t signature[DIGEST_SIZE];

	uuid_format(communication, &link->communication_id);
	uuid_format(customer, &link->customer_id);
	(void)snprintf(content, sizeof(content), "%s|%s|%s%s%.*s", purpose, communication, customer,
		       arguments->g.size == 0 ? "" : "|", (int)arguments->g.size,
		       arguments->g.size == 0 ? "" : arguments->g.data);
	return hex_to_bytes(signature, sizeof(signature), arguments->s) && sign_check(signature, str_of(content), key);
}

enum link_verdict callback_link_read(const struct link_arguments *arguments, const char *purpose, const uint8_t key[32],
				     struct callback_link *ret_link)
{
	*ret_link = (struct callback_link){ .gateway = arguments->g.size == 0 ? str_of(purpose) : arguments->g };
	if (!read_id(arguments->c, &ret_link->communication_id) || !read_id(arguments->k, &ret_link->customer_id) ||
	    arguments->g.size > GATEWAY_MAX)
		return LINK_MALFORMED;
	return is_signed(arguments, ret_link, purpose, key) ? LINK_GOOD : LINK_FORGED;
}
