#include "consumers/dunning/place.h"

#include "base/day.h"
#include "base/zone_place.h"

/* ISO 3166-2 without the country: US-MA is MA. */
static struct str region_part(const char *region)
{
	struct str rest;

	(void)str_cut(str_of(region), '-', &rest);
	return rest;
}

/* The person's own zone; NULL: the place's count. */
static const struct zone *own_zone(const struct calendar *calendar, const struct dunned_person *person)
{
	return person->timezone[0] == '\0' ? NULL : zones_find(calendar->zones, str_of(person->timezone));
}

static const struct zone_set *place_zones(const struct calendar *calendar, const struct dunned_person *person)
{
	return zones_of_place(calendar->zones, str_of(person->country), region_part(person->region));
}

int64_t place_day_begins(const struct calendar *calendar, const struct dunned_person *person, int32_t day)
{
	const struct zone *own = own_zone(calendar, person);
	const struct zone_set *set;
	int64_t latest_ms;

	if (own != NULL)
		return zone_day_begins(own, day);
	set = place_zones(calendar, person);
	if (set == NULL || set->count == 0)
		return day * DAY_MS;
	latest_ms = zone_day_begins(set->items[0], day);
	for (uint32_t index = 1; index < set->count; index++) {
		int64_t begins_ms = zone_day_begins(set->items[index], day);

		latest_ms = begins_ms > latest_ms ? begins_ms : latest_ms;
	}
	return latest_ms;
}

int32_t place_day(const struct calendar *calendar, const struct dunned_person *person, int64_t at_ms)
{
	const struct zone *own = own_zone(calendar, person);
	const struct zone_set *set;
	int32_t latest;

	if (own != NULL)
		return zone_day(own, at_ms);
	set = place_zones(calendar, person);
	if (set == NULL || set->count == 0)
		return day_of_instant(at_ms);
	latest = zone_day(set->items[0], at_ms);
	for (uint32_t index = 1; index < set->count; index++) {
		int32_t day = zone_day(set->items[index], at_ms);

		latest = day > latest ? day : latest;
	}
	return latest;
}
