#ifndef WIRE_JSON_SCAN_H
#define WIRE_JSON_SCAN_H

#include "wire/json.h"

/*
 * JSON texts (RFC 8259) read in place: nothing is allocated or copied. json_check validates every byte once; all else here
 * relies on that and skips the values it is not asked for. For this room, and for texts of others that no schema describes (the
 * answers of a message provider); everything else reads records (json.h).
 */
#define JSON_DEPTH_MAX 16

/* The fault of a text, and the byte that it is before. */
struct json_wrong {
	const char *what; /* "not JSON, near" */
	size_t at;
};

/* One object or array, UTF-8, no NUL, no lone surrogate, not deeper than JSON_DEPTH_MAX. */
bool json_check(struct str text, struct json *ret_json, struct json_wrong *ret_wrong);

enum json_kind { JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
enum json_kind json_kind(struct json json);

/* A number's value. False: it has a fraction or an exponent (*ret_is_whole false), or does not fit 64 bits. */
bool json_read_number(struct json number, int64_t *ret_integer, bool *ret_is_whole);

/* A string's text: in place, or decoded into `room` when it has escapes. False: the room is too small. */
bool json_text(struct json string, char *room, size_t room_size, struct str *ret_text);
size_t json_text_room(struct json string); /* the room that it needs; 0: it has no escapes */

/* Iterates over an object or array. `key` is a string. */
struct json_walk {
	const char *at;
};
struct json_walk json_walk(struct json container);
bool json_next(struct json_walk *walk, struct json *ret_item);
bool json_next_member(struct json_walk *walk, struct json *ret_key, struct json *ret_item);
size_t json_count(struct json array);

#endif
