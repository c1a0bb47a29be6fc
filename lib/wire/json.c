/* Structs <-> JSON by the table. jansson reads; writing is done by hand, so that numbers are exact and nothing is copied twice.
 */
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/day.h"
#include "wire/shape.h"

/* ---- write ---- */

static void write_escaped(struct buf *buf, unsigned char at)
{
	static const char shorts[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };

	if (at == '"' || at == '\\')
		buf_add_format(buf, "\\%c", at);
	else if (at < sizeof(shorts) && shorts[at] != 0)
		buf_add_format(buf, "\\%c", shorts[at]);
	else
		buf_add_format(buf, "\\u%04x", at);
}

void json_write_string(struct buf *buf, struct str text)
{
	size_t written = 0;

	buf_add_u8(buf, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char at = (unsigned char)text.data[i];

		if (at >= 0x20 && at != '"' && at != '\\' && at != 0x7F)
			continue;
		buf_add(buf, text.data + written, i - written);
		write_escaped(buf, at);
		written = i + 1;
	}
	if (written < text.size)
		buf_add(buf, text.data + written, text.size - written);
	buf_add_u8(buf, '"');
}

static void write_quoted(struct buf *buf, const char *plain)
{
	buf_add_u8(buf, '"');
	buf_add_text(buf, plain);
	buf_add_u8(buf, '"');
}

static void write_bytes(struct buf *buf, const struct str *bytes)
{
	buf_add_u8(buf, '"');
	for (size_t i = 0; i < bytes->size; i++) {
		char hex[3];

		hex_from_bytes(hex, bytes->data + i, 1);
		buf_add_text(buf, hex);
	}
	buf_add_u8(buf, '"');
}

static void write_record(struct buf *buf, const struct record_type *record, const void *body);

