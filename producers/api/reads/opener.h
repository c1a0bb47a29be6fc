#ifndef API_READS_OPENER_H
#define API_READS_OPENER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Opens something in a thread of its own, because opening waits for a server (Kafka's partitions, the end of a topic), and the
 * loop does not. One thing at a time; after a failure not again before OPENER_AGAIN_MS have passed.
 */
#define OPENER_AGAIN_MS 1000
#define OPENER_LOOK_MS  20 /* while a thread is at work, the loop looks so often */

struct opener {
	int (*open)(void *self, struct err *err); /* in the thread: touches nothing that the loop uses meanwhile */
	void *self;
	pthread_t thread;
	bool is_at_work;
	atomic_bool is_done;
	int result;
	struct err err;
	int64_t again_at_ms; /* monotonic */
};

/* Starts the thread if none is at work and it is time; looks whether it has finished. */
enum opener_state {
	OPENER_AT_WORK,
	OPENER_OPENED, /* told once: what was opened is the loop's now */
	OPENER_FAILED, /* told once; opener->err says why */
	OPENER_RESTS,
};
enum opener_state opener_turn(struct opener *opener);

/* Waits for the thread, if there is one: as long as its opening waits. Answers whether it opened something that nobody was told
 * of. */
bool opener_end(struct opener *opener);

#endif
