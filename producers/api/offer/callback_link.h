#ifndef API_OFFER_CALLBACK_LINK_H
#define API_OFFER_CALLBACK_LINK_H

#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

/*
 * A URL of ours that the notifier signed for one message (gateway_callback_url, gateway_unsubscribe_url) and that comes back
 * from a provider or a mailbox:
 *
 *   c communication   k customer   g gateway, of delivery reports only   s signature of the purpose and all of them (32 hex)
 *
 * Pure. URLs of before the member g are signed without it, and good for as long as they are under way.
 */
struct link_arguments {
	struct str c, k, g, s; /* empty: absent */
};

struct callback_link {
	struct uuid communication_id;
	struct uuid customer_id;
	struct str gateway; /* borrows from the arguments, or the purpose when there is no g */
};

enum link_verdict {
	LINK_GOOD,
	LINK_MALFORMED,
	LINK_FORGED,
};

/* The signature is compared in constant time, before anything else of the request is used. */
enum link_verdict callback_link_read(const struct link_arguments *arguments, const char *purpose, const uint8_t key[32],
				     struct callback_link *ret_link);

#endif
