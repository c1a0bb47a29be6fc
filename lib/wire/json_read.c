/* JSON -> structs by the table. jansson parses. The only file that includes <jansson.h> beside lib/token. */

#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "wire/json.h"
#include "wire/json_name.h"
#include "wire/shape.h"

#define FIELDS_MAX 64

/* ---- faults ---- */

void json_fault_add(struct json_faults *faults, const char *pointer, const char *code, const char *detail)
{
	struct json_fault *fault = &faults->items[faults->count];

	if (faults->count == (faults->max > 0 ? faults->max : JSON_FAULTS_MAX))
		return;
	faults->count++;
	fault->code = code;
	(void)snprintf(fault->pointer, sizeof(fault->pointer), "%s", pointer);
	(void)snprintf(fault->detail, sizeof(fault->detail), "%s", detail);
}

/* What is read, and where the reader stands in it. */
struct reader {
	struct arena *arena;
	enum json_style style;
	struct json_faults *faults;
	const char *skip; /* a member of the outermost object; NULL: none */
	size_t skip_at;   /* size of the pointer there */
	char pointer[JSON_POINTER_MAX];
	size_t pointer_size;
};

static bool refuse(struct reader *reader, const char *code, const char *detail)
{
	json_fault_add(reader->faults, reader->pointer, code, detail);
	return false;
}

static bool refuse_full(struct reader *reader)
{
	return refuse(reader, "too_large", "does not fit into the arena");
}

/* Answers what leave() takes back. A pointer that would be too long ends earlier. */
static size_t enter(struct reader *reader, const char *name)
{
	size_t mark = reader->pointer_size;
	size_t size = strlen(name);

	if (mark + 1 + size < sizeof(reader->pointer)) {
		reader->pointer[mark] = '/';
		memcpy(reader->pointer + mark + 1, name, size + 1);
		reader->pointer_size = mark + 1 + size;
	}
	return mark;
}

static void leave(struct reader *reader, size_t mark)
{
	reader->pointer[mark] = '\0';
	reader->pointer_size = mark;
}

/* ---- names ---- */

/* The field that a member of this name is for; NULL: none. */
static const struct field *field_of_member(const struct reader *reader, const struct record_type *record, const char *key,
					   enum json_part *ret_part)
{
	*ret_part = JSON_PLAIN;
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		if (reader->style == JSON_SCHEMA) {
			if (strcmp(field->name, key) == 0)
				return field;
			continue;
		}
		if (field->name[0] != key[0])
			continue;
		*ret_part = json_part_of(record, field);
		if (*ret_part != JSON_HIDDEN && json_is_name(key, field, *ret_part))
			return field;
	}
	return NULL;
}

/* A name may be anything, somebody's address too: only what could have been meant as one of ours is said again. */
static bool is_plain_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return size > 0 && size <= 40 && name[size] == '\0';
}

static bool refuse_unknown(struct reader *reader, const char *key)
{
	size_t mark = reader->pointer_size;

	if (reader->skip != NULL && mark == reader->skip_at && strcmp(key, reader->skip) == 0)
		return true;
	if (is_plain_name(key))
		enter(reader, key);
	refuse(reader, "unknown_member", "unknown member");
	leave(reader, mark);
	return false;
}

/* ---- values ---- */

static bool read_integer(struct reader *reader, const json_t *json, int64_t min, int64_t max, int64_t *ret_number)
{
	json_int_t number = json_integer_value(json);

	_Static_assert(sizeof(json_int_t) == sizeof(int64_t), "jansson keeps 64 bits");
	if (!json_is_integer(json))
		return refuse(reader, "wrong_type", "must be a whole number");
	if (number < min || number > max)
		return refuse(reader, "out_of_range", "number out of range");
	*ret_number = number;
	return true;
}

static bool read_text(struct reader *reader, const json_t *json, struct str *ret_text)
{
	if (!json_is_string(json))
		return refuse(reader, "wrong_type", "must be a string");
	*ret_text = (struct str){ .data = json_string_value(json), .size = json_string_length(json) };
	return true;
}

