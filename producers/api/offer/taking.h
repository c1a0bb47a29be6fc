#ifndef API_OFFER_TAKING_H
#define API_OFFER_TAKING_H

#include <stdbool.h>
#include <stddef.h>

#include "producers/api/writes/outbound.h"

/*
 * Something that came from outside and becomes one or more commands: the call is answered when the broker has them all. If one
 * was not acknowledged the answer is 503, and the sender brings everything again: the commands' ids make the repetition harmless.
 */
struct call;
struct takings;

struct taking {
	struct call *call; /* NULL: free */
	void (*done)(struct call *call);
	size_t waiting; /* commands without an acknowledgement, and one more until taking_end */
	bool has_failed;
	struct takings *owner;
	struct taking *next_free;
};

#define TAKINGS_MAX 1024
struct takings {
	struct taking takings[TAKINGS_MAX];
	struct taking *free;
};

void takings_init(struct takings *takings);

/* NULL: too many are under way; the call was answered with 503. `done` answers the call. */
struct taking *taking_begin(struct takings *takings, struct call *call, void (*done)(struct call *call));

/* Any number of times. A command that cannot be sent fails the whole. */
void taking_publish(struct taking *taking, struct outbound *outbound, const struct outbound_command *command);

/* There are no more commands; the taking is not to be used any more. */
void taking_end(struct taking *taking);

#endif
