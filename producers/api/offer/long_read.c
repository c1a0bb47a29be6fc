#include "producers/api/offer/long_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"

struct long_reads {
	const struct long_read_kind *kind;
	struct pool *pool;
	struct part pool_part;
	unsigned char *items; /* kind->waiting_max of kind->item_size */
};

static struct long_read *item(struct long_reads *reads, size_t index)
{
	return (struct long_read *)(void *)(reads->items + index * reads->kind->item_size);
}

/* ---- in the thread ---- */

static void work(struct pool_job *job, struct pool_seat *seat)
{
	struct long_read *read = (struct long_read *)job;

	read->has_failed =
		pool_seat_connect(seat, &read->failure) != 0 || read->reads->kind->read(read, seat, &read->failure) != 0;
}

/* ---- the loop ---- */

static void answer(struct long_read *read)
{
	if (!read->has_failed) {
		read->reads->kind->answer(read);
		return;
	}
	if (read->failure.kind != ERR_RETRY)
		log_error("operation=%s %s", read->reads->kind->operation, read->failure.text);
	call_refuse(read->call, 503, "unavailable", "the database is away, or took too long");
}

static void forget(struct long_read *read)
{
	if (read->reads->kind->forget != NULL)
		read->reads->kind->forget(read);
	read->in_use = false;
}

static void done(struct pool_job *job)
{
	struct long_read *read = (struct long_read *)job;

	if (read->call != NULL)
		answer(read);
	forget(read);
}

void *long_reads_find(struct long_reads *reads)
{
	for (size_t index = 0; reads != NULL && index < reads->kind->waiting_max; index++) {
		struct long_read *read = item(reads, index);

		if (read->in_use)
			continue;
		memset(read, 0, reads->kind->item_size);
		read->reads = reads;
		return read;
	}
	return NULL;
}

void long_read_submit(struct long_read *read, struct call *call)
{
	MUST(!read->in_use);
	read->job = (struct pool_job){ .work = work, .done = done };
	read->in_use = true;
	read->call = call;
	if (!pool_submit(read->reads->pool, &read->job))
		MUST_NOT_REACH("the pool has room for each");
}

/* ---- the part ---- */

static int run_part(void *self, struct err *err)
{
	const struct long_reads *reads = self;

	return reads->pool_part.run(reads->pool_part.self, err);
}

static size_t watch_part(void *self, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct long_reads *reads = self;

	return reads->pool_part.watch(reads->pool_part.self, ret_fds);
}

static size_t part_waiting(void *self)
{
	const struct long_reads *reads = self;

	return reads->pool_part.waiting(reads->pool_part.self);
}

static void give_up_part(void *self)
{
	struct long_reads *reads = self;

	for (size_t index = 0; index < reads->kind->waiting_max; index++) {
		struct long_read *read = item(reads, index);

		if (read->in_use && read->call != NULL)
			call_refuse(read->call, 503, "unavailable", "the gateway is ending");
		read->call = NULL;
	}
}

struct part long_reads_part(struct long_reads *reads)
{
	return (struct part){ .name = reads->kind->name,
			      .self = reads,
			      .run = run_part,
			      .watch = watch_part,
			      .waiting = part_waiting,
			      .give_up = give_up_part };
}

/* ---- life ---- */

int long_reads_new(const struct long_read_kind *kind, const char *conninfo, struct long_reads **ret_reads, struct err *err)
{
	const struct pool_conf conf = {
		.name = kind->name, .conninfo = conninfo, .threads = 1, .waiting_max = kind->waiting_max, .nice = kind->nice
	};
	struct long_reads *reads = calloc(1, sizeof(*reads));

	MUST(kind->item_size >= sizeof(struct long_read));
	if (reads == NULL || (reads->items = calloc(kind->waiting_max, kind->item_size)) == NULL) {
		long_reads_free(reads);
		return err_set(err, ERR_FATAL, "no memory");
	}
	reads->kind = kind;
	if (pool_new(&conf, &reads->pool, err) != 0) {
		long_reads_free(reads);
		return -1;
	}
	reads->pool_part = pool_part(reads->pool);
	*ret_reads = reads;
	return 0;
}

void long_reads_free(struct long_reads *reads)
{
	if (reads == NULL)
		return;
	pool_free(reads->pool);
	for (size_t index = 0; reads->pool != NULL && index < reads->kind->waiting_max; index++) {
		if (item(reads, index)->in_use)
			forget(item(reads, index));
	}
	free(reads->items);
	free(reads);
}