static bool read_bool(struct reader *reader, const json_t *json, bool *ret_bool)
{
	if (!json_is_boolean(json))
		return refuse(reader, "wrong_type", "must be true or false");
	*ret_bool = json_is_true(json);
	return true;
}

static bool read_int(struct reader *reader, const json_t *json, int32_t *ret_int)
{
	int64_t number = 0;

	if (!read_integer(reader, json, INT32_MIN, INT32_MAX, &number))
		return false;
	*ret_int = (int32_t)number;
	return true;
}

static bool read_date(struct reader *reader, const json_t *json, int32_t *ret_day)
{
	struct str text;

	return read_text(reader, json, &text) &&
	       (day_parse(text, ret_day) || refuse(reader, "bad_format", "must be a date, YYYY-MM-DD"));
}

static bool read_instant(struct reader *reader, const json_t *json, int64_t *ret_instant_ms)
{
	struct str text;

	return read_text(reader, json, &text) && (instant_parse(text, ret_instant_ms) ||
						  refuse(reader, "bad_format", "must be an RFC 3339 time with Z or an offset"));
}

static bool read_uuid(struct reader *reader, const json_t *json, struct uuid *ret_id)
{
	struct str text;

	return read_text(reader, json, &text) && (uuid_parse(ret_id, text) || refuse(reader, "bad_format", "must be a UUID"));
}

static bool read_string(struct reader *reader, const json_t *json, size_t size_max, struct str *ret_text)
{
	struct str text;

	if (!read_text(reader, json, &text))
		return false;
	if (text.size > size_max)
		return refuse(reader, "too_long", "too long");
	if (!str_is_text(text))
		return refuse(reader, "not_text", "not UTF-8, or holds a NUL");
	*ret_text = str_copy(reader->arena, text);
	return ret_text->data != NULL || refuse_full(reader);
}

static bool read_bytes(struct reader *reader, const json_t *json, size_t size_max, struct str *ret_bytes)
{
	struct str text;
	unsigned char *bytes;

	if (!read_text(reader, json, &text))
		return false;
	if (text.size / 2 > size_max)
		return refuse(reader, "too_long", "too long");
	bytes = arena_take_bytes(reader->arena, text.size / 2 + 1);
	if (bytes == NULL)
		return refuse_full(reader);
	if (!hex_to_bytes(bytes, text.size / 2, text))
		return refuse(reader, "bad_format", "must be hexadecimal");
	*ret_bytes = (struct str){ .data = (const char *)bytes, .size = text.size / 2 };
	return true;
}

static bool read_record(struct reader *reader, const json_t *json, const struct record_type *record, uint64_t optional,
			void *body, uint64_t *ret_present);

