#ifndef API_OFFER_LONG_READ_H
#define API_OFFER_LONG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "producers/api/auth/pool.h"
#include "producers/api/http/call.h"
#include "producers/api/http/part.h"

/*
 * A read that the loop cannot wait for: it needs several answers of PostgreSQL, or much thought. It is read in a thread and answered
 * in the loop. Each kind has one thread, so that no two reads of a kind use the kind's store or arena at once. Bounded: some calls
 * wait, the rest is refused by the handler.
 */
struct long_reads;

/* One call; the first member of the kind's own struct. The thread has it from long_read_submit to its answer. */
struct long_read {
	struct pool_job job; /* the first member */
	struct long_reads *reads;
	bool in_use;
	struct call *call; /* NULL: answered, since the gateway is ending */
	bool has_failed;
	struct err failure;
};

struct long_read_kind {
	const char *name;      /* of its part of the loop */
	const char *operation; /* in the log, when a read fails */
	size_t item_size;      /* of the kind's own struct */
	size_t waiting_max;
	int nice;                                                                     /* of its thread; 0: that of the process */
	int (*read)(struct long_read *read, struct pool_seat *seat, struct err *err); /* in the thread; the seat is connected */
	void (*answer)(struct long_read *read);                                       /* after a read that did not fail */
	void (*forget)(struct long_read *read); /* releases what the read holds, answered or not; NULL: nothing */
};

/* Start-up. Borrows both: the kind is a constant. */
MUST_CHECK int long_reads_new(const struct long_read_kind *kind, const char *conninfo, struct long_reads **ret_reads,
			      struct err *err);
void long_reads_free(struct long_reads *reads); /* accepts NULL; waits for the read that is under way */

/* A free one, zeroed, to be filled; it stays free until it is submitted. NULL: too many wait, or `reads` is NULL. */
void *long_reads_find(struct long_reads *reads);
void long_read_submit(struct long_read *read, struct call *call);

struct part long_reads_part(struct long_reads *reads);

#endif
