#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define CAPACITY_MIN 256

void buf_init(struct buf *buf, size_t size_max)
{
	MUST(size_max < SIZE_MAX / 4);
	*buf = (struct buf){ .size_max = size_max };
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .data = NULL };
}

void buf_reset(struct buf *buf)
{
	buf->size = 0;
	buf->overflow = false;
}

/* One byte more than `capacity` is always there, for the terminator that vsnprintf writes. */
static bool grow(struct buf *buf, size_t size)
{
	size_t capacity = buf->capacity < CAPACITY_MIN ? CAPACITY_MIN : buf->capacity * 2;
	unsigned char *data;

	if (size > buf->size_max - buf->size)
		return false;
	if (capacity < buf->size + size)
		capacity = buf->size + size;
	if (capacity > buf->size_max)
		capacity = buf->size_max;
	data = realloc(buf->data, capacity + 1);
	if (data == NULL)
		return false;
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

unsigned char *buf_reserve(struct buf *buf, size_t size)
{
	MUST(buf->size <= buf->capacity);
	if (buf->overflow)
		return NULL;
	if ((buf->data == NULL || size > buf->capacity - buf->size) && !grow(buf, size)) {
		buf->overflow = true;
		return NULL;
	}
	return buf->data + buf->size;
}

void buf_add(struct buf *buf, const void *bytes, size_t size)
{
	unsigned char *end = buf_reserve(buf, size);

	if (end == NULL || size == 0)
		return;
	memcpy(end, bytes, size);
	buf->size += size;
}

void buf_add_str(struct buf *buf, struct str text)
{
	buf_add(buf, text.data, text.size);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

/* Returns the size that the text needs; it has been written if that fits into the free space. */
__attribute__((format(printf, 2, 0))) static size_t format_into(struct buf *buf, const char *format, va_list args)
{
	size_t available = buf->capacity - buf->size;
	int wanted = vsnprintf((char *)buf->data + buf->size, available + 1, format, args);

	MUST(wanted >= 0);
	return (size_t)wanted;
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	size_t available;
	size_t wanted;

	if (buf_reserve(buf, 0) == NULL)
		return;
	available = buf->capacity - buf->size;
	va_start(args, format);
	wanted = format_into(buf, format, args);
	va_end(args);
	if (wanted > available) {
		if (buf_reserve(buf, wanted) == NULL)
			return;
		va_start(args, format);
		(void)format_into(buf, format, args);
		va_end(args);
	}
	buf->size += wanted;
}

void buf_add_u8(struct buf *buf, uint8_t number)
{
	buf_add(buf, &number, 1);
}

void buf_add_be16(struct buf *buf, uint16_t number)
{
	const unsigned char bytes[] = { (unsigned char)(number >> 8), (unsigned char)number };

	buf_add(buf, bytes, sizeof(bytes));
}

static void be32_put(unsigned char *bytes, uint32_t number)
{
	bytes[0] = (unsigned char)(number >> 24);
	bytes[1] = (unsigned char)(number >> 16);
	bytes[2] = (unsigned char)(number >> 8);
	bytes[3] = (unsigned char)number;
}

void buf_add_be32(struct buf *buf, uint32_t number)
{
	unsigned char bytes[4];

	be32_put(bytes, number);
	buf_add(buf, bytes, sizeof(bytes));
}

void buf_add_be64(struct buf *buf, uint64_t number)
{
	unsigned char bytes[8];

	be32_put(bytes, (uint32_t)(number >> 32));
	be32_put(bytes + 4, (uint32_t)number);
	buf_add(buf, bytes, sizeof(bytes));
}

void buf_set_be32(struct buf *buf, size_t at, uint32_t number)
{
	if (buf->overflow)
		return; // the place may never have been written
	MUST(at <= buf->size);
	MUST(buf->size - at >= 4);
	be32_put(buf->data + at, number);
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){ .data = buf->data == NULL ? "" : (const char *)buf->data, .size = buf->size };
}
