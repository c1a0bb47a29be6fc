#include "base/zone.h"

#include "base/day.h"
#include "base/must.h"

#define DAY_S       86400LL
#define OFFSET_MAX  (26 * 3600) /* no zone is further from UTC (RFC 8536, 3.2) */
#define INSTANT_MAX (DAY_MAX * DAY_S)
#define YEAR_FIRST  1902 /* a rule speaks of the years that it was made for, and day_of takes those up to 9999 */
#define YEAR_LAST   9997

/*
 * How many changes are looked at for one question. Real zones have two in three days; data that has more for ever would be a
 * loop.
 */
#define STEPS_MAX 64

static int64_t floor_div(int64_t number, int64_t divisor)
{
	int64_t quotient = number / divisor;

	return number % divisor < 0 ? quotient - 1 : quotient;
}

/* Instants beyond the calendar of base/day.h are taken for its ends: nothing below can overflow then. */
static int64_t seconds_of(int64_t instant_ms)
{
	int64_t seconds = floor_div(instant_ms, 1000);

	return seconds < DAY_MIN * DAY_S ? DAY_MIN * DAY_S : seconds > INSTANT_MAX ? INSTANT_MAX : seconds;
}

/* ---- the rule ---- */

static int32_t day_of_month_rule(const struct zone_turn *turn, int year)
{
	int32_t first = day_of(year, turn->month, 1);
	int32_t next_month = turn->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, turn->month + 1, 1);
	int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
	int32_t day = first + (turn->weekday - weekday + 7) % 7 + (turn->week - 1) * 7;

	return day < next_month ? day : day - 7;
}

/* In seconds of local time. */
static int64_t turn_in_year(const struct zone_turn *turn, int year)
{
	int32_t january = day_of(year, 1, 1);
	bool is_leap = day_of(year, 3, 1) - january == 60;
	int32_t day = january + turn->day; /* ZONE_DAY */

	if (turn->kind == ZONE_MONTH)
		day = day_of_month_rule(turn, year);
	else if (turn->kind == ZONE_JULIAN)
		day = january + turn->day - 1 + (is_leap && turn->day >= 60 ? 1 : 0);
	return day * DAY_S + turn->at_s;
}

static int year_of(int64_t seconds)
{
	int year;
	int month;
	int day;

	day_split((int32_t)floor_div(seconds, DAY_S), &year, &month, &day);
	return year < YEAR_FIRST ? YEAR_FIRST : year > YEAR_LAST ? YEAR_LAST : year;
}

/*
 * The last turn not after an instant decides; the turns of the years beside are looked at too, because a turn may lie outside of
 * its year. Where summer time ends in the second in which it begins again it lasts all year.
 */
static int32_t offset_by_rule(const struct zone *zone, int64_t seconds)
{
	int year = year_of(seconds);
	int64_t last = INT64_MIN;
	int32_t offset_s = zone->standard_s;

	if (!zone->has_summer)
		return zone->standard_s;
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t ends = turn_in_year(&zone->ends, y) - zone->summer_s;
		int64_t starts = turn_in_year(&zone->starts, y) - zone->standard_s;

		if (ends <= seconds && ends > last) {
			last = ends;
			offset_s = zone->standard_s;
		}
		if (starts <= seconds && starts >= last) {
			last = starts;
			offset_s = zone->summer_s;
		}
	}
	return offset_s;
}

static int64_t next_turn(const struct zone *zone, int64_t seconds)
{
	int year = year_of(seconds);
	int64_t next = ZONE_NEVER;

	if (!zone->has_rule || !zone->has_summer)
		return ZONE_NEVER;
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t ends = turn_in_year(&zone->ends, y) - zone->summer_s;
		int64_t starts = turn_in_year(&zone->starts, y) - zone->standard_s;

		next = ends > seconds && ends < next ? ends : next;
		next = starts > seconds && starts < next ? starts : next;
	}
	return next;
}

/* ---- the list ---- */

