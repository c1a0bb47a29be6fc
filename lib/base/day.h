#ifndef BASE_DAY_H
#define BASE_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Civil days: days since 1970-01-01 in the proleptic Gregorian calendar, as Avro's `date`. Instants: milliseconds since
 * 1970-01-01 UTC, as Avro's `timestamp-millis`. Only the clock_ functions read a clock; rules must not call them.
 */
#define DAY_MIN (-719162) /* 0001-01-01 */
#define DAY_MAX 2932896   /* 9999-12-31 */
#define DAY_MS  86400000LL

int32_t day_of(int year, int month, int day_of_month);                             /* MUST be a valid date */
void day_split(int32_t day, int *ret_year, int *ret_month, int *ret_day_of_month); /* any day, also outside DAY_MIN..DAY_MAX */
int day_of_week(int32_t day);                                                      /* Monday 0 to Sunday 6; any day */
int32_t day_of_instant(int64_t instant_ms);                                        /* UTC; clamped to int32_t */

MUST_CHECK bool day_parse(struct str text, int32_t *ret_day); /* YYYY-MM-DD */
/* Formats any number, also one from outside: years beyond 0..9999 get a sign, "+12026-11-22". */
void day_format(char text[16], int32_t day);

MUST_CHECK bool instant_parse(struct str text, int64_t *ret_instant_ms); /* RFC 3339 with Z or an offset; to the millisecond */
void instant_format(char text[32], int64_t instant_ms);                  /* 2026-11-22T15:04:05.123Z */

int64_t clock_now_ms(void);       /* the wall clock: for I/O code, never for rules */
int64_t clock_monotonic_ms(void); /* never goes back: for waiting and measuring */
int64_t clock_monotonic_us(void);

#endif
