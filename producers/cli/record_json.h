#ifndef CLI_RECORD_JSON_H
#define CLI_RECORD_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "model/header.h"
#include "wire/coder.h"

/*
 * A Kafka record as one JSON object, for people and for jq:
 *   {"topic":...,"part":0,"offset":17,"at":"...","key":"...","headers":{...},"type":"DebtCreated","body":{...}}
 * An undecodable record has "error" and "value_hex" (of the first RECORD_HEX_MAX bytes) instead of type and body. A token is
 * shown as "Bearer ***". Bytes that are not text are shown in hexadecimal, behind "hex:".
 */
#define RECORD_HEX_MAX 4096

struct record_view {
	const char *topic;
	int32_t part;
	int64_t offset, at_ms;
	struct str key, value; /* data NULL: none */
	const struct header *headers;
	size_t headers_count;
};

/* Appends the object, without a line end. The arena is used for decoding; the caller resets it. */
void record_json_write(struct buf *json, struct arena *arena, const struct record_view *record);

void record_json_headers(struct buf *json, const struct header *headers, size_t count); /* the object only */

#endif
