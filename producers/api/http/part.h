#ifndef API_HTTP_PART_H
#define API_HTTP_PART_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * What the one loop turns beside the HTTP server: commands on their way, outcomes, reads, password hashing. Nothing in a part
 * waits. What the handlers of one turn ask of a part goes out together at its next `run`: 32 requests that came at once are one
 * pipeline to PostgreSQL. A part runs when one of its descriptors has something or its time has come, not with every turn: each
 * look that finds nothing is a system call.
 */
#define PART_FDS_MAX 4

struct part {
	const char *name; /* as readyz and metrics call it */
	void *self;

	/* Takes what has come (answering calls), sends what is to go. Only ERR_FATAL is a failure; a server that is away is not.
	 */
	int (*run)(void *self, struct err *err);

	/* What to wait for before the next run is worth it. NULL: nothing. */
	size_t (*watch)(void *self, struct pollfd ret_fds[PART_FDS_MAX]);

	/* Longest until the next run is due, in ms; 0: it has something to do now. NULL: no matter. */
	int (*timeout_ms)(void *self);

	/* For /readyz. NULL: always ready. */
	bool (*is_ready)(void *self);

	/* How much is under way in it, for /metrics. NULL: nothing ever is. */
	size_t (*waiting)(void *self);

	/* The end: everybody who waits is told that it is over (503). NULL: nobody ever waits. */
	void (*give_up)(void *self);
};

#endif
