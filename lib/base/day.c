#include "base/day.h"

#include <stdio.h>
#include <time.h>

#include "base/must.h"

#define YEAR_MIN    1
#define YEAR_MAX    9999
#define INSTANT_MIN (DAY_MIN * DAY_MS)
#define INSTANT_MAX ((DAY_MAX + 1) * DAY_MS - 1)

/*
 * The calendar repeats every 400 years (an era, 146097 days). Years are counted from March, so that the leap day is the last of
 * its year and the months before a given one always have the same total: (153 * month + 2) / 5 with March = 0.
 */
#define ERA_DAYS   146097
#define ERA_YEARS  400
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_date(int year, int month, int day_of_month)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day_of_month < 1)
		return false;
	return day_of_month <= month_days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int64_t floor_div(int64_t number, int64_t divisor)
{
	int64_t quotient = number / divisor;

	return number % divisor < 0 ? quotient - 1 : quotient;
}

/* Not through floor_div: the start of the lowest instant's day is below int64_t. */
static int64_t floor_mod(int64_t number, int64_t divisor)
{
	int64_t rest = number % divisor;

	return rest < 0 ? rest + divisor : rest;
}

int32_t day_of(int year, int month, int day_of_month)
{
	int march_year = month > 2 ? year : year - 1;
	int march_month = month > 2 ? month - 3 : month + 9;
	int era = march_year / ERA_YEARS;
	int year_of_era = march_year % ERA_YEARS;
	int day_of_year = (153 * march_month + 2) / 5 + day_of_month - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	MUST(is_date(year, month, day_of_month));
	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

/* For any number of days of an instant or an int32_t, because external values are formatted, too. */
static void split(int64_t day, int *ret_year, int *ret_month, int *ret_day_of_month)
{
	int64_t era = floor_div(day + EPOCH_DAYS, ERA_DAYS);
	int day_of_era = (int)(day + EPOCH_DAYS - era * ERA_DAYS);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;
	int month = march_month < 10 ? march_month + 3 : march_month - 9;

	*ret_day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
	*ret_month = month;
	*ret_year = (int)(era * ERA_YEARS) + year_of_era + (month <= 2 ? 1 : 0);
}

void day_split(int32_t day, int *ret_year, int *ret_month, int *ret_day_of_month)
{
	split(day, ret_year, ret_month, ret_day_of_month);
}

int day_of_week(int32_t day)
{
	return (day % 7 + 10) % 7; /* 1970-01-01 was a Thursday */
}

int32_t day_of_instant(int64_t instant_ms)
{
	int64_t day = floor_div(instant_ms, DAY_MS);

	return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

/* Takes `count` digits from the front of *text. */
static bool take_digits(struct str *text, size_t count, int *ret_number)
{
	int number = 0;

	if (text->size < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return false;
		number = number * 10 + (text->data[i] - '0');
	}
	text->data += count;
	text->size -= count;
	*ret_number = number;
	return true;
}

static bool take_char(struct str *text, char wanted)
{
	if (text->size == 0 || text->data[0] != wanted)
		return false;
	text->data++;
	text->size--;
	return true;
}

static bool take_day(struct str *text, int32_t *ret_day)
{
	int year;
	int month;
	int day_of_month;

	if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) || !take_char(text, '-') ||
	    !take_digits(text, 2, &day_of_month))
		return false;
	if (!is_date(year, month, day_of_month))
		return false;
	*ret_day = day_of(year, month, day_of_month);
	return true;
}

bool day_parse(struct str text, int32_t *ret_day)
{
	int32_t day;

	if (!take_day(&text, &day) || text.size != 0)
		return false;
	*ret_day = day;
	return true;
}

/* Writes `count` digits. By hand: every published event has an instant, and printf would be a third of its headers. */
static char *put_digits(char *to, int number, int count)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + count;
}

/*
 * Years without exactly four digits get a sign (the expanded form of ISO 8601). Only external values have such years, and they
 * are only shown.
 */
static char *put_day(char *to, int64_t day)
{
	int year;
	int month;
	int day_of_month;

	split(day, &year, &month, &day_of_month);
	if (year >= 0 && year <= YEAR_MAX)
		to = put_digits(to, year, 4);
	else
		to += snprintf(to, 16, "%+d", year);
	*to++ = '-';
	to = put_digits(to, month, 2);
	*to++ = '-';
	return put_digits(to, day_of_month, 2);
}

void day_format(char text[16], int32_t day)
{
	char *end = put_day(text, day);

	MUST(end < text + 16);
	*end = '\0';
}

/* Milliseconds of an optional fraction; digits behind the third are dropped. */
static bool take_fraction(struct str *text, int *ret_ms)
{
	int scale = 100;
	int ms = 0;
	int digit;

	if (!take_char(text, '.')) {
		*ret_ms = 0;
		return true;
	}
	if (!take_digits(text, 1, &digit))
		return false;
	do {
		ms += digit * scale;
		scale /= 10;
	} while (take_digits(text, 1, &digit));
	*ret_ms = ms;
	return true;
}

static bool take_time(struct str *text, int64_t *ret_ms, bool *ret_is_leap)
{
	int hour;
	int minute;
	int second;
	int ms;

	if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) || !take_char(text, ':') ||
	    !take_digits(text, 2, &second) || !take_fraction(text, &ms))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret_ms = ((hour * 60 + minute) * 60 + second) * 1000LL + ms;
	*ret_is_leap = second == 60;
	return true;
}

static bool take_offset(struct str *text, int64_t *ret_ms)
{
	int sign;
	int hour;
	int minute;

	if (take_char(text, 'Z') || take_char(text, 'z')) {
		*ret_ms = 0;
		return true;
	}
	sign = take_char(text, '+') ? 1 : take_char(text, '-') ? -1 : 0;
	if (sign == 0 || !take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*ret_ms = sign * (hour * 60 + minute) * 60000LL;
	return true;
}

bool instant_parse(struct str text, int64_t *ret_instant_ms)
{
	int32_t day;
	int64_t time_ms;
	int64_t offset_ms;
	int64_t instant_ms;
	bool is_leap_second;

	if (!take_day(&text, &day) || !(take_char(&text, 'T') || take_char(&text, 't')) ||
	    !take_time(&text, &time_ms, &is_leap_second) || !take_offset(&text, &offset_ms) || text.size != 0)
		return false;
	instant_ms = day * DAY_MS + time_ms - offset_ms;
	/* Leap seconds are inserted at the end of a UTC day, and counted as the first second of the next. */
	if (is_leap_second && floor_mod(instant_ms, DAY_MS) >= 1000)
		return false;
	if (instant_ms < INSTANT_MIN || instant_ms > INSTANT_MAX)
		return false;
	*ret_instant_ms = instant_ms;
	return true;
}

void instant_format(char text[32], int64_t instant_ms)
{
	int ms = (int)floor_mod(instant_ms, DAY_MS);
	char *to = put_day(text, floor_div(instant_ms, DAY_MS));

	*to++ = 'T';
	to = put_digits(to, ms / 3600000, 2);
	*to++ = ':';
	to = put_digits(to, ms / 60000 % 60, 2);
	*to++ = ':';
	to = put_digits(to, ms / 1000 % 60, 2);
	*to++ = '.';
	to = put_digits(to, ms % 1000, 3);
	*to++ = 'Z';
	MUST(to < text + 32);
	*to = '\0';
}

static int64_t clock_read_us(clockid_t clock)
{
	struct timespec now;

	MUST(clock_gettime(clock, &now) == 0);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
	return clock_read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return clock_read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}
