#include "idmap.h"

#include <string.h>

#include "base/must.h"

#define CAPACITY_MIN 1024

struct entry {
	struct uuid id;
	int64_t number;
	uint32_t kind; /* 0: free */
};

static struct entry *table_of(const struct idmap *map)
{
	return (struct entry *)(void *)map->memory.data;
}

static size_t capacity_of(const struct idmap *map)
{
	return map->memory.size / sizeof(struct entry);
}

static struct entry *place_of(struct entry *table, size_t capacity, uint32_t kind, const struct uuid *id)
{
	for (size_t place = uuid_hash(id) & (capacity - 1);; place = (place + 1) & (capacity - 1)) {
		if (table[place].kind == 0 || (table[place].kind == kind && uuid_equal(&table[place].id, id)))
			return &table[place];
	}
}

void idmap_init(struct idmap *map, size_t count_max)
{
	*map = (struct idmap){ .count = 0 };
	buf_init(&map->memory, (4 * count_max + CAPACITY_MIN) * sizeof(struct entry));
}

void idmap_release(struct idmap *map)
{
	buf_release(&map->memory);
	map->count = 0;
}

void idmap_clear(struct idmap *map)
{
	if (map->memory.size > 0)
		memset(map->memory.data, 0, map->memory.size);
	map->count = 0;
}

static bool grow(struct idmap *map)
{
	size_t old = capacity_of(map);
	size_t capacity = old == 0 ? CAPACITY_MIN : 2 * old;
	struct entry *table = NULL;
	struct buf bigger;

	buf_init(&bigger, map->memory.size_max);
	table = (struct entry *)(void *)buf_reserve(&bigger, capacity * sizeof(*table));
	if (table == NULL)
		return false;
	memset(table, 0, capacity * sizeof(*table));
	bigger.size = capacity * sizeof(*table);
	for (size_t i = 0; i < old; i++) {
		const struct entry *entry = &table_of(map)[i];

		if (entry->kind != 0)
			*place_of(table, capacity, entry->kind, &entry->id) = *entry;
	}
	buf_release(&map->memory);
	map->memory = bigger;
	return true;
}

int64_t *idmap_at(struct idmap *map, uint32_t kind, const struct uuid *id)
{
	struct entry *entry = NULL;

	MUST(kind != 0);
	if (2 * (map->count + 1) > capacity_of(map) && !grow(map))
		return NULL;
	entry = place_of(table_of(map), capacity_of(map), kind, id);
	if (entry->kind == 0) {
		entry->kind = kind;
		entry->id = *id;
		map->count++;
	}
	return &entry->number;
}
