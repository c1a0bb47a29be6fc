#ifndef API_AUTH_POOL_H
#define API_AUTH_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/db.h"
#include "producers/api/http/part.h"

/*
 * A few threads for what would hold up the loop: hashing a password, a transaction that must be done before the answer. Nothing
 * else of the gateway runs outside of the loop. A job's `work` runs in a thread and touches only what the job owns and its seat;
 * then its `done` runs in the loop, within pool_run. Bounded: so many threads, so many jobs that wait.
 */
struct pool;

/* What a thread has for itself. */
struct pool_seat {
	const char *conninfo;
	struct db *db; /* NULL: not connected */
	struct db_params params;
};

/* The seat's connection, opened when there is none that lives; params are empty then. ERR_RETRY: away. */
MUST_CHECK int pool_seat_connect(struct pool_seat *seat, struct err *err);

struct pool_job {
	void (*work)(struct pool_job *job, struct pool_seat *seat);
	void (*done)(struct pool_job *job);
	struct pool_job *next; /* the pool's own */
};

struct pool_conf {
	const char *name;     /* as a part of the loop */
	const char *conninfo; /* borrowed */
	unsigned threads;     /* 1 to POOL_THREADS_MAX */
	size_t waiting_max;
	int nice; /* of its threads; 0: as the process */
};

#define POOL_THREADS_MAX 16

MUST_CHECK int pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct err *err);
void pool_free(struct pool *pool); /* accepts NULL; waits for the jobs that run, forgets the others: `done` is not called */

/* Borrows the job until its `done`. False: too many wait already. */
MUST_CHECK bool pool_submit(struct pool *pool, struct pool_job *job);

struct part pool_part(struct pool *pool);

#endif
