#ifndef API_WRITES_ACCEPTED_H
#define API_WRITES_ACCEPTED_H

#include <stdint.h>

#include "base/uuid.h"

/*
 * Commands that Kafka has from us and that their module may not have read yet: until its log has an answer, only this knows that
 * they exist. Fixed memory: the newest ACCEPTED_SETS * ACCEPTED_WAYS of this process, about; when a place is needed the oldest of
 * its set goes. Who asks for one that was forgotten, or that another process accepted, is told 404 until the module has read it.
 */
#define ACCEPTED_SETS 8192
#define ACCEPTED_WAYS 8

struct accepted_command {
	struct uuid id;
	struct uuid key;
	struct uuid issuer; /* principal_id */
	int64_t at_ms;      /* 0: the place is free */
};

struct accepted {
	struct accepted_command commands[ACCEPTED_SETS][ACCEPTED_WAYS];
};

void accepted_add(struct accepted *accepted, const struct accepted_command *command);
const struct accepted_command *accepted_find(const struct accepted *accepted, const struct uuid *id); /* NULL: not here */

#endif
