#ifndef TESTS_PACKED_BODIES_H
#define TESTS_PACKED_BODIES_H

#include <string.h>

#include "base/buf.h"
#include "base/uuid.h"

/*
 * Bodies that put worker/packed.h to the test: for the unit test, and for the one that compares the database's function with it. Each is
 * made from its number, of pieces: ids, things that nearly are ids, and bytes between them, few and many.
 */
#define PACKED_BODIES     400
#define PACKED_BODY_MAX   ((size_t)1 << 16)
#define PACKED_SCHEMA_ID  1042
#define PACKED_PIECES_MAX 90

static const struct uuid packed_key = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [15] = 0x0a } };
static const struct uuid packed_subject = { .bytes = { 0x01, 0x9b, [6] = 0x7f, [8] = 0xbf, [15] = 0xff } };

static inline uint32_t packed_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static inline void packed_add_id(struct buf *body, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	buf_add_u8(body, 0x48);
	buf_add_text(body, text);
}

static inline void packed_add_bytes(struct buf *body, size_t size, uint64_t *seed)
{
	for (size_t i = 0; i < size; i++)
		buf_add_u8(body, (uint8_t)packed_random(seed));
}

static inline void packed_add_piece(struct buf *body, uint64_t *seed)
{
	struct uuid id = { .bytes = { 0x01, 0x9c, [6] = 0x70, [8] = 0x80, [14] = (uint8_t)packed_random(seed) } };

	switch (packed_random(seed) % 9) {
	case 0:
		packed_add_id(body, &packed_key);
		return;
	case 1:
		packed_add_id(body, &packed_subject);
		return;
	case 2:
		packed_add_id(body, &id);
		return;
	case 3: /* in capitals: these bytes must come back, too */
		packed_add_id(body, &packed_subject);
		body->data[body->size - 1] = 'F';
		return;
	case 4: /* cut short */
		packed_add_id(body, &id);
		body->size -= 1 + packed_random(seed) % UUID_TEXT_SIZE;
		return;
	case 5: /* around the longest gap of a token */
		packed_add_bytes(body, 62 + packed_random(seed) % 4, seed);
		return;
	case 6: /* around the longest gap at all */
		packed_add_bytes(body, 560 + packed_random(seed) % 140, seed);
		return;
	case 7:
		buf_add_text(body, "HHH");
		return;
	default:
		packed_add_bytes(body, packed_random(seed) % 20, seed);
	}
}

/* With the frame of PACKED_SCHEMA_ID. */
static inline void packed_body(struct buf *body, uint64_t number)
{
	uint64_t seed = number;
	uint32_t pieces = packed_random(&seed) % (number % 10 == 0 ? PACKED_PIECES_MAX : 8);

	buf_reset(body);
	buf_add_u8(body, 0);
	buf_add_be32(body, PACKED_SCHEMA_ID);
	for (uint32_t i = 0; i < pieces; i++)
		packed_add_piece(body, &seed);
}

#endif
