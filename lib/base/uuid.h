#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

/*
 * A 128-bit identifier (RFC 9562), in network order, so that memcmp orders UUIDv7 by time. Ids are made by the issuer of a
 * command (consumers/DOMAIN.md 1). The nil UUID (all zeros) means "none".
 */
struct uuid {
	uint8_t bytes[16];
};

#define UUID_TEXT_SIZE 36

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, 16) == 0;
}

static inline int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, 16);
}

static inline bool uuid_is_none(const struct uuid *id)
{
	static const struct uuid none;

	return uuid_equal(id, &none);
}

/* The canonical text form only: 36 characters, hyphens in place; upper case is accepted too. */
MUST_CHECK bool uuid_parse(struct uuid *ret_id, struct str text);
void uuid_format(char text[UUID_TEXT_SIZE + 1], const struct uuid *id); /* lower case, terminated */

/*
 * A new UUIDv7: `now_ms` in the first 48 bits, 74 bits from `random10` (ten bytes of a cryptographic source, or of a seeded one
 * in tests and generators). The clock and the randomness are arguments so that no rule can call them.
 */
struct uuid uuid_v7(int64_t now_ms, const uint8_t random10[10]);

/* The first 48 bits of an id as a time in ms: the creation time of a UUIDv7, meaningless for any other id. */
int64_t uuid_time_ms(const struct uuid *id);

/* A new UUIDv7 from the system's clock and random source: for I/O code, never for decide or evolve. */
struct uuid uuid_new(void);

#endif
