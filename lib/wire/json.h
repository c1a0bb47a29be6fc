#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Structs <-> JSON, by the same table as the coder: for `dcs publish` and `dcs tail`, and the gateway. Members are named as in
 * the schema; UUIDs, dates (YYYY-MM-DD) and instants (RFC 3339) are strings, BYTES lower-case hex, LONG a number: exact beyond
 * 2^53 here, while many other readers round. A nullable field without value is left out; null reads the same.
 * avro_value_to_json is not used: it truncates bytes at a NUL (lib/TRAPS.md A7). Texts are read in place (json_scan.h), without
 * a library.
 */
void json_write_message(struct buf *buf, const struct message_type *type, const void *body); /* one line, no spaces */
void json_write_string(struct buf *buf, struct str text);                                    /* with quotes and escapes */

/*
 * Reads one JSON object. Unknown member, missing one without default, wrong type, number out of range, text too long, the nil
 * UUID (it means "none"), a text of a command that has no normal form (base/text.h; the ends are trimmed): ERR_POISON, and the
 * text begins with a JSON pointer ("/amount_minor: missing", "/debt_ids/3: must be a UUID"). A text without a leading slash
 * concerns the whole: "not JSON, near byte 17", "holds a NUL, before byte 40". Only the first fault is reported; its text holds
 * no value of the input. Missing members with a default (nullable, array) get it.
 */
MUST_CHECK int json_read_message(struct str json, const struct message_type *type, struct arena *arena, const void **ret_body,
				 struct err *err);

/* ---- for the gateway: all faults at once, members as web clients write them ---- */

/*
 * JSON_REST: names in camelCase ("dueOn"). If a record has amounts (`x_minor`) and a `currency`, each amount is an object "x":
 * {"amountMinor": 12345, "currency": "EUR"} ("amount" when the field is plain amount_minor). All amounts of one record have the
 * same currency, which is no member of its own.
 */
enum json_style { JSON_SCHEMA, JSON_REST };

void json_write_rest(struct buf *buf, const struct message_type *type, const void *body); /* as json_write_message */

#define JSON_POINTER_MAX 96
#define JSON_FAULTS_MAX  32

/* One fault of a text. */
struct json_fault {
	char pointer[JSON_POINTER_MAX]; /* RFC 6901; "": the whole text */
	const char *code;               /* stable, a literal: missing unknown_member duplicate_member wrong_type bad_format
					   out_of_range bad_value too_long too_many not_text differs; of the whole: bad_json; too_large */
	char detail[64];                /* for people; no value of the input */
};

struct json_faults {
	struct json_fault items[JSON_FAULTS_MAX];
	size_t count;
	size_t max; /* further ones are dropped; 0: JSON_FAULTS_MAX */
};

void json_fault_add(struct json_faults *faults, const char *pointer, const char *code, const char *detail);

/*
 * A value inside a validated text; borrows from the text. A text is one object or array, of UTF-8, at most 16 deep. False: it
 * is not (one fault); nothing is allocated.
 */
struct json {
	const char *at;
};
MUST_CHECK bool json_parse(struct str text, struct json *ret_json, struct json_faults *faults);
bool json_is_word(struct json json, const char *word); /* a string with this text */
MUST_CHECK bool json_member(struct json object, const char *name,
			    struct json *ret_member); /* false: not an object, or no such member */

struct json_reading {
	enum json_style style;
	const char *pointer; /* prefix of every fault's pointer: "/data"; NULL: none */
	const char *skip;    /* a member of the object that is not of the record, and read elsewhere; NULL: none */
	uint64_t optional;   /* bit i: fields[i] may be missing although the schema requires it */
	uint64_t present;    /* out. bit i: present and not null */
};

/*
 * Reads an object of a parsed text into `body`, which is zeroed and of record->size. A record has at most 64 fields. False:
 * there are new faults; all members are read all the same. Texts are copied into the arena.
 */
bool json_read_record(struct json json, const struct record_type *record, struct json_reading *reading, struct arena *arena,
		      void *body, struct json_faults *faults);

/* The representation of a record's field in JSON_REST: for documents about it, and for faults that are found later. */
enum json_part {
	JSON_PLAIN,  /* a member */
	JSON_MONEY,  /* a member: amount and currency */
	JSON_HIDDEN, /* the currency, which is in the amounts */
};
enum json_part json_part_of(const struct record_type *record, const struct field *field);
void json_write_name(struct buf *buf, const struct record_type *record, const struct field *field); /* "dueOn", no quotes */

/* The pointer of a field: "/dueOn", "/amount/amountMinor"; nothing is added when the record has no such field. */
void json_write_pointer(struct buf *buf, const struct record_type *record, struct str field_name);

#endif
