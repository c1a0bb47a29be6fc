#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * A buffer that is written from front to back: encoded records, COPY rows, JSON. Grows by doubling up to `size_max`, which is
 * given once at the start; it keeps its memory over buf_reset, so a steady load allocates nothing. What does not fit sets
 * `overflow`, writes nothing and stays set until reset: write a whole record first, look at `overflow` once.
 */
struct buf {
	unsigned char *data; /* NULL while nothing was written */
	size_t size;         /* bytes written */
	size_t capacity;
	size_t size_max;
	bool overflow;
};

void buf_init(struct buf *buf, size_t size_max);
void buf_release(struct buf *buf); /* accepts a zeroed buf */
void buf_reset(struct buf *buf);

/* Room for `size` more bytes; NULL (and overflow) when over size_max. The caller fills it and adds to `size` itself. */
unsigned char *buf_reserve(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *bytes, size_t size);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u8(struct buf *buf, uint8_t number);
void buf_add_be16(struct buf *buf, uint16_t number); /* big endian: the network's order, and PostgreSQL's */
void buf_add_be32(struct buf *buf, uint32_t number);
void buf_add_be64(struct buf *buf, uint64_t number);

/* Overwrites four bytes written earlier, for a length that is known only afterwards. */
void buf_set_be32(struct buf *buf, size_t at, uint32_t number);

struct str buf_str(const struct buf *buf); /* borrows until the next write */

#endif
