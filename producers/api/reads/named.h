#ifndef API_READS_NAMED_H
#define API_READS_NAMED_H

#include <stddef.h>

#include "base/str.h"
#include "base/uuid.h"
#include "model/message.h"

/*
 * The entities that a command names and that its rule needs: entities of other modules, templates. The rule would wait for a
 * missing one (decision_wait), for minutes; the gateway can query at once, and distinguish a mistake from an entity that is on
 * its way. Pure.
 */
#define NAMED_MAX 128

enum named_kind { NAMED_CUSTOMER, NAMED_DEBT, NAMED_COMMUNICATION, NAMED_TEMPLATE };

struct named {
	enum named_kind kind;
	const char *field; /* of the command's schema */
	bool is_item;      /* of an array, its item `index` */
	size_t index;
	struct uuid id;
	struct str name, channel, language; /* of a template */
};

const char *named_kind_name(enum named_kind kind);

/* In the order in which the rules check them. Borrows from the body. */
size_t named_list(const struct message_type *type, const void *body, struct named ret_named[NAMED_MAX]);

#endif
