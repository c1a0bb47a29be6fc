#include "worker/state_cache.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct state_entry {
	struct uuid id;
	uint32_t next; /* in its bucket: index + 1 */
	uint32_t life; /* of its partition */
	int32_t part;
	bool is_used; /* since the hand passed it */
	alignas(max_align_t) unsigned char state[];
};

/* ---- a table ---- */

static struct state_entry *entry_at(const struct state_table *table, size_t index)
{
	return (struct state_entry *)(void *)(table->entries + index * table->entry_size);
}

static uint32_t *bucket_of(const struct state_table *table, const struct uuid *id)
{
	return &table->buckets[(uuid_hash(id) >> 16) & table->buckets_mask];
}

static struct state_entry *find(const struct state_table *table, const struct uuid *id)
{
	for (uint32_t place = *bucket_of(table, id); place != 0; place = entry_at(table, place - 1)->next) {
		if (uuid_equal(&entry_at(table, place - 1)->id, id))
			return entry_at(table, place - 1);
	}
	return NULL;
}

static void unlink_entry(struct state_table *table, size_t index)
{
	uint32_t *place = bucket_of(table, &entry_at(table, index)->id);

	while (*place != index + 1) {
		MUST(*place != 0);
		place = &entry_at(table, *place - 1)->next;
	}
	*place = entry_at(table, index)->next;
}

/* The entry for a new state: an unused one, or the next one that was not used since the hand passed it. */
static size_t make_room(struct state_table *table)
{
	if (table->count < table->capacity)
		return table->count++;
	while (entry_at(table, table->hand)->is_used) {
		entry_at(table, table->hand)->is_used = false;
		table->hand = (table->hand + 1) % table->capacity;
	}
	unlink_entry(table, table->hand);
	return table->hand;
}

static int table_init(struct state_table *table, const struct cached_state *kind, size_t bytes, struct err *err)
{
	size_t size = sizeof(struct state_entry) + kind->entity->state_size;
	size_t buckets_count = 1;

	size = (size + alignof(struct state_entry) - 1) / alignof(struct state_entry) * alignof(struct state_entry);
	*table = (struct state_table){ .kind = kind, .entry_size = size, .capacity = bytes / (size + 2 * sizeof(uint32_t)) };
	if (table->capacity == 0)
		return 0;
	if (table->capacity > UINT32_MAX / 2)
		return err_set(err, ERR_FATAL, "the memory for states is larger than a table of them can be");
	while (buckets_count < table->capacity)
		buckets_count *= 2;
	table->buckets_mask = buckets_count - 1;
	table->entries = calloc(table->capacity, size);
	table->buckets = calloc(buckets_count, sizeof(*table->buckets));
	if (!table->entries || !table->buckets)
		return err_set(err, ERR_FATAL, "no memory for states");
	return 0;
}

static void table_release(struct state_table *table)
{
	free(table->entries);
	free(table->buckets);
	*table = (struct state_table){ .kind = NULL };
}

/* ---- the cache ---- */

int state_cache_init(struct state_cache *cache, const struct module *module, size_t bytes, struct err *err)
{
	*cache = (struct state_cache){ .tables_count = 0 };
	MUST(module->cached_count <= CACHED_STATES_MAX);
	for (size_t i = 0; i < module->cached_count; i++) {
		struct state_table *table = &cache->tables[cache->tables_count];

		MUST(module->cached[i].entity->zeroed_size == 0);
		if (table_init(table, &module->cached[i], bytes / module->cached_count, err) < 0)
			return -1;
		cache->tables_count += table->capacity > 0;
	}
	return 0;
}

void state_cache_release(struct state_cache *cache)
{
	for (size_t i = 0; i < cache->tables_count; i++)
		table_release(&cache->tables[i]);
	cache->tables_count = 0;
}

static struct state_table *table_of(const struct state_cache *cache, const struct entity *entity)
{
	for (size_t i = 0; i < cache->tables_count; i++) {
		if (cache->tables[i].kind->entity == entity)
			return (struct state_table *)&cache->tables[i];
	}
	return NULL;
}

const struct cached_state *state_cache_kind(const struct state_cache *cache, const struct entity *entity)
{
	const struct state_table *table = table_of(cache, entity);

	return table ? table->kind : NULL;
}

/* NULL: there is none, or it is forgotten. */
static struct state_entry *find_kept(const struct state_cache *cache, const struct slot *slot)
{
	const struct state_table *table = table_of(cache, slot->entity);
	struct state_entry *entry = table ? find(table, &slot->id) : NULL;

	return entry && entry->life == cache->lives[entry->part] ? entry : NULL;
}

bool state_cache_fill(const struct state_cache *cache, struct slot *slot)
{
	struct state_entry *entry = find_kept(cache, slot);

	if (!entry)
		return false;
	entry->is_used = true;
	memcpy(slot->state, entry->state, slot->entity->state_size);
	slot->loaded = slot->exists = slot->stored = slot->cached = true;
	return true;
}

static void keep(const struct state_table *table, struct state_entry *entry, const struct slot *slot)
{
	memcpy(entry->state, slot->state, slot->entity->state_size);
	table->kind->refresh(entry->state);
}

bool state_cache_replace(struct state_cache *cache, const struct slot *slot)
{
	struct state_entry *entry = find_kept(cache, slot);

	if (!entry)
		return false;
	if (slot->changed)
		keep(table_of(cache, slot->entity), entry, slot);
	return true;
}

static struct state_entry *new_entry(struct state_table *table, const struct uuid *id)
{
	size_t index = make_room(table);
	struct state_entry *entry = entry_at(table, index);
	uint32_t *bucket = bucket_of(table, id);

	entry->id = *id;
	entry->is_used = false;
	entry->next = *bucket;
	*bucket = (uint32_t)index + 1;
	return entry;
}

void state_cache_add(struct state_cache *cache, const struct slot *slot, int32_t part)
{
	struct state_table *table = table_of(cache, slot->entity);
	struct state_entry *entry = find(table, &slot->id); /* a forgotten one */

	if (!entry)
		entry = new_entry(table, &slot->id);
	entry->part = part;
	entry->life = cache->lives[part];
	keep(table, entry, slot);
}

bool state_cache_is_full(const struct state_cache *cache, const struct entity *entity)
{
	const struct state_table *table = table_of(cache, entity);

	return !table || table->count == table->capacity;
}

void state_cache_forget_part(struct state_cache *cache, int32_t part)
{
	cache->lives[part]++;
}

void state_cache_forget(struct state_cache *cache)
{
	for (size_t i = 0; i < cache->tables_count; i++) {
		struct state_table *table = &cache->tables[i];

		memset(table->buckets, 0, (table->buckets_mask + 1) * sizeof(*table->buckets));
		table->count = table->hand = 0;
	}
}
