#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * A buffer that is written from front to back: encoded records, COPY rows, JSON. It grows by doubling up to `size_max`, which
 * is fixed at the start, and keeps its memory over buf_reset, so a steady load allocates nothing. A write that does not fit
 * writes nothing and sets `overflow`, which stays set until reset: write a whole record, then check `overflow` once.
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

/* Reserves `size` more bytes; NULL (and overflow) beyond size_max. The caller fills them and adds to `size` itself. */
unsigned char *buf_reserve(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *bytes, size_t size);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u8(struct buf *buf, uint8_t number);
void buf_add_be16(struct buf *buf, uint16_t number); /* big endian: the network's order, and PostgreSQL's */
void buf_add_be32(struct buf *buf, uint32_t number);
void buf_add_be64(struct buf *buf, uint64_t number);

/* Overwrites four bytes written earlier: for a length that is known only afterwards. */
void buf_set_be32(struct buf *buf, size_t at, uint32_t number);

struct str buf_str(const struct buf *buf); /* borrows until the next write */

#endif
