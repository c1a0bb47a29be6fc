#ifndef API_READS_NAMED_H
#define API_READS_NAMED_H

#include <stddef.h>

#include "base/str.h"
#include "base/uuid.h"
#include "model/message.h"

/*
 * What a command names and cannot be decided without: things of other modules, texts. Its rule would wait for what is not there
 * (decision_wait), for minutes; the gateway can look at once, and tell a mistake from something that is on its way. Pure.
 */
#define NAMED_MAX 128

enum named_kind { NAMED_CUSTOMER, NAMED_DEBT, NAMED_COMMUNICATION, NAMED_TEMPLATE };

struct named {
	enum named_kind kind;
	const char *field; /* of the command's schema */
	bool is_item;      /* of an array, at `index` */
	size_t index;
	struct uuid id;
	struct str name, channel, language; /* of a template */
};

const char *named_kind_name(enum named_kind kind);

/* In the order of the rules' own questions. Borrows from the body. */
size_t named_list(const struct message_type *type, const void *body, struct named ret_named[NAMED_MAX]);

#endif
