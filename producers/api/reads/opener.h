#ifndef API_READS_OPENER_H
#define API_READS_OPENER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Opens a resource in a thread of its own: opening waits for a server (Kafka's partitions, the end of a topic), and the loop must
 * not. One opening at a time; after a failure the next attempt starts after OPENER_AGAIN_MS at the earliest.
 */
#define OPENER_AGAIN_MS 1000
#define OPENER_LOOK_MS  20 /* the loop's polling interval while the thread runs */

struct opener {
	int (*open)(void *self, struct err *err); /* runs in the thread: must not touch anything that the loop uses meanwhile */
	void *self;
	pthread_t thread;
	bool is_at_work;
	atomic_bool is_done;
	int result;
	struct err err;
	int64_t again_at_ms; /* monotonic */
};

/* Starts the thread if none runs and the backoff has passed; checks whether it has finished. */
enum opener_state {
	OPENER_AT_WORK,
	OPENER_OPENED, /* returned once; from now on the loop owns the resource */
	OPENER_FAILED, /* returned once; the reason is in opener->err */
	OPENER_RESTS,
};
enum opener_state opener_turn(struct opener *opener);

/*
 * Waits for the thread, if there is one, until its opening ends. True: it opened the resource, and OPENER_OPENED was not
 * returned.
 */
bool opener_end(struct opener *opener);

#endif
