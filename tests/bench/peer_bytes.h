#ifndef TESTS_PEER_BYTES_H
#define TESTS_PEER_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "base/uuid.h"
#include "db/binary.h"

/* PostgreSQL's binary formats, as the peer writes them: rows of a COPY, and arrays. */
struct peer_bytes {
	unsigned char *data;
	size_t size, capacity;
	int32_t count; /* of rows or items */
};

static inline void put(struct peer_bytes *bytes, const void *data, size_t size)
{
	MUST(bytes->size + size <= bytes->capacity);
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static inline void put_16(struct peer_bytes *bytes, uint16_t number)
{
	unsigned char turned[2];

	put_be16(turned, number);
	put(bytes, turned, sizeof(turned));
}

static inline void put_32(struct peer_bytes *bytes, int32_t number)
{
	unsigned char turned[4];

	put_be32(turned, (uint32_t)number);
	put(bytes, turned, sizeof(turned));
}

/* A field or an item: its length, then its bytes. */
static inline void add(struct peer_bytes *bytes, const void *data, size_t size)
{
	put_32(bytes, (int32_t)size);
	put(bytes, data, size);
}

static inline void add_uuid(struct peer_bytes *bytes, const struct uuid *id)
{
	add(bytes, id, sizeof(*id));
}

static inline void add_int32(struct peer_bytes *bytes, int32_t number)
{
	put_32(bytes, sizeof(number));
	put_32(bytes, number);
}

static inline void add_int64(struct peer_bytes *bytes, int64_t number)
{
	unsigned char turned[8];

	put_be64(turned, (uint64_t)number);
	add(bytes, turned, sizeof(turned));
}

static inline void add_day(struct peer_bytes *bytes, int32_t day)
{
	add_int32(bytes, date_to_postgres(day));
}

static inline void add_text(struct peer_bytes *bytes, const char *text, size_t size_max)
{
	add(bytes, text, strnlen(text, size_max));
}

/* ---- rows ---- */

#define COPY_HEADER  "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define COPY_TRAILER "\377\377"

static inline void row_begin(struct peer_bytes *bytes, uint16_t fields)
{
	if (bytes->count++ == 0)
		put(bytes, COPY_HEADER, sizeof(COPY_HEADER) - 1);
	put_16(bytes, fields);
}

static inline void rows_end(struct peer_bytes *bytes)
{
	put(bytes, COPY_TRAILER, sizeof(COPY_TRAILER) - 1);
}

/* ---- arrays: one dimension, no nulls ---- */

static inline void array_begin(struct peer_bytes *bytes, int32_t type)
{
	bytes->size = 0;
	put_32(bytes, 1);
	put_32(bytes, 0);
	put_32(bytes, type);
	put_32(bytes, 0); /* the count */
	put_32(bytes, 1);
}

static inline void array_end(struct peer_bytes *bytes, size_t count)
{
	put_be32(bytes->data + 12, (uint32_t)count);
	if (count == 0) { /* no dimension */
		memset(bytes->data, 0, 4);
		bytes->size = 12;
	}
}

#endif
