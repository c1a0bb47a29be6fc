#include "producers/api/writes/accepted.h"

#include <stddef.h>

/* The last bytes of an id are random, or a hash. */
static size_t set_of(const struct uuid *id)
{
	return ((size_t)id->bytes[14] << 8 | id->bytes[15]) % ACCEPTED_SETS;
}

void accepted_add(struct accepted *accepted, const struct accepted_command *command)
{
	struct accepted_command *set = accepted->commands[set_of(&command->id)];
	struct accepted_command *place = &set[0];

	for (size_t way = 0; way < ACCEPTED_WAYS; way++) {
		if (uuid_equal(&set[way].id, &command->id)) {
			place = &set[way];
			break;
		}
		if (set[way].at_ms < place->at_ms)
			place = &set[way];
	}
	*place = *command;
}

const struct accepted_command *accepted_find(const struct accepted *accepted, const struct uuid *id)
{
	const struct accepted_command *set = accepted->commands[set_of(id)];

	for (size_t way = 0; way < ACCEPTED_WAYS; way++) {
		if (set[way].at_ms != 0 && uuid_equal(&set[way].id, id))
			return &set[way];
	}
	return NULL;
}
