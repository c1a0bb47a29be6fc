#ifndef API_AUTH_POOL_H
#define API_AUTH_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/db.h"
#include "producers/api/http/part.h"

/*
 * A few threads for operations that would block the loop: hashing a password, a transaction that must be committed before the
 * answer. Everything else in the gateway runs in the loop. A job's `work` runs in a thread and touches only the job's data and
 * its seat; then its `done` runs in the loop, within pool_run. Bounded: the number of threads, and the number of waiting jobs.
 */
struct pool;

/* The resources of one thread. */
struct pool_seat {
	const char *conninfo;
	struct db *db; /* NULL: not connected */
	struct db_params params;
};

/* The seat's connection, opened if there is none alive; params are reset. ERR_RETRY: unreachable. */
MUST_CHECK int pool_seat_connect(struct pool_seat *seat, struct err *err);

struct pool_job {
	void (*work)(struct pool_job *job, struct pool_seat *seat);
	void (*done)(struct pool_job *job);
	struct pool_job *next; /* used by the pool */
};

struct pool_conf {
	const char *name;     /* its name as a part of the loop */
	const char *conninfo; /* borrowed */
	unsigned threads;     /* 1 to POOL_THREADS_MAX */
	size_t waiting_max;
	int nice; /* of its threads; 0: that of the process */
};

#define POOL_THREADS_MAX 16

MUST_CHECK int pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct err *err);
void pool_free(struct pool *pool); /* accepts NULL; waits for running jobs, drops the others: their `done` is not called */

/* Borrows the job until its `done`. False: too many jobs wait. */
MUST_CHECK bool pool_submit(struct pool *pool, struct pool_job *job);

struct part pool_part(struct pool *pool);

#endif
