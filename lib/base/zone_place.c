#include "base/zone_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"

struct row {
	const char *key, *words;
};

/* clang-format off */
#include "base/zone_table.inc"
/* clang-format on */

struct zone_places {
	const struct zone_set *countries[COUNT(country_zones)];
	const struct zone_set *regions[COUNT(region_zones)];
	const struct zone_set *codes[COUNT(calling_codes)];
	const struct zone_set *areas[COUNT(area_zones)];
};

#define NORTH_AMERICA   "1"
#define AREA_DIGITS     4 /* with the calling code */
#define CODE_DIGITS_MAX 3
#define SET_MAX         64 /* zones of a set, also of all of North America */
#define COUNTRY_SIZE    2
#define REGION_KEY_SIZE 8

/* ---- the tables ---- */

static int compare_key(const void *key_arg, const void *row_arg)
{
	const struct str *key = key_arg;
	const struct row *row = row_arg;
	size_t size = strlen(row->key);
	int order = memcmp(key->data, row->key, key->size < size ? key->size : size);

	return order != 0 ? order : key->size < size ? -1 : key->size > size;
}

static const struct row *find(const struct row *rows, size_t count, struct str key)
{
	return key.size == 0 ? NULL : bsearch(&key, rows, count, sizeof(*rows), compare_key);
}
#define FIND(rows, key) find((rows), COUNT(rows), (key))

/* ---- sets ---- */

struct gathered {
	const struct zone *zones[SET_MAX];
	uint32_t count;
	bool is_unknown; /* one of them */
};

static void gather_zone(struct gathered *gathered, const struct zone *zone)
{
	if (zone == NULL) {
		gathered->is_unknown = true;
		return;
	}
	for (uint32_t index = 0; index < gathered->count; index++) {
		if (gathered->zones[index]->alike == zone->alike)
			return;
	}
	MUST(gathered->count < SET_MAX);
	gathered->zones[gathered->count++] = zone;
}

static void gather_names(struct gathered *gathered, const struct zones *zones, const char *names)
{
	struct str rest = str_of(names);

	while (rest.size > 0)
		gather_zone(gathered, zones_find(zones, str_cut(rest, ' ', &rest)));
}

static void gather_countries(struct gathered *gathered, const struct zones *zones, const char *countries)
{
	struct str rest = str_of(countries);

	while (rest.size > 0) {
		const struct row *row = FIND(country_zones, str_cut(rest, ' ', &rest));

		MUST(row != NULL);
		gather_names(gathered, zones, row->words);
	}
}

static const struct zone_set *keep(struct zones *zones, const struct gathered *gathered)
{
	uint32_t count = gathered->is_unknown ? 0 : gathered->count;
	struct zone_set *set = arena_take(&zones->arena, 1, sizeof(*set) + count * sizeof(set->items[0]));

	MUST(set != NULL);
	set->count = count;
	for (uint32_t index = 0; index < count; index++)
		set->items[index] = gathered->zones[index];
	return set;
}

static void make(struct zones *zones, const struct row *rows, size_t count, const struct zone_set **ret_sets,
		 void (*gather)(struct gathered *, const struct zones *, const char *))
{
	for (size_t index = 0; index < count; index++) {
		struct gathered gathered = { .count = 0 };

		gather(&gathered, zones, rows[index].words);
		ret_sets[index] = keep(zones, &gathered);
	}
}

struct zone_places *zone_places_make(struct zones *zones)
{
	struct zone_places *places = arena_take(&zones->arena, 1, sizeof(*places));

	MUST(places != NULL);
	make(zones, country_zones, COUNT(country_zones), places->countries, gather_names);
	make(zones, region_zones, COUNT(region_zones), places->regions, gather_names);
	make(zones, calling_codes, COUNT(calling_codes), places->codes, gather_countries);
	make(zones, area_zones, COUNT(area_zones), places->areas, gather_names);
	return places;
}

/* ---- questions ---- */

static const struct row *find_region(struct str country, struct str region)
{
	char key[REGION_KEY_SIZE];

	if (country.size != COUNTRY_SIZE || region.size == 0 || region.size > sizeof(key) - COUNTRY_SIZE - 1)
		return NULL;
	memcpy(key, country.data, COUNTRY_SIZE);
	key[COUNTRY_SIZE] = '-';
	memcpy(key + COUNTRY_SIZE + 1, region.data, region.size);
	return FIND(region_zones, ((struct str){ .data = key, .size = COUNTRY_SIZE + 1 + region.size }));
}

const struct zone_set *zones_of_place(const struct zones *zones, struct str country, struct str region)
{
	const struct row *row = find_region(country, region);

	if (row != NULL)
		return zones->places->regions[row - region_zones];
	row = FIND(country_zones, country);
	return row == NULL ? NULL : zones->places->countries[row - country_zones];
}

/* No calling code is the beginning of another. */
static const struct row *find_code(struct str digits)
{
	const struct row *row = NULL;

	for (size_t size = 1; row == NULL && size <= CODE_DIGITS_MAX && size <= digits.size; size++)
		row = FIND(calling_codes, str_prefix(digits, size));
	return row;
}

static bool lists(const char *words, struct str wanted)
{
	struct str rest = str_of(words);

	while (rest.size > 0) {
		if (str_equal(str_cut(rest, ' ', &rest), wanted))
			return true;
	}
	return false;
}

const struct zone_set *zones_of_number(const struct zones *zones, struct str number, struct str country)
{
	struct str digits;
	const struct row *code;
	const struct row *area;

	if (number.size == 0 || number.data[0] != '+')
		return NULL;
	digits = (struct str){ .data = number.data + 1, .size = number.size - 1 };
	code = find_code(digits);
	if (code == NULL)
		return NULL;
	if (strcmp(code->key, NORTH_AMERICA) == 0) {
		area = FIND(area_zones, str_prefix(digits, AREA_DIGITS));
		return area != NULL ? zones->places->areas[area - area_zones] : zones->places->codes[code - calling_codes];
	}
	return lists(code->words, country) ? NULL : zones->places->codes[code - calling_codes];
}
