#ifndef WORKER_STATE_CACHE_H
#define WORKER_STATE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"
#include "model/module.h"
#include "model/workset.h"

/*
 * Committed states that the owner of their partition keeps in memory, so that the next batch that touches them needs no query.
 *
 * What makes it safe. A state here is that of a customer whose partition is ours, and rows of a customer are written by nobody else:
 * the heads' lock fences an owner that has lost its partition, before it decides. An attempt works on copies, and only a committed one
 * is kept, so an aborted one needs no undoing. A claim and a fencing forget the partition, any failure forgets everything. An UPDATE still
 * names the version that it replaces.
 *
 * Bounded: a table for each kind of state, of a size that never changes; when it is full, the states that were not used lately make
 * room. The memory is the operating system's until it is first used.
 */
struct state_entry;

struct state_table {
	const struct cached_state *kind;
	char *entries;     /* of entry_size each */
	uint32_t *buckets; /* index of the first entry + 1 */
	size_t entry_size, capacity, count, hand, buckets_mask;
};

struct state_cache {
	struct state_table tables[CACHED_STATES_MAX];
	size_t tables_count;
	uint32_t lives[BUS_PARTS_MAX]; /* of each partition; states of an earlier life are forgotten */
};

/* Of the module's cached states, which share the bytes equally; without room for one of a kind it keeps none of them. */
MUST_CHECK int state_cache_init(struct state_cache *cache, const struct module *module, size_t bytes, struct err *err);
void state_cache_release(struct state_cache *cache);

/* Fills the slot, as a load would, but without a locator. False: its state is not kept. */
bool state_cache_fill(const struct state_cache *cache, struct slot *slot);

/* NULL: states of this entity are not cached. */
const struct cached_state *state_cache_kind(const struct state_cache *cache, const struct entity *entity);

/* After a commit: replaces a state that is kept already; false: it is not. */
bool state_cache_replace(struct state_cache *cache, const struct slot *slot);

/* Keeps a state that is not kept yet, of a customer of that partition. */
void state_cache_add(struct state_cache *cache, const struct slot *slot, int32_t part);

/* Whether one more state of the entity takes the place of another. */
bool state_cache_is_full(const struct state_cache *cache, const struct entity *entity);

void state_cache_forget_part(struct state_cache *cache, int32_t part);
void state_cache_forget(struct state_cache *cache);

#endif
