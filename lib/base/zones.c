#include <errno.h>
#include <stdio.h>

#include "base/must.h"
#include "base/place.h"
#include "base/zone.h"
#include "base/zone_place.h"

/* Files are below 4 KB; the changes of all of them take 2 MB. */
#define FILE_MAX  ((size_t)64 << 10)
#define ARENA_MAX ((size_t)16 << 20)

/* 1: read; 0: there is no such file. */
static int read_file(struct arena *arena, const char *path, struct str *ret_file, struct err *err)
{
	FILE *file = fopen(path, "rb");
	char *data = arena_take_bytes(arena, FILE_MAX);
	size_t size;
	bool is_whole;

	if (file == NULL && errno == ENOENT)
		return 0;
	if (file == NULL || data == NULL)
		return err_set(err, ERR_FATAL, "%s cannot be read", path);
	size = fread(data, 1, FILE_MAX, file);
	is_whole = !ferror(file) && size < FILE_MAX;
	(void)fclose(file);
	if (!is_whole)
		return err_set(err, ERR_FATAL, "%s cannot be read, or is too long", path);
	*ret_file = (struct str){ .data = data, .size = size };
	return 1;
}

static int load_zone(struct zones *zones, struct arena *bytes, const char *folder, const char *name, struct err *err)
{
	char path[4096];
	struct str file;
	int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
	int result;

	if (size < 0 || (size_t)size >= sizeof(path))
		return err_set(err, ERR_FATAL, "the folder of the time zones has too long a name");
	arena_reset(bytes);
	result = read_file(bytes, path, &file, err);
	if (result <= 0)
		return result;
	if (zone_parse(&zones->items[zones->count], str_of(name), file, &zones->arena, err) < 0) {
		err->kind = ERR_FATAL;
		return err_add(err, folder);
	}
	zones->count++;
	return 0;
}

/* Before this one at most, so that the first of all that are alike is found. */
static const struct zone *first_alike(const struct zones *zones, const struct zone *zone)
{
	const struct zone *first = zones->items;

	while (first->alike != first || !zone_is_alike(first, zone)) {
		if (first == zone)
			return zone;
		first++;
	}
	return first;
}

int zones_load(struct zones *zones, const char *folder, struct err *err)
{
	struct arena bytes = { 0 };
	size_t names = 0;
	int result = -1;

	*zones = (struct zones){ 0 };
	while (timezone_at(names) != NULL)
		names++;
	if (arena_init(&zones->arena, ARENA_MAX, err) < 0 || arena_init(&bytes, 2 * FILE_MAX, err) < 0)
		goto out;
	zones->items = arena_take(&zones->arena, names, sizeof(*zones->items));
	MUST(zones->items != NULL);
	for (size_t index = 0; index < names; index++) {
		if (load_zone(zones, &bytes, folder, timezone_at(index), err) < 0)
			goto out;
	}
	for (size_t index = 0; index < zones->count; index++)
		zones->items[index].alike = first_alike(zones, &zones->items[index]);
	zones->places = zone_places_make(zones);
	result = zones->count > 0 ? 0
				  : err_set(err, ERR_FATAL, "there are no time zones in %s: the package tzdata has them", folder);
out:
	arena_release(&bytes);
	if (result < 0)
		zones_release(zones);
	return result;
}

void zones_release(struct zones *zones)
{
	arena_release(&zones->arena);
	*zones = (struct zones){ 0 };
}

const struct zone *zones_find(const struct zones *zones, struct str name)
{
	size_t low = 0;
	size_t high = zones->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct str found = str_of(zones->items[middle].name);
		size_t common = found.size < name.size ? found.size : name.size;
		int order = memcmp(found.data, name.data, common);

		if (order == 0 && found.size == name.size)
			return &zones->items[middle];
		if (order < 0 || (order == 0 && found.size < name.size))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
