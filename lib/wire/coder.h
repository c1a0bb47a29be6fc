#ifndef WIRE_CODER_H
#define WIRE_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Bytes <-> structs. A value is Confluent framing: 0x00, the schema id in four bytes big-endian, Avro binary. The coder walks the
 * message's table (model/message.h) and keeps no state, so any thread may use it.
 *
 * Both directions check: every length <= the bytes left and <= size_max, counts <= items_max, union branches, booleans 0/1, UTF-8
 * without NUL, UUIDs of 36 characters, dates and instants in the years 1 to 9999, no trailing bytes.
 */

#define FRAME_SIZE 5

/* The schema id of framed bytes; ERR_POISON: shorter than 5 or the first byte is not 0. */
MUST_CHECK int frame_schema_id(struct str value, uint32_t *ret_schema_id, struct err *err);

/*
 * Framed bytes of any version -> *ret_type and a struct in the arena (its texts too: they do not borrow from `value`); fields
 * that the version lacks are null or empty. ERR_POISON: unknown schema id ("unknown schema id 17"), bad bytes (the field's name
 * and what is wrong, never its content), arena full; the arena is as it was.
 */
MUST_CHECK int coder_decode(struct str value, struct arena *arena, const struct message_type **ret_type, const void **ret_body,
			    struct err *err);

/*
 * Struct -> framed bytes of the version that message_written selects, appended to `buf`. ERR_POISON: a struct that would be refused
 * when it is read, because our own output is checked like any other; or the buffer is full. Then `buf` has the size it had.
 */
MUST_CHECK int coder_encode(const struct message_type *type, const void *body, struct buf *buf, struct err *err);

#endif
