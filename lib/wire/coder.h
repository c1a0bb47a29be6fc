#ifndef WIRE_CODER_H
#define WIRE_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Bytes <-> structs. A value is Confluent framing: 0x00, the schema id in four bytes big-endian, Avro binary. avro-c does the
 * coding, with one reused value per schema. Before it sees a byte, `check` walks (type, bytes): every length <= the bytes left
 * and <= size_max, counts <= items_max, union branches, booleans 0/1, UTF-8 without NUL, UUIDs of 36 characters, dates and
 * instants in the years 1 to 9999, no trailing bytes. avro-c 1.11 leaks or overruns on input that the check refuses
 * (lib/TRAPS.md 3). The only room that includes <avro.h>.
 *
 * One coder per process (avro-c's error buffer is static, A8).
 */
struct coder;

MUST_CHECK int coder_new(struct coder **ret_coder, struct err *err); /* parses all schemas: ERR_FATAL when one is wrong */
void coder_free(struct coder *coder);

#define FRAME_SIZE 5

/* The schema id of framed bytes; ERR_POISON: shorter than 5 or the first byte is not 0. */
MUST_CHECK int frame_schema_id(struct str value, uint32_t *ret_schema_id, struct err *err);

/* Only the check, on the bytes behind the frame. ERR_POISON with the field's name and what is wrong, never its content. */
MUST_CHECK int coder_check(const struct message_version *version, struct str avro, struct err *err);

/*
 * The same check of a struct, and the exact size of its Avro bytes in the version that message_written selects, without the
 * frame.
 */
MUST_CHECK int coder_measure(const struct message_type *type, const void *body, size_t *ret_size, struct err *err);

/*
 * Framed bytes of any version -> *ret_type and a struct in the arena (its texts too: they do not borrow from `value`); fields
 * that the version lacks are null or empty. ERR_POISON: unknown schema id ("unknown schema id 17"), bad bytes, arena full.
 */
MUST_CHECK int coder_decode(struct coder *coder, struct str value, struct arena *arena, const struct message_type **ret_type,
			    const void **ret_body, struct err *err);

/*
 * Struct -> framed bytes of the version that message_written selects, appended to `buf`. A struct that the check would refuse
 * is ERR_POISON: our own output is checked like any other.
 */
MUST_CHECK int coder_encode(struct coder *coder, const struct message_type *type, const void *body, struct buf *buf,
			    struct err *err);

#endif
