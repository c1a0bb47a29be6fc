#include "worker/keyset.h"

#include <string.h>

#define KEYSET_CAPACITY_MIN 64

static size_t capacity_of(const struct keyset *set)
{
	return set->memory.size / sizeof(struct uuid);
}

static struct uuid *table_of(const struct keyset *set)
{
	return (struct uuid *)(void *)set->memory.data;
}

static size_t place_of(const struct uuid *id, size_t capacity)
{
	return uuid_hash(id) & (capacity - 1);
}

static void put(struct uuid *table, size_t capacity, const struct uuid *id)
{
	size_t place = place_of(id, capacity);

	while (!uuid_is_none(&table[place]))
		place = (place + 1) & (capacity - 1);
	table[place] = *id;
}

static bool grow(struct keyset *set)
{
	size_t capacity = capacity_of(set) == 0 ? KEYSET_CAPACITY_MIN : 2 * capacity_of(set);
	struct buf bigger;
	unsigned char *room;

	buf_init(&bigger, set->memory.size_max);
	room = buf_reserve(&bigger, capacity * sizeof(struct uuid));
	if (!room)
		return false;
	memset(room, 0, capacity * sizeof(struct uuid));
	bigger.size += capacity * sizeof(struct uuid);
	for (size_t i = 0; i < capacity_of(set); i++)
		if (!uuid_is_none(&table_of(set)[i]))
			put((struct uuid *)(void *)room, capacity, &table_of(set)[i]);
	buf_release(&set->memory);
	set->memory = bigger;
	return true;
}

void keyset_init(struct keyset *set, size_t count_max)
{
	*set = (struct keyset){ .count = 0 };
	buf_init(&set->memory, 4 * count_max * sizeof(struct uuid) + KEYSET_CAPACITY_MIN * sizeof(struct uuid));
}

void keyset_release(struct keyset *set)
{
	buf_release(&set->memory);
	set->count = 0;
}

void keyset_clear(struct keyset *set)
{
	if (set->count > 0)
		memset(set->memory.data, 0, set->memory.size);
	set->count = 0;
}

bool keyset_has(const struct keyset *set, const struct uuid *id)
{
	size_t capacity = capacity_of(set);

	if (set->count == 0)
		return false;
	for (size_t place = place_of(id, capacity);; place = (place + 1) & (capacity - 1)) {
		if (uuid_is_none(&table_of(set)[place]))
			return false;
		if (uuid_equal(&table_of(set)[place], id))
			return true;
	}
}

bool keyset_add(struct keyset *set, const struct uuid *id)
{
	MUST(!uuid_is_none(id));
	if (keyset_has(set, id))
		return true;
	if (2 * (set->count + 1) > capacity_of(set) && !grow(set))
		return false;
	put(table_of(set), capacity_of(set), id);
	set->count++;
	return true;
}

bool keyset_add_bytes(struct keyset *set, struct str ids)
{
	struct uuid id;

	MUST(ids.size % sizeof(id.bytes) == 0);
	for (size_t at = 0; at < ids.size; at += sizeof(id.bytes)) {
		memcpy(id.bytes, ids.data + at, sizeof(id.bytes));
		if (!keyset_add(set, &id))
			return false;
	}
	return true;
}
