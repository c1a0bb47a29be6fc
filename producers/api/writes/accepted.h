#ifndef API_WRITES_ACCEPTED_H
#define API_WRITES_ACCEPTED_H

#include <stdint.h>

#include "base/uuid.h"

/*
 * The commands that this process has handed to Kafka and that their module may not have read yet: until the module's log has an
 * answer, no other place knows that they exist. Fixed memory: roughly the newest ACCEPTED_SETS * ACCEPTED_WAYS commands, in a
 * set-associative cache that evicts the oldest entry of a set. For an evicted command, or one that another process accepted, the
 * answer is 404 until the module has read it.
 */
#define ACCEPTED_SETS 8192
#define ACCEPTED_WAYS 8

struct accepted_command {
	struct uuid id;
	struct uuid key;
	struct uuid issuer; /* principal_id */
	int64_t at_ms;      /* 0: free */
};

struct accepted {
	struct accepted_command commands[ACCEPTED_SETS][ACCEPTED_WAYS];
};

void accepted_add(struct accepted *accepted, const struct accepted_command *command);
const struct accepted_command *accepted_find(const struct accepted *accepted, const struct uuid *id); /* NULL: not in the cache */

#endif
