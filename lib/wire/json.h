#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Structs <-> JSON, by the same table as the coder: for `dcs publish` and `dcs tail`, and the gateway. Members are named as in
 * the schema; UUIDs, dates (YYYY-MM-DD) and instants (RFC 3339) are strings, BYTES lower-case hex, LONG a number: exact beyond
 * 2^53 here, while many other readers round. A nullable field without value is left out; null is read as the same.
 * avro_value_to_json is not used: it cuts bytes at a NUL (traps.md A7). json.c includes <jansson.h>, as producers/api does.
 */
void json_write_message(struct buf *buf, const struct message_type *type, const void *body); /* one line, no spaces */
void json_write_string(struct buf *buf, struct str text);                                    /* with quotes and escapes */

/*
 * Reads one JSON object. Unknown member, missing one without default, wrong type, number out of range, text too long: ERR_POISON,
 * the text begins with a JSON pointer ("/amount_minor: missing", "/debt_ids/3: must be a UUID"). A text that does not begin with
 * a slash is about the whole: "not JSON, near byte 17", "a member stands twice, before byte 40". One fault a call, the first; its
 * text holds no value of the input. Members left out that have a default (nullable, array) get it.
 */
MUST_CHECK int json_read_message(struct str json, const struct message_type *type, struct arena *arena, const void **ret_body,
				 struct err *err);

#endif