static void write_item(struct buf *buf, const struct field *field, const void *item)
{
	char text[UUID_TEXT_SIZE + 1];

	switch (field->kind) {
	case FIELD_BOOL:
		buf_add_text(buf, *(const bool *)item ? "true" : "false");
		return;
	case FIELD_INT:
		buf_add_format(buf, "%" PRId32, *(const int32_t *)item);
		return;
	case FIELD_LONG:
		buf_add_format(buf, "%" PRId64, *(const int64_t *)item);
		return;
	case FIELD_DATE:
		day_format(text, *(const int32_t *)item);
		write_quoted(buf, text);
		return;
	case FIELD_INSTANT:
		instant_format(text, *(const int64_t *)item);
		write_quoted(buf, text);
		return;
	case FIELD_UUID:
		uuid_format(text, item);
		write_quoted(buf, text);
		return;
	case FIELD_STRING:
		json_write_string(buf, *(const struct str *)item);
		return;
	case FIELD_BYTES:
		write_bytes(buf, item);
		return;
	case FIELD_RECORD:
		write_record(buf, field->record, item);
		return;
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static void write_field(struct buf *buf, const struct field *field, const void *body)
{
	struct shape_items items = shape_items(field, body);

	if (field->array)
		buf_add_u8(buf, '[');
	for (size_t i = 0; i < items.count; i++) {
		if (i > 0)
			buf_add_u8(buf, ',');
		write_item(buf, field, items.first + i * items.size);
	}
	if (field->array)
		buf_add_u8(buf, ']');
}

static void write_record(struct buf *buf, const struct record_type *record, const void *body)
{
	const char *before = "{\"";

	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		if (shape_is_absent(field, body))
			continue;
		buf_add_text(buf, before);
		buf_add_text(buf, field->name);
		buf_add_text(buf, "\":");
		write_field(buf, field, body);
		before = ",\"";
	}
	buf_add_text(buf, before[0] == '{' ? "{}" : "}");
}

void json_write_message(struct buf *buf, const struct message_type *type, const void *body)
{
	write_record(buf, &type->record, body);
}

/* ---- read ---- */

/* Where the reader stands, for the pointer in a fault's text: the message's field, and in that an item and the item's field. */
struct place {
	const char *name;  /* of a member; NULL at the top */
	long long item;    /* in an array, -1: none */
	const char *inner; /* of a member of a nested record; NULL: none */
};

struct reader {
	struct arena *arena;
	struct place place;
	struct err *err;
};

static int refuse(const struct reader *reader, const char *wrong)
{
	const struct place *place = &reader->place;
	char item[24] = "";

	if (place->name == NULL)
		return err_set(reader->err, ERR_POISON, "%s", wrong);
	if (place->item >= 0)
		(void)snprintf(item, sizeof(item), "/%lld", place->item);
	return err_set(reader->err, ERR_POISON, "/%s%s%s%s: %s", place->name, item, place->inner != NULL ? "/" : "",
		       place->inner != NULL ? place->inner : "", wrong);
}

static void enter(struct reader *reader, const char *name)
{
	if (reader->place.name == NULL)
		reader->place = (struct place){ .name = name, .item = -1 };
	else
		reader->place.inner = name;
}

static void leave(struct reader *reader)
{
	if (reader->place.inner != NULL)
		reader->place.inner = NULL;
	else
		reader->place.name = NULL;
}

static int read_integer(const struct reader *reader, const json_t *json, int64_t min, int64_t max, int64_t *ret_number)
{
	json_int_t number = json_integer_value(json);

	_Static_assert(sizeof(json_int_t) == sizeof(int64_t), "jansson keeps 64 bits");
	if (!json_is_integer(json))
		return refuse(reader, "must be a whole number");
	if (number < min || number > max)
		return refuse(reader, "number out of range");
	*ret_number = number;
	return 0;
}

static int read_text(const struct reader *reader, const json_t *json, struct str *ret_text)
{
	if (!json_is_string(json))
		return refuse(reader, "must be a string");
	*ret_text = (struct str){ .data = json_string_value(json), .size = json_string_length(json) };
	return 0;
}

static int read_bool(const struct reader *reader, const json_t *json, bool *ret_bool)
{
	if (!json_is_boolean(json))
		return refuse(reader, "must be true or false");
	*ret_bool = json_is_true(json);
	return 0;
}

static int read_int(const struct reader *reader, const json_t *json, int32_t *ret_int)
{
	int64_t number = 0;

	if (read_integer(reader, json, INT32_MIN, INT32_MAX, &number) != 0)
		return -1;
	*ret_int = (int32_t)number;
	return 0;
}

static int read_date(const struct reader *reader, const json_t *json, int32_t *ret_day)
{
	struct str text;

	if (read_text(reader, json, &text) != 0)
		return -1;
	return day_parse(text, ret_day) ? 0 : refuse(reader, "must be a date, YYYY-MM-DD");
}

static int read_instant(const struct reader *reader, const json_t *json, int64_t *ret_instant_ms)
{
	struct str text;

	if (read_text(reader, json, &text) != 0)
		return -1;
	return instant_parse(text, ret_instant_ms) ? 0 : refuse(reader, "must be an RFC 3339 time with Z or an offset");
}

static int read_uuid(const struct reader *reader, const json_t *json, struct uuid *ret_id)
{
	struct str text;

	if (read_text(reader, json, &text) != 0)
		return -1;
	return uuid_parse(ret_id, text) ? 0 : refuse(reader, "must be a UUID");
}

static int read_string(const struct reader *reader, const json_t *json, size_t size_max, struct str *ret_text)
{
	struct str text;

	if (read_text(reader, json, &text) != 0)
		return -1;
	if (text.size > size_max)
		return refuse(reader, "too long");
	if (!str_is_text(text))
		return refuse(reader, "not UTF-8, or holds a NUL");
	*ret_text = str_copy(reader->arena, text);
	return ret_text->data != NULL ? 0 : refuse(reader, "does not fit into the arena");
}

static int read_bytes(const struct reader *reader, const json_t *json, size_t size_max, struct str *ret_bytes)
{
	struct str text;
	unsigned char *bytes;

	if (read_text(reader, json, &text) != 0)
		return -1;
	if (text.size / 2 > size_max)
		return refuse(reader, "too long");
	bytes = arena_take_bytes(reader->arena, text.size / 2 + 1);
	if (bytes == NULL)
		return refuse(reader, "does not fit into the arena");
	if (!hex_to_bytes(bytes, text.size / 2, text))
		return refuse(reader, "must be hexadecimal");
	*ret_bytes = (struct str){ .data = (const char *)bytes, .size = text.size / 2 };
	return 0;
}

static int read_record(struct reader *reader, const json_t *json, const struct record_type *record, void *body);

static int read_item(struct reader *reader, const json_t *json, const struct field *field, void *item)
{
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
		return read_record(reader, json, field->record, item);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static int read_array(struct reader *reader, const json_t *json, const struct field *field, void *body)
{
	size_t item_size = shape_item_size(field);
	size_t count = json_array_size(json);
	char *items;

	if (!json_is_array(json))
		return refuse(reader, "must be an array");
	if (count > field->items_max)
		return refuse(reader, "too many items");
	items = arena_take(reader->arena, count > 0 ? count : 1, item_size);
	if (items == NULL)
		return refuse(reader, "does not fit into the arena");
	for (size_t i = 0; i < count; i++) {
		reader->place.item = (long long)i;
		if (read_item(reader, json_array_get(json, i), field, items + i * item_size) != 0)
			return -1;
	}
	shape_set_items(field, body, items, count);
	return 0;
}

/* `json` is NULL when the member is missing. */
static int read_field(struct reader *reader, const json_t *json, const struct field *field, void *body)
{
	if (json == NULL)
		return field->nullable || field->array ? 0 : refuse(reader, "missing");
	if (field->array)
		return read_array(reader, json, field, body);
	if (!field->nullable)
		return read_item(reader, json, field, shape_place(field, body));
	if (json_is_null(json))
		return 0;
	shape_set_present(field, body);
	return read_item(reader, json, field, shape_place(field, body));
}

/* A name may be anything, somebody's address too: only what could have been meant as one of ours is said again. */
static bool is_plain_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return size > 0 && size <= 40 && name[size] == '\0';
}

static int refuse_unknown(struct reader *reader, const json_t *json, const struct record_type *record)
{
	/* jansson iterates only what is not const; nothing is changed. */
	for (void *member = json_object_iter((json_t *)json); member != NULL;
	     member = json_object_iter_next((json_t *)json, member)) {
		const char *name = json_object_iter_key(member);
		bool is_known = false;

		for (size_t i = 0; i < record->fields_count && !is_known; i++)
			is_known = strcmp(record->fields[i].name, name) == 0;
		if (is_known)
			continue;
		if (!is_plain_name(name))
			return refuse(reader, "unknown member");
		enter(reader, name);
		return refuse(reader, "unknown member");
	}
	return 0;
}

static int read_record(struct reader *reader, const json_t *json, const struct record_type *record, void *body)
{
	if (!json_is_object(json))
		return refuse(reader, "must be an object");
	if (refuse_unknown(reader, json, record) != 0)
		return -1;
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		enter(reader, field->name);
		if (read_field(reader, json_object_get(json, field->name), field, body) != 0)
			return -1;
		leave(reader);
	}
	return 0;
}