/* How many changes are not after an instant. */
static uint32_t changes_until(const struct zone *zone, int64_t seconds)
{
	uint32_t low = 0;
	uint32_t high = zone->changes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (zone->at[middle] <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int32_t offset_at(const struct zone *zone, int64_t seconds)
{
	uint32_t until = changes_until(zone, seconds);

	if (until == zone->changes && zone->has_rule)
		return offset_by_rule(zone, seconds);
	return until == 0 ? zone->before_s : zone->offsets_s[until - 1];
}

static int64_t change_after(const struct zone *zone, int64_t seconds)
{
	uint32_t until = changes_until(zone, seconds);

	return until < zone->changes ? zone->at[until] : next_turn(zone, seconds);
}

int32_t zone_offset_s(const struct zone *zone, int64_t instant_ms)
{
	return offset_at(zone, seconds_of(instant_ms));
}

static int64_t local_at(const struct zone *zone, int64_t seconds)
{
	return seconds + offset_at(zone, seconds);
}

int32_t zone_day(const struct zone *zone, int64_t instant_ms)
{
	return (int32_t)floor_div(local_at(zone, seconds_of(instant_ms)), DAY_S);
}

static int32_t second_of(int64_t local)
{
	return (int32_t)(local - floor_div(local, DAY_S) * DAY_S);
}

int32_t zone_second(const struct zone *zone, int64_t instant_ms)
{
	return second_of(local_at(zone, seconds_of(instant_ms)));
}

int64_t zone_day_begins(const struct zone *zone, int32_t day)
{
	int64_t wanted = (day < DAY_MIN ? DAY_MIN : day > DAY_MAX ? DAY_MAX : day) * DAY_S;
	int64_t seconds = wanted - OFFSET_MAX - 1; /* the day before, in every zone */

	for (int step = 0; step < STEPS_MAX; step++) {
		int64_t found = wanted - offset_at(zone, seconds);
		int64_t change = change_after(zone, seconds);

		if (found <= seconds)
			return seconds * 1000;
		if (found < change)
			return found * 1000;
		seconds = change;
	}
	return ZONE_NEVER;
}

int64_t zone_next_within(const struct zone *zone, int64_t instant_ms, int32_t from_s, int32_t to_s)
{
	int64_t start = seconds_of(instant_ms);
	int64_t seconds = start;

	for (int step = 0; step < STEPS_MAX && from_s < to_s; step++) {
		int64_t local = local_at(zone, seconds);
		int32_t second = second_of(local);
		int64_t found = seconds + from_s - second + (second < from_s ? 0 : DAY_S);
		int64_t change;

		if (second >= from_s && second < to_s)
			return seconds == start ? instant_ms : seconds * 1000;
		change = change_after(zone, seconds);
		/* Before the day's window is over, or after the night, the clock may be set again. */
		seconds = found < change ? found : change;
		if (seconds > INSTANT_MAX)
			break;
	}
	return ZONE_NEVER;
}

/* A clock that is set again while it is in the window leaves it earlier or later; a window of the whole day is never left. */
int64_t zone_next_outside(const struct zone *zone, int64_t instant_ms, int32_t from_s, int32_t to_s)
{
	int64_t start = seconds_of(instant_ms);
	int64_t seconds = start;

	if (from_s <= 0 && to_s >= DAY_S)
		return ZONE_NEVER;
	for (int step = 0; step < STEPS_MAX && seconds <= INSTANT_MAX; step++) {
		int32_t second = second_of(local_at(zone, seconds));
		int64_t found = seconds + to_s - second;
		int64_t change;

		if (second < from_s || second >= to_s)
			return seconds == start ? instant_ms : seconds * 1000;
		change = change_after(zone, seconds);
		seconds = found < change ? found : change;
	}
	return seconds * 1000;
}

/* ---- zones that are alike ---- */

static bool turn_is_equal(const struct zone_turn *turn, const struct zone_turn *other)
{
	return turn->kind == other->kind && turn->month == other->month && turn->week == other->week &&
	       turn->weekday == other->weekday && turn->day == other->day && turn->at_s == other->at_s;
}

static bool rule_is_equal(const struct zone *zone, const struct zone *other)
{
	if (zone->has_rule != other->has_rule || (zone->has_rule && zone->has_summer != other->has_summer))
		return false;
	if (!zone->has_rule)
		return true;
	if (zone->standard_s != other->standard_s)
		return false;
	return !zone->has_summer || (zone->summer_s == other->summer_s && turn_is_equal(&zone->starts, &other->starts) &&
				     turn_is_equal(&zone->ends, &other->ends));
}

/*
 * Steps behind the next change of the offset since the instant from which zones are compared; false: none. Some files have a
 * last one that changes nothing.
 */
static bool next_change(const struct zone *zone, uint32_t *index)
{
	while (*index < zone->changes) {
		uint32_t here = (*index)++;

		if (zone->at[here] > ZONE_ALIKE_FROM_MS / 1000 &&
		    zone->offsets_s[here] != (here > 0 ? zone->offsets_s[here - 1] : zone->before_s))
			return true;
	}
	return false;
}

bool zone_is_alike(const struct zone *zone, const struct zone *other)
{
	uint32_t here = 0;
	uint32_t there = 0;
	bool is_more;

	if (zone == other)
		return true;
	if (!rule_is_equal(zone, other) || zone_offset_s(zone, ZONE_ALIKE_FROM_MS) != zone_offset_s(other, ZONE_ALIKE_FROM_MS))
		return false;
	do {
		is_more = next_change(zone, &here);
		if (is_more != next_change(other, &there))
			return false;
		if (is_more &&
		    (zone->at[here - 1] != other->at[there - 1] || zone->offsets_s[here - 1] != other->offsets_s[there - 1]))
			return false;
	} while (is_more);
	return true;
}
