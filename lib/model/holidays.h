#ifndef MODEL_HOLIDAYS_H
#define MODEL_HOLIDAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Business days: no Saturday, no Sunday, no public holiday of the place. Holidays are rules (a date, the n-th weekday of a month, so many
 * days after Easter), not lists of years; what was proclaimed for a single year is not known here. Pure. Days are as in base/day.h; any
 * day may be asked about.
 */
enum holidays {
	HOLIDAYS_NONE, /* weekends only */
	HOLIDAYS_US,   /* 5 USC 6103(a) */
	HOLIDAYS_GB,   /* the bank holidays of England and Wales */
	HOLIDAYS_DE,   /* the public holidays of all of Germany, none of a single Land */
	HOLIDAYS_COUNT,
};

/* By ISO 3166-1 code; HOLIDAYS_NONE for a country that is not known here. */
enum holidays holidays_of(struct str country);

/* The code of its country; "" for HOLIDAYS_NONE. */
const char *holidays_country(enum holidays place);

/* Whether it is the holiday itself, also on a weekend; the day off in its place is not one. */
bool day_is_holiday(enum holidays place, int32_t day);

/* Also not a day off in place of a holiday on a weekend. */
bool day_is_business(enum holidays place, int32_t day);

/* The first business day that is not before `day`. */
int32_t business_day_from(enum holidays place, int32_t day);

#endif
