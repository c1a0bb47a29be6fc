#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Local time in the zones of the IANA data base, from the system's compiled files (TZif, RFC 8536). zone_parse is pure and takes
 * any bytes; the other functions take what it made. An instant is in milliseconds since 1970-01-01 UTC, local time counts the
 * same way from the local 1970-01-01: it runs twice through the hour that is repeated in autumn and skips one in spring.
 *
 * The file's own list of changes is used as far as it goes, then its last line, a rule of POSIX's TZ variable in the extended
 * form of RFC 8536 (hours of -167 to 167, summer time all year).
 */

#define ZONE_NAME_MAX 47
#define ZONE_NEVER    INT64_MAX

/* A day of every year, and the second of the wall clock on it. */
struct zone_turn {
	enum zone_turn_kind { ZONE_MONTH, ZONE_JULIAN, ZONE_DAY } kind; /* M10.5.0, J300, 299 */
	int month, week, weekday;                                       /* ZONE_MONTH; week 5 is the last; Sunday is 0 */
	int day;                                                        /* J: 1-365, never 29 February; else 0-365 */
	int32_t at_s;                                                   /* also before or after that day */
};

/* Offsets are local time minus UTC. */
struct zone {
	char name[ZONE_NAME_MAX + 1];
	uint64_t digest;   /* of the file: two editions of the data that differ in this zone have two digests */
	int32_t before_s;  /* before the first change */
	uint32_t changes;  /* how many */
	const int64_t *at; /* their instants in seconds, ascending; memory of the arena */
	const int32_t *offsets_s;
	bool has_rule; /* for what is after the last change; without it the last offset stays */
	bool has_summer;
	int32_t standard_s, summer_s;
	struct zone_turn starts, ends; /* of summer time, in the time that is in force before them */
	const struct zone *alike;      /* of zones_load: the first by name with the same local time since ZONE_ALIKE_FROM_MS */
};

/* Reads one file. The name is kept as it is. ERR_POISON: no TZif data of version 2 or later, or leap seconds. */
MUST_CHECK int zone_parse(struct zone *ret_zone, struct str name, struct str file, struct arena *arena, struct err *err);

int32_t zone_offset_s(const struct zone *zone, int64_t instant_ms);
int32_t zone_day(const struct zone *zone, int64_t instant_ms);    /* the local civil day (base/day.h) */
int32_t zone_second(const struct zone *zone, int64_t instant_ms); /* of the local day by its clock: 0 to 86399 */

/* The first instant of a local day, of a later one if the zone skipped it. */
int64_t zone_day_begins(const struct zone *zone, int32_t day);

/* The first instant not before this one at which the local clock is in [from, to) seconds of the day; ZONE_NEVER: none. */
int64_t zone_next_within(const struct zone *zone, int64_t instant_ms, int32_t from_s, int32_t to_s);

/* The first instant not before this one at which it is not; ZONE_NEVER: none. */
int64_t zone_next_outside(const struct zone *zone, int64_t instant_ms, int32_t from_s, int32_t to_s);

#define ZONE_ALIKE_FROM_MS 1609459200000 /* 2021-01-01 */

/* Whether the clocks of both have been the same since then, and will be as far as the data say. */
bool zone_is_alike(const struct zone *zone, const struct zone *other);

/* ---- the system's zones, loaded once at start ---- */

#define ZONE_FOLDER "/usr/share/zoneinfo"

struct zones {
	struct arena arena;
	struct zone *items; /* by name */
	size_t count;
	struct zone_places *places; /* zone_place.h */
};

/*
 * Reads the file of every name that timezone_is_known; a name without a file is left out. ERR_FATAL: a file is no TZif data, or
 * there is none at all.
 */
MUST_CHECK int zones_load(struct zones *zones, const char *folder, struct err *err);
void zones_release(struct zones *zones);
const struct zone *zones_find(const struct zones *zones, struct str name); /* NULL: unknown */

#endif
