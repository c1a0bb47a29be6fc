#ifndef MODEL_MESSAGE_H
#define MODEL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "base/uuid.h"

/*
 * What a message looks like: a C struct and the table that describes it. Both are generated from one .avsc file in schemas/ (by
 * schemas/generate.py, into build/gen/schemas/<module>.h and .c). One coder (wire/coder.h), one JSON writer and reader
 * (wire/json.h) work for all messages from this table; so a new command is a new schema and a rule.
 *
 * In the struct, a field `due_on` of a kind is:
 *   BOOL bool | INT int32_t | LONG int64_t (also money, in minor units) | DATE int32_t (day.h) | INSTANT int64_t (ms UTC)
 *   UUID struct uuid | STRING struct str (UTF-8 without NUL, borrows) | BYTES struct str | RECORD struct (by value)
 * nullable: `bool has_due_on` stands before it. array: `const T *due_on; size_t due_on_count;`.
 * There are no Avro enums: a closed list could never grow under FULL_TRANSITIVE. Words are strings, and the rule refuses unknown
 * ones by name.
 *
 * A message may have several versions (schemas/README.md), of which each has a schema and an id, and all have one struct. What is
 * written is the newest, of a command the oldest that can say it (message_written). What is read may be an older one: the fields
 * that it lacks are as if null or empty. So a rule knows the message's type and nothing of versions; only lib/wire, the registry
 * and whoever looks at ids do.
 */
enum field_kind {
	FIELD_BOOL,
	FIELD_INT,
	FIELD_LONG,
	FIELD_DATE,
	FIELD_INSTANT,
	FIELD_UUID,
	FIELD_STRING,
	FIELD_BYTES,
	FIELD_RECORD,
};

struct record_type;

struct field {
	const char *name; /* the Avro name, also the C member's */
	enum field_kind kind;
	bool nullable;                    /* Avro: ["null", T], default null; never together with array */
	bool array;                       /* Avro: array of T, default [] */
	size_t offset;                    /* of the member in the struct */
	size_t aux_offset;                /* of has_<name> (nullable) or <name>_count (array); 0 otherwise */
	const struct record_type *record; /* FIELD_RECORD: its shape; depth at most 2; otherwise NULL */
	enum text_kind text;              /* STRING of a command: what it may hold; all others TEXT_RAW */
	uint32_t size_max;                /* STRING, BYTES: bytes; array: see items_max */
	uint32_t characters_max;          /* STRING: characters (code points), each of which has up to 4 bytes; 0: any number */
	uint32_t items_max;               /* array: most items */
};

/* Whether a text is not too long for a STRING. A text of few bytes needs not to be counted. */
static inline bool field_takes_text(const struct field *field, struct str text)
{
	if (text.size > field->size_max)
		return false;
	return field->characters_max == 0 || text.size <= field->characters_max || str_characters(text) <= field->characters_max;
}

struct record_type {
	const char *name;
	size_t size; /* sizeof the struct */
	const struct field *fields;
	size_t fields_count;
};

enum message_kind { MESSAGE_COMMAND, MESSAGE_EVENT };

struct message_type;

struct message_version {
	const struct message_type *type;
	uint32_t number;           /* 1, 2, 3 ... of the message */
	uint32_t schema_id;        /* pinned in schemas/ids.json, never reused */
	struct record_type record; /* what its bytes are; the struct is the message's, for all versions */
	const char *dataschema;    /* "urn:dcs:schema:dcs.debts.RecordPayment:1" */
	const char *avsc;          /* the schema's own text, as served by the registry endpoints */
	size_t avsc_size;
};

struct message_type {
	struct record_type record; /* of the newest version */
	const char *module;        /* "debts" */
	const char *ce_type;       /* "dcs.debts.RecordPayment.v1" */
	const char *subject;       /* the registry's subject, "dcs.debts.RecordPayment" */
	enum message_kind kind;
	uint32_t number;    /* which message it is: the schema id of its first version. Of events: enum <module>_event */
	uint32_t schema_id; /* of the newest version: what we write. Who looks for old records asks for the type of their id */
	const struct message_version *versions; /* the oldest first */
	size_t versions_count;
	const struct field *key_field;       /* the UUID that is the record key (customer id; user id); NULL: no key (Tick) */
	const struct field *aggregate_field; /* the UUID of the aggregate, for ce_subject; may be the key field */
	const struct field
		*actor_field; /* of an event: the nullable text `actor`, who did it; filled by decision_event; NULL: none */
	/* Of a command: how its rule may refuse it, bits 1 << enum refusal; beside what may befall any command. */
	uint64_t refusals;
	const struct field
		*creditor_field; /* of a command: a UUID, the creditor it is about; see command_unbound_field. NULL: none */
	const struct field *portfolio_field; /* of a command: a UUID or null, which of the creditor's; there when that is */
	const struct field *source_field;    /* of a command: a text, the payment source it names; the same. NULL: none */
	uint32_t roles;                      /* of a command: who may issue it, any of these bits of command.h */
};

/*
 * The version that a body is written in. Of an event the newest. Of a command the oldest that has a place for all that is in the
 * body: who repeats a command (a row of a file, an Idempotency-Key) repeats its bytes then, also when the message has grown
 * since.
 */
const struct message_version *message_written(const struct message_type *type, const void *body);

static inline const struct message_version *message_newest(const struct message_type *type)
{
	return &type->versions[type->versions_count - 1];
}

/* Whether an event counts as one of its aggregate's: it has a version, which tells how many there were. */
static inline bool message_is_numbered(const struct message_type *type)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		if (strcmp(type->record.fields[i].name, "version") == 0)
			return true;
	}
	return false;
}

static inline const struct uuid *message_uuid(const struct field *field, const void *body)
{
	return (const struct uuid *)((const char *)body + field->offset);
}

static inline struct str message_str(const struct field *field, const void *body)
{
	return *(const struct str *)((const char *)body + field->offset);
}

/*
 * The name of the first field that holds the id of zeros, also in an array or in a record inside; NULL: none does. "None" is told
 * by null, never by such an id: in our structs it stands for absence, so one that comes from outside is refused before a rule
 * sees it.
 */
const char *message_nil_field(const struct message_type *type, const void *body);

/*
 * Brings every text of a command into its normal form (base/text.h), also in arrays and in records inside: in place, before its
 * rule is asked what it touches; the views change, not the bytes. NULL: all are good; else what is wrong with the first that is
 * not, for people, and the name of the message's field.
 */
const char *message_normalise(const struct message_type *type, void *body, const char **ret_field);

/* Says in the body of an event who did it. Borrows the text. */
static inline void message_set_actor(const struct message_type *type, void *body, struct str actor)
{
	if (type->actor_field == NULL)
		return;
	*(bool *)((char *)body + type->actor_field->aux_offset) = true;
	*(struct str *)((char *)body + type->actor_field->offset) = actor;
}

/* All messages of all modules, generated; ends with NULL. */
extern const struct message_type *const message_types[];

/* All versions of them by their id, lowest first; ends with NULL. */
extern const struct message_version *const message_versions[];
extern const uint32_t message_id_min, message_id_max; /* the first one's and the last one's */

const struct message_version *message_version_by_id(uint32_t schema_id); /* NULL: unknown */
const struct message_type *message_by_schema_id(uint32_t schema_id);     /* whichever version; NULL: unknown */
const struct message_type *
message_by_name(struct str name); /* "RecordPayment"; names are unique over all modules; NULL: unknown */

#endif