/* jansson's own text quotes the input, which may be personal. */
static int refuse_syntax(const json_error_t *error, struct err *err)
{
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		return err_set(err, ERR_POISON, "a member stands twice, before byte %d", error->position);
	case json_error_numeric_overflow:
		return err_set(err, ERR_POISON, "number out of range, before byte %d", error->position);
	case json_error_invalid_utf8:
		return err_set(err, ERR_POISON, "not UTF-8, near byte %d", error->position);
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return err_set(err, ERR_POISON, "holds a NUL, before byte %d", error->position);
	default:
		return err_set(err, ERR_POISON, "not JSON, near byte %d", error->position);
	}
}

int json_read_message(struct str json, const struct message_type *type, struct arena *arena, const void **ret_body,
		      struct err *err)
{
	struct reader reader = { .arena = arena, .err = err };
	size_t mark = arena_mark(arena);
	json_error_t error;
	json_t *root = json_loadb(json.data, json.size, JSON_REJECT_DUPLICATES, &error);
	void *body = NULL;
	int result = -1;

	if (root == NULL) {
		refuse_syntax(&error, err);
		goto out;
	}
	body = arena_take(arena, 1, type->record.size);
	if (body == NULL) {
		refuse(&reader, "does not fit into the arena");
		goto out;
	}
	result = read_record(&reader, root, &type->record, body);
out:
	json_decref(root);
	if (result != 0)
		arena_rewind(arena, mark);
	else
		*ret_body = body;
	return result;
}
