#include "model/holidays.h"

#include <stddef.h>

#include "base/array.h"
#include "base/day.h"

enum { MON, TUE, WED, THU, FRI, SAT, SUN };

#define LAST 0 /* of the weekday in its month */

struct holiday {
	enum { ON_DATE, ON_WEEKDAY, AFTER_EASTER } kind;
	int month;   /* ON_DATE, ON_WEEKDAY */
	int day;     /* of the month; the weekday; days after Easter Sunday */
	int nth;     /* ON_WEEKDAY */
	int since;   /* the first year; 0: ever */
	int off_sat; /* of one on a Saturday, so many days later is off; 0: none is */
	int off_sun; /* the same of a Sunday */
};

#define DATE(its_month, its_day)             .kind = ON_DATE, .month = (its_month), .day = (its_day)
#define WEEKDAY(its_nth, its_day, its_month) .kind = ON_WEEKDAY, .month = (its_month), .day = (its_day), .nth = (its_nth)
#define EASTER(later)                        .kind = AFTER_EASTER, .day = (later)

/* A Sunday's is observed on Monday, as banks do; a Saturday's is not: that it moves to Friday, 6103(b), is for federal employees. */
static const struct holiday us[] = {
	{ DATE(1, 1), .off_sun = 1 },
	{ WEEKDAY(3, MON, 1) },
	{ WEEKDAY(3, MON, 2) },
	{ WEEKDAY(LAST, MON, 5) },
	{ DATE(6, 19), .since = 2021, .off_sun = 1 },
	{ DATE(7, 4), .off_sun = 1 },
	{ WEEKDAY(1, MON, 9) },
	{ WEEKDAY(2, MON, 10) },
	{ DATE(11, 11), .off_sun = 1 },
	{ WEEKDAY(4, THU, 11) },
	{ DATE(12, 25), .off_sun = 1 },
};

/* Banking and Financial Dealings Act 1971, and the days proclaimed every year. Two days off in place of Christmas and Boxing Day. */
static const struct holiday gb[] = {
	{ DATE(1, 1), .off_sat = 2, .off_sun = 1 },
	{ EASTER(-2) },
	{ EASTER(1) },
	{ WEEKDAY(1, MON, 5), .since = 1978 },
	{ WEEKDAY(LAST, MON, 5) },
	{ WEEKDAY(LAST, MON, 8) },
	{ DATE(12, 25), .off_sat = 2, .off_sun = 2 },
	{ DATE(12, 26), .off_sat = 2, .off_sun = 2 },
};

static const struct holiday de[] = {
	{ DATE(1, 1) }, { EASTER(-2) },  { EASTER(1) },    { DATE(5, 1) },   { EASTER(39) },
	{ EASTER(50) }, { DATE(10, 3) }, { DATE(12, 25) }, { DATE(12, 26) },
};

static const struct {
	const char *country;
	const struct holiday *rows;
	size_t count;
} places[HOLIDAYS_COUNT] = {
	[HOLIDAYS_US] = { "US", us, COUNT(us) },
	[HOLIDAYS_GB] = { "GB", gb, COUNT(gb) },
	[HOLIDAYS_DE] = { "DE", de, COUNT(de) },
};

enum holidays holidays_of(struct str country)
{
	for (enum holidays place = HOLIDAYS_NONE + 1; place < HOLIDAYS_COUNT; place++) {
		if (str_is(country, places[place].country))
			return place;
	}
	return HOLIDAYS_NONE;
}

const char *holidays_country(enum holidays place)
{
	return place == HOLIDAYS_NONE ? "" : places[place].country;
}

/* The anonymous Gregorian computus. */
static int32_t easter_sunday(int year)
{
	int a = year % 19;
	int b = year / 100;
	int c = year % 100;
	int epact = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
	int l = (32 + 2 * (b % 4) + 2 * (c / 4) - epact - c % 4) % 7;
	int m = (a + 11 * epact + 22 * l) / 451;
	int place = epact + l - 7 * m + 114;

	return day_of(year, place / 31, place % 31 + 1);
}

static int32_t nth_weekday(int year, int month, int weekday, int nth)
{
	int32_t first = day_of(year, month, 1);
	int32_t last = month == 12 ? day_of(year, 12, 31) : day_of(year, month + 1, 1) - 1;

	if (nth == LAST)
		return last - (day_of_week(last) - weekday + 7) % 7;
	return first + (weekday - day_of_week(first) + 7) % 7 + (nth - 1) * 7;
}

static int32_t holiday_in(const struct holiday *holiday, int year)
{
	switch (holiday->kind) {
	case ON_DATE:
		return day_of(year, holiday->month, holiday->day);
	case ON_WEEKDAY:
		return nth_weekday(year, holiday->month, holiday->day, holiday->nth);
	case AFTER_EASTER:
		break;
	}
	return easter_sunday(year) + holiday->day;
}

/* The day off in place of a holiday: the holiday itself if there is none. */
static int32_t day_off(const struct holiday *holiday, int32_t on)
{
	if (day_of_week(on) == SAT)
		return on + holiday->off_sat;
	return day_of_week(on) == SUN ? on + holiday->off_sun : on;
}

/* Of a holiday, or off in its place: no such day is in another year than its holiday. */
static bool is_listed(enum holidays place, int32_t day, bool is_off)
{
	int year;
	int month;
	int of_month;

	day_split(day, &year, &month, &of_month);
	for (size_t at = 0; at < places[place].count; at++) {
		const struct holiday *holiday = &places[place].rows[at];
		int32_t on;

		if (year < holiday->since)
			continue;
		on = holiday_in(holiday, year);
		if (day == on || (is_off && day == day_off(holiday, on)))
			return true;
	}
	return false;
}

static bool is_known_year(int32_t day)
{
	return day >= DAY_MIN && day <= DAY_MAX;
}

bool day_is_holiday(enum holidays place, int32_t day)
{
	return is_known_year(day) && is_listed(place, day, false);
}

bool day_is_business(enum holidays place, int32_t day)
{
	return day_of_week(day) < SAT && !(is_known_year(day) && is_listed(place, day, true));
}

int32_t business_day_from(enum holidays place, int32_t day)
{
	while (!day_is_business(place, day))
		day++;
	return day;
}
