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

/*
 * For tables in memory. Of both halves: of a UUIDv7 or a hash the second one would do, but ids come from outside, and a sender may
 * count in either of them. The high bits are folded down, as a multiplication carries upwards only.
 */
static inline uint64_t uuid_hash(const struct uuid *id)
{
	const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
	uint64_t halves[2];
	uint64_t hash;

	memcpy(halves, id->bytes, sizeof(halves));
	hash = (halves[0] ^ halves[0] >> 32) * factor ^ halves[1];
	hash = (hash ^ hash >> 32) * factor;
	return hash ^ hash >> 32;
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