static bool read_item(struct reader *reader, const json_t *json, const struct field *field, void *item)
{
	uint64_t present;

	switch (field->kind) {
	case FIELD_BOOL:
		return read_bool(reader, json, item);
	case FIELD_INT:
		return read_int(reader, json, item);
	case FIELD_LONG:
		return read_integer(reader, json, INT64_MIN, INT64_MAX, item);
	case FIELD_DATE:
		return read_date(reader, json, item);
	case FIELD_INSTANT:
		return read_instant(reader, json, item);
	case FIELD_UUID:
		return read_uuid(reader, json, item);
	case FIELD_STRING:
		return read_string(reader, json, field->size_max, item);
	case FIELD_BYTES:
		return read_bytes(reader, json, field->size_max, item);
	case FIELD_RECORD:
		return read_record(reader, json, field->record, 0, item, &present);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static bool read_array(struct reader *reader, const json_t *json, const struct field *field, void *body)
{
	size_t item_size = shape_item_size(field);
	size_t count = json_array_size(json);
	bool is_good = true;
	char *items;

	if (!json_is_array(json))
		return refuse(reader, "wrong_type", "must be an array");
	if (count > field->items_max)
		return refuse(reader, "too_many", "too many items");
	items = arena_take(reader->arena, count > 0 ? count : 1, item_size);
	if (items == NULL)
		return refuse_full(reader);
	for (size_t i = 0; i < count; i++) {
		char number[24];
		size_t mark;

		(void)snprintf(number, sizeof(number), "%zu", i);
		mark = enter(reader, number);
		is_good &= read_item(reader, json_array_get(json, i), field, items + i * item_size);
		leave(reader, mark);
	}
	shape_set_items(field, body, items, count);
	return is_good;
}

static bool read_field(struct reader *reader, const json_t *json, const struct field *field, void *body)
{
	if (field->array)
		return read_array(reader, json, field, body);
	if (field->nullable)
		shape_set_present(field, body);
	return read_item(reader, json, field, shape_place(field, body));
}

/* ---- money ---- */

/* All amounts of a record are in one currency: the first says which. */
static bool read_currency(struct reader *reader, const json_t *json, const struct field *field, void *body, bool is_first)
{
	struct str *currency = shape_place(field, body);
	struct str text;

	if (is_first)
		return read_field(reader, json, field, body);
	if (!read_text(reader, json, &text))
		return false;
	return str_equal(text, *currency) || refuse(reader, "differs", "another currency than the amount before");
}

static bool read_money_part(struct reader *reader, const json_t *json, const char *name, const struct field *field, void *body,
			    bool is_first)
{
	const json_t *part = json_object_get(json, name);
	size_t mark = enter(reader, name);
	bool is_good;

	if (part == NULL)
		is_good = refuse(reader, "missing", "missing");
	else if (field->kind == FIELD_STRING)
		is_good = read_currency(reader, part, field, body, is_first);
	else
		is_good = read_field(reader, part, field, body);
	leave(reader, mark);
	return is_good;
}

static bool read_money(struct reader *reader, json_t *json, const struct record_type *record, const struct field *field,
		       void *body, uint64_t *present)
{
	const struct field *currency = json_field(record, STR(JSON_CURRENCY));
	uint64_t currency_bit = UINT64_C(1) << (currency - record->fields);
	bool is_good = true;
	const char *key;
	json_t *member;

	if (!json_is_object(json))
		return refuse(reader, "wrong_type", "must be an object: amountMinor, currency");
	json_object_foreach(json, key, member)
	{
		if (strcmp(key, JSON_AMOUNT) != 0 && strcmp(key, JSON_CURRENCY) != 0)
			is_good = refuse_unknown(reader, key);
	}
	is_good &= read_money_part(reader, json, JSON_AMOUNT, field, body, true);
	if (!read_money_part(reader, json, JSON_CURRENCY, currency, body, (*present & currency_bit) == 0))
		return false;
	*present |= currency_bit;
	return is_good;
}

/* ---- records ---- */

static bool refuse_missing(struct reader *reader, const struct record_type *record, const struct field *field)
{
	char name[JSON_POINTER_MAX];
	struct buf buf;
	size_t mark;

	buf_init(&buf, sizeof(name) - 1);
	if (reader->style == JSON_REST)
		json_write_name(&buf, record, field);
	else
		buf_add_text(&buf, field->name);
	MUST(str_to_chars(name, sizeof(name), buf_str(&buf)));
	buf_release(&buf);
	mark = enter(reader, name);
	refuse(reader, "missing", "missing");
	leave(reader, mark);
	return false;
}

/* The currency is never missing by itself: its amounts are, or it is in them. */
static bool is_demanded(const struct reader *reader, const struct record_type *record, const struct field *field)
{
	return !field->nullable && !field->array && (reader->style == JSON_SCHEMA || json_part_of(record, field) != JSON_HIDDEN);
}

static bool read_member(struct reader *reader, const char *key, json_t *json, const struct record_type *record, void *body,
			uint64_t *present)
{
	enum json_part part;
	const struct field *field = field_of_member(reader, record, key, &part);
	bool is_good = true;
	size_t mark;

	if (field == NULL)
		return refuse_unknown(reader, key);
	if (field->nullable && json_is_null(json))
		return true;
	*present |= UINT64_C(1) << (field - record->fields);
	mark = enter(reader, key);
	if (part == JSON_MONEY)
		is_good = read_money(reader, json, record, field, body, present);
	else
		is_good = read_field(reader, json, field, body);
	leave(reader, mark);
	return is_good;
}

static bool read_record(struct reader *reader, const json_t *json, const struct record_type *record, uint64_t optional,
			void *body, uint64_t *ret_present)
{
	json_t *object = (json_t *)json; /* jansson iterates only what is not const; nothing is changed */
	uint64_t present = 0;
	bool is_good = true;
	const char *key;
	json_t *member;

	MUST(record->fields_count <= FIELDS_MAX);
	if (!json_is_object(json))
		return refuse(reader, "wrong_type", "must be an object");
	json_object_foreach(object, key, member)
	{
		is_good &= read_member(reader, key, member, record, body, &present);
	}
	for (size_t i = 0; i < record->fields_count; i++) {
		if ((((present | optional) >> i) & 1) == 0 && is_demanded(reader, record, &record->fields[i]))
			is_good = refuse_missing(reader, record, &record->fields[i]);
	}
	*ret_present = present;
	return is_good;
}

bool json_read_record(const struct json_t *json, const struct record_type *record, struct json_reading *reading,
		      struct arena *arena, void *body, struct json_faults *faults)
{
	struct reader reader = { .arena = arena, .style = reading->style, .faults = faults, .skip = reading->skip };

	if (reading->pointer != NULL) {
		MUST(reading->pointer[0] == '/');
		enter(&reader, reading->pointer + 1);
	}
	reader.skip_at = reader.pointer_size;
	return read_record(&reader, json, record, reading->optional, body, &reading->present);
}

/* ---- texts ---- */

/* jansson's own text quotes the input, which may be personal. */
static void refuse_syntax(const json_error_t *error, struct json_faults *faults)
{
	const char *code = "bad_json";
	const char *wrong = "not JSON, near";
	char detail[64];

	switch ((int)json_error_code(error)) { /* int: our list is not meant to name every code */
	case json_error_duplicate_key:
		code = "duplicate_member";
		wrong = "a member stands twice, before";
		break;
	case json_error_numeric_overflow:
		wrong = "number out of range, before";
		break;
	case json_error_invalid_utf8:
		wrong = "not UTF-8, near";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		wrong = "holds a NUL, before";
		break;
	default:
		break;
	}
	(void)snprintf(detail, sizeof(detail), "%s byte %d", wrong, error->position);
	json_fault_add(faults, "", code, detail);
}

static void (*wipe_memory)(void *bytes, size_t size);

static void wipe_and_free(void *memory)
{
	if (memory != NULL)
		wipe_memory(memory, malloc_usable_size(memory));
	free(memory);
}

void json_wipe_freed(void (*wipe)(void *bytes, size_t size))
{
	wipe_memory = wipe;
	json_set_alloc_funcs(malloc, wipe_and_free); // the same heap: libjwt, which is jansson's user too, mixes them
}

struct json_t *json_parse(struct str text, struct json_faults *faults)
{
	json_error_t error;
	json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		refuse_syntax(&error, faults);
	return json;
}

void json_drop(struct json_t *json)
{
	json_decref(json);
}

const struct json_t *json_member(const struct json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static int refuse_first(const struct json_faults *faults, struct err *err)
{
	const struct json_fault *fault = &faults->items[0];

	MUST(faults->count > 0);
	if (fault->pointer[0] == '\0')
		return err_set(err, ERR_POISON, "%s", fault->detail);
	return err_set(err, ERR_POISON, "%s: %s", fault->pointer, fault->detail);
}

int json_read_message(struct str json, const struct message_type *type, struct arena *arena, const void **ret_body,
		      struct err *err)
{
	struct json_reading reading = { .style = JSON_SCHEMA };
	struct json_faults faults;
	size_t mark = arena_mark(arena);
	json_t *root;
	void *body;
	int result = -1;

	faults.count = 0;
	faults.max = 1;
	root = json_parse(json, &faults);
	if (root == NULL)
		return refuse_first(&faults, err);
	body = arena_take(arena, 1, type->record.size);
	if (body == NULL)
		json_fault_add(&faults, "", "too_large", "does not fit into the arena");
	else if (json_read_record(root, &type->record, &reading, arena, body, &faults))
		result = 0;
	json_decref(root);
	if (result != 0) {
		arena_rewind(arena, mark);
		return refuse_first(&faults, err);
	}
	*ret_body = body;
	return 0;
}
