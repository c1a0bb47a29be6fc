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
 * The shape of a message: a C struct and the table that describes it. Both are generated from one .avsc file in schemas/ (by
 * schemas/generate.py, into build/gen/schemas/<module>.h and .c). One coder (wire/coder.h) and one JSON writer and reader
 * (wire/json.h) handle all messages by this table, so a new command is a new schema and a rule.
 *
 * In the struct, a field `due_on` of a kind is:
 *   BOOL bool | INT int32_t | LONG int64_t (also money, in minor units) | DATE int32_t (day.h) | INSTANT int64_t (ms UTC)
 *   UUID struct uuid | STRING struct str (UTF-8 without NUL, borrows) | BYTES struct str | RECORD struct (by value)
 * nullable: `bool has_due_on` stands before it. array: `const T *due_on; size_t due_on_count;`. There are no Avro enums: a
 * closed list could never grow under FULL_TRANSITIVE. Words are strings, and the rule refuses unknown ones by name.
 *
 * A message may have several versions (schemas/README.md). Each has a schema and an id; all share one struct. An event is written
 * in the newest version, a command in the oldest version that has all its fields (message_written). An older version may be read:
 * fields that it lacks are null or empty. So a rule knows the message's type and no versions. Only lib/wire, the registry and
 * code that compares schema ids deal with versions.
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
	enum text_kind text;              /* STRING of a command: its kind of text; all others TEXT_RAW */
	uint32_t size_max;                /* STRING, BYTES: bytes; array: see items_max */
	uint32_t characters_max;          /* STRING: characters (code points), each of which has up to 4 bytes; 0: any number */
	uint32_t items_max;               /* array: maximum number of items */
};

/* Whether a text fits a STRING. Characters are counted only if the bytes alone do not decide. */
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
	struct record_type record; /* the layout of its bytes; the struct is the same for all versions */
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
	uint32_t number;    /* the message's number: the schema id of its first version. Of events: enum <module>_event */
	uint32_t schema_id; /* of the newest version. To match records of any version, compare message_by_schema_id */
	const struct message_version *versions; /* the oldest first */
	size_t versions_count;
	const struct field *key_field;       /* the UUID that is the record key (customer id; user id); NULL: no key (Tick) */
	const struct field *aggregate_field; /* the UUID of the aggregate, for ce_subject; may be the key field */
	const struct field *actor_field;     /* of an event: the text `actor`, set by decision_event; NULL: none */
	/* Of a command: the refusals of its rule, bits 1 << enum refusal, beside those of every command. */
	uint64_t refusals;
	const struct field *creditor_field; /* of a command: the creditor, a UUID (command_unbound_field); NULL: none */
	const struct field
		*portfolio_field;         /* of a command: the creditor's portfolio, a nullable UUID; only with creditor_field */
	const struct field *source_field; /* of a command: a text, the payment source; as creditor_field. NULL: none */
	uint32_t roles;                   /* of a command: the roles that may issue it, bits of command.h */
};

/*
 * The version in which a body is written: for an event the newest, for a command the oldest version that has all fields set in
 * the body. So a repeated command (a row of a file, an Idempotency-Key) keeps its bytes when the message gets a new version.
 */
const struct message_version *message_written(const struct message_type *type, const void *body);

static inline const struct message_version *message_newest(const struct message_type *type)
{
	return &type->versions[type->versions_count - 1];
}

/* The field of that name; NULL: it has none. */
static inline const struct field *message_field(const struct message_type *type, struct str name)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		if (str_is(name, type->record.fields[i].name))
			return &type->record.fields[i];
	}
	return NULL;
}

/* Whether an event is numbered within its aggregate: it has a `version`. */
static inline bool message_is_numbered(const struct message_type *type)
{
	return message_field(type, STR("version")) != NULL;
}

/* Whether the message is the engine's: it has no topic of its own, and stands on those of every module. */
static inline bool message_is_of_engine(const struct message_type *type)
{
	return strcmp(type->module, "engine") == 0;
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
 * The name of the first field that holds the nil UUID, also in an array or a nested record; NULL: none. In our structs the nil
 * UUID means absence, and senders must use null for "none"; so an external nil UUID is refused before a rule sees it.
 */
const char *message_nil_field(const struct message_type *type, const void *body);

/*
 * Brings every text of a command into its normal form (base/text.h), also in arrays and nested records. In place, before touch:
 * the views change, not the bytes. NULL: all texts are good; otherwise the fault of the first faulty text, for people, and the
 * name of the message's field.
 */
const char *message_normalise(const struct message_type *type, void *body, const char **ret_field);

/* Sets the actor in the body of an event. Borrows the text. */
static inline void message_set_actor(const struct message_type *type, void *body, struct str actor)
{
	if (type->actor_field == NULL)
		return;
	*(bool *)((char *)body + type->actor_field->aux_offset) = true;
	*(struct str *)((char *)body + type->actor_field->offset) = actor;
}

/* All messages of all modules, generated; ends with NULL. */
extern const struct message_type *const message_types[];

/* All versions of all messages, in order of schema id; ends with NULL. */
extern const struct message_version *const message_versions[];
extern const uint32_t message_id_min, message_id_max; /* of the first and the last one */

/* Makes the SQL function dcs_schema_ids(VARIADIC names): for `dcs migrate` (db/migrate.h), generated by schemas/write_sql.py. */
extern const char schema_ids_sql[];

const struct message_version *message_version_by_id(uint32_t schema_id); /* NULL: unknown */
const struct message_type *message_by_schema_id(uint32_t schema_id);     /* of any version; NULL: unknown */
const struct message_type *
message_by_name(struct str name); /* "RecordPayment"; names are unique over all modules; NULL: unknown */

#endif
