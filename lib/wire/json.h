#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Structs <-> JSON, by the same table as the coder: for `dcs publish` and `dcs tail`, and the gateway. Members are named as in
 * the schema; UUIDs, dates (YYYY-MM-DD) and instants (RFC 3339) are strings, LONG is a number, BYTES lower-case hex.
 * avro_value_to_json is not used: it cuts bytes at a NUL (traps.md A7).
 */
void json_write_message(struct buf *buf, const struct message_type *type, const void *body); /* one line, no spaces */
void json_write_string(struct buf *buf, struct str text);                                    /* with quotes and escapes */

/*
 * Reads one JSON object. Unknown member, missing one without default, wrong type, number out of range, text too long, duplicate
 * member: ERR_POISON, the text begins with a JSON pointer ("/amount_minor: ..."). One fault a call, the first.
 */
MUST_CHECK int json_read_message(struct str json, const struct message_type *type, struct arena *arena, const void **ret_body,
				 struct err *err);

#endif
