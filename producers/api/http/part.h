#ifndef API_HTTP_PART_H
#define API_HTTP_PART_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * A part of the one loop beside the HTTP server: outgoing commands, outcomes, reads, password hashing. No part blocks. The
 * requests of one turn's handlers to a part are sent together at its next `run`: 32 HTTP requests that arrive together are one
 * pipeline to PostgreSQL. A part runs when one of its descriptors is ready or its timeout has passed, not in every turn: each run
 * without work costs a system call.
 */
#define PART_FDS_MAX 4

struct part {
	const char *name; /* in /readyz and /metrics */
	void *self;

	/* Receives (and answers calls), then sends. Only ERR_FATAL is a failure; an unreachable server is not. */
	int (*run)(void *self, struct err *err);

	/* The descriptors that make the next run worthwhile. NULL: none. */
	size_t (*watch)(void *self, struct pollfd ret_fds[PART_FDS_MAX]);

	/* The longest time until the next run, in ms; 0: there is work now. NULL: no timeout. */
	int (*timeout_ms)(void *self);

	/* For /readyz. NULL: always ready. */
	bool (*is_ready)(void *self);

	/* The number of operations in flight, for /metrics. NULL: always 0. */
	size_t (*waiting)(void *self);

	/* Shutdown: answers all waiting calls with 503. NULL: no call ever waits. */
	void (*give_up)(void *self);
};

#endif
