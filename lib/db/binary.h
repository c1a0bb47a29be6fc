#ifndef DB_BINARY_H
#define DB_BINARY_H

#include <stdint.h>

#include "base/day.h"

/*
 * PostgreSQL's binary formats, private to the room: numbers big endian, dates in days and instants in microseconds since
 * 2000-01-01. A day or an instant that PostgreSQL cannot hold becomes one that it refuses (22008, ERR_POISON): values are
 * external, so this is no bug.
 */

/* OIDs of pg_type, fixed for ever. */
#define TYPE_BOOL        16
#define TYPE_BYTEA       17
#define TYPE_INT8        20
#define TYPE_INT2        21
#define TYPE_INT4        23
#define TYPE_TEXT        25
#define TYPE_TID         27
#define TYPE_DATE        1082
#define TYPE_TIMESTAMPTZ 1184
#define TYPE_UUID        2950

#define POSTGRES_EPOCH_DAY 10957 /* 2000-01-01 in days since 1970-01-01 */
#define POSTGRES_EPOCH_MS  (POSTGRES_EPOCH_DAY * DAY_MS)

static inline void put_be16(unsigned char *at, uint16_t number)
{
	at[0] = (unsigned char)(number >> 8);
	at[1] = (unsigned char)number;
}

static inline void put_be32(unsigned char *at, uint32_t number)
{
	put_be16(at, (uint16_t)(number >> 16));
	put_be16(at + 2, (uint16_t)number);
}

static inline void put_be64(unsigned char *at, uint64_t number)
{
	put_be32(at, (uint32_t)(number >> 32));
	put_be32(at + 4, (uint32_t)number);
}

static inline uint16_t get_be16(const unsigned char *at)
{
	return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t get_be32(const unsigned char *at)
{
	return (uint32_t)get_be16(at) << 16 | get_be16(at + 2);
}

static inline uint64_t get_be64(const unsigned char *at)
{
	return (uint64_t)get_be32(at) << 32 | get_be32(at + 4);
}

/* The smallest numbers of both types mean "-infinity", the largest "infinity": no value is converted to one of them. */
static inline int32_t date_to_postgres(int32_t day)
{
	return day <= INT32_MIN + POSTGRES_EPOCH_DAY ? INT32_MIN + 1 : day - POSTGRES_EPOCH_DAY;
}

static inline int32_t date_from_postgres(int32_t number)
{
	return number > INT32_MAX - POSTGRES_EPOCH_DAY ? INT32_MAX : number + POSTGRES_EPOCH_DAY;
}

static inline int64_t instant_to_postgres(int64_t instant_ms)
{
	int64_t number;

	if (instant_ms < INT64_MIN + POSTGRES_EPOCH_MS || __builtin_mul_overflow(instant_ms - POSTGRES_EPOCH_MS, 1000, &number))
		return INT64_MAX - 1;
	return number;
}

/* Rounds down to the millisecond, also before 2000. */
static inline int64_t instant_from_postgres(int64_t number)
{
	return number / 1000 - (number % 1000 < 0) + POSTGRES_EPOCH_MS;
}

#endif
